/** Programs that register themselves (RFC 7591), and manage that (RFC 7592). */
import { test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { browserOf, redeem, requestOf, startProvider, toldBy } from '../support/openid.ts'
import type { Call, Service } from '../support/service.ts'
import { makeKey } from '../support/oauth.ts'

const redirect = 'http://127.0.0.1/callback'
const wanted = {
  client_name: 'An agent',
  redirect_uris: [redirect],
  grant_types: ['authorization_code', 'refresh_token'],
}
const register = (service: Service, body: unknown, token?: string, path = '', method: 'POST' | 'PUT' = 'POST') =>
  service.call(`/oauth/register${path}`, { method, json: body, ...by(token) })
const refusalOf = async (asked: ReturnType<typeof register>) => [(await asked).status, (await asked).json().error]
const by = (token?: string): Call => (token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })

void test('programs register themselves where that is open', async (t) => {
  const yaml = { clients: { registration: 'open', most: 6, scopes: ['openid', 'profile', 'offline_access'] } }
  const service = await startProvider(t, { yaml })

  await t.test('statement 66: 201, no-store, what counts, and no secret', async (t) => {
    const answer = await register(service, { ...wanted, logo_uri: 'https://x.test/l.png', scope: 'openid admin' })
    t.match([answer.status, answer.headers['cache-control']], [201, 'no-store'])
    const told = answer.json()
    t.match(told, { ...wanted, token_endpoint_auth_method: 'none', scope: 'openid', response_types: ['code'] })
    t.equal(told.registration_client_uri, `${service.issuer}/oauth/register/${told.client_id}`)
    t.notOk('client_secret' in told || 'logo_uri' in told)
    const metadata = (await service.call('/.well-known/openid-configuration')).json()
    t.equal(metadata.registration_endpoint, `${service.issuer}/oauth/register`)
    t.notMatch(service.logged(), told.registration_access_token)
    t.match(await service.operate('GET', `/clients/${told.client_id}`), { verified: false, first_party: false })
  })

  await t.test('statement 66: what such a program may not be is refused by its name', async (t) => {
    const wrong: [object, string][] = [
      [{ redirect_uris: undefined }, 'invalid_redirect_uri'],
      [{ redirect_uris: [] }, 'invalid_redirect_uri'],
      ...[
        'http://evil.test/cb',
        'javascript:alert(1)',
        'https://a.test/#x',
        'https://a:b@a.test/',
        'http://127.0.0.1.evil.test/',
      ].map((uri): [object, string] => [{ redirect_uris: [uri] }, 'invalid_redirect_uri']),
      [{ grant_types: ['client_credentials'] }, 'invalid_client_metadata'],
      [{ grant_types: ['authorization_code', 'implicit'] }, 'invalid_client_metadata'],
      [{ response_types: ['token'] }, 'invalid_client_metadata'],
      [{ token_endpoint_auth_method: 'client_secret_basic' }, 'invalid_client_metadata'],
      [{ token_endpoint_auth_method: 'private_key_jwt' }, 'invalid_client_metadata'],
      [{ scope: 'gatehouse:users:read' }, 'invalid_client_metadata'],
      [{ client_name: 'a\u202Eb' }, 'invalid_client_metadata'],
      [{ client_name: '' }, 'invalid_client_metadata'],
      [{ software_statement: 'eyJ' }, 'unapproved_software_statement'],
    ]
    const before = (await service.list('/clients')).length
    for (const [change, error] of wrong) {
      const answer = await register(service, { ...wanted, ...change })
      t.match([answer.status, answer.json().error], [400, error], JSON.stringify(change))
      service.clock.advance(3_600)
    }
    t.equal((await service.list('/clients')).length, before)
    t.equal((await register(service, 'text')).status, 400)
  })

  await t.test(
    'the program says where its sign-in begins and where logout tokens go, at its own origins',
    async (t) => {
      const own = await startProvider(t, { yaml: { clients: { registration: 'open', scopes: ['openid'] } } })
      const web = { ...wanted, redirect_uris: ['https://a.test/callback'] }
      const places = {
        initiate_login_uri: 'https://a.test/login',
        backchannel_logout_uri: 'https://a.test/logout',
        backchannel_logout_session_required: true,
      }
      const answer = await register(own, { ...web, ...places })
      t.equal(answer.status, 201)
      const { client_id, registration_access_token } = answer.json()
      t.match(answer.json(), places)
      t.match(await own.operate('GET', `/clients/${client_id}`), places)
      const replaced = await register(own, { ...web, client_id }, registration_access_token, `/${client_id}`, 'PUT')
      t.equal(replaced.status, 200)
      t.notOk('backchannel_logout_uri' in replaced.json(), 'what a replacement does not name is gone')
      t.match(await own.operate('GET', `/clients/${client_id}`), { initiate_login_uri: '', backchannel_logout_uri: '' })
      for (const name of ['initiate_login_uri', 'backchannel_logout_uri']) {
        const wrong = [
          'https://b.test/x',
          'https://a.test:1/x',
          'http://a.test/x',
          'https://a:b@a.test/',
          'https://a.test/#x',
        ]
        for (const uri of [...wrong, '', 'x', 1, null, ['https://a.test/']]) {
          const refused = await refusalOf(register(own, { ...web, [name]: uri }))
          t.same(refused, [400, 'invalid_client_metadata'], `${name}: ${JSON.stringify(uri)}`)
          own.clock.advance(3_600)
        }
        const onDevice = await refusalOf(register(own, { ...wanted, [name]: 'http://127.0.0.1/x' }))
        t.same(onDevice, [400, 'invalid_client_metadata'])
      }
      const flag = { backchannel_logout_session_required: 'yes' }
      t.same(await refusalOf(register(own, { ...web, ...flag })), [400, 'invalid_client_metadata'])
    },
  )

  await t.test('the program manages its registration by its own token, which each replacement replaces', async (t) => {
    const { client_id, registration_access_token: token } = (await register(service, wanted)).json()
    const path = `/${client_id}`
    const other = (await register(service, wanted)).json()
    const read = async (shown?: string, at = path) => service.call(`/oauth/register${at}`, by(shown))
    t.match((await read(token)).json(), { client_id, client_name: 'An agent' })
    for (const [shown, at] of [
      [undefined, path],
      ['x', path],
      [other.registration_access_token, path],
      [token, '/nobody'],
    ] as const) {
      const answer = await read(shown, at)
      t.match(
        [answer.status, answer.json().error, answer.headers['www-authenticate']],
        [401, 'invalid_token', /^Bearer/],
      )
    }
    t.equal((await register(service, { ...wanted, client_id: 'x' }, token, path, 'PUT')).status, 400)
    const replaced = await register(service, { ...wanted, client_id, client_name: 'Renamed' }, token, path, 'PUT')
    t.match([replaced.status, replaced.json().client_name], [200, 'Renamed'])
    const next = replaced.json().registration_access_token
    t.not(next, token)
    t.equal((await read(token)).status, 401, 'the former token is none')
    const remove = (shown: string) => service.call(`/oauth/register${path}`, { method: 'DELETE', ...by(shown) })
    t.equal((await remove(token)).status, 401)
    t.equal((await remove(next)).status, 204)
    t.equal((await read(next)).status, 401)
  })

  await t.test('a person is told that nobody has verified it, is always asked, and lets it in', async (t) => {
    service.clock.advance(3_600)
    const { client_id } = (await register(service, wanted)).json()
    await t.rejects(service.operate('PUT', `/clients/${client_id}`, { first_party: true }), /400.*first_party/)
    await t.rejects(
      service.operate('PUT', `/clients/${client_id}`, {
        grants: ['authorization_code', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      }),
      /400/,
    )
    const browser = browserOf(service)
    await browser.signIn(await service.createUser())
    const redirect_uri = 'http://127.0.0.1:49152/callback'
    const ask = () => browser.visit(requestOf(service, { client_id }, { redirect_uri, scope: 'openid offline_access' }))
    const page = await ask()
    t.match(page.answer.body, /An agent[^]*is not verified by the operator/)
    const { code } = toldBy(await browser.fillIn(page, { answer: 'allow' }))
    const tokens = (await redeem(service, { client_id }, { code, redirect_uri })).json()
    t.ok(tokens.access_token && tokens.refresh_token)
    t.match((await ask()).answer.body, /action="consent"/, 'again, since others on the device may listen')
  })

  await t.test('after thirty days without a grant it leaves, and whoever is used stays', async (t) => {
    const idle = (await register(service, wanted)).json().client_id
    const before = (await service.list('/clients')).map(({ client_id }: { client_id: string }) => client_id)
    service.clock.advance(29 * 86_400)
    await service.gatehouse.maintain()
    t.equal((await service.list('/clients')).length, before.length)
    service.clock.advance(2 * 86_400)
    await service.gatehouse.maintain()
    const left = (await service.list('/clients')).map(({ client_id }: { client_id: string }) => client_id)
    t.notOk(left.includes(idle))
    t.ok((await auditRows(service)).some(({ event, clientId }) => event === 'client.left' && clientId === idle))
  })

  await t.test('there are bounds for each address, and in all', async (t) => {
    const many = await Promise.all(Array.from({ length: 9 }, () => register(service, wanted)))
    t.ok(many.filter(({ status }) => status === 201).length <= 6)
    t.ok(many.every(({ status }) => status === 201 || status === 503))
    const flood = await Promise.all(Array.from({ length: 30 }, () => register(service, {})))
    t.match(flood.map(({ status }) => status).filter((status) => status === 429).length > 0, true)
  })
})

void test('registration needs a token of an operator where the operator wants that, and is off otherwise', async (t) => {
  const service = await startProvider(t, { yaml: { clients: { registration: 'token' } } })
  const key = await makeKey('ES256', 'a')
  for (const token of [undefined, 'x'.repeat(43)]) {
    const answer = await register(service, wanted, token)
    t.match([answer.status, answer.json().error], [401, 'invalid_token'])
  }
  const { token } = await service.operate('POST', '/client-registration-tokens', { uses: 2, expires_in: 600 })
  const body = { ...wanted, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } }
  const all = await Promise.all(Array.from({ length: 6 }, () => register(service, body, token)))
  t.same(
    all.map(({ status }) => status).toSorted((one, other) => one - other),
    [201, 201, 401, 401, 401, 401],
    'as often as it says',
  )
  const late = (await service.operate('POST', '/client-registration-tokens', { uses: 2, expires_in: 600 })).token
  service.clock.advance(600)
  t.equal((await register(service, body, late)).status, 401, 'and as long')
  const off = await startProvider(t)
  t.match(await refusalOf(register(off, wanted)), [400, 'access_denied'])
  t.notOk('registration_endpoint' in (await off.call('/.well-known/openid-configuration')).json())
})
