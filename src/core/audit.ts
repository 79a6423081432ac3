/** What each security event says beyond who, where and when. Names and numbers, never a secret nor a free text. */
export interface AuditEvents {
  'sign_in.succeeded': { methods: readonly string[] }
  /** Without a subject when the account is unknown: what was typed there may be anything, even a password. */
  'sign_in.failed': { reason: 'unknown_account' | 'wrong_password' | 'user_disabled' }
  /** Written once a window, by the try that the limit refused first. */
  'sign_in.limited': { limit: number }
  /** A person proved within a session, once more, who they are. */
  'step_up.succeeded': { methods: readonly string[] }
  'step_up.failed': { reason: 'wrong_password' }
  'registration.confirmed': Empty
  'session.revoked': { reason: string }
  'refresh.rotated': Empty
  /** A retry inside the grace window got the same answer again; told of once a token. */
  'refresh.replayed': Empty
  /** Of one session, once a minute on each replica. */
  'refresh.limited': { limit: number }
  /** `previous`: its successor was never used, as after a lost answer; `stale`: it is older than that. */
  'refresh.reused': { subtype: 'previous' | 'stale'; age_seconds: number }
  'token.revoked': { token_id: string }
  /** A client got a token with which it acts for the subject (RFC 8693). `subject_token_id`: of the one that it showed. */
  'token.exchanged': { subject_token_id: string; audiences: readonly string[]; scopes: readonly string[] }
  'client_auth.failed': { reason: ClientAuthFault }
  'api_key.created': { key_id: string; scopes: readonly string[] }
  'api_key.revoked': { key_id: string }
  /** Many at once: of the subject, or everybody's. */
  'api_keys.ended': { reason: 'password_changed' | 'emergency'; ended: number }
  /** A key of the right form that is nobody's, or not any more. */
  'api_key.failed': Empty
  'user.created': { roles: readonly string[] }
  'user.disabled': Empty
  'user.enabled': Empty
  /** The lockout after failed sign-ins was lifted. */
  'user.unlocked': Empty
  'user.password_changed': Empty
  'role.granted': { role: string }
  'role.withdrawn': { role: string }
  'role.defined': { role: string; permissions: readonly string[] }
  /** `users`: how many held it. */
  'role.deleted': { role: string; users: number }
  'client.created': { grants: readonly string[]; scopes: readonly string[] }
  'client.secret_rotated': Empty
  'client.keys_replaced': Empty
  'client.deleted': Empty
  'key.created': { kid: string; alg: string; activates_at: string }
  /** A key signs earlier than was planned, since the one before it ended or by a rotation ahead of the schedule. */
  'key.promoted': { kid: string; activates_at: string }
  'key.rotated': { created: number }
  'key.compromised': { kid: string }
  'key.rewrapped': { resealed: number }
  'rules.replaced': Empty
  'rules.refused': { faults: readonly string[] }
}
export type AuditEventName = keyof AuditEvents

/**
 * What was wrong with the proof of a client. Of an assertion: `form` (no JWT of a type that is meant for this), `unknown_key`
 * (no key of the client has this `kid`, or none that fits the `alg`), `signature`, `issuer` (`iss` or `sub`), `audience`,
 * `lifetime` (`exp`, `nbf` or `iat`), `jti` (missing, or used before). `method`: another way to authenticate than the
 * client's own.
 */
export type ClientAuthFault = 'unknown_client' | 'method' | 'secret' | AssertionFault
export type AssertionFault = 'form' | 'unknown_key' | 'signature' | 'issuer' | 'audience' | 'lifetime' | 'jti'

type Empty = object

/** Whom an event is about. Every part is optional; what is unknown stays empty. */
export interface AuditSubjects {
  /** The user, or the client acting for itself. */
  subject?: string | undefined
  clientId?: string | undefined
  sessionId?: string | undefined
  /** The peer's address, for events that may come from outside of a traced request. */
  ip?: string | undefined
}

export type AuditEvent<Name extends AuditEventName = AuditEventName> = {
  [Each in Name]: { event: Each } & AuditSubjects & AuditEvents[Each]
}[Name]

/** Where security events go: one row and one log line each. */
export interface Audit {
  /** Never throws and never waits: the row is written soon after. */
  record(event: AuditEvent): void
}

/** Who caused what happens in a request, and from where. */
export interface Origin {
  /** A user's or client's id, or `operator`. */
  actor?: string | undefined
  ip?: string | undefined
  requestId?: string | undefined
}

/** The actor of what the service does on its own. */
export const systemActor = 'system'
export const operatorActor = 'operator'

/** Level and words of each event's log line. */
export const auditLines: Record<AuditEventName, readonly ['info' | 'warn' | 'error', string]> = {
  'sign_in.succeeded': ['info', 'signed in'],
  'sign_in.failed': ['info', 'sign-in failed'],
  'sign_in.limited': ['warn', 'too many failed sign-ins of one account'],
  'step_up.succeeded': ['info', 'a person was proven again within a session'],
  'step_up.failed': ['info', 'a person was not proven again'],
  'registration.confirmed': ['info', 'an address was confirmed'],
  'session.revoked': ['info', 'a session was ended'],
  'refresh.rotated': ['info', 'a refresh token was exchanged'],
  'refresh.replayed': ['info', 'a refresh token was retried within its grace window'],
  'refresh.limited': ['warn', 'a session is refreshed too often'],
  'refresh.reused': ['warn', 'a used refresh token was presented: its session is ended'],
  'token.revoked': ['info', 'an access token was revoked'],
  'token.exchanged': ['info', 'a client got a token to act for somebody'],
  'client_auth.failed': ['info', 'a client did not authenticate'],
  'api_key.created': ['info', 'an API key was made'],
  'api_key.revoked': ['info', 'an API key was revoked'],
  'api_keys.ended': ['warn', 'API keys were ended together'],
  'api_key.failed': ['info', 'an API key was refused'],
  'user.created': ['info', 'a user was created'],
  'user.disabled': ['info', 'a user was disabled'],
  'user.enabled': ['info', 'a user was enabled'],
  'user.unlocked': ['info', 'the lockout of a user was lifted'],
  'user.password_changed': ['info', 'a password was changed'],
  'role.granted': ['info', 'a role was granted'],
  'role.withdrawn': ['info', 'a role was withdrawn'],
  'role.defined': ['info', 'a role was defined'],
  'role.deleted': ['info', 'a role was deleted'],
  'client.created': ['info', 'a client was created'],
  'client.secret_rotated': ['info', 'a client got a new secret'],
  'client.keys_replaced': ['info', 'a client got other keys'],
  'client.deleted': ['info', 'a client was deleted'],
  'key.created': ['info', 'signing key'],
  'key.promoted': ['info', 'a signing key signs earlier than was planned'],
  'key.rotated': ['info', 'signing keys were rotated ahead of the schedule'],
  'key.compromised': ['warn', 'a signing key was ended at once'],
  'key.rewrapped': ['info', 'private keys were sealed with the current secret'],
  'rules.replaced': ['info', 'the access rules were replaced; other settings need a restart'],
  'rules.refused': ['error', 'the changed configuration is not valid: the old rules stay'],
}

/** Whether a text is the name of an event. */
export function isAuditEventName(text: string): text is AuditEventName {
  return Object.hasOwn(auditLines, text)
}
