import { makeApiKey } from '../../core/api-key.ts'
import type { Audit } from '../../core/audit.ts'
import { GatehouseError } from '../../core/errors.ts'
import { isUuid, uuidv7 } from '../../core/ids.ts'
import { readInstant } from '../../core/instant.ts'
import type { Clock } from '../../core/clock.ts'
import type { Language } from '../../core/language.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import type { ApiKey, ApiKeyOwner, ApiKeyStore } from '../../core/records/api-key.ts'
import type { UserStore } from '../../core/records/user.ts'
import { hashSecret } from '../../core/secrets.ts'
import type { ApiKeySettings } from './settings.ts'
import type { accountsEvents } from '../accounts/index.ts'
import type { apiKeysEvents } from './audit-events.ts'

interface NewApiKey {
  name: string
  scopes: string[]
  /** RFC 3339; absent: after the usual time; null: never. */
  expiresAt: string | null | undefined
}

export interface ApiKeyManagement {
  /**
   * `allowed`: what the owner may do itself. `by`: the person who asks, within which session, and what they read; a key is made
   * only while it lasts. Whoever a key stands for is told by mail. The key is shown here and never again.
   */
  create(
    owner: ApiKeyOwner,
    allowed: readonly string[],
    request: NewApiKey,
    by?: { sessionId: string | undefined; language: Language },
  ): Promise<{ apiKey: ApiKey; key: string }>
  /** `owner`: only theirs. */
  /** Of one owner, oldest first. */
  listOf(owner: ApiKeyOwner): Promise<ApiKey[]>
  list: ApiKeyStore['list']
  /** When it resolves, this replica refuses the key. `owner`: only one of theirs. */
  revoke(id: string, owner?: ApiKeyOwner): Promise<void>
  /** Ends everybody's keys, as after an emergency, and resolves to how many; this replica refuses them then. */
  revokeAll(): Promise<number>
}

/** More live ones than anybody needs; it keeps one account from filling the table. */
const maxKeys = 100

/** Makes, lists and ends the API keys of users and clients. Throws `invalid_request` and `not_found`. */
export function createApiKeyManagement(dependencies: {
  apiKeys: Pick<ApiKeyStore, 'create' | 'list' | 'listOf' | 'revoke' | 'revokeAll'>
  users: Pick<UserStore, 'findById'>
  mails: MailWriter<MailOf<{ 'api-key-made': { link: string } }>>
  settings: ApiKeySettings
  audit: Audit<typeof apiKeysEvents & Pick<typeof accountsEvents, 'api_keys.ended'>>
  clock: Clock
  issuer: string
  /** Of mails to people who have chosen none, and have asked for nothing. */
  firstLanguage: Language
}): ApiKeyManagement {
  const { apiKeys, users, mails, settings, audit, clock, issuer, firstLanguage } = dependencies

  function endOf(wanted: string | null | undefined, now: number): Date | null {
    if (wanted === undefined) return new Date(now + settings.days * 86_400_000)
    if (wanted !== null) {
      const end = readInstant(wanted)
      if (end === undefined || end.getTime() <= now) throw fault('expires_at', 'must be a time in the future')
      return end
    }
    if (!settings.allow_unlimited) {
      throw fault('expires_at', 'must be a time: keys without an end are not allowed here (api_keys.allow_unlimited)')
    }
    return null
  }

  /** What tells the person that a key stands for; a program reads no mails. */
  async function mailsTo({ kind, id }: ApiKeyOwner, language: Language) {
    const user = kind === 'user' ? await users.findById(id) : undefined
    if (user === undefined) return []
    const facts = { link: `${issuer}/api-keys` }
    const told = { kind: 'api-key-made', to: user.email, userId: id, language: user.locale ?? language, facts } as const
    return [mails.seal(told)]
  }

  return {
    async create(owner, allowed, request, by) {
      const now = clock.now()
      const scopes = [...new Set(request.scopes)]
      if (scopes.some((scope) => !allowed.includes(scope))) {
        throw fault('scopes', 'must be among what the owner may do')
      }
      const expiresAt = endOf(request.expiresAt, now)
      const key = makeApiKey()
      const id = uuidv7(now)
      const apiKey = { id, name: request.name, owner, scopes, createdAt: new Date(now), expiresAt, lastUsedAt: null }
      const outcome = await apiKeys.create(
        { ...apiKey, hash: hashSecret(key) },
        {
          ...{ most: maxKeys, sessionId: by?.sessionId },
          mails: await mailsTo(owner, by?.language ?? firstLanguage),
        },
      )
      if (outcome === 'too_many') {
        throw new GatehouseError('conflict', { detail: `There are ${maxKeys} keys already. Revoke one first.` })
      }
      // Of a person the session ended meanwhile, or the account.
      if (outcome === 'no_owner') throw new GatehouseError(owner.kind === 'user' ? 'unauthorized' : 'not_found')
      audit.record({ event: 'api_key.created', ...subjectOf(owner), key_id: id, scopes })
      return { apiKey, key }
    },
    listOf: (owner) => apiKeys.listOf(owner),
    list: (wanted) => apiKeys.list(wanted),
    async revoke(id, owner) {
      if (!isUuid(id) || !(await apiKeys.revoke(id, new Date(clock.now()), owner))) {
        throw new GatehouseError('not_found', { detail: 'There is no such key.' })
      }
      audit.record({ event: 'api_key.revoked', ...(owner && subjectOf(owner)), key_id: id })
    },
    async revokeAll() {
      const ended = await apiKeys.revokeAll(new Date(clock.now()))
      audit.record({ event: 'api_keys.ended', reason: 'emergency', ended })
      return ended
    },
  }
}

function subjectOf({ kind, id }: ApiKeyOwner) {
  return kind === 'user' ? { subject: id } : { clientId: id }
}

function fault(field: string, message: string): GatehouseError {
  return new GatehouseError('invalid_request', { fields: [{ path: `/body/${field}`, message }] })
}
