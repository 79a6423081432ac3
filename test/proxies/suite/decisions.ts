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

/** What stands in for the service says what it is told to, so that nothing but the proxy itself can refuse. */
export async function guardTests(t: Test, traits: Traits): Promise<void> {
  const [port, said, upstream] = [await freePort(), { 'x-gatehouse-decision': 'allow' }, await startUpstream(t)]
  const service = await startUpstream(t, said)
  await startProxy(t, traits.name, {
    ...{ release: traits.release, port, servicePort: service.port, upstreamPort: upstream.port },
    ...{ hosts: { [`${appHost}:${port}`]: { rules: [{ allow: 'anyone' }] } }, issuer: `http://${authHost}:${port}` },
  })
  const raw = (target: string, host = appHost) =>
    sendRaw(port, [`GET ${target} HTTP/1.1`, `Host: ${host}:${port}`, 'Connection: close', '', ''].join('\r\n'))
  t.equal((await raw('/x')).status, 200)
  service.arrived.length = upstream.arrived.length = 0

  await t.test('a target without a path is refused before anybody is asked', async (t) => {
    for (const host of [appHost, authHost]) {
      for (const target of pathless) {
        // Traefik has no way to refuse it: it asks about it as it stands, which the service refuses (`hostile` in targets.ts).
        if (traits.name === 'traefik' && target === '*') continue
        const { status } = await raw(target, host)
        t.ok(status === 400 || (traits.name === 'envoy' && status === 404), `${target} at ${host}: ${status}`)
      }
    }
    t.same([...service.arrived, ...upstream.arrived], [])
  })

  await t.test('a success that does not say so is no decision', async (t) => {
    if (traits.undecided === undefined) return
    for (const value of ['', 'deny', 'allowed', 'deny, allow', 'allow, allow']) {
      said['x-gatehouse-decision'] = value
      const { status } = await raw('/x')
      t.equal(status, traits.undecided, value)
    }
    t.equal(service.arrived.length, 5, 'each was asked about')
    t.same(upstream.arrived, [])
  })
}

/** A wildcard beside longer names than those that it covers, which it must not take. */
export async function wildcardTests(t: Test, traits: Traits): Promise<void> {
  const [port, upstream] = [await freePort(), await startUpstream(t)]
  const at = (name: string) => `${name}.example.test:${port}`
  const open = [{ allow: 'anyone' }]
  const hosts = {
    [at('a')]: { headers: { subject: 'X-User-Id' }, rules: [{ allow: 'signed-in' }] },
    [at('*')]: { rules: open },
    [at('*.much-longer-than-any-other')]: { rules: open },
    [at('also-longer-than-any-other')]: { rules: open },
  }
  const issuer = `http://${at('i')}`
  const service = await startService(t, { yaml: { hosts }, environment: { GATEHOUSE_ISSUER: issuer } })
  const { form, release } = traits
  const ports = { port, servicePort: service.port, upstreamPort: upstream.port }
  await startProxy(t, traits.name, { ...(form && { form }), release, ...ports, hosts, issuer })
  const token = bearer((await service.signIn(await service.createUser())).accessToken)

  const page = await ask(port, '/login', { headers: { host: at('i') } })
  t.equal(page.headers['content-type'], 'text/html; charset=utf-8', 'the issuer’s pages are its own')
  await ask(port, '/login', { headers: { host: at('i'), upgrade: 'websocket', connection: 'upgrade' } })
  t.same(upstream.arrived, [], 'and no WebSocket of its host is an application’s')
  t.equal((await ask(port, '/x', { headers: { host: at('a'), ...token } })).status, 200)
  t.equal(valuesOf(upstream.arrived[0]!, 'X-User-Id').length, 1, 'a host is told by its own headers')
  t.same(valuesOf(upstream.arrived[0]!, 'X-Auth-Subject'), [])
  const before = upstream.arrived.length
  for (const host of [`bxexamplextest:${port}`, `b.examplextest:${port}`, `bxexample.test:${port}`]) {
    const { status } = await ask(port, '/x', { headers: { host, ...token } })
    t.equal(status, traits.unknownHost, `${host} is none of them: a dot is a dot`)
  }
  t.equal(upstream.arrived.length, before)
  for (const host of [at('b'), at('also-longer-than-any-other'), at('b.much-longer-than-any-other')]) {
    t.equal((await ask(port, '/x', { headers: { host } })).status, 200, host)
  }
}

/** Several hosts, told by different headers, of different applications, beneath a wildcard that covers the issuer. */
export async function hostTests(t: Test, traits: Traits): Promise<void> {
  const [port, app, tenants] = [await freePort(), await startUpstream(t), await startUpstream(t)]
  // In capitals, as some applications have it: X-WEBAUTH-USER.
  const own = { headers: { subject: 'X-USER-ID' }, rules: [{ paths: ['/x'], allow: 'signed-in' }, { allow: nobody }] }
  const hosts = { [`${appHost}:${port}`]: own, [`*.example.test:${port}`]: { rules: [{ allow: 'signed-in' }] } }
  const issuer = `http://${authHost}:${port}`
  const service = await startService(t, { yaml: { hosts }, environment: { GATEHOUSE_ISSUER: issuer } })
  await startProxy(t, traits.name, {
    ...{ release: traits.release, port, servicePort: service.port, upstreamPort: tenants.port, hosts, issuer },
    options: ['--upstream', `${appHost}=http://127.0.0.1:${app.port}`],
  })
  const get = (host: string, path: string, headers: Record<string, string> = {}) =>
    ask(port, path, { headers: { host: `${host}:${port}`, ...headers } })
  const ada = await service.createUser()
  const asAda = bearer((await service.signIn(ada)).accessToken)

  await t.test('a wildcard that covers the issuer asks about none of its pages', async (t) => {
    const page = await get(authHost, '/login')
    t.same([page.status, page.headers['content-type']], [200, 'text/html; charset=utf-8'])
    t.equal((await get(otherHost, '/login')).status, 401, 'a page of another host is the application’s')
  })

  await t.test('each host goes to its own application, told by its own headers alone', async (t) => {
    const names = ['x-auth-subject', 'x-user-id', 'remote-user', 'x-auth-request-user', 'x-auth-roles']
    const spoofed = Object.fromEntries(names.map((name) => [name, 'root']))
    for (const [host, upstream, told] of [
      [appHost, app, 'x-user-id'],
      [otherHost, tenants, 'x-auth-subject'],
    ] as const) {
      const before = upstream.arrived.length
      t.equal((await get(host, '/x', { ...spoofed, ...asAda })).status, 200)
      const [request] = upstream.arrived.slice(before) as [Arrived]
      t.same(valuesOf(request, told), [ada.id], host)
      t.notMatch(JSON.stringify(request), 'root', 'not by those of another host')
      if (told === 'x-user-id') t.same(identityOf(request), [`x-user-id: ${ada.id}`])
    }
    t.same([app.arrived.length, tenants.arrived.length], [1, 1])
  })

  await t.test('who may not pass sees a page, a program a status', async (t) => {
    const page = await get(appHost, '/admin', { accept: 'text/html', ...asAda })
    t.match([page.status, page.headers['content-type']], [403, /^text\/html; charset=utf-8$/i])
    t.match(page.body, /<h1>Not allowed<\/h1>[\s\S]*your account may not open this page[\s\S]*<\/html>/)
    t.match(page.body, `href="${issuer}/"`)
    t.match(page.headers['content-security-policy'], `default-src 'none'; style-src ${issuer}`)
    t.equal(page.headers['cache-control'], 'no-store')
    const program = await get(appHost, '/admin', { accept: 'application/json', ...asAda })
    t.equal(program.status, 403)
    t.notMatch(program.body, 'Not allowed')
    t.equal(app.arrived.length, 1)
  })
}

const nobody = { roles: ['nobody-has-this'] }
