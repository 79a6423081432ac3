/** Only a decision lets a request pass, and only about a path: whatever else is answered, or asked for, is no way in. */
import type { Test } from 'tap'
import { startProxy } from '../../support/proxies.ts'
import { sendRaw } from '../../support/raw.ts'
import { freePort } from '../../support/servers.ts'
import { ask, bearer, startService } from '../../support/service.ts'
import { type Arrived, startUpstream, valuesOf } from '../../support/upstream.ts'
import { appHost, authHost, identityOf, otherHost, type Traits } from './scene.ts'

/** Targets of none of the forms that have a path: refused before anything else is made of them. */
const pathless = ['x:y', 'x:public/x', 'app:80', 'mailto:public@x', 'urn:x:public', '*', 'public', '?public', '#public']

export async function decisionTests(t: Test, traits: Traits): Promise<void> {
  const start = async (hosts: object, servicePort: number, upstreamPort: number, more: object = {}) => {
    const port = await freePort()
    const listed = Object.fromEntries(Object.entries(hosts).map(([host, settings]) => [`${host}:${port}`, settings]))
    const issuer = `http://${authHost}:${port}`
    const { name, release } = traits
    await startProxy(t, name, { release, port, servicePort, upstreamPort, hosts: listed, issuer, ...more })
    const raw = (target: string, host = `${appHost}:${port}`) =>
      sendRaw(port, [`GET ${target} HTTP/1.1`, `Host: ${host}`, 'Connection: close', '', ''].join('\r\n'))
    return { port, issuer, raw }
  }
  const open = { rules: [{ allow: 'anyone' }] }

  await t.test('a success that does not say so is no decision', async (t) => {
    if (!traits.readsDecision) return
    for (const said of [undefined, '', 'deny', 'allowed', 'deny, allow', 'allow, allow']) {
      const service = await startUpstream(t, said === undefined ? {} : { 'x-gatehouse-decision': said })
      const upstream = await startUpstream(t)
      const { raw } = await start({ [appHost]: open }, service.port, upstream.port)
      const { status } = await raw('/x')
      t.ok(status >= 500, `${said}: ${status}`)
      t.equal(service.arrived.length, 1, 'the question was asked')
      t.same(upstream.arrived, [])
    }
  })

  await t.test('a target without a path is refused before anybody is asked', async (t) => {
    // Says yes to everything, so that nothing but the proxy itself can refuse.
    const service = await startUpstream(t, { 'x-gatehouse-decision': 'allow' })
    const upstream = await startUpstream(t)
    const { raw, issuer } = await start({ [appHost]: open, '*.tenant.example.test': open }, service.port, upstream.port)
    t.equal((await raw('/x')).status, 200)
    service.arrived.length = upstream.arrived.length = 0
    for (const host of [undefined, new URL(issuer).host]) {
      for (const target of pathless) {
        const { status } = await raw(target, host)
        t.ok(status === 400 || (traits.name === 'envoy' && status === 404), `${target} at ${host}: ${status}`)
      }
    }
    t.same([...service.arrived, ...upstream.arrived], [])
  })

  await t.test(
    'a wildcard that covers the issuer asks about none of its pages, and goes to its own application',
    async (t) => {
      const [app, tenants] = [await startUpstream(t), await startUpstream(t)]
      const port = await freePort()
      const own = { headers: { subject: 'X-User-Id' }, rules: [{ allow: 'signed-in' }] }
      const hosts = { [`${appHost}:${port}`]: own, [`*.example.test:${port}`]: { rules: [{ allow: 'signed-in' }] } }
      const issuer = `http://${authHost}:${port}`
      const service = await startService(t, { yaml: { hosts }, environment: { GATEHOUSE_ISSUER: issuer } })
      await startProxy(t, traits.name, {
        ...{ release: traits.release, port, servicePort: service.port, upstreamPort: tenants.port, hosts, issuer },
        options: ['--upstream', `${appHost}=http://127.0.0.1:${app.port}`],
      })
      const get = (host: string, path: string, headers: Record<string, string> = {}) =>
        ask(port, path, { headers: { host: `${host}:${port}`, ...headers } })
      const page = await get(authHost, '/login')
      t.same([page.status, page.headers['content-type']], [200, 'text/html; charset=utf-8'])
      t.equal((await get(otherHost, '/login')).status, 401, 'a page of another host is the application’s')

      const ada = await service.createUser()
      const { accessToken } = await service.signIn(ada)
      const spoofed = Object.fromEntries(
        ['x-auth-subject', 'x-user-id', 'remote-user', 'x-auth-request-user', 'x-auth-roles'].map((name) => [
          name,
          'root',
        ]),
      )
      for (const [host, upstream, told] of [
        [appHost, app, 'x-user-id'],
        [otherHost, tenants, 'x-auth-subject'],
      ] as const) {
        const before = upstream.arrived.length
        t.equal((await get(host, '/x', { ...spoofed, ...bearer(accessToken) })).status, 200)
        const [request] = upstream.arrived.slice(before) as [Arrived]
        t.same(valuesOf(request, told), [ada.id], host)
        t.notMatch(JSON.stringify(request), 'root', 'by whatever header another host is told')
        if (told === 'x-user-id') t.same(identityOf(request), [`x-user-id: ${ada.id}`])
      }
      t.same([app.arrived.length, tenants.arrived.length], [1, 1])
    },
  )

  await t.test('who may not pass sees a page, a program a status', async (t) => {
    const upstream = await startUpstream(t)
    const port = await freePort()
    const hosts = { [`${appHost}:${port}`]: { rules: [{ allow: { roles: ['admin'] } }] } }
    const issuer = `http://${authHost}:${port}`
    const service = await startService(t, { yaml: { hosts }, environment: { GATEHOUSE_ISSUER: issuer } })
    await startProxy(t, traits.name, {
      ...{ release: traits.release, port, servicePort: service.port, upstreamPort: upstream.port, hosts, issuer },
    })
    const { accessToken } = await service.signIn(await service.createUser())
    const get = (accept: string) =>
      ask(port, '/x', { headers: { host: `${appHost}:${port}`, accept, ...bearer(accessToken) } })
    const page = await get('text/html')
    t.match([page.status, page.headers['content-type']], [403, /^text\/html; charset=utf-8$/i])
    t.match(page.body, /<h1>Not allowed<\/h1>[\s\S]*your account may not open this page[\s\S]*<\/html>/)
    t.match(page.body, `href="${issuer}/"`)
    t.match(page.headers['content-security-policy'], `default-src 'none'; style-src ${issuer}`)
    t.equal(page.headers['cache-control'], 'no-store')
    const program = await get('application/json')
    t.equal(program.status, 403)
    t.notMatch(program.body, 'Not allowed')
    t.same(upstream.arrived, [])
  })
}
