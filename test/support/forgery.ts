/** Access tokens made by hand, and the doors that they are tried at. */
import { type KeyLike, sign } from 'node:crypto'
import { createSecretBox } from '../../src/core/secrets.ts'
import { introspect, register } from './oauth.ts'
import { testSecret } from './secrets.ts'
import { asks, bearer, type Service } from './service.ts'

export type Json = Record<string, unknown>
type Headers = Record<string, string | string[]>

export const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
export const decode = (segment: string): Json => JSON.parse(Buffer.from(segment, 'base64url').toString())

/** The signature of `input`, by the algorithm that fits the key: ES256, RS256 or EdDSA. */
export function signatureOf(input: string, key: KeyLike, algorithm = 'ES256'): string {
  const hash = algorithm === 'EdDSA' ? null : 'sha256'
  return sign(hash, Buffer.from(input), { key: key as never, dsaEncoding: 'ieee-p1363' }).toString('base64url')
}

/** A JWT with exactly these parts; claims that are a text stand as they are. */
export function mint(header: unknown, claims: unknown, key: KeyLike, algorithm?: string): string {
  const payload = typeof claims === 'string' ? Buffer.from(claims).toString('base64url') : encode(claims)
  const input = `${encode(header)}.${payload}`
  return `${input}.${signatureOf(input, key, algorithm)}`
}

/** A key pair of the service, as only somebody with its secret and its database could read it. */
export async function ownKey(service: Service, kid: unknown) {
  const key = (await service.stores.signingKeys.list()).find((one) => one.kid === kid)!
  const box = createSecretBox([testSecret()], 'signing keys')
  return { publicPem: key.publicKeyPem, privatePem: box.open(key.sealedPrivateKey, key.kid) }
}

/** What a door answers to a token that it refuses. */
export const refused = { edge: 401, profile: 401, introspection: [200, { active: false }] }

/** The doors that take access tokens, and what they make of one. */
export async function openDoors(service: Service) {
  const caller = await register(service)
  const edge = (headers: Headers) =>
    service.call('/forward-auth/traefik', { headers: { ...asks({ path: '/reports' }), ...headers } })
  const profile = (headers: Headers) => service.call('/api/users/me', { headers })
  async function ask(token: string) {
    const [gate, me, told] = await Promise.all([
      edge(bearer(token)),
      profile(bearer(token)),
      introspect(service, caller, token),
    ])
    return { edge: gate.status, profile: me.status, introspection: told }
  }
  async function accepted(token: string): Promise<boolean> {
    const { edge, profile, introspection } = await ask(token)
    return edge === 200 && profile === 200 && introspection[1].active === true
  }
  return { edge, profile, ask, accepted }
}
