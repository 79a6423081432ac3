/** Pages of programs at origins of their own, whose scripts ask for tokens (Fetch §3.3). */
import { test } from 'tap'
import { registerProgram, requestOf, startProvider } from '../support/openid.ts'
import type { Call } from '../support/service.ts'

const [wikis, shops, listed] = ['https://wiki.example.com', 'https://shop.example.com', 'https://spa.example.com']
const shared = 'access-control-allow-origin'
const credentials = 'access-control-allow-credentials'

void test('origins of programs', async (t) => {
  const service = await startProvider(t, { yaml: { cors: { origins: [listed] } } })
  const wiki = await registerProgram(service, { public: true, cors_origins: [wikis] })
  const shop = await registerProgram(service, { cors_origins: [shops, wikis.replace('wiki', 'docs')] })
  const ask = async (path: string, origin: string, call: Call = {}) =>
    (await service.call(path, { ...call, headers: { ...call.headers, origin } })).headers
  const preflight = (path: string, origin: string) => {
    const headers = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,dpop' }
    return ask(path, origin, { method: 'OPTIONS', headers })
  }
  const token = (client_id: string): Call => ({
    method: 'POST',
    form: { grant_type: 'authorization_code', client_id, code: 'x', code_verifier: 'x' },
  })

  await t.test('reach every endpoint for programs, without cookies, and nothing else', async (t) => {
    for (const path of [
      '/oauth/token',
      '/oauth/revoke',
      '/oauth/userinfo',
      '/oauth/par',
      '/oauth/device_authorization',
    ]) {
      const answer = await preflight(path, wikis)
      t.match(answer, {
        [shared]: wikis,
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'authorization,dpop',
        vary: /Origin/,
      })
      t.notOk(credentials in answer, path)
      for (const origin of ['https://evil.example.com', 'null', `${wikis}.evil.example`, 'http://wiki.example.com'])
        t.notOk(shared in (await preflight(path, origin)), `${path} to ${origin}`)
    }
    for (const path of [
      '/api/users/me',
      '/api/auth/login',
      '/oauth/introspect',
      '/oauth/authorize',
      '/login',
      '/nowhere',
    ])
      t.notOk(shared in (await preflight(path, wikis)), path)
    t.notOk(shared in (await ask(requestOf(service, wiki).slice(service.issuer.length), wikis)))
  })
  await t.test('read what is answered to their own program, refusals too, and not what another gets', async (t) => {
    const own = await ask('/oauth/token', wikis, token(wiki.client_id))
    t.match(own, { [shared]: wikis, 'access-control-expose-headers': /DPoP-Nonce/, vary: /Origin/ })
    t.notOk(credentials in own)
    t.notOk(shared in (await ask('/oauth/token', wikis, token(shop.client_id))))
    t.notOk(shared in (await ask('/oauth/token', 'https://evil.example.com', token(wiki.client_id))))
    const basic = Buffer.from(`${shop.client_id}:wrong`).toString('base64')
    const proving = { method: 'POST', headers: { authorization: `Basic ${basic}` }, form: { grant_type: 'x' } }
    t.notOk(shared in (await ask('/oauth/token', wikis, proving)))
    t.equal((await ask('/oauth/token', shops, proving))[shared], shops)
    const of = (client_id: string) => `x.${Buffer.from(JSON.stringify({ client_id })).toString('base64url')}.x`
    for (const scheme of ['Bearer', 'DPoP']) {
      const about = (client_id: string) => ({ headers: { authorization: `${scheme} ${of(client_id)}` } })
      t.equal((await ask('/oauth/userinfo', wikis, about(wiki.client_id)))[shared], wikis)
      t.notOk(shared in (await ask('/oauth/userinfo', wikis, about(shop.client_id))))
    }
    const form = { access_token: of(shop.client_id) }
    t.notOk(shared in (await ask('/oauth/userinfo', wikis, { method: 'POST', form })))
    t.equal((await ask('/oauth/userinfo', wikis, { headers: { authorization: 'Bearer x' } }))[shared], wikis)
  })
  await t.test('are those of the newest change, and do not touch the origins of the service', async (t) => {
    t.match(await preflight('/oauth/token', listed), { [shared]: listed, [credentials]: 'true' })
    t.match(await ask('/oauth/token', listed, token(wiki.client_id)), { [shared]: listed, [credentials]: 'true' })
    await service.operate('PUT', `/clients/${wiki.client_id}`, { cors_origins: [] })
    t.notOk(shared in (await preflight('/oauth/token', wikis)))
    t.notOk(shared in (await ask('/oauth/token', wikis, token(wiki.client_id))))
    t.equal((await preflight('/oauth/token', shops))[shared], shops)
    await service.operate('DELETE', `/clients/${shop.client_id}`)
    service.clock.advance(1)
    t.notOk(shared in (await preflight('/oauth/token', shops)), 'nor of a program that is gone')
  })
  await t.test('are origins as browsers write them', async (t) => {
    for (const origin of [
      '*',
      'null',
      `${wikis}/`,
      'wiki.example.com',
      'https://WIKI.example.com',
      'com.example:x',
      '',
    ]) {
      const change = service.operate('PUT', `/clients/${wiki.client_id}`, { cors_origins: [origin] })
      await t.rejects(change, { message: /400.*cors_origins/ }, origin)
    }
  })
})
