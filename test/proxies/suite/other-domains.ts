/** A host of another domain: the printed configuration leads `/_gatehouse/` to the service, and no other spelling of it. */
import type { Test } from 'tap'
import { backends } from '../../support/backends.ts'
import { startProxy } from '../../support/proxies.ts'
import { sendRaw } from '../../support/raw.ts'
import { freePort } from '../../support/servers.ts'
import { ask, startService } from '../../support/service.ts'
import { startUpstream, valuesOf } from '../../support/upstream.ts'
import { createVisitor } from '../../support/visitor.ts'
import type { Traits } from './scene.ts'

export async function otherDomainsTests(t: Test, { name, release, form, writesAnew }: Traits): Promise<void> {
  const port = await freePort()
  const { port: upstreamPort, arrived } = await startUpstream(t)
  const at = (host: string) => `${host}:${port}`
  const issuer = `http://${at('auth.example.test')}`
  const rules = [{ allow: 'signed-in' }]
  const hosts = {
    [at('app.example.test')]: { rules },
    [at('shop.example.net')]: { rules },
    [at('*.example.org')]: { rules },
  }
  const sessions = { other_domains: ['example.net', 'example.org'] }
  const environment = { GATEHOUSE_ISSUER: issuer, GATEHOUSE_COOKIE_DOMAIN: 'example.test' }
  const service = await startService(t, { backend: backends.at(-1)!, yaml: { hosts, sessions }, environment })
  await startProxy(t, name, {
    ...(form && { form }),
    ...{ release, port, servicePort: service.port, upstreamPort, hosts, issuer },
    sections: { sessions },
    cookieDomain: 'example.test',
  })
  const { email, password } = await service.createUser()
  const browser = createVisitor(({ host, pathname, search }, { headers, ...call }) =>
    ask(port, pathname + search, { ...call, headers: { ...headers, host } }),
  )

  await t.test('a person signs in on the way there, and is in everywhere', async (t) => {
    const form = await browser.visit(`http://${at('shop.example.net')}/cart?x=1`)
    t.equal(form.url.split('?')[0], `${issuer}/login`)
    const cart = await browser.submit(form, { email, password })
    t.same([cart.url, cart.answer.status], [`http://${at('shop.example.net')}/cart?x=1`, 200])
    for (const host of [at('a.example.org'), at('app.example.test')]) {
      t.equal((await browser.visit(`http://${host}/there`)).answer.status, 200, host)
      t.same(valuesOf(arrived.at(-1)!, 'X-Auth-Email'), [email], host)
    }
  })
  await t.test('nothing of it reaches an application, and no other spelling reaches the service', async (t) => {
    t.notOk(arrived.some(({ url }) => url?.startsWith('/_gatehouse')))
    // Where a proxy writes a path anew, the service gets the one spelling.
    const others = ['/%5fgatehouse/start', '/x/../_gatehouse/start', '//_gatehouse/start']
    const isLiteral = Object.keys(writesAnew).length === 0
    const paths = ['/_gatehouse/', '/_gatehouse/other', '/_gatehouse/start/', ...(isLiteral ? others : [])]
    for (const host of [at('shop.example.net'), at('app.example.test')]) {
      for (const path of [...paths, ...(host.startsWith('app') ? ['/_gatehouse/start'] : [])]) {
        const lines = [`GET ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close', '', '']
        const { status, head } = await sendRaw(port, lines.join('\r\n'))
        t.ok([400, 401, 403, 404].includes(status), `${host} ${path}: ${status}`)
        t.notMatch(head.toLowerCase(), 'set-cookie', `${host} ${path}`)
      }
    }
    t.notOk(arrived.some(({ url }) => url?.includes('gatehouse')))
  })
  await t.test('the service goes by the host that the proxy serves, whatever the client claims', async (t) => {
    const claims = ['X-Forwarded-Host: evil.test', 'Forwarded: host=evil.test', 'X-Forwarded-Proto: https']
    const lines = [`GET /_gatehouse/start HTTP/1.1`, `Host: ${at('shop.example.net')}`, ...claims]
    const { status, head } = await sendRaw(port, [...lines, 'Connection: close', '', ''].join('\r\n'))
    t.equal(status, 303)
    const [, location = ''] = /^location: (.*)$/im.exec(head) ?? []
    t.equal(new URL(location.trim()).searchParams.get('return_to'), `http://${at('shop.example.net')}/`)
  })
}
