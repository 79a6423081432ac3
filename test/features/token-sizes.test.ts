/** What is issued is accepted everywhere: nothing refuses a token by its length that the service itself has signed. */
import { test } from 'tap'
import { longestToken, requestHeaderBytes } from '../../src/core/sizes.ts'
import { backends } from '../support/backends.ts'
import { asks, bearer, newClient, type Service, startService } from '../support/service.ts'

const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const yaml = { hosts: { 'app.example.test': { rules: [{ allow: 'signed-in' }] } } }

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())

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
          t.ok(token.length > 4_096 && token.length <= longestToken, `${token.length} bytes`)
          t.same(await acceptedAt(service, token), { ...everywhere, 'permissions introspected': permissions })
        },
      )
    }
  })
}

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
  'POST /oauth/token subject_token': longestToken,
  'POST /oauth/token actor_token': longestToken,
  'POST /oauth/introspect token': longestToken,
  'POST /oauth/revoke token': longestToken,
  // 256 random bits.
  'POST /oauth/token refresh_token': 43,
  'POST /api/auth/refresh refresh_token': 43,
  'POST /oauth/token client_secret': 43,
  'POST /oauth/introspect client_secret': 43,
  'POST /oauth/revoke client_secret': 43,
  // 128 random bits.
  'POST /api/auth/verify-email token': 22,
  // Of the client's own making.
  'POST /oauth/token client_assertion': longestToken,
  'POST /oauth/introspect client_assertion': longestToken,
  'POST /oauth/revoke client_assertion': longestToken,
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
