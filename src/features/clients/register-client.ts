import type { Audit } from '../../core/audit.ts'
import { type Budgets, overBudget } from '../../core/budgets.ts'
import type { Clock } from '../../core/clock.ts'
import { GatehouseError } from '../../core/errors.ts'
import { uuidv7 } from '../../core/ids.ts'
import { OAuthError } from '../../core/oauth-error.ts'
import type { Client, ClientStore } from '../../core/records/client.ts'
import { hashSecret, randomSecret } from '../../core/secrets.ts'
import type { clientsEvents } from './audit-events.ts'
import { readRegistration } from './read-registration.ts'
import type { ClientSettings } from './settings.ts'

type Body = Readonly<Record<string, unknown>>
/** With the token by which the program manages its registration; shown where it is made. */
export interface Registered {
  client: Client
  token: string
}

/** What programs do to their own registration (RFC 7591, RFC 7592). */
export interface ClientRegistration {
  /** `token`: the initial access token. Throws an `OAuthError`, or `too_many_requests`. */
  register(body: Body, token: string | undefined, address: string | undefined): Promise<Registered>
  /** The program whose token this is; throws `invalid_token`, for one that is unknown as for a wrong token. */
  find(id: string, token: string | undefined): Promise<Client>
  /** Replaces all of it, and the token. */
  replace(id: string, token: string | undefined, body: Body): Promise<Registered>
  delete(id: string, token: string | undefined): Promise<void>
  /** Makes an initial access token, for so many registrations. */
  makeToken(uses: number, seconds: number): Promise<{ token: string; expiresAt: Date }>
  /** Lets go of programs that nobody lets in any more. */
  deleteUnused(): Promise<void>
}

const ofAddress = { most: 20, windowSeconds: 3_600 }
const unusedMilliseconds = 30 * 86_400_000
const rowsABatch = 100

export function createClientRegistration(dependencies: {
  clients: ClientStore
  budgets: Pick<Budgets, 'spend'>
  settings: ClientSettings
  audit: Audit<typeof clientsEvents>
  clock: Clock
  changed(client: Client): Promise<void>
}): ClientRegistration {
  const { clients, budgets, settings, audit, clock, changed } = dependencies

  async function find(id: string, token: string | undefined): Promise<Client> {
    const client = token === undefined || id.includes('\0') ? undefined : await clients.find(id)
    if (client === undefined || client.registrationTokenHash !== hashSecret(token!)) throw wrongToken()
    return client
  }

  return {
    find,
    async register(body, token, address) {
      if (settings.registration === 'off') {
        throw new OAuthError('access_denied', 'No program registers itself here.')
      }
      if (settings.registration === 'token' && token === undefined) throw wrongToken()
      const spent = await budgets.spend([{ key: `client-registration:${address ?? 'unknown'}`, ...ofAddress }])
      if (spent.kind === 'used_up') throw overBudget(spent)
      const wanted = readRegistration(body, settings)
      const at = new Date(clock.now())
      const own = randomSecret()
      const client: Client = {
        ...wanted,
        id: uuidv7(clock.now()),
        secretHash: null,
        selfRegistered: true,
        registrationTokenHash: hashSecret(own),
        createdAt: at,
      }
      const initialTokenHash = settings.registration === 'token' ? hashSecret(token!) : undefined
      const outcome = await clients.register(client, { most: settings.most, initialTokenHash, at })
      if (outcome === 'token_ended') throw wrongToken()
      if (outcome === 'full') throw new GatehouseError('unavailable', { detail: 'There are too many programs.' })
      audit.record({ event: 'client.registered', clientId: client.id, scopes: client.scopes })
      await changed(client)
      return { client, token: own }
    },
    async replace(id, token, body) {
      const before = await find(id, token)
      if (settings.registration === 'off') {
        throw new OAuthError('access_denied', 'No program registers itself here.')
      }
      if (body['client_id'] !== id || body['client_secret'] !== undefined) {
        throw new OAuthError('invalid_client_metadata', 'client_id must be the one of this registration.')
      }
      const { authMethod, ...wanted } = readRegistration(body, settings)
      if (authMethod !== before.authMethod) {
        throw new OAuthError('invalid_client_metadata', 'token_endpoint_auth_method stays as it was registered.')
      }
      const own = randomSecret()
      const change = { ...wanted, registrationTokenHash: hashSecret(own) }
      if (!(await clients.replaceRegistration(id, before.registrationTokenHash!, change))) throw wrongToken()
      audit.record({ event: 'client.registration_changed', clientId: id, scopes: wanted.scopes })
      const client = await find(id, own)
      await changed(client)
      return { client, token: own }
    },
    async delete(id, token) {
      await find(id, token)
      await clients.delete(id)
      audit.record({ event: 'client.deleted', clientId: id })
    },
    async makeToken(uses, seconds) {
      const token = randomSecret()
      const expiresAt = new Date(clock.now() + seconds * 1000)
      await clients.addInitialToken({ hash: hashSecret(token), usesLeft: uses, expiresAt })
      audit.record({ event: 'client.registration_token_made', uses })
      return { token, expiresAt }
    },
    async deleteUnused() {
      const at = clock.now()
      const gone = await clients.deleteUnused(new Date(at - unusedMilliseconds), new Date(at), rowsABatch)
      for (const clientId of gone) audit.record({ event: 'client.left', clientId })
    },
  }
}

const wrongToken = () => new OAuthError('invalid_token', 'The token is missing or not valid.')
