import type { Language } from '../language.ts'
import type { QueuedMail, WithMails } from './mail.ts'

export interface User {
  id: string
  email: string
  /** In its one spelling (`core/username.ts`), unique; signs in in place of the address. */
  username: string | null
  name: string
  /** What mails to the person are written in; null: nobody has chosen. */
  locale: Language | null
  passwordHash: string | null
  roles: string[]
  /** By their names: what the sources of the person's identities say, and what an operator has put them into. */
  groups: string[]
  /** Union of what the user's roles permit, sorted. */
  permissions: string[]
  /** `deleting`: the person has asked for it, and can take it back until `deletesAt`. Counts like `disabled` everywhere else. */
  status: 'active' | 'disabled' | 'deleting'
  /** When the account goes. */
  deletesAt: Date | null
  emailVerifiedAt: Date | null
  createdAt: Date
  /** How often the lockout of the account was lifted. Failed sign-ins are counted under this number. */
  unlocks: number
  /** Whether the person has a second factor that counts. */
  hasSecondFactor: boolean
}

export type NewUser = Omit<
  User,
  'permissions' | 'status' | 'deletesAt' | 'unlocks' | 'username' | 'locale' | 'hasSecondFactor' | 'groups'
> &
  Partial<Pick<User, 'username' | 'locale' | 'groups'>>

/** The hashes whose test takes as long as that of `sample`. */
export interface PasswordKind {
  sample: string
  accounts: number
}
/** Why no account was made. */
export type NotCreated = 'email_taken' | 'username_taken' | 'unknown_role'

export interface UserStore {
  /**
   * Nothing is created with a role that is not there, nor granted; one that is being deleted meanwhile is not kept. Ends
   * what is pending for the address: no mailed link makes a second account of it, or changes this one.
   */
  create(user: NewUser): Promise<'created' | NotCreated>
  /** By the one spelling of an address or of a user name. */
  findByLogin(login: string): Promise<User | undefined>
  findById(id: string): Promise<User | undefined>
  /** The newest first; `before`: those before the one of this id. */
  list(wanted: { before: string | undefined; limit: number }): Promise<User[]>
  /** Whether anybody who is not disabled has the role. */
  anyHolds(role: string): Promise<boolean>
  /** Each of these also tells the revocation feed, so that no replica acts on what it remembers. */
  changeProfile(id: string, profile: Partial<Pick<User, 'name' | 'locale'>>): Promise<void>
  /**
   * Gives a user name, or takes it away. One that somebody else has or has had is taken: it stays theirs as long as the audit
   * trail may name it.
   */
  setUsername(id: string, username: string | null, at: Date): Promise<'changed' | 'username_taken'>
  grantRole(id: string, role: string, also?: WithMails): Promise<'granted' | 'unknown_role'>
  /**
   * Takes back what an operator has granted. `keepsAdministrator`: of any number of calls, and of those that take an administrator away
   * otherwise, one is left. `brought`: an identity of the person brings the role still.
   */
  revokeRole(
    id: string,
    role: string,
    also?: { keepsAdministrator?: boolean },
  ): Promise<'revoked' | 'brought' | 'last_administrator'>
  addToGroup(id: string, group: string): Promise<void>
  /** Takes somebody out of a group that an operator has put them into. `brought`: as for `revokeRole`. */
  removeFromGroup(id: string, group: string): Promise<'removed' | 'brought'>
  /**
   * Also lifts a lockout, ends the sessions but `keptSession`, known devices, links to reset the password, a new address that
   * is not confirmed, registrations of the address and, where asked to, the API keys: resolves to how many of those, and how
   * many still count. `provenHash`: nothing happens when it is not the account's hash any more.
   */
  setPassword(
    id: string,
    passwordHash: string,
    at: Date,
    also?: { endApiKeys?: boolean; provenHash?: string | null; keptSession?: string } & WithMails,
  ): Promise<{ endedApiKeys: number; apiKeysLeft: number } | undefined>
  /**
   * Stores the same password in another hash, where the old one is still stored: resolves to whether it was. Ends nothing, and
   * tells nobody: rights are the same.
   */
  renewPasswordHash(id: string, from: string, to: string): Promise<boolean>
  /**
   * The kinds of stored hashes (`kindOf`): of how many accounts each is, and one of its hashes. None where all are `own`, which
   * costs one look-up; otherwise all accounts are counted, some hundred at a time.
   */
  passwordKinds(own: string): Promise<PasswordKind[]>
  /**
   * Disabling also ends the sessions and known devices. Whoever has asked for the deletion of the account has done so still:
   * it goes at its time, disabled or not, and enabling it makes it `deleting` again. `keepsAdministrator`: as for `revokeRole`.
   */
  setStatus(
    id: string,
    status: 'active' | 'disabled',
    at: Date,
    also?: { keepsAdministrator?: boolean },
  ): Promise<'changed' | 'last_administrator'>
  /** Lifts the lockout after failed sign-ins, of the account and of its known devices. */
  unlock(id: string): Promise<void>
  /**
   * Notes that the account is locked out at `at`, and that this is one lockout with whatever is noted until `until`. Queues the
   * mails where it is the first of one. The same work where there is no such account. Resolves to whether it was the first.
   */
  noteLockout(id: string, lockout: { at: Date; until: Date }, mails: readonly QueuedMail[]): Promise<boolean>
}
