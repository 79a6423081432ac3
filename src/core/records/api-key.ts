import type { Client } from './client.ts'
import type { WithMails } from './mail.ts'
import type { User } from './user.ts'

/** Who an API key stands for. */
export interface ApiKeyOwner {
  kind: 'user' | 'client'
  id: string
}

/** An API key as its owner sees it; the key itself is kept as a hash alone. */
export interface ApiKey {
  id: string
  name: string
  owner: ApiKeyOwner
  scopes: string[]
  createdAt: Date
  expiresAt: Date | null
  /** To the minute. */
  lastUsedAt: Date | null
}

export interface ApiKeyStore {
  /**
   * Stores a key unless its owner has `most` keys already that have not ended: of any number of parallel calls, no more are
   * stored. `no_owner`: the owner is gone or disabled, or `sessionId`, within which the key is made, has ended. The mails are
   * queued with the key.
   */
  create(
    key: ApiKey & { hash: string },
    limits: { most: number; sessionId?: string | undefined } & WithMails,
  ): Promise<'created' | 'too_many' | 'no_owner'>
  /** A key that is neither revoked nor expired, with its owner, who is not disabled: one look-up. */
  findLive(
    hash: string,
    at: Date,
  ): Promise<(({ kind: 'user'; user: User } | { kind: 'client'; client: Client }) & { key: ApiKey }) | undefined>
  /** A key that is not revoked, whether or not it may be used now: its owner may be disabled, and come back. */
  find(hash: string): Promise<ApiKey | undefined>
  /** The owner's keys that are not revoked, oldest first. */
  listOf(owner: ApiKeyOwner): Promise<ApiKey[]>
  /** The owner's keys, or everybody's, that are not revoked, the newest first; `before`: those before the one of this id. */
  list(wanted: { owner: ApiKeyOwner | undefined; before: string | undefined; limit: number }): Promise<ApiKey[]>
  /** Notes that the key was used, unless that is noted already since `notSince`. */
  markUsed(id: string, at: Date, notSince: Date): Promise<void>
  /** Also tells the revocation feed. `owner`: only when it is theirs. False when there is no such key. */
  revoke(id: string, at: Date, owner?: ApiKeyOwner): Promise<boolean>
  /** Ends everybody's keys, those that are being made included, and tells the revocation feed. Resolves to how many. */
  revokeAll(at: Date): Promise<number>
}
