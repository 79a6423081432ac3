import type { AuthenticationLevel } from './principal.ts'

/**
 * Every error code a client can meet, in ONE table: its status and the text that is safe to show.
 * The codes are part of the public contract; `docs/errors.md` lists them.
 */
export const errorTable = {
  invalid_request: { status: 400, title: 'The request is not valid.' },
  invalid_json: { status: 400, title: 'The body is not valid JSON.' },
  invalid_encoding: { status: 400, title: 'The body is not valid UTF-8.' },
  invalid_token: { status: 400, title: 'The token is unknown, expired or already used.' },
  password_required: { status: 400, title: 'Say which password shall count.' },
  password_rejected: { status: 400, title: 'The password does not meet the policy.' },
  ambiguous_target: { status: 400, title: 'The request target can be read in more than one way.' },
  incomplete_question: { status: 400, title: 'This is no question of a proxy.' },
  unauthorized: { status: 401, title: 'Sign in to use this.' },
  invalid_access_token: { status: 401, title: 'The access token is not valid.' },
  access_token_expired: { status: 401, title: 'The access token has expired.' },
  invalid_dpop_proof: { status: 401, title: 'The DPoP proof is not valid for this request and token.' },
  use_dpop_nonce: { status: 401, title: 'The DPoP proof needs the nonce of this answer.' },
  insufficient_user_authentication: { status: 401, title: 'This needs a newer or stronger proof of who you are.' },
  invalid_credentials: { status: 401, title: 'The email address or the password is wrong.' },
  invalid_code: { status: 401, title: 'The code is wrong, or was used already.' },
  invalid_passkey: { status: 401, title: 'The passkey was not accepted.' },
  invalid_refresh_token: { status: 401, title: 'The refresh token is not valid.' },
  forbidden: { status: 403, title: 'This is not allowed.' },
  untrusted_peer: { status: 403, title: 'Only a trusted proxy may ask this.' },
  cross_site_request: { status: 403, title: 'The request came from another site.' },
  mfa_required: { status: 403, title: 'A second factor is needed to sign in.' },
  enrolment_required: { status: 403, title: 'A second factor has to be set up before you can sign in.' },
  account_deletion_pending: { status: 403, title: 'This account is going to be deleted. It can still be kept.' },
  password_must_change: { status: 403, title: 'The password has to be changed first, where it is kept.' },
  account_refused: { status: 403, title: 'This account cannot sign in here. Ask whoever looks after it.' },
  passwords_off: { status: 403, title: 'Nobody signs in by a password here.' },
  registration_closed: { status: 403, title: 'Nobody can register here.' },
  not_found: { status: 404, title: 'There is nothing here.' },
  method_not_allowed: { status: 405, title: 'This method is not supported here.' },
  last_administrator: {
    status: 409,
    title: 'Nobody else could administer the service. Name another administrator first.',
  },
  password_kept_elsewhere: { status: 409, title: 'The password of this account is kept elsewhere, and changed there.' },
  conflict: { status: 409, title: 'This exists already.' },
  body_too_large: { status: 413, title: 'The body is too large.' },
  target_too_long: { status: 414, title: 'The request target is too long.' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported here.' },
  outdated_form: { status: 422, title: 'The form is too old. Open its page again.' },
  too_many_requests: { status: 429, title: 'Too many requests.' },
  internal_error: { status: 500, title: 'Something went wrong on our side.' },
  unavailable: { status: 503, title: 'The service cannot answer right now.' },
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorCode = keyof typeof errorTable

export const errorCodes = Object.keys(errorTable) as ErrorCode[]

export interface FieldError {
  /** JSON pointer (RFC 6901) into the part of the request that is wrong, such as `/body/email`. */
  path: string
  message: string
}

/** At which level a person must have proven who they are, and at most how many seconds ago; without, at any time. */
export interface NeededProof {
  level: AuthenticationLevel
  maxAgeSeconds?: number
}

/** What continues a sign-in (POST /api/auth/mfa), and what the person can prove themselves by. */
export interface NeededStep {
  mfaToken: string
  factors: readonly string[]
}

/** When an account goes, and what keeps it (POST /api/users/me/keep). */
export interface PendingDeletion {
  deletesAt: Date
  keepToken: string
}

/**
 * Ends a request early. Only a bug has a stack: where a refusal was made is in no log, and to find it out costs as much as a
 * decision.
 */
export abstract class EarlyEnd extends Error {
  constructor(message: string, { isFault = false, ...options }: ErrorOptions & { isFault?: boolean } = {}) {
    const { stackTraceLimit } = Error
    if (!isFault) Error.stackTraceLimit = 0
    super(message, options)
    Error.stackTraceLimit = stackTraceLimit
  }
}

/**
 * Ends a request early with an answer from the table. `detail` and `fields` are shown to the client and must not repeat
 * what the client sent; `cause` stays in the log.
 */
export class GatehouseError extends EarlyEnd {
  readonly code: ErrorCode
  readonly detail: string | undefined
  readonly fields: readonly FieldError[] | undefined
  readonly retryAfterSeconds: number | undefined
  /** The limit that was exceeded, for the `RateLimit-*` headers. */
  readonly limit: number | undefined
  /** What proof of the person is needed (RFC 9470). */
  readonly proof: NeededProof | undefined
  /** Of a sign-in that needs more than the password. */
  readonly step: NeededStep | undefined
  /** Of an account that is going to be deleted. */
  readonly deletion: PendingDeletion | undefined
  /** What the next DPoP proof has to hold. */
  readonly dpopNonce: string | undefined

  constructor(
    code: ErrorCode,
    options: {
      detail?: string
      fields?: readonly FieldError[]
      retryAfterSeconds?: number
      limit?: number
      proof?: NeededProof
      step?: NeededStep
      deletion?: PendingDeletion
      dpopNonce?: string
      cause?: unknown
    } = {},
  ) {
    super(options.detail ?? errorTable[code].title, { cause: options.cause, isFault: code === 'internal_error' })
    this.name = 'GatehouseError'
    this.code = code
    this.detail = options.detail
    this.fields = options.fields
    this.retryAfterSeconds = options.retryAfterSeconds
    this.limit = options.limit
    this.proof = options.proof
    this.step = options.step
    this.deletion = options.deletion
    this.dpopNonce = options.dpopNonce
  }

  get status(): number {
    return errorTable[this.code].status
  }
}

/** A store or queue that cannot answer: the one fault that clients are told to retry. */
export function unavailable(cause: unknown): GatehouseError {
  return new GatehouseError('unavailable', { retryAfterSeconds: 2, cause })
}

class Overload extends EarlyEnd {}

/** As many wait already as may, of what is named. */
export function tooManyWaiting(what: string): GatehouseError {
  return new GatehouseError('unavailable', {
    retryAfterSeconds: 5,
    cause: new Overload(`too many ${what} are waiting`),
  })
}

/** A limit that is reached; `resetSeconds`: until its window ends. */
export function tooManyRequests({ resetSeconds }: { resetSeconds: number }, limit: number): GatehouseError {
  return new GatehouseError('too_many_requests', { retryAfterSeconds: Math.max(1, resetSeconds), limit })
}

/** Over HTTP somebody always stays who can administer the service. */
export function lastAdministrator(): GatehouseError {
  return new GatehouseError('last_administrator')
}

/** What an operator must mend before the service can start; the message is for them, and names no secret. */
export class SetupError extends Error {}
