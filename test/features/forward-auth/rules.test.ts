/** What the rules of a host can ask for and say to its upstream, over HTTP. */
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { test } from 'tap'
import { grant, register } from '../../support/oauth.ts'
import { asks, bearer, startService, type TestUser } from '../../support/service.ts'

const app = 'app.example.test'
const hosts = {
  [app]: {
    rules: [
      { paths: ['/users/{subject}/**'], allow: { owner: 'subject' } },
      { paths: ['/reports/**'], methods: ['POST'], preflight: true, allow: { permissions: ['reports:write'] } },
      { paths: ['/vault/**'], allow: { level: 'aal2' } },
      { paths: ['/office/**'], allow: { networks: ['198.51.100.0/24'] } },
      { allow: 'signed-in' },
    ],
  },
  '*.tenant.example.test': { headers: 'remote', rules: [{ allow: 'signed-in' }] },
  'proxy.example.test': { headers: 'oauth2-proxy', rules: [{ allow: 'signed-in' }] },
  'mail.example.test': { headers: { preset: 'remote', user: 'email' }, rules: [{ allow: 'signed-in' }] },
  'mail-proxy.example.test': { headers: { preset: 'oauth2-proxy', user: 'email' }, rules: [{ allow: 'signed-in' }] },
  'id.example.test': { headers: { preset: 'remote', user: 'subject' }, rules: [{ allow: 'signed-in' }] },
  'own.example.test': {
    headers: { subject: 'X-User-Id', roles: 'X-User-Roles' },
    authorization: 'assertion',
    audience: 'own',
    rules: [{ paths: ['/open'], allow: 'anyone' }, { allow: 'signed-in' }],
  },
  'bound.example.test': { bind: 'request', rules: [{ allow: 'signed-in' }] },
}

void test('what a rule asks for', async (t) => {
  const service = await startService(t, { yaml: { hosts } })
  const ada = await service.createUser({ roles: ['writer'], name: 'Zoë, Countess' })
  const signedIn = await service.signIn(ada)
  const question = (path: string, headers: Record<string, string> = {}, host = app) =>
    service.call('/forward-auth/traefik', {
      headers: { ...asks({ path, host }), ...bearer(signedIn.accessToken), ...headers },
    })

  await t.test('the user’s own id in the path, and nobody else’s', async (t) => {
    t.equal((await question(`/users/${ada.id}/mail`)).status, 200)
    t.equal((await question('/users/somebody-else/mail')).status, 403)
    t.equal((await question('/users/')).status, 200, 'a path without the capture is another rule’s')
  })
  await t.test('a permission, which a role gives and takes at once', async (t) => {
    const write = () => question('/reports/7', { 'x-forwarded-method': 'POST' })
    t.equal((await write()).status, 403)
    await service.operate('PUT', '/roles/writer', { permissions: ['reports:write'] })
    t.equal((await write()).status, 200)
    await service.operate('DELETE', '/roles/writer')
    t.equal((await write()).status, 403)
  })
  await t.test('a network, by the last address that no trusted proxy wrote', async (t) => {
    const from = async (chain: string) => (await question('/office/', { 'x-forwarded-for': chain })).status
    t.equal(await from('198.51.100.7'), 200)
    t.equal(await from('203.0.113.7, 198.51.100.7'), 200)
    t.equal(await from('198.51.100.7, 127.0.0.1'), 200, 'a trusted hop is skipped')
    t.equal(await from('198.51.100.7, 203.0.113.7'), 403, 'what the client wrote is further left')
    t.equal(await from('198.51.100.7, unknown'), 403)
    t.equal(await from(''), 403)
  })
  await t.test('a stronger sign-in: pages are led to it, programs are told how', async (t) => {
    const api = await question('/vault/')
    t.equal(api.status, 401)
    t.equal(api.json().code, 'insufficient_user_authentication')
    t.match(api.headers['www-authenticate'], /error="insufficient_user_authentication", acr_values="aal2"/)
    const page = await question('/vault/?x=1', { accept: 'text/html' })
    t.equal(page.status, 302)
    t.match(page.headers['location'], /return_to=http%3A%2F%2Fapp\.example\.test%2Fvault%2F%3Fx%3D1&acr_values=aal2$/)
    const { cookies } = await service.call('/api/auth/login', {
      method: 'POST',
      json: { email: ada.email, password: ada.password },
    })
    const cookie = `gatehouse=${cookies['gatehouse']}`
    const place = new URL(page.headers['location'] ?? '')
    const shown = await service.call(place.pathname + place.search, { headers: { cookie } })
    t.match(shown.body, /A stronger sign-in is needed/, 'who is signed in already is told what is missing')
    t.notMatch(shown.body, />Continue</, 'and not sent in circles')
    const without = await service.call(place.pathname, { headers: { cookie } })
    t.match([without.status, without.headers['location']], [303, '/'], 'who wants nothing is shown what there is')
  })
  await t.test('only a true preflight, only where the rule of the real request says so', async (t) => {
    const preflight = async (path: string, headers: Record<string, string>) =>
      (
        await service.call('/forward-auth/traefik', {
          headers: { ...asks({ path, method: 'OPTIONS' }), ...headers },
        })
      ).status
    const real = { origin: 'https://spa.example.test', 'access-control-request-method': 'POST' }
    t.equal(await preflight('/reports/7', real), 200)
    t.equal(await preflight('/reports/7', { ...real, 'access-control-request-method': 'DELETE' }), 401)
    t.equal(await preflight('/elsewhere', real), 401)
    t.equal(await preflight('/reports/7', { origin: real.origin }), 401, 'no method is asked for')
    t.equal(await preflight('/reports/7', { 'access-control-request-method': 'POST' }), 401, 'no origin')
  })
})

void test('how identity is told to an upstream', async (t) => {
  const service = await startService(t, { yaml: { hosts } })
  const ada = await service.createUser({ roles: ['a', 'b'], name: 'Zoë, Countess' })
  const { accessToken } = await service.signIn(ada)
  const question = (host: string, path = '/', headers: Record<string, string> = bearer(accessToken)) =>
    service.call('/forward-auth/traefik', { headers: { ...asks({ path, host }), ...headers } })
  const keys = createRemoteJWKSet(new URL(`${service.url}/.well-known/jwks.json`))

  await t.test('as Remote-*, on every host of a wildcard', async (t) => {
    for (const host of ['a.tenant.example.test', 'b.tenant.example.test']) {
      const { status, headers } = await question(host)
      t.equal(status, 200)
      t.match(headers, { 'remote-user': ada.id, 'remote-groups': 'a,b', 'remote-email': ada.email })
      t.equal(headers['remote-name'], 'Zo%C3%AB%2C Countess')
      t.notOk('x-auth-subject' in headers)
    }
    t.equal((await question('a.b.tenant.example.test')).status, 403)
  })
  await t.test('as oauth2-proxy does', async (t) => {
    const { headers } = await question('proxy.example.test')
    t.match(headers, {
      'x-auth-request-user': ada.id,
      'x-auth-request-email': ada.email,
      'x-auth-request-groups': 'a,b',
      'x-auth-request-preferred-username': ada.id,
    })
  })
  await t.test('by the user name that the operator chose, never by one that people choose themselves', async (t) => {
    const mallory = await service.createUser({ name: ada.email })
    const userNames = async (user: TestUser, ...hosts: string[]) => {
      const headers = bearer((await service.signIn(user)).accessToken)
      const answers = await Promise.all(hosts.map((host) => question(host, '/', headers)))
      return answers.flatMap(({ headers }) =>
        ['remote-user', 'x-auth-request-user', 'x-auth-request-preferred-username'].flatMap(
          (name) => headers[name] ?? [],
        ),
      )
    }
    const byAddress = ['mail.example.test', 'mail-proxy.example.test']
    t.same(await userNames(ada, ...byAddress), [ada.email, ada.email, ada.email])
    t.same(await userNames(mallory, ...byAddress), [mallory.email, mallory.email, mallory.email])
    const byId = ['id.example.test', 'a.tenant.example.test', 'proxy.example.test']
    t.same(await userNames(ada, ...byId), [ada.id, ada.id, ada.id, ada.id])
    t.same(await userNames(mallory, ...byId), Array(4).fill(mallory.id))
    t.match((await question('mail.example.test')).headers, { 'remote-email': ada.email, 'remote-groups': 'a,b' })

    const [plain, escaped] = [
      await service.createUser({ email: 'a%b@example.test' }),
      await service.createUser({ email: 'a%25b@example.test' }),
    ]
    t.same(await userNames(plain, 'mail.example.test'), ['a%25b@example.test'])
    t.same(await userNames(escaped, 'mail.example.test'), ['a%2525b@example.test'], 'no two are told alike')
  })
  await t.test('a program has no address, and so is nobody where addresses are user names', async (t) => {
    const client = await register(service, { id: 'admin', audiences: ['http://mail.example.test'] })
    const token = (await grant(service, client)).json().access_token
    const { status, headers } = await question('mail.example.test', '/', bearer(token))
    t.equal(status, 200)
    t.match(headers, { 'remote-user': '', 'remote-email': '', 'remote-groups': '' })
  })
  await t.test('under names of the operator’s own, with the assertion instead of the credential', async (t) => {
    const { headers } = await question('own.example.test')
    t.match(headers, { 'x-user-id': ada.id, 'x-user-roles': 'a,b' })
    const assertion = String(headers['authorization']).replace(/^Bearer /, '')
    t.not(assertion, accessToken)
    const { payload } = await jwtVerify(assertion, keys, { audience: 'own', typ: 'identity-assertion+jwt' })
    t.equal(payload.sub, ada.id)
    const open = await question('own.example.test', '/open')
    t.match(open.headers, { 'x-user-id': '', authorization: '' }, 'nothing of the client’s survives')
  })
  await t.test('with an assertion for one request alone, where the host binds it', async (t) => {
    const claimsAt = async (path: string) =>
      decodeJwt(String((await question('bound.example.test', path)).headers['x-auth-assertion']))
    const [one, two] = [await claimsAt('/a?x=1'), await claimsAt('/b')]
    t.match(one, { htm: 'GET', htu: 'http://bound.example.test/a' })
    t.equal(two['htu'], 'http://bound.example.test/b')
    t.not(one.jti, two.jti)
  })
  await t.test('with an assertion that is kept for half its life', async (t) => {
    const assertion = async () => (await question(app)).headers['x-auth-assertion']
    const first = await assertion()
    service.clock.advance(29)
    t.equal(await assertion(), first)
    service.clock.advance(1)
    const next = await assertion()
    t.not(next, first)
    t.equal(decodeJwt(String(next)).exp! - decodeJwt(String(first)).exp!, 30)
  })
  await t.test(
    'with one assertion for all tokens of a session, until what they say changes or a key ends',
    async (t) => {
      const tokens = await service.signIn(ada)
      const refresh = async (refreshToken: string) => {
        const form = { grant_type: 'refresh_token', client_id: 'gatehouse', refresh_token: refreshToken }
        const answer = (await service.call('/oauth/token', { method: 'POST', form })).json()
        return { accessToken: String(answer.access_token), refreshToken: String(answer.refresh_token) }
      }
      const assertionOf = async (token: string) => {
        const { headers } = await service.call('/forward-auth/traefik', {
          headers: { ...asks({ path: '/', host: app }), ...bearer(token) },
        })
        return String(headers['x-auth-assertion'])
      }
      const second = await refresh(tokens.refreshToken)
      t.not(second.accessToken, tokens.accessToken)
      const first = await assertionOf(tokens.accessToken)
      t.equal(await assertionOf(second.accessToken), first)
      const other = await service.signIn(ada)
      t.not(await assertionOf(other.accessToken), first, 'another session says another sid')

      await service.operate('POST', '/roles', { name: 'late', permissions: [] })
      await service.operate('PUT', `/users/${ada.email}/roles/late`)
      const third = await refresh(second.refreshToken)
      const changed = await assertionOf(third.accessToken)
      t.match(decodeJwt(changed)['roles'], ['a', 'b', 'late'])
      t.equal(await assertionOf(tokens.accessToken), changed, 'an older token says what the person may do now')

      await service.operate('POST', '/keys/rotate', { compromised: true })
      const fourth = await refresh(third.refreshToken)
      const anew = await assertionOf(fourth.accessToken)
      await jwtVerify(anew, createRemoteJWKSet(new URL(`${service.url}/.well-known/jwks.json`)))
      t.not(anew, changed)
      await t.rejects(jwtVerify(changed, createRemoteJWKSet(new URL(`${service.url}/.well-known/jwks.json`))))
    },
  )
})
