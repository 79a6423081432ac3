import { isCanonical } from '../../core/access-token.ts'
import { readPublicJwks } from '../../core/public-jwks.ts'
import type { Client, PublicJwkSet } from '../../core/records/client.ts'
import { type Claims, keyMeant, readSegment, verifyJws } from './client-assertion.ts'

/**
 * The claims of a JWT that a client has signed with a key of its own; nothing where it has not, or the JWT is of another kind. Its
 * times and its audience are the caller's to check.
 */
export type VerifySignedByClient = (
  client: Client,
  token: string,
  expected: {
    /** Of the header, in small letters; absent where it names none. */
    types: readonly (string | undefined)[]
    /** The algorithms that may be; any that fits the key where it is left out. */
    algorithms?: readonly string[] | undefined
  },
) => Promise<Claims | undefined>

export function createVerifySignedByClient(dependencies: {
  /** Those among which the one of this `kid` is looked for. */
  keysOf(client: Client, kid: unknown): Promise<PublicJwkSet['keys']>
}): VerifySignedByClient {
  return async (client, token, { types, algorithms }) => {
    const header = readSegment(token, 0)
    if (header === undefined || !isCanonical(token)) return undefined
    const { alg, kid, typ, crit } = header
    if (crit !== undefined || (typ !== undefined && typeof typ !== 'string')) return undefined
    if (!types.includes(typ?.toLowerCase()) || typeof alg !== 'string') return undefined
    if (algorithms?.includes(alg) === false) return undefined
    const jwk = keyMeant(await dependencies.keysOf(client, kid), kid)
    if (jwk === undefined) return undefined
    const [key] = readPublicJwks({ keys: [jwk] })
    return key!.algorithms.includes(alg) ? verifyJws(token, alg, key!.publicKeyPem) : undefined
  }
}
