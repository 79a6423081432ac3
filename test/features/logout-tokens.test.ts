/** How programs learn that a session has ended (OpenID Connect Back-Channel Logout 1.0). */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { type Test, test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { authorityIn } from '../support/certificates.ts'
import { browserOf, letIn, redeem, registerProgram, requestOf, startProvider } from '../support/openid.ts'
import { answerJson, startSite } from '../support/outgoing.ts'
import { freePort, scratchFolder } from '../support/servers.ts'
import type { Service } from '../support/service.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'
const codeOf = ({ code }: Record<string, string>) => ({ code })
const tokenIn = (body: string) => new URLSearchParams(body).get('logout_token')!

void test('whatever ends a session, each of its programs is told once', async (t) => {
  const site = await startSite(t)
  const yaml = { outgoing: { allow: ['localhost'], ca_file: site.ca } }
  const service = await startProvider(t, { yaml })
  const told = { backchannel_logout_session_required: true, first_party: true, refresh_tokens: 'always' }
  const wiki = await registerProgram(service, { ...told, backchannel_logout_uri: `${site.origin}/wiki` })
  const shop = await registerProgram(service, { ...told, backchannel_logout_uri: `${site.origin}/shop` })
  const silent = await registerProgram(service, { first_party: true })
  const heard = async () => {
    await service.gatehouse.deliverLogouts()
    return site.asked.splice(0).map(({ path, body }) => ({ path, claims: decodeJwt(tokenIn(body)) }))
  }
  const begin = async (user = undefined as Awaited<ReturnType<Service['createUser']>> | undefined) => {
    const ada = user ?? (await service.createUser())
    const browser = browserOf(service)
    await browser.signIn(ada)
    const tokens = []
    for (const program of [wiki, shop, silent]) {
      tokens.push((await redeem(service, program, codeOf(await letIn(browser, requestOf(service, program))))).json())
    }
    const { sid } = decodeJwt(tokens[0].id_token) as { sid: string }
    return { ada, browser, sid, tokens }
  }
  type Begun = Awaited<ReturnType<typeof begin>>
  const ways: Record<string, (begun: Begun) => Promise<unknown>> = {
    'signing out by the API': ({ browser }) =>
      browser.ask(`${service.issuer}/api/auth/logout`, { method: 'POST', headers: { origin: service.issuer } }),
    'signing out at the wish of a program': ({ browser, tokens }) =>
      browser.visit(`${service.issuer}/oauth/logout?id_token_hint=${tokens[0].id_token}`),
    'an operator': ({ sid }) => service.operate('DELETE', `/sessions/${sid}`),
    'a new password': ({ ada }) =>
      service.operate('PUT', `/users/${ada.id}/password`, { password: 'another horse and another battery' }),
    'a refresh token that was used twice': async ({ browser }) => {
      const refresh = (headers = {}) =>
        browser.ask(`${service.issuer}/api/auth/refresh`, {
          method: 'POST',
          headers: { origin: service.issuer, ...headers },
        })
      const cookie = Object.entries(browser.jarOf(new URL(service.issuer).host))
        .filter(([name]) => name.endsWith('refresh'))
        .map((pair) => pair.join('='))
      await refresh()
      service.clock.advance(60)
      await service.call('/api/auth/refresh', { method: 'POST', headers: { origin: service.issuer, cookie } })
    },
    'a disabled account': ({ ada }) => service.operate('PUT', `/users/${ada.id}/status`, { status: 'disabled' }),
    'a deleted account': ({ ada }) => service.operate('DELETE', `/users/${ada.id}`),
    'no use': async () => {
      service.clock.advance(3_601)
      await service.gatehouse.maintain()
    },
  }
  for (const [name, end] of Object.entries(ways)) {
    await t.test(name, async (t) => {
      const begun = await begin()
      t.same(await heard(), [], 'nobody before')
      await end(begun)
      const tokens = await heard()
      t.same(tokens.map(({ path }) => path).toSorted(), ['/shop', '/wiki'], 'each once, and no other')
      for (const { path, claims } of tokens) {
        const { client_id: aud } = path === '/wiki' ? wiki : shop
        t.match(claims, { iss: service.issuer, aud, sub: begun.ada.id, sid: begun.sid, events: { [event]: {} } })
      }
      await service.gatehouse.maintain()
      t.same(await heard(), [], 'nor again')
    })
  }
  await t.test('a session that is used is none that ended, however long ago it began', async (t) => {
    const { browser } = await begin()
    for (let times = 0; times < 3; times++) {
      service.clock.advance(2_400)
      await browser.visit(`${service.issuer}/account`)
      await service.gatehouse.maintain()
    }
    t.same(await heard(), [])
  })
})

void test('statement 63: what a logout token says, how it is sent, and what is tried again', async (t) => {
  const site = await startSite(t)
  const service = await startProvider(t, { yaml: { outgoing: { allow: ['localhost'], ca_file: site.ca } } })
  const wiki = await registerProgram(service, {
    ...{ first_party: true, backchannel_logout_uri: `${site.origin}/out?from=here` },
  })
  const ada = await service.createUser()
  const endOne = async () => {
    const browser = browserOf(service)
    await browser.signIn(ada)
    const { id_token } = (await redeem(service, wiki, codeOf(await letIn(browser, requestOf(service, wiki))))).json()
    await service.operate('DELETE', `/users/${ada.id}/sessions`)
    return id_token as string
  }
  await t.test('it is the client’s, short, and no ID token', async (t) => {
    const idToken = await endOne()
    await service.gatehouse.deliverLogouts()
    const [asked] = site.asked.splice(0)
    t.match(asked, {
      method: 'POST',
      path: '/out?from=here',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    t.same([...new URLSearchParams(asked!.body).keys()], ['logout_token'])
    const token = tokenIn(asked!.body)
    const claims = decodeJwt(token)
    t.same(Object.keys(claims).toSorted(), ['aud', 'events', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'], 'no nonce')
    t.same(claims['events'], { [event]: {} })
    t.ok(claims.exp! - claims.iat! <= 120)
    t.match(decodeProtectedHeader(token), { typ: 'logout+jwt', alg: decodeProtectedHeader(idToken).alg })
    t.equal(claims['sid'], decodeJwt(idToken)['sid'])
    const hint = await service.call(`/oauth/logout?id_token_hint=${token}`)
    t.equal(hint.status, 400, 'and is none of the others')
    const call = { headers: { authorization: `Bearer ${token}` } }
    t.equal((await service.call('/oauth/userinfo', call)).status, 401)
  })
  await t.test('it is signed by the algorithm of the client’s ID tokens', async (t) => {
    const uri = `${site.origin}/edwards`
    const shop = await registerProgram(service, {
      ...{ first_party: true, backchannel_logout_uri: uri, id_token_signed_response_alg: 'EdDSA' },
    })
    const browser = browserOf(service)
    await browser.signIn(ada)
    const { id_token } = (await redeem(service, shop, codeOf(await letIn(browser, requestOf(service, shop))))).json()
    await service.operate('DELETE', `/users/${ada.id}/sessions`)
    await service.gatehouse.deliverLogouts()
    const token = tokenIn(site.asked.splice(0)[0]!.body)
    const { alg, kid } = decodeProtectedHeader(id_token)
    t.match([decodeProtectedHeader(token), alg], [{ typ: 'logout+jwt', alg, kid }, 'EdDSA'])
    const keys = createLocalJWKSet((await service.call('/.well-known/jwks.json')).json())
    await jwtVerify(token, keys, { audience: shop.client_id, currentDate: new Date(service.clock.now()) })
  })
  await t.test('a device’s client is told of the end of the session that the device hangs on', async (t) => {
    const grant = 'urn:ietf:params:oauth:grant-type:device_code'
    const tv = await registerProgram(service, {
      ...{ grants: [grant, 'refresh_token'], redirect_uris: [], backchannel_logout_uri: `${site.origin}/tv` },
    })
    const askFor = async (scope: string) => {
      const browser = browserOf(service)
      await browser.signIn(ada)
      const form = { ...tv, scope } as Record<string, string>
      const asked = await service.call('/oauth/device_authorization', { method: 'POST', form })
      const { device_code, user_code } = asked.json()
      const entered = await browser.fillIn(await browser.visit(`${service.issuer}/device`), { user_code })
      await browser.fillIn(entered, { answer: 'allow' })
      const poll = { ...tv, grant_type: grant, device_code } as Record<string, string>
      const { id_token } = (await service.call('/oauth/token', { method: 'POST', form: poll })).json()
      return { browser, sid: decodeJwt(id_token)['sid'] as string }
    }
    const heard = async () => {
      await service.gatehouse.deliverLogouts()
      return site.asked.splice(0).map(({ path, body }) => [path, decodeJwt(tokenIn(body))['sid']])
    }
    const bare = await askFor('openid')
    await bare.browser.fillIn(await bare.browser.visit(`${service.issuer}/logout`), {})
    t.same(await heard(), [['/tv', bare.sid]], 'that of the browser, where it has none of its own')
    const kept = await askFor('openid offline_access')
    await kept.browser.fillIn(await kept.browser.visit(`${service.issuer}/logout`), {})
    t.same(await heard(), [], 'a session of its own goes on')
    await service.operate('DELETE', `/sessions/${kept.sid}`)
    t.same(await heard(), [['/tv', kept.sid]])
  })
  await t.test('what is not answered with 200 or 204 is tried again, later each time, with another jti', async (t) => {
    await endOne()
    const jtis = new Set<unknown>()
    const answers = [answerJson({}, 500), answerJson({}, 302, { location: site.origin }), answerJson({}, 204)]
    for (const [tries, seconds] of [10, 30, 90].entries()) {
      site.answer = answers[tries]!
      await service.gatehouse.deliverLogouts()
      t.equal(site.asked.length, 1, `try ${tries + 1}`)
      jtis.add(decodeJwt(tokenIn(site.asked.splice(0)[0]!.body)).jti)
      service.clock.advance(seconds - 1)
      await service.gatehouse.deliverLogouts()
      t.equal(site.asked.length, 0, 'not yet')
      service.clock.advance(1)
    }
    await service.gatehouse.deliverLogouts()
    t.same([site.asked.length, jtis.size], [0, 3])
  })
  await t.test('after a day it is given up, and the trail is told', async (t) => {
    await endOne()
    site.answer = answerJson({}, 503)
    for (let tries = 0; tries < 20; tries++) {
      await service.gatehouse.deliverLogouts()
      service.clock.advance(7_200)
    }
    site.answer = answerJson({})
    const tried = site.asked.splice(0).length
    service.clock.advance(7_200)
    await service.gatehouse.deliverLogouts()
    t.equal(site.asked.length, 0)
    const given = (await auditRows(service)).find(({ event: name }) => name === 'logout_token.given_up')
    t.match(given, { clientId: wiki.client_id, subject: ada.id, details: { reason: 'status_503', attempts: tried } })
    t.notMatch(service.logged(), /eyJ/, 'no token stands in the log')
  })
  await t.test('who is no program any more, or wants it no more, is not told', async (t) => {
    const { client_id } = wiki
    site.answer = answerJson({}, 503)
    await endOne()
    await service.gatehouse.deliverLogouts()
    t.equal(site.asked.splice(0).length, 1)
    site.answer = answerJson({})
    await service.operate('PUT', `/clients/${client_id}`, { backchannel_logout_uri: '' })
    service.clock.advance(10)
    await service.gatehouse.deliverLogouts()
    t.equal(site.asked.length, 0)
  })
  await t.test(
    'an address that cannot be asked is refused when it is set, and one of the own network when it is asked',
    async (t) => {
      const { client_id } = wiki
      for (const uri of [
        'http://wiki.example.test/out',
        'https://a:b@wiki.example.test/',
        'https://wiki.example.test/#x',
        'out',
      ]) {
        await t.rejects(
          service.operate('PUT', `/clients/${client_id}`, { backchannel_logout_uri: uri }),
          /400.*backchannel_logout_uri/,
          uri,
        )
      }
      await service.operate('PUT', `/clients/${client_id}`, {
        backchannel_logout_uri: `https://127.0.0.1:${site.port}/out`,
      })
      await endOne()
      await service.gatehouse.deliverLogouts()
      t.equal(site.asked.length, 0)
      t.match(service.logged(), /"reason":"forbidden"/)
    },
  )
})

void test('a program of its own process verifies the token by the published keys', async (t) => {
  const { ca, issue } = authorityIn(join(scratchFolder(t), 'authority'))
  const { cert, key } = issue('client', 'localhost', 'DNS:localhost')
  const service = await startProvider(t, { yaml: { outgoing: { allow: ['localhost'], ca_file: ca } } })
  const port = await freePort()
  const client = await registerProgram(service, {
    ...{ id: 'of-its-own', first_party: true, backchannel_logout_uri: `https://localhost:${port}/logout` },
  })
  const { lines } = await startClient(t, {
    CERT: cert,
    KEY: key,
    PORT: String(port),
    ISSUER: service.issuer,
    CLIENT_ID: client.client_id,
  })
  const ada = await service.createUser()
  const browser = browserOf(service)
  await browser.signIn(ada)
  const { id_token } = (await redeem(service, client, codeOf(await letIn(browser, requestOf(service, client))))).json()
  await browser.visit(`${service.issuer}/oauth/logout?id_token_hint=${id_token}`)
  await service.gatehouse.deliverLogouts()
  const { sid } = decodeJwt(id_token)
  t.match(await lines(), { path: '/logout', claims: { sub: ada.id, sid, aud: client.client_id } })
})

async function startClient(t: Test, environment: Record<string, string>) {
  const program: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, '../support/logout-client.ts')], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => void program.kill())
  const reader = createInterface({ input: program.stdout! })
  const said = reader[Symbol.asyncIterator]()
  const lines = async () => JSON.parse((await said.next()).value as string) as unknown
  await Promise.race([lines(), once(program, 'exit').then(() => Promise.reject(new Error('the client did not start')))])
  return { lines }
}
