import type { Audit } from '../../core/audit.ts'
import { clientAssertionType } from '../../core/client-auth.ts'
import { type Budget, type Budgets, overBudget } from '../../core/budgets.ts'
import { GatehouseError } from '../../core/errors.ts'
import { limitKey } from '../../core/network.ts'
import type { Client, ClientStore } from '../../core/records/client.ts'
import { firstPartyClientId } from '../../core/principal.ts'
import { equalSecrets, hashSecret } from '../../core/secrets.ts'
import { claimedClient, type VerifyClientAssertion } from './client-assertion.ts'
import { OAuthError } from '../../core/oauth-error.ts'
import type { ClientCache } from './client-cache.ts'
import type { ClientAuthFault, clientsEvents } from './audit-events.ts'

export interface ClientCredentials {
  authorization: string | undefined
  clientId: string | undefined
  clientSecret: string | undefined
  /** `client_assertion` and its type (RFC 7521 §4.2). */
  assertion?: string | undefined
  assertionType?: string | undefined
  /** Key of the caller's address, as limits count it, where there is one; asked for by first sights alone. */
  address(): string | undefined
  /** Goes on when failures cannot be counted: for what takes rights away. */
  uncounted?: boolean
}

export type AuthenticateClient = (given: ClientCredentials) => Promise<Client>

/** The client of the service's own pages: public, and nothing but refresh tokens to exchange. */
const firstPartyClient: Client = {
  id: firstPartyClientId,
  name: 'Gatehouse',
  authMethod: 'none',
  secretHash: null,
  grants: ['refresh_token'],
  redirectUris: [],
  scopes: [],
  audiences: [],
  jwks: null,
  selfRegistered: false,
  registrationTokenHash: null,
  openid: null,
  createdAt: new Date(0),
}

const windowSeconds = 300
/** Failed authentications within that time: of one client from one address, and from one address, which may stand for many clients. */
const failures = { ofClient: 30, ofAddress: 300 }

/**
 * Authenticates a client by `client_secret_basic`, `client_secret_post`, `private_key_jwt` or, for public clients, by name
 * alone. An unknown client gets the same answer for the same work as a wrong secret or a bad signature of a known one.
 * Throws `invalid_client`, or `invalid_request` when two methods are used at once (RFC 6749 §2.3).
 *
 * Failures are counted by client and address, and by address alone, over all replicas. Beyond a limit no secret is looked up
 * but one that this replica has found right before: that is no guess (secrets are random), and needs no counters. Nor are a
 * name alone and an assertion, since nobody can guess a signature: they are judged whoever failed before in the same name or
 * from the same address, and a wrong assertion counts against the address alone, whatever client it names. However many
 * tries come at once, no more than the limit are told that they are wrong (CVE-2024-4629).
 */
export function createAuthenticateClient(dependencies: {
  clients: Pick<ClientStore, 'find'>
  proven: ClientCache
  budgets: Pick<Budgets, 'spend' | 'look'>
  verifyAssertion: VerifyClientAssertion
  audit: Audit<typeof clientsEvents>
}): AuthenticateClient {
  const { clients, proven, budgets, verifyAssertion, audit } = dependencies

  async function refuseBeyond({ counted, refuses }: Limits): Promise<void> {
    const usedUp = refuses ? await budgets.look(counted) : undefined
    if (usedUp !== undefined) throw overBudget(usedUp)
  }

  async function count({ counted, refuses }: Limits): Promise<void> {
    const failed = await budgets.spend(counted)
    if (failed.kind === 'used_up') throw refuses ? overBudget(failed) : refusal()
  }

  /** What keeps the client from being proven; nothing when it is. */
  async function faultOf(
    client: Client | undefined,
    { secret, assertion }: Presented,
  ): Promise<ClientAuthFault | undefined> {
    // The same work whoever is named.
    if (assertion !== undefined) {
      const keyed = client?.authMethod === 'private_key_jwt' ? client : undefined
      const fault = await verifyAssertion(keyed, assertion)
      return client === undefined ? 'unknown_client' : keyed === undefined ? 'method' : fault
    }
    const matches = equalSecrets(hashSecret(secret ?? ''), client?.secretHash ?? '')
    if (client === undefined) return 'unknown_client'
    const hasSecret = client.authMethod === 'client_secret'
    if (client.authMethod === 'private_key_jwt' || hasSecret !== (secret !== undefined)) return 'method'
    return hasSecret && !matches ? 'secret' : undefined
  }

  /** `text`: what a proof of these credentials is remembered by; nothing when they count once. */
  async function authenticate(given: ClientCredentials, text: string | undefined): Promise<Client> {
    const presented = readCredentials(given)
    const { id } = presented
    const address = given.address()
    const limits = limitsOf(presented, address)
    const uncounted = (error: unknown) =>
      given.uncounted && error instanceof GatehouseError && error.code === 'unavailable'
    const wasRight = text !== undefined && proven.knows(text)
    if (!wasRight && presented.secret !== undefined) {
      await refuseBeyond(limits).catch((error: unknown) => {
        if (!uncounted(error)) throw error
      })
    }
    const client = id === firstPartyClientId ? firstPartyClient : await clients.find(id)
    const fault = await faultOf(client, presented)
    if (client !== undefined && fault === undefined) return client
    if (wasRight) proven.forget(text)
    else {
      await count(limits).catch((error: unknown) => {
        // What cannot be counted is not written down either.
        throw uncounted(error) ? refusal() : error
      })
    }
    // Not beyond the limits: whoever goes on trying shall not fill the trail. An unknown id may be anything, even a secret
    // in the wrong field.
    audit.record({ event: 'client_auth.failed', clientId: client?.id, ip: address, reason: fault ?? 'unknown_client' })
    throw refusal()
  }

  return (given) => {
    const text = repeatableText(given)
    if (text === undefined) return authenticate(given, undefined)
    const known = proven.get(text)
    return known === undefined ? proven.prove(text, () => authenticate(given, text)) : Promise.resolve(known)
  }
}

interface Limits {
  counted: readonly Budget[]
  /** Otherwise nobody is refused for it: it bounds what is written down. */
  refuses: boolean
}

/**
 * What is beyond one limit does not count against the other. Where nobody told the address there is no limit that strangers
 * could use up for everybody.
 */
function limitsOf({ id, assertion }: Presented, address: string | undefined): Limits {
  const key = `client-auth:${address ?? 'unknown'}`
  const ofAddress = { key, most: failures.ofAddress, windowSeconds }
  if (address === undefined || assertion !== undefined) return { counted: [ofAddress], refuses: address !== undefined }
  const ofClient = { key: `${key}:${id}`, most: failures.ofClient, windowSeconds }
  return { counted: [ofClient, ofAddress], refuses: true }
}

const refusal = () => new OAuthError('invalid_client', 'Client authentication failed.')

/** What proves a client each time alike: name and secret as they were sent, or a public client's name alone. */
function repeatableText(given: ClientCredentials): string | undefined {
  const { authorization, clientId, clientSecret, assertion, assertionType } = given
  if (assertion !== undefined || assertionType !== undefined) return undefined
  // No header holds a line break, and what follows it tells a name alone from one with a secret.
  if (authorization === undefined && clientId === undefined) return undefined
  if (authorization === undefined) return clientSecret === undefined ? `${clientId}\n` : `${clientId}\n=${clientSecret}`
  return clientId === undefined && clientSecret === undefined ? authorization : undefined
}

/**
 * Proves the `Authorization: Basic` header of a client outside OAuth's own endpoints; nothing when it proves nothing.
 * Failures count as there.
 */
export function createProveClientSecret(authenticate: AuthenticateClient) {
  return async (authorization: string, address: string): Promise<Client | undefined> => {
    try {
      const given = { authorization, clientId: undefined, clientSecret: undefined }
      return await authenticate({ ...given, address: () => limitKey(address) })
    } catch (error) {
      if (error instanceof OAuthError) return undefined
      throw error
    }
  }
}

/** The client that a request names, and by what it would prove to be that. */
interface Presented {
  id: string
  secret?: string | undefined
  assertion?: string | undefined
}

function readCredentials(given: ClientCredentials): Presented {
  if (given.assertion !== undefined || given.assertionType !== undefined) return readAssertion(given)
  if (given.authorization === undefined) {
    if (given.clientId === undefined) throw new OAuthError('invalid_client', 'Client authentication is missing.')
    return { id: named(given.clientId), secret: given.clientSecret }
  }
  if (given.clientSecret !== undefined) {
    throw new OAuthError('invalid_request', 'Use one method of client authentication.')
  }
  const { id, secret } = readBasic(given.authorization)
  if (given.clientId !== undefined && given.clientId !== id) {
    throw new OAuthError('invalid_request', 'client_id differs from the authenticated client.')
  }
  return { id: named(id), secret }
}

function readAssertion({ assertion, assertionType, ...given }: ClientCredentials): Presented {
  if (given.authorization !== undefined || given.clientSecret !== undefined) {
    throw new OAuthError('invalid_request', 'Use one method of client authentication.')
  }
  if (assertion === undefined || assertionType !== clientAssertionType) {
    throw new OAuthError('invalid_request', 'client_assertion and a client_assertion_type for JWTs belong together.')
  }
  const id = claimedClient(assertion)
  if (id === undefined) throw refusal()
  if (given.clientId !== undefined && given.clientId !== id) {
    throw new OAuthError('invalid_request', 'client_id differs from the authenticated client.')
  }
  return { id: named(id), assertion }
}

/** Id and secret are form-encoded before they are joined (RFC 6749 §2.3.1), so that a secret may hold any character. */
function readBasic(authorization: string): { id: string; secret: string } {
  const encoded = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1]
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1) throw refusal()
  try {
    const [id, secret] = [text.slice(0, colon), text.slice(colon + 1)].map((part) =>
      decodeURIComponent(part.replaceAll('+', ' ')),
    ) as [string, string]
    return { id, secret }
  } catch {
    throw refusal()
  }
}

/** Refuses ids that no client can have, before a store sees them. */
function named(id: string): string {
  if (/^[\x21-\x7e]{1,200}$/.test(id)) return id
  throw refusal()
}
