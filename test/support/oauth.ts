/** What clients do at the OAuth endpoints, and what every refusal there must look like. */
import { exportJWK, generateKeyPair } from 'jose'
import type tap from 'tap'
import { uuidv7 } from '../../src/core/ids.ts'
import { hashSecret, randomSecret } from '../../src/core/secrets.ts'
import { type Answer, asks, bearer, newClient, type Service, type TestUser } from './service.ts'

export const endpoints = ['/oauth/token', '/oauth/introspect', '/oauth/revoke'] as const

/** RFC 6749 §5.2: neither quotes nor backslashes nor control characters. */
export const describable = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/

// A type, since an interface is no form.
export type Registered = { client_id: string; client_secret: string }

export async function register(service: Service, change: object = {}): Promise<Registered> {
  const scopes = ['reports:read', 'reports:write']
  const client = await service.operate('POST', '/clients', { ...newClient, name: 'Reports', scopes, ...change })
  return { client_id: client.client_id, client_secret: client.client_secret }
}

export const clientAssertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** A key of a client, to sign assertions with. */
export async function makeKey(algorithm: string, kid?: string) {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  return { algorithm, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), ...(kid && { kid }) } }
}

/** A client that authenticates by keys; by a secret when there are none. */
export const registerSigner = (service: Service, keys: object[] | undefined, change: object = {}) =>
  service.operate('POST', '/clients', { ...newClient, name: 'Signer', ...(keys && { jwks: { keys } }), ...change })

export const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
})

export function post(
  service: Service,
  path: string,
  form: Record<string, string> | string,
  headers = {},
): Promise<Answer> {
  return service.call(path, { method: 'POST', form, headers })
}

/** By client credentials, unless `change` names another grant. */
export function grant(
  service: Service,
  client: Record<string, string>,
  change: Record<string, string> = {},
): Promise<Answer> {
  return post(service, '/oauth/token', { grant_type: 'client_credentials', ...client, ...change })
}

export async function introspect(service: Service, caller: Record<string, string>, token: string, hint?: string) {
  const answer = await post(service, '/oauth/introspect', { ...caller, token, ...(hint && { token_type_hint: hint }) })
  return [answer.status, answer.json()]
}
/** What introspection says of everything that is not live: this, and nothing else (RFC 7662 §2.2). */
export const dead = [200, { active: false }]

export async function atTheEdge(service: Service, token: string, path = '/reports'): Promise<number> {
  return (await service.call('/forward-auth', { headers: { ...asks({ path }), ...bearer(token) } })).status
}

export const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())

/** A refresh token of a client that a user let in, as the authorization endpoint would begin its family; good for a day. */
export async function beginFamily(
  service: Service,
  user: TestUser,
  clientId: string,
  scopes: string[],
  /** Of a sign-in that there is already. */
  sid?: string,
): Promise<string> {
  const sessionId = sid ?? claimsOf((await service.signIn(user)).accessToken).sid
  const token = randomSecret()
  const now = service.clock.now()
  const [createdAt, expiresAt] = [new Date(now), new Date(now + 86_400_000)]
  await service.stores.refreshTokens.createFamily(
    { id: uuidv7(now), sessionId, userId: user.id, clientId, scopes, audiences: [], expiresAt },
    { hash: hashSecret(token), createdAt, expiresAt },
  )
  return token
}

/** Asserts an error in the words of RFC 6749 §5.2, which nobody may keep. */
export function refuses(
  t: Pick<typeof tap, 'same' | 'match'>,
  answer: Answer,
  status: number,
  error: string,
  what = error,
): void {
  const { 'content-type': type, 'cache-control': kept } = answer.headers
  t.match([answer.status, type, kept], [status, /^application\/json/, 'no-store'], what)
  t.match(answer.json(), { error, error_description: describable }, what)
  t.same(Object.keys(answer.json()), ['error', 'error_description'], what)
  if (status === 401) t.match(answer.headers['www-authenticate'], /^Basic realm=/, what)
}

/** Failed authentications count; a test fails more often than any honest client. */
export async function forgetFailures(service: Service, ...clients: string[]): Promise<void> {
  for (const whose of ['', ...clients.map((client) => `:${client}`)]) {
    await service.budgets.forgive([{ key: `client-auth:127.0.0.1${whose}`, most: 1, windowSeconds: 300 }])
  }
}
