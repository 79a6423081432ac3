import type { DirectoryFilter } from './directory-filter.ts'

/** How a directory is asked which groups somebody is in. */
type GroupLookup = 'token_groups' | 'matching_rule' | 'members'

/** A directory of an organisation, as its section of gatehouse.yaml and the environment say. */
export interface DirectorySettings {
  readonly name: string
  readonly kind: 'ldap' | 'active_directory'
  readonly host: string
  readonly port: number
  /** Both are TLS: from the first byte, or after StartTLS (RFC 4511 §4.14). There is no way without. */
  readonly security: 'implicit' | 'starttls'
  /** A file in PEM; without one, the authorities that Node.js trusts. */
  readonly caFile: string | undefined
  readonly bindDn: string
  readonly password: string
  readonly baseDn: string
  /** Who of the directory counts at all. */
  readonly userFilter: DirectoryFilter
  readonly loginAttributes: readonly string[]
  readonly attributes: { readonly name: string; readonly email: string; readonly username: string }
  readonly groups: {
    readonly baseDn: string
    readonly lookup: GroupLookup
    readonly filter: DirectoryFilter
    /** What a group lists its members by: their DNs, or with `memberUid` their user names. */
    readonly memberAttribute: string
    readonly nameAttribute: string
  }
  readonly timeoutMilliseconds: number
  readonly connections: number
}

/** A person as the directory has them now. */
export interface DirectoryPerson {
  /** `entryUUID` or `objectGUID`: stays when the person is renamed or moved, and is never given to another one. */
  readonly id: string
  /** Where the entry is, for its bind alone: another person may be there later. */
  readonly dn: string
  readonly username: string | undefined
  readonly name: string | undefined
  readonly email: string | undefined
  /** What the entry says of whether the account counts. A lock after wrong passwords is no such thing. */
  readonly state: 'active' | 'disabled' | 'expired'
}

export type FoundPerson =
  | { kind: 'found'; person: DirectoryPerson }
  | { kind: 'none' }
  /** The settings let one name mean several people, so it means nobody. */
  | { kind: 'several' }

/** What the directory says to a password. `locked` is told to people as a wrong one: it is said to any password. */
export type PasswordAnswer =
  | { kind: 'right'; endsSoon: boolean }
  | { kind: 'wrong'; isLocked: boolean }
  /** The password is right; it has expired, or was given to the person to be changed. */
  | { kind: 'must_change' }
  /** The password is right, and the account does not count: disabled, expired, or not at this time or place. */
  | { kind: 'refused' }

/**
 * An LDAP directory. Each method rejects with a `DirectoryFault` when there is no answer that says something of the person:
 * then nobody is signed in, nor signed out, nor counted as having failed.
 */
export interface Directory {
  /** By what somebody has typed. It is a value and never part of a filter's text. */
  find(login: string, signal: AbortSignal): Promise<FoundPerson>
  /** By what never changes. Whom the settings leave out is `none`. */
  findById(id: string, signal: AbortSignal): Promise<FoundPerson>
  /** The names of all groups that a person is in, directly or through others, sorted. */
  groupsOf(person: DirectoryPerson, signal: AbortSignal): Promise<string[]>
  /** Asks by a bind on a connection of its own. An empty password is wrong without being sent: a bind with one proves nothing (RFC 4513 §5.1.2). */
  proves(person: DirectoryPerson, password: string, signal: AbortSignal): Promise<PasswordAnswer>
  /** How many wrong passwords lock an account there, and within how many seconds of one another, where the directory says it. */
  lockout(signal: AbortSignal): Promise<{ failures: number; windowSeconds: number } | undefined>
  close(): Promise<void>
}

/**
 * A directory that gives no answer about a person: it is away, or the settings are wrong. `reason` is a code or short words;
 * neither holds what a person typed nor what the directory wrote.
 */
export class DirectoryFault extends Error {
  readonly kind: 'away' | 'settings'
  readonly reason: string
  readonly remedy: string | undefined
  constructor(kind: 'away' | 'settings', reason: string, remedy?: string) {
    super(`the directory cannot be used (${reason})`)
    this.name = 'DirectoryFault'
    this.kind = kind
    this.reason = reason
    this.remedy = remedy
  }
}
