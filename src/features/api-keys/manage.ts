import { makeApiKey } from '../../core/api-key.ts'
import type { Audit } from '../../core/audit.ts'
import { GatehouseError } from '../../core/errors.ts'
import { isUuid, uuidv7 } from '../../core/ids.ts'
import type { ApiKey, ApiKeyOwner, ApiKeyStore, Clock } from '../../core/ports.ts'
import { hashSecret } from '../../core/secrets.ts'

export interface NewApiKey {
  name: string
  scopes: string[]
  /** RFC 3339; absent: the key does not expire. */
  expiresAt: string | undefined
}

export interface ApiKeyManagement {
  /** `allowed`: what the owner may do itself. The key is shown here and never again. */
  create(owner: ApiKeyOwner, allowed: readonly string[], request: NewApiKey): Promise<{ apiKey: ApiKey; key: string }>
  list(owner: ApiKeyOwner): Promise<ApiKey[]>
  /** When it resolves, this replica refuses the key. `owner`: only one of theirs. */
  revoke(id: string, owner?: ApiKeyOwner): Promise<void>
}

/** More than anybody needs; it keeps one account from filling the table. */
const mostKeys = 100

/** Makes, lists and ends the API keys of users and clients. Throws `invalid_request` and `not_found`. */
export function createApiKeyManagement(dependencies: {
  apiKeys: Pick<ApiKeyStore, 'create' | 'list' | 'revoke'>
  catchUp(): Promise<void>
  audit: Audit
  clock: Clock
}): ApiKeyManagement {
  const { apiKeys, catchUp, audit, clock } = dependencies
  return {
    async create(owner, allowed, request) {
      const now = clock.now()
      const scopes = [...new Set(request.scopes)]
      if (scopes.some((scope) => !allowed.includes(scope))) {
        throw fault('scopes', 'must be among what the owner may do')
      }
      const expiresAt = request.expiresAt === undefined ? null : new Date(request.expiresAt)
      // Negated, since a leap second has no time here and compares as false.
      if (expiresAt !== null && !(expiresAt.getTime() > now)) throw fault('expires_at', 'must be in the future')
      if ((await apiKeys.list(owner)).length >= mostKeys) {
        throw new GatehouseError('conflict', { detail: `There are ${mostKeys} keys already. Revoke one first.` })
      }
      const key = makeApiKey()
      const id = uuidv7(now)
      const apiKey = { id, name: request.name, owner, scopes, createdAt: new Date(now), expiresAt, lastUsedAt: null }
      await apiKeys.create({ ...apiKey, hash: hashSecret(key) })
      audit.record({ event: 'api_key.created', ...subjectOf(owner), key_id: id, scopes })
      return { apiKey, key }
    },
    list: (owner) => apiKeys.list(owner),
    async revoke(id, owner) {
      if (!isUuid(id) || !(await apiKeys.revoke(id, new Date(clock.now()), owner))) {
        throw new GatehouseError('not_found', { detail: 'There is no such key.' })
      }
      audit.record({ event: 'api_key.revoked', ...(owner && subjectOf(owner)), key_id: id })
      await catchUp()
    },
  }
}

function subjectOf({ kind, id }: ApiKeyOwner) {
  return kind === 'user' ? { subject: id } : { clientId: id }
}

function fault(field: string, message: string): GatehouseError {
  return new GatehouseError('invalid_request', { fields: [{ path: `/body/${field}`, message }] })
}
