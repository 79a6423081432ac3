/** What is issued is accepted everywhere: nothing refuses a token by its length that the service itself has signed. */
import { test } from 'tap'
import { identityHeaderBytes, maxTokenLength, requestHeaderBytes } from '../../src/core/sizes.ts'
import { backends } from '../support/backends.ts'
import { asks, bearer, newClient, type Service, startService } from '../support/service.ts'

const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const yaml = { hosts: { 'app.example.test': { rules: [{ allow: 'signed-in' }] } } }

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())

const linesOf = (service: Service, event: string): Record<string, any>[] =>
  service
    .logged()
    .split('\n')
    .flatMap((line) => (line.includes(`"${event}"`) ? [JSON.parse(line)] : []))

/** Somebody with so many permissions, and an access token of theirs. */
async function personWith(service: Service, permissions: number): Promise<string> {
  const role = `with-${permissions}`
  const names = Array.from({ length: permissions }, (_, at) => `project-number-${at}:write`)
  // A body of the operators' API is bounded, so the rights of many projects come by several roles.
  const parts = Array.from({ length: Math.ceil(permissions / 1_000) }, (_, at) => `${role}-${at}`)
  for (const [at, part] of parts.entries()) {
    await service.operate('PUT', `/roles/${part}`, { permissions: names.slice(at * 1_000, (at + 1) * 1_000) })
  }
  return (await service.signIn(await service.createUser({ roles: parts }))).accessToken
}

/** Shows a token wherever the service takes one; the last to see it revokes it. */
async function acceptedAt(service: Service, token: string): Promise<Record<string, unknown>> {
  const at = { scopes: [], audiences: [] }
  const { client_id, client_secret } = await service.operate('POST', '/clients', {
    ...{ ...newClient, ...at, grants: [grantType] },
  })
  const form = (path: string, fields: Record<string, string>) =>
    service.call(path, { method: 'POST', form: { client_id, client_secret, ...fields } })
  const ask = (shown: string) =>
    service.call('/forward-auth', { headers: { ...asks({ path: '/x' }), ...bearer(shown) } })
  const exchanged = await form('/oauth/token', {
    grant_type: grantType,
    subject_token: token,
    subject_token_type: accessTokenType,
  })
  const next = exchanged.json().access_token ?? ''
  const profile = await service.call('/api/users/me', { headers: bearer(token) })
  const introspected = (await form('/oauth/introspect', { token })).json()
  const outcome = {
    profile: profile.status,
    'forward-auth': (await ask(token)).status,
    introspection: introspected.active,
    'permissions introspected': introspected.permissions?.length,
    exchange: exchanged.status,
    'exchanged, at forward-auth': (await ask(next)).status,
    'exchanged, introspected': (await form('/oauth/introspect', { token: next })).json().active,
    'exchanged, revoked': (await form('/oauth/revoke', { token: next })).status,
    'exchanged, introspected after that': (await form('/oauth/introspect', { token: next })).json().active,
  }
  await service.call('/oauth/revoke', { method: 'POST', form: { client_id: 'gatehouse', token } })
  return { ...outcome, 'forward-auth, once it is revoked': (await ask(token)).status }
}

const everywhere = {
  profile: 200,
  'forward-auth': 200,
  introspection: true,
  exchange: 200,
  'exchanged, at forward-auth': 200,
  'exchanged, introspected': true,
  'exchanged, revoked': 200,
  'exchanged, introspected after that': false,
  'forward-auth, once it is revoked': 401,
}

for (const backend of backends) {
  void test(`large tokens on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend, yaml })
    for (const permissions of [100, 300]) {
      await t.test(
        `the token of somebody with ${permissions} permissions is accepted wherever tokens are`,
        async (t) => {
          const token = await personWith(service, permissions)
          t.equal(claimsOf(token).permissions.length, permissions)
          t.notOk('shortened' in claimsOf(token))
          t.ok(token.length > 4_096 && token.length <= maxTokenLength, `${token.length} bytes`)
          t.same(await acceptedAt(service, token), { ...everywhere, 'permissions introspected': permissions })
        },
      )
    }
    await t.test(
      'of 5,000 permissions those are told for which there is room, with a mark, and once in the log',
      async (t) => {
        const token = await personWith(service, 5_000)
        const { permissions, shortened, sub } = claimsOf(token)
        t.ok(token.length <= maxTokenLength && token.length > maxTokenLength - 700, `${token.length} bytes`)
        t.same(shortened, ['permissions'])
        const sorted = Array.from({ length: 5_000 }, (_, at) => `project-number-${at}:write`).toSorted()
        t.strictSame(permissions, sorted.slice(0, permissions.length), 'whole names, the first of them')
        t.same(await acceptedAt(service, token), { ...everywhere, 'permissions introspected': permissions.length })
        const lines = linesOf(service, 'identity.shortened').filter(
          ({ audiences }) => audiences?.[0] === service.issuer,
        )
        t.match(lines, [
          {
            subject: sub,
            max_bytes: maxTokenLength,
            permissions: { held: 5_000, told: permissions.length },
            level: 40,
          },
        ])
        t.ok(lines[0]!.bytes > 150_000)
      },
    )
  })
}

void test('whatever signs them, no token is longer than tokens may be, nor an answer larger than proxies let through', async (t) => {
  for (const algorithm of ['RS256', 'EdDSA']) {
    const service = await startService(t, {
      yaml: { ...yaml, keys: { access_tokens: algorithm, assertions: algorithm } },
    })
    const token = await personWith(service, 1_000)
    t.equal(JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).alg, algorithm)
    t.ok(token.length <= maxTokenLength && token.length > maxTokenLength - 700, `${token.length} bytes`)
    const { headers } = await service.call('/forward-auth', { headers: { ...asks({ path: '/x' }), ...bearer(token) } })
    t.equal(headers['x-auth-shortened'], 'permissions')
    const shown = Object.entries(headers).filter(([name]) => name.startsWith('x-auth-'))
    const bytes = shown.reduce((sum, [name, value]) => sum + name.length + String(value).length + 4, 0)
    t.ok(bytes <= identityHeaderBytes && bytes > identityHeaderBytes - 700, `${bytes} bytes`)
  }
})

void test('settings say what tokens for every host tell, and leave room for less', async (t) => {
  const identity = { roles: ['with-*'], permissions: ['project-number-*7:write', 'nothing'], max_bytes: 4_096 }
  const service = await startService(t, { yaml: { ...yaml, tokens: { identity } } })
  await service.operate('PUT', '/roles/other', { permissions: ['other'] })
  const ada = await service.createUser({ roles: ['other'] })
  t.notMatch(claimsOf((await service.signIn(ada)).accessToken), { roles: [], permissions: [] })
  const few = claimsOf(await personWith(service, 100))
  t.same(few.roles, ['with-100-0'])
  t.same(
    few.permissions,
    few.permissions.filter((name: string) => name.endsWith('7:write')),
  )
  t.equal(few.permissions.length, 10)
  t.notOk('shortened' in few, 'what is not to be told is not missing')
  const token = await personWith(service, 5_000)
  t.ok(token.length <= 4_096 && token.length > 3_500, `${token.length} bytes`)
  t.same(claimsOf(token).shortened, ['permissions'])
})

void test('a client is registered with no more than its tokens can hold', async (t) => {
  const service = await startService(t, { yaml })
  const names = (many: number, length: number) =>
    Array.from({ length: many }, (_, at) => String(at).padStart(length, 'a'))
  const register = (change: object) =>
    service.gatehouse.control.inject({ method: 'POST', url: '/clients', payload: { ...newClient, ...change } })
  const grants = ['client_credentials', grantType]
  for (const [change, fault] of [
    [{ scopes: names(41, 100) }, /at most 4096 characters together.*these are 4140/],
    [{ audiences: names(21, 100) }, /at most 20; these are 21/],
  ] as const) {
    const answer = await register(change)
    t.equal(answer.statusCode, 400)
    t.match(answer.json().errors[0].message, fault)
  }
  t.same(await service.list('/clients'), [], 'and nothing is registered in part')

  // Ids, scopes and audiences as long as they may be, passed on as often as they may be.
  const most = { grants, scopes: names(40, 100), audiences: names(20, 100) }
  const clients = await Promise.all(
    [1, 2, 3, 4].map((at) =>
      service.operate('POST', '/clients', { ...newClient, ...most, id: String(at).padEnd(100, 'c') }),
    ),
  )
  const tokenFor = async ({ client_id, client_secret }: any, fields: Record<string, string>) => {
    const form = { client_id, client_secret, scope: most.scopes.join(' '), ...fields }
    const answer = await service.call('/oauth/token', { method: 'POST', form })
    t.equal(answer.status, 200, answer.body.slice(0, 200))
    return answer.json().access_token
  }
  let token = await tokenFor(clients[0], { grant_type: 'client_credentials' })
  for (const client of [...clients]) {
    const exchange = { grant_type: grantType, subject_token: token, subject_token_type: accessTokenType }
    token = await tokenFor(client, exchange)
  }
  t.same(claimsOf(token).exchanged_from.length, 4)
  t.ok(token.length > 8_000 && token.length <= maxTokenLength, `${token.length} bytes`)
  const { client_id, client_secret } = clients[0]
  const introspected = await service.call('/oauth/introspect', {
    method: 'POST',
    form: { client_id, client_secret, token },
  })
  t.equal(introspected.json().active, true)
})

void test('a client from before these bounds is told what to ask for, instead of getting a token that nothing takes', async (t) => {
  const service = await startService(t, { yaml })
  const { client_id, client_secret } = await service.operate('POST', '/clients', newClient)
  const scopes = Array.from({ length: 300 }, (_, at) => `scope-number-${at}:${'x'.repeat(50)}`)
  const registered = (await service.stores.clients.find(client_id))!
  const former = { ...registered, id: 'former', scopes }
  t.equal(await service.stores.clients.create(former), 'created')
  const ask = (fields: object) =>
    service.call('/oauth/token', {
      method: 'POST',
      form: { grant_type: 'client_credentials', client_id: 'former', client_secret, ...fields },
    })
  const refused = await ask({})
  t.match(
    [refused.status, refused.json()],
    [400, { error: 'invalid_scope', error_description: /too large.*fewer scopes/ }],
  )
  t.equal((await ask({ scope: scopes.slice(0, 50).join(' ') })).status, 200)
})

const mailRules = [{ paths: ['/write/**'], allow: { permissions: ['mail:write'] } }, { allow: 'signed-in' }]

void test('a token for a host’s audience tells what the host’s headers do', async (t) => {
  const hosts = {
    'mail.example.test': { audience: 'mail', identity: { permissions: ['mail:*'], roles: [] }, rules: mailRules },
    'second.example.test': { audience: 'mail', identity: { permissions: ['*:read'] }, rules: mailRules },
    'plain.example.test': { identity: { permissions: ['plain'] }, rules: [] },
    '*.wild.example.test': { identity: { permissions: ['project-*'], max_bytes: 8_192 }, rules: [] },
    'whole.example.test': { audience: 'whole', identity: { beyond: 'refuse' }, rules: [] },
  }
  const service = await startService(t, { yaml: { hosts } })
  await service.operate('PUT', '/roles/mixed', { permissions: ['mail:read', 'mail:write', 'plain', 'other:read'] })
  const audiences = ['mail', 'http://plain.example.test', 'https://a.wild.example.test', 'whole', 'nobody']
  const client = await service.operate('POST', '/clients', { ...newClient, grants: [grantType], audiences })
  const { client_id, client_secret } = client
  const exchange = (subject_token: string, audience: string) =>
    service.call('/oauth/token', {
      method: 'POST',
      form: {
        client_id,
        client_secret,
        grant_type: grantType,
        subject_token,
        subject_token_type: accessTokenType,
        audience,
      },
    })
  const told = async (token: string, audience: string) => {
    const answer = await exchange(token, audience)
    const { roles, permissions, shortened } = claimsOf(answer.json().access_token)
    return { roles, permissions, shortened }
  }
  const { accessToken } = await service.signIn(await service.createUser({ roles: ['mixed'] }))
  const whole = { roles: ['mixed'], shortened: undefined }
  const all = claimsOf(accessToken).permissions
  t.same(
    await told(accessToken, 'mail'),
    { ...whole, roles: undefined, permissions: ['mail:read'] },
    'of two hosts both',
  )
  t.same(await told(accessToken, 'http://plain.example.test'), { ...whole, permissions: ['plain'] }, 'by its origin')
  t.same(await told(accessToken, 'https://a.wild.example.test'), { ...whole, permissions: undefined }, 'of a wildcard')
  t.same(await told(accessToken, 'whole'), { ...whole, permissions: all })
  t.same(await told(accessToken, 'nobody'), { ...whole, permissions: all }, 'of no host')
  const narrow = (await exchange(accessToken, 'mail')).json().access_token
  const headers = { ...asks({ path: '/write/x', host: 'mail.example.test' }), ...bearer(narrow) }
  t.equal((await service.call('/forward-auth', { headers })).status, 200, 'the rule goes by what the person may do')

  const large = await personWith(service, 5_000)
  const forWild = (await exchange(large, 'https://a.wild.example.test')).json().access_token
  t.ok(forWild.length <= 8_192 && forWild.length > 7_400, `${forWild.length} bytes`)
  t.same(claimsOf(forWild).shortened, ['permissions'])
  const forNobody = claimsOf((await exchange(large, 'nobody')).json().access_token)
  t.same(forNobody.shortened, ['permissions'], 'what was not whole does not become so')
  t.ok(forNobody.permissions.every((name: string) => claimsOf(large).permissions.includes(name)))
})

void test('where a host is told all or nothing, no token is issued for it in part, and nothing says that one was', async (t) => {
  const identity = { beyond: 'refuse', max_bytes: 8_192 }
  const hosts = { 'mail.example.test': { audience: 'mail', identity, rules: [{ allow: 'signed-in' }] } }
  const service = await startService(t, { yaml: { hosts } })
  const register = { ...newClient, grants: [grantType], audiences: ['mail'] }
  const { client_id, client_secret } = await service.operate('POST', '/clients', register)
  const exchange = async (subject_token: string) => {
    const form = { client_id, client_secret, grant_type: grantType, subject_token, subject_token_type: accessTokenType }
    const answer = await service.call('/oauth/token', { method: 'POST', form })
    return [answer.status, answer.json()]
  }
  const large = await personWith(service, 300)
  for (let tries = 0; tries < 3; tries++) {
    const refusal = { error: 'invalid_target', error_description: /too large.*what the subject may do/ }
    t.match(await exchange(large), [400, refusal])
  }
  t.same(linesOf(service, 'token.exchanged'), [])
  t.match(linesOf(service, 'identity.refused'), [
    { subject: claimsOf(large).sub, audiences: ['mail'], permissions: { held: 300, told: 0 } },
  ])
  t.match(await exchange(await personWith(service, 10)), [200, {}])
})

void test('headers as large as the printed configurations let through are read, with what a question adds', async (t) => {
  const service = await startService(t, { yaml })
  const { cookie } = await service.signIn(await service.createUser())
  const path = `/${'x'.repeat(8_000)}`
  const rest = requestHeaderBytes - path.length - cookie.length - 200
  const others = Object.fromEntries([1, 2].map((at) => [`x-other-${at}`, 'x'.repeat(rest / 2)]))
  const question = { ...asks({ path }), cookie, ...others }
  t.equal((await service.call('/forward-auth', { headers: question })).status, 200)
  t.equal((await service.call('/api/users/me', { headers: { cookie, ...others } })).status, 200)
  const tooMany = { ...others, 'x-other-3': 'x'.repeat(16_384) }
  t.equal((await service.call('/api/users/me', { headers: { cookie, ...tooMany } })).status, 431)
})

/** The longest of each kind that the service issues, by the names under which it takes them. */
const issued: Record<string, number> = {
  'POST /oauth/token subject_token': maxTokenLength,
  'POST /oauth/token actor_token': maxTokenLength,
  'POST /oauth/introspect token': maxTokenLength,
  'POST /oauth/revoke token': maxTokenLength,
  // 256 random bits.
  'POST /oauth/token refresh_token': 43,
  'POST /api/auth/refresh refresh_token': 43,
  'POST /api/auth/mfa mfa_token': 43,
  'POST /api/auth/enrol mfa_token': 43,
  'POST /api/auth/enrol/confirm mfa_token': 43,
  'POST /api/auth/enrol/passkey mfa_token': 43,
  'POST /api/auth/enrol/passkey/options mfa_token': 43,
  'POST /api/auth/passkey mfa_token': 43,
  'POST /api/auth/passkey/options mfa_token': 43,
  // Of a provider, which is told by itself when it is too long.
  'POST /api/federation/{provider}/backchannel-logout logout_token': maxTokenLength,
  'POST /oauth/token client_secret': 43,
  'POST /oauth/introspect client_secret': 43,
  'POST /oauth/revoke client_secret': 43,
  'POST /oauth/par client_secret': 43,
  'POST /oauth/device_authorization client_secret': 43,
  // 128 random bits.
  'POST /api/auth/verify-email token': 22,
  'POST /api/auth/confirm-email token': 22,
  'POST /api/auth/undo-email token': 22,
  'POST /api/auth/reset-password token': 22,
  'POST /api/auth/enrol token': 22,
  'POST /api/auth/enrol/confirm token': 22,
  'POST /api/auth/enrol/passkey token': 22,
  'POST /api/auth/enrol/passkey/options token': 22,
  'POST /api/users/me/keep keep_token': 22,
  // Of the client's own making.
  'POST /oauth/token client_assertion': maxTokenLength,
  'POST /oauth/introspect client_assertion': maxTokenLength,
  'POST /oauth/revoke client_assertion': maxTokenLength,
  'POST /oauth/par client_assertion': maxTokenLength,
  'POST /oauth/device_authorization client_assertion': maxTokenLength,
}

void test('no field that takes a token is documented to be shorter than the longest one', async (t) => {
  const service = await startService(t)
  const { paths } = (await service.call('/openapi.json')).json()
  const bounds: Record<string, number> = {}
  for (const [path, item] of Object.entries<Record<string, any>>(paths)) {
    for (const [method, { requestBody, parameters = [] }] of Object.entries(item)) {
      const taken = Object.values<any>(requestBody?.content ?? {}).map(({ schema }) => schema)
      const named = parameters.map(({ name, schema }: any) => ({ properties: { [name]: schema } }))
      for (const [name, schema] of [...taken, ...named].flatMap(propertiesOf)) {
        if (!/token$|assertion$|secret$|key$/.test(name)) continue
        bounds[`${method.toUpperCase()} ${path} ${name}`] = schema.maxLength ?? Number.POSITIVE_INFINITY
      }
    }
  }
  t.same(Object.keys(bounds).toSorted(), Object.keys(issued).toSorted(), 'each of them is known to this test')
  for (const [field, bound] of Object.entries(bounds)) t.ok(bound >= issued[field]!, `${field}: ${bound}`)
})

interface Schema {
  maxLength?: number
  properties?: Record<string, Schema>
  anyOf?: Schema[]
}

function propertiesOf({ properties = {}, anyOf = [] }: Schema): [string, Schema][] {
  return [...Object.entries(properties), ...anyOf.flatMap(propertiesOf)]
}
