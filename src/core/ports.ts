import type { AuditEventName } from './audit.ts'
import type { AuthenticationLevel } from './principal.ts'

/** Where time comes from. Tests move it; nothing else reads the wall clock. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
}

/**
 * What the process tells its operator: one line an event, fields beside a message. Never handed a secret: no password,
 * token, cookie, key or link that carries one.
 */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

// ——— What is stored ———

export interface User {
  id: string
  email: string
  name: string
  passwordHash: string | null
  roles: string[]
  /** Union of what the user's roles permit, sorted. */
  permissions: string[]
  status: 'active' | 'disabled'
  emailVerifiedAt: Date | null
  createdAt: Date
  /** How often the lockout of the account was lifted. Failed sign-ins are counted under this number. */
  unlocks: number
}
export type NewUser = Omit<User, 'permissions' | 'status' | 'unlocks'>

export interface Role {
  name: string
  permissions: string[]
}

export interface StoredRole extends Role {
  /** Where it is defined. What stands in gatehouse.yaml is changed there alone. */
  source: 'file' | 'operator'
}

export interface Session {
  id: string
  userId: string
  clientId: string
  methods: string[]
  level: AuthenticationLevel
  authenticatedAt: Date
  idleExpiresAt: Date
  expiresAt: Date
  lastSeenAt: Date
  ip: string
  userAgent: string
}

export type ClientAuthMethod = 'client_secret' | 'private_key_jwt' | 'none'

/** A JWK set of public keys (RFC 7517 §5). */
export interface PublicJwkSet {
  keys: { kty: string; kid?: string; alg?: string; [member: string]: unknown }[]
}

export interface Client {
  id: string
  name: string
  authMethod: ClientAuthMethod
  secretHash: string | null
  grants: string[]
  redirectUris: string[]
  scopes: string[]
  audiences: string[]
  /** What verifies the assertions of a client that authenticates by `private_key_jwt`. */
  jwks: PublicJwkSet | null
  createdAt: Date
}

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

export interface RefreshFamily {
  id: string
  sessionId: string
  userId: string
  clientId: string
  scopes: string[]
  expiresAt: Date
}

/** A refresh token as presented, with everything that decides what becomes of it. */
export interface PresentedRefreshToken {
  family: RefreshFamily
  expiresAt: Date
  usedAt: Date | null
  /** The sealed answer of the rotation that used it. */
  replay: string | null
  revoked: boolean
  session: Session
  user: User
  /** Until when the refreshes that were made use up the session's pace; null before the first. */
  paidUntil: Date | null
  /** The newest number of the revocation feed in what was read. */
  feedStandsAt: number
}

export type SigningAlgorithm = 'ES256' | 'RS256' | 'EdDSA'

/** One key of the ring. What it is good for follows from the time: see `statusOf`. */
export interface SigningKey {
  kid: string
  algorithm: SigningAlgorithm
  publicKeyPem: string
  /** PKCS #8 PEM, sealed. */
  sealedPrivateKey: string
  /** When it was published. */
  createdAt: Date
  /** From when on it signs. */
  activatesAt: Date
  /** When its successor takes over; null while it has none. */
  retiresAt: Date | null
  /** When somebody else was found to know it: from then on nothing that it signed counts. */
  compromisedAt: Date | null
}

/** What an audit event says beyond who and when: names and numbers, never a secret. */
export type AuditDetails = Record<string, string | number | boolean | string[]>

/** One row of the audit trail. Ids are UUIDv7s, so that they sort by time. */
export interface AuditRow {
  id: string
  at: Date
  event: AuditEventName
  subject: string | null
  actor: string | null
  clientId: string | null
  sessionId: string | null
  ip: string | null
  requestId: string | null
  details: AuditDetails
}

/**
 * One row of the revocation feed: from `sequence` on, whatever was remembered about the subject is out of date and must
 * be read again. Written in the transaction that changed it.
 */
export interface Revocation {
  sequence: number
  kind: RevocationKind
  id: string
}
/** `key`: the ring of signing keys is to be read again. */
export type RevocationKind = 'session' | 'user' | 'client' | 'token' | 'key'

/** The subject of kind `key` that stands for everything a key may have signed. */
export const allKeys = 'all'

// ——— Durable stores (SQL) ———

export interface UserStore {
  /**
   * Nothing is created with a role that is not there, nor granted; one that is being deleted meanwhile is not kept. Ends
   * what is pending for the address: no mailed link makes a second account of it, or changes this one.
   */
  create(user: NewUser): Promise<'created' | 'email_taken' | 'unknown_role'>
  findByEmail(email: string): Promise<User | undefined>
  findById(id: string): Promise<User | undefined>
  list(): Promise<User[]>
  /** Whether anybody who is not disabled has the role. */
  anyHolds(role: string): Promise<boolean>
  /** Each of these also tells the revocation feed, so that no replica acts on what it remembers. */
  rename(id: string, name: string): Promise<void>
  grantRole(id: string, role: string): Promise<'granted' | 'unknown_role'>
  revokeRole(id: string, role: string): Promise<void>
  /**
   * Also lifts a lockout, ends the sessions, known devices, registrations that are pending for the address and, where asked
   * to, the API keys: resolves to how many of those, and how many still count.
   */
  setPassword(
    id: string,
    passwordHash: string,
    at: Date,
    also?: { endApiKeys: boolean },
  ): Promise<{ endedApiKeys: number; apiKeysLeft: number }>
  /** Disabling also ends the sessions and known devices. */
  setStatus(id: string, status: User['status'], at: Date): Promise<void>
  /** Lifts the lockout after failed sign-ins, of the account and of its known devices. */
  unlock(id: string): Promise<void>
}

export interface RoleStore {
  /** False, and nothing changes, when there is such a role already. */
  create(role: Role): Promise<boolean>
  /** False when an operator has made no such role. Also tells the revocation feed. */
  setPermissions(name: string, permissions: string[]): Promise<boolean>
  /** Defines a role, whether or not it exists; false when it is the file's. Also tells the revocation feed. */
  put(role: Role): Promise<boolean>
  list(): Promise<StoredRole[]>
  /** Also takes it from everybody who holds it, and tells how many that were. Leaves a role of the file alone. */
  delete(name: string): Promise<{ deleted: boolean; holders: number }>
  /**
   * Makes these the roles of the file, in one transaction: those that it has no more go, while whoever held one still does
   * and gets nothing by it. Nothing changes, and the names are told, when an operator has made one of them.
   */
  replaceFileRoles(
    roles: readonly Role[],
  ): Promise<{ kind: 'replaced'; defined: Role[]; removed: string[] } | { kind: 'taken'; names: string[] }>
}

/** What somebody asked for who has yet to show that the mail address is theirs. Until then there is no account. */
export interface PendingRegistration {
  tokenHash: string
  email: string
  name: string
  passwordHash: string
  expiresAt: Date
}

export interface RegistrationStore {
  /**
   * Keeps what was registered until its mail is confirmed. `taken`: there is an account with this address, which nothing
   * about this registration can change.
   */
  open(registration: PendingRegistration): Promise<'opened' | 'taken'>
  /** Whom the mailed link of a pending registration is for. Uses nothing up. */
  find(tokenHash: string, at: Date): Promise<{ email: string; name: string } | undefined>
  /**
   * Makes the account of the registration whose mail was opened, and ends all others for its address. `passwordHash`: of
   * the password that shall count; without it the registration's counts, as long as none but this one is pending for the
   * address, since nobody can tell which of several people the mailbox belongs to. One statement: of any number of calls
   * for one address, one makes the account.
   */
  confirm(confirmation: {
    tokenHash: string
    userId: string
    passwordHash: string | undefined
    at: Date
  }): Promise<'confirmed' | 'password_required' | 'invalid_token'>
}

export interface SessionStore {
  /**
   * Begins a session of an active user. `provenHash`: the password hash that was verified for it; false, and no session,
   * when it is not the user's any more. A change of password or status that comes later ends the session.
   */
  create(session: Session & { secretHash: string }, provenHash?: string | null): Promise<boolean>
  /**
   * A session that is neither revoked nor expired, with its active user: one look-up. `tokenIds`: only when none of these
   * access tokens was revoked.
   */
  findLive(
    by: { id: string; tokenIds?: readonly string[] } | { secretHash: string },
    at: Date,
  ): Promise<{ session: Session; user: User } | undefined>
  /**
   * Notes that the person was proven again within a live session, and replaces the secret of its cookie. Also tells the
   * revocation feed. `provenHash`: as for `create`; nothing happens when it is not the user's any more, or the user is
   * disabled, or the session has ended.
   */
  renew(
    id: string,
    proof: Pick<Session, 'methods' | 'level' | 'authenticatedAt'> & { secretHash: string },
    provenHash: string | null,
  ): Promise<Session | undefined>
  /** Extends the idle expiry, never past the absolute one. */
  touch(id: string, at: Date, idleExpiresAt: Date): Promise<void>
  /** Ends the session and its refresh families. Resolves to whose it was; to nothing when it had ended already. */
  revoke(id: string, reason: string, at: Date): Promise<{ userId: string; clientId: string } | undefined>
}

export interface KnownDeviceStore {
  /**
   * Counts a try from a device that is known for the account of this address, in a window that begins with the first. One
   * statement, with the same work whether or not there is such an account. Resolves to the tries of the window; to nothing
   * when the device is not known for this account.
   */
  countTry(device: { secretHash: string; email: string; at: Date; windowSeconds: number }): Promise<number | undefined>
  clearTries(secretHash: string): Promise<void>
  /**
   * Knows the device of a complete sign-in, with no try counted: the one that showed `shownHash`, when that is known for
   * this account (`renewed`), else a new one in its place (`added`). `provenHash`: as for a session; `refused` when it is
   * not the user's any more, or the user is disabled. Known devices end with the password, and when the user is disabled.
   */
  remember(
    device: { userId: string; secretHash: string; shownHash: string | undefined; at: Date; expiresAt: Date },
    provenHash: string | null,
  ): Promise<'renewed' | 'added' | 'refused'>
}

export interface RefreshTokenStore {
  createFamily(family: RefreshFamily, token: { hash: string; createdAt: Date; expiresAt: Date }): Promise<void>
  find(hash: string): Promise<PresentedRefreshToken | undefined>
  /** The token of a family that was made last. */
  newestOf(familyId: string): Promise<{ createdAt: Date; usedAt: Date | null } | undefined>
  /**
   * Uses the token and stores its successor in ONE statement: of any number of parallel calls, one returns true. Nothing
   * happens when the token is used, expired or revoked, its session ended or its user disabled.
   */
  rotate(rotation: Rotation): Promise<boolean>
}

export interface Rotation {
  hash: string
  successorHash: string
  successorExpiresAt: Date
  /** Using the token is using the session. */
  sessionIdleExpiresAt: Date
  replay: string
  at: Date
  /** How fast a session may be refreshed; nothing happens beyond it. Absent: as fast as anybody likes. */
  pace?: Pace | undefined
  /**
   * Nothing happens unless this is the newest number of the revocation feed: after a later row, or in a database that was
   * set back, what was known may not hold any more.
   */
  whileFeedStandsAt: number
}

/**
 * A pace by one time alone (the generic cell rate algorithm): each use pays for `everyMilliseconds`, and is refused when it
 * would be paid for longer than `withinMilliseconds` ahead. So many fit in there at once, and one more each interval.
 */
export interface Pace {
  everyMilliseconds: number
  withinMilliseconds: number
}

export interface ClientStore {
  create(client: Client): Promise<'created' | 'id_taken'>
  find(id: string): Promise<Client | undefined>
  list(): Promise<Client[]>
  /** Also tells the revocation feed. */
  setSecret(id: string, secretHash: string): Promise<boolean>
  /** Replaces the keys of a client. Also tells the revocation feed. */
  setJwks(id: string, jwks: PublicJwkSet): Promise<boolean>
  /** With its API keys and refresh tokens. Also tells the revocation feed. */
  delete(id: string): Promise<boolean>
}

export interface ApiKeyStore {
  /**
   * Stores a key unless its owner has `most` keys already that have not ended: of any number of parallel calls, no more are
   * stored. `no_owner`: the owner is gone or disabled, or `sessionId`, within which the key is made, has ended.
   */
  create(
    key: ApiKey & { hash: string },
    limits: { most: number; sessionId?: string | undefined },
  ): Promise<'created' | 'too_many' | 'no_owner'>
  /** A key that is neither revoked nor expired, with its owner, who is not disabled: one look-up. */
  findLive(
    hash: string,
    at: Date,
  ): Promise<(({ kind: 'user'; user: User } | { kind: 'client'; client: Client }) & { key: ApiKey }) | undefined>
  /** A key that is not revoked, whether or not it may be used now: its owner may be disabled, and come back. */
  find(hash: string): Promise<ApiKey | undefined>
  /** The owner's keys, or everybody's, that are not revoked, oldest first. */
  list(owner?: ApiKeyOwner): Promise<ApiKey[]>
  /** Notes that the key was used, unless that is noted already since `notSince`. */
  markUsed(id: string, at: Date, notSince: Date): Promise<void>
  /** Also tells the revocation feed. `owner`: only when it is theirs. False when there is no such key. */
  revoke(id: string, at: Date, owner?: ApiKeyOwner): Promise<boolean>
  /** Ends everybody's keys, those that are being made included, and tells the revocation feed. Resolves to how many. */
  revokeAll(at: Date): Promise<number>
}

export interface AssertionStore {
  /**
   * Uses up the id of a client's assertion, which is remembered until `expiresAt`: of any number of parallel calls, one
   * returns true.
   */
  use(clientId: string, tokenId: string, expiresAt: Date): Promise<boolean>
}

export interface AccessTokenStore {
  /** Cuts one access token before it expires, and tells the revocation feed. Of all calls one resolves to true. */
  revoke(tokenId: string, expiresAt: Date, at: Date): Promise<boolean>
  /** Whether one of them was revoked. */
  isRevoked(...tokenIds: string[]): Promise<boolean>
}

export interface SigningKeyStore {
  /** Every key, oldest first. */
  list(): Promise<SigningKey[]>
  /**
   * Changes the ring, one replica at a time: `decide` sees the keys as they are and says what becomes of them. Tells the
   * revocation feed, about a compromised key as `allKeys` too. Returns the keys that were created.
   */
  change(decide: (keys: SigningKey[]) => Promise<KeyRingChange>): Promise<SigningKey[]>
}

export interface KeyRingChange {
  create: SigningKey[]
  /** Keys that sign from or until another time than was planned. */
  reschedule: { kid: string; activatesAt: Date; retiresAt: Date | null }[]
  compromised: { kid: string; at: Date }[]
  reseal: { kid: string; sealedPrivateKey: string }[]
  /** Kids of keys that nobody needs to know any more. */
  remove: string[]
}

export interface RevocationStore {
  /** Number of the newest row, 0 when there is none. */
  latest(): Promise<number>
  /** Rows that were written within this time before now, in order. */
  readLatest(milliseconds: number): Promise<Revocation[]>
  /**
   * Rows above a number, in order. A row is never committed below one that was already readable. `complete`: none of them
   * has been let go of; rows are kept for a day.
   */
  readAfter(sequence: number): Promise<{ rows: Revocation[]; complete: boolean }>
  /** Calls back soon after any replica wrote a row; a hint, which may be lost. Returns the way to stop. */
  onWake(wake: () => void): Promise<() => Promise<void>>
  /**
   * Calls whenever something was changed through these stores that replicas may remember, and waits before the change resolves:
   * `read` reads the feed, and never rejects. Returns the way to stop.
   */
  onChange(read: () => Promise<void>): Promise<() => Promise<void>>
}

export interface AuditStore {
  /** Writes rows with one statement; those that are there already are left as they are, so that a try may be repeated. */
  append(rows: readonly AuditRow[]): Promise<void>
  /** The newest rows that match, newest first; `before` is the id of the last row of the page before. */
  list(query: AuditQuery): Promise<AuditRow[]>
}

/** Kinds of rows that end. `replays` are no rows but the sealed answers of used refresh tokens. */
export type Perishable =
  | 'replays'
  | 'expiredRefreshTokens'
  | 'revokedRefreshTokens'
  | 'sessions'
  | 'registrations'
  | 'knownDevices'
  | 'revokedAccessTokens'
  | 'usedAssertions'
  | 'revocations'
  | 'auditEvents'
  | 'apiKeys'

export interface HousekeepingStore {
  /**
   * Deletes up to `limit` rows of one kind that ended before a time, and with them what belongs to them alone: a family with
   * its last token. Resolves to how many; to `busy` while another
   * replica is at it.
   */
  sweep(kind: Perishable, endedBefore: Date, limit: number): Promise<number | 'busy'>
}

export interface AuditQuery {
  event?: AuditEventName | undefined
  subject?: string | undefined
  since?: Date | undefined
  before?: string | undefined
  limit: number
}

// ——— Ephemeral stores (memory or Redis) ———

export interface Counters {
  /** Counts one more inside a window that starts with the first. Atomic over all replicas. */
  increment(key: string, windowSeconds: number): Promise<{ count: number; resetSeconds: number }>
  /** What has been counted, without counting. */
  read(key: string): Promise<{ count: number; resetSeconds: number }>
  reset(key: string): Promise<void>
}

export interface Stores {
  users: UserStore
  roles: RoleStore
  registrations: RegistrationStore
  sessions: SessionStore
  knownDevices: KnownDeviceStore
  refreshTokens: RefreshTokenStore
  clients: ClientStore
  apiKeys: ApiKeyStore
  assertions: AssertionStore
  accessTokens: AccessTokenStore
  signingKeys: SigningKeyStore
  revocations: RevocationStore
  audit: AuditStore
  housekeeping: HousekeepingStore
  counters: Counters
  /** Rejects when a store does not answer. */
  ping(): Promise<void>
  close(): Promise<void>
}

// ——— Other ports ———

export interface PasswordHasher {
  /** Rejects with `unavailable` when too many hashes are waiting already. */
  hash(password: string): Promise<string>
  /** Takes as long without a hash as with one, so that time tells nothing about an account. */
  verify(hash: string | null, password: string): Promise<boolean>
}

export interface Mail {
  to: string
  subject: string
  text: string
}

export interface Mailer {
  /** Resolves once the mail is accepted: written to the outbox, or queued for the SMTP server. */
  send(mail: Mail): Promise<void>
  /** What keeps mails from being sent, in words for an operator and without a secret; nothing while they can be. */
  check(): Promise<string | undefined>
  /** Waits for queued mail, within a bound. */
  close(): Promise<void>
}
