/** Escaped characters that a host takes arrive as they were sent, open no other path, and are refused at every other host. */
import type { Test } from 'tap'
import { escapedCharacters } from '../../../src/core/request-path.ts'
import { startProxy } from '../../support/proxies.ts'
import { sendRaw } from '../../support/raw.ts'
import { freePort } from '../../support/servers.ts'
import { startService } from '../../support/service.ts'
import { startUpstream } from '../../support/upstream.ts'
import { appHost, authHost, type Traits } from './scene.ts'

const rules = [
  { paths: ['/public/**', '/api/queues/*/jobs'], allow: 'anyone' },
  { paths: ['/admin/**'], allow: { roles: ['admin'] } },
  { allow: 'signed-in' },
]
const [slashHost, anyHost] = ['slash.example.test', 'any.example.test']

/** Paths as applications have them: a virtual host of RabbitMQ, a package of npm, a project of GitLab. */
const ofApplications = ['/api/queues/%2F/jobs', '/@scope%2fpackage', '/api/v4/projects/group%2Fproject']

/** Whoever decodes these once more is somewhere else. */
const hostile = [
  ...[
    '/public/..%2fadmin',
    '/public/..%2Fadmin/x',
    '/public/%2f..',
    '/public/%2f..%2fadmin',
    '/public/.%2F',
    '/public/%2f.',
  ],
  ...['/public/%2f%2e%2e', '/public/%2f%2e%2e%2fadmin', '/public/%2e%2e%2fadmin', '/public/x%2f..%2f..%2fadmin'],
  ...[
    '/public%2f..%2fadmin',
    '/..%2fadmin',
    '/%2f..%2fadmin',
    '/public/..%252fadmin',
    '/public/..%5cadmin',
    '/public/..%3b',
  ],
  ...['/public/x%2f%00', '/public/..%2f/admin', '/public/../%2fadmin', '/public/x%2f../admin', '/public//%2fadmin'],
]

export async function encodedTests(t: Test, traits: Traits): Promise<void> {
  const [port, upstream] = [await freePort(), await startUpstream(t)]
  const hosts = {
    [`${appHost}:${port}`]: { rules },
    [`${slashHost}:${port}`]: { encoded: ['slash'], rules },
    [`${anyHost}:${port}`]: { encoded: Object.keys(escapedCharacters), rules },
  }
  const issuer = `http://${authHost}:${port}`
  const service = await startService(t, { yaml: { hosts }, environment: { GATEHOUSE_ISSUER: issuer } })
  await startProxy(t, traits.name, {
    ...{ release: traits.release, port, servicePort: service.port, upstreamPort: upstream.port, hosts, issuer },
  })
  const bob = await service.signIn(await service.createUser())
  const asBob = [`Authorization: Bearer ${bob.accessToken}`]
  const raw = (host: string, target: string, lines: string[] = []) =>
    sendRaw(
      port,
      [`GET ${target} HTTP/1.1`, `Host: ${host}:${port}`, ...lines, 'Connection: close', '', ''].join('\r\n'),
    )
  const reached = async (action: () => Promise<unknown>) => {
    const before = upstream.arrived.length
    await action()
    return upstream.arrived.slice(before).map(({ url }) => url)
  }

  await t.test('arrive as they were sent, as a part of their segment', async (t) => {
    for (const host of [slashHost, anyHost]) {
      for (const path of ofApplications) {
        const urls = await reached(async () => t.equal((await raw(host, path, asBob)).status, 200, path))
        t.same(urls, [traits.writesAnew[path] ?? path])
      }
      t.equal((await raw(host, ofApplications[0]!)).status, 200, 'a rule with * covers the segment')
      t.equal((await raw(host, ofApplications[1]!)).status, 401, 'and no other')
    }
    for (const escape of [...Object.values(escapedCharacters), '%2520', '%252F']) {
      const path = `/public/x${escape}y`
      const urls = await reached(async () => t.equal((await raw(anyHost, path)).status, 200, path))
      t.same(urls, [path])
    }
  })

  await t.test('are no way to another path, nor around its rule', async (t) => {
    for (const host of [slashHost, anyHost]) {
      for (const path of hostile) {
        const anew = traits.writesAnew[path]
        for (const lines of [[], asBob]) {
          const urls = await reached(async () => {
            const { status } = await raw(host, path, lines)
            const isRight = anew === undefined ? status >= 400 && status < 500 : status === 200
            t.ok(isRight, `${path} at ${host}: ${status}`)
          })
          t.same(urls, anew === undefined ? [] : [anew], path)
        }
      }
      for (const path of ['/admin%2Fx', '/%2Fadmin', '/%61dmin%2fx']) {
        const urls = await reached(async () => {
          t.equal((await raw(host, path)).status, 401, path)
          t.equal((await raw(host, path, asBob)).status, 403, path)
        })
        t.same(urls, [], path)
      }
    }
  })

  await t.test('are refused at every other host', async (t) => {
    const paths = Object.values(escapedCharacters).map((escape) => `/public/x${escape}${escape === '%25' ? '20' : ''}y`)
    for (const path of [...paths, ...ofApplications, ...hostile]) {
      const urls = await reached(async () => {
        const { status } = await raw(appHost, path, asBob)
        t.ok(status >= 400 && status < 500, `${path}: ${status}`)
      })
      t.same(urls, [], path)
    }
    for (const path of paths.filter((one) => !one.includes('%2F'))) {
      t.same(await reached(() => raw(slashHost, path, asBob)), [], path)
    }
  })
}
