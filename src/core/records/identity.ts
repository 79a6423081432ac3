import type { QueuedMail, WithMails } from './mail.ts'
import type { NewUser, NotCreated, User } from './user.ts'

/** What a source says of somebody: names of groups there, and the roles that the operator's map makes of them. */
export interface IdentityFacts {
  /** What the account is called there, as its person knows it; nobody is found by it. */
  label: string
  groups: readonly string[]
  /** Those that are not defined give nothing. */
  roles: readonly string[]
}

/**
 * An account that somebody has elsewhere, at a provider or in a directory. It is found by `issuer` and `subject` alone: names and mail
 * addresses pass on to others.
 */
export interface Identity extends IdentityFacts {
  id: string
  userId: string
  /** Where it is kept, by its name in gatehouse.yaml. */
  source: `provider:${string}` | `directory:${string}`
  /** Of a provider its `iss`; of a directory its `source`. */
  issuer: string
  /** `sub` of a provider; `entryUUID` or `objectGUID` of a directory. */
  subject: string
  createdAt: Date
  lastUsedAt: Date
  /** When the source was asked last. */
  checkedAt: Date
}

export type NewIdentity = Omit<Identity, 'lastUsedAt' | 'checkedAt'>

export interface IdentityStore {
  /** With the account that it belongs to, whatever its status. */
  find(issuer: string, subject: string): Promise<{ identity: Identity; user: User } | undefined>
  /** Of one account, the first one first. */
  of(userId: string): Promise<Identity[]>
  /**
   * Makes one a way into an active account, which has its roles and groups from now on. `taken`: it is somebody's already.
   * `provenHash`: the password hash that was read with the proof of the account; `account_changed`, and nothing linked, when it is
   * not the account's any more.
   */
  link(
    identity: NewIdentity,
    also: { provenHash: string | null } & WithMails,
  ): Promise<'linked' | 'taken' | 'account_changed'>
  /** Makes an account with its first identity. `user.roles`: what the operator grants, beside those of the identity. */
  create(user: NewUser, identity: NewIdentity, mails?: readonly QueuedMail[]): Promise<'created' | NotCreated | 'taken'>
  /** Takes in what the source says now; also tells the revocation feed where rights differ. False when there is no such identity. */
  note(id: string, facts: IdentityFacts, how: { at: Date; isUsed: boolean }): Promise<boolean>
  /** Takes one away, with its groups and roles. Of any number of calls, one is left of a person who has no password, whatever passkeys they have. */
  unlink(userId: string, id: string, at: Date, also?: WithMails): Promise<'unlinked' | 'not_found' | 'last_way'>
  /** Those of a source whose people have live sessions or API keys at `at`, and that were last checked before `checkedBefore`; the longest ago first. */
  dueForCheck(
    source: Identity['source'],
    asked: { checkedBefore: Date; at: Date; limit: number },
  ): Promise<{ identity: Identity; user: User }[]>
}
