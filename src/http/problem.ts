/** What an error says to its caller, as headers and as a body; `errors.ts` answers with it. */
import type { FastifyError } from 'fastify'
import { type ErrorCode, type FieldError, GatehouseError, errorTable } from '../core/errors.ts'
import { isBoundToKey } from '../core/access-token.ts'
import { clientAlgorithms } from '../core/public-jwks.ts'
import { STATUS_CODES } from './node-http.ts'
import { formatFaults } from './text-formats.ts'

/**
 * Turns whatever a route threw into one of the table's errors. What is not recognised is a bug: `internal_error`, with
 * nothing about it in the answer.
 */
export function toGatehouseError(error: unknown): GatehouseError {
  if (error instanceof GatehouseError) return error
  const { code, validation, validationContext, statusCode } = error as Partial<FastifyError>
  if (validation) {
    return new GatehouseError('invalid_request', {
      fields: validation.map((fault) => fieldError(fault, validationContext ?? 'body')),
    })
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new GatehouseError('unsupported_media_type')
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new GatehouseError('body_too_large')
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY')
    return new GatehouseError('invalid_json', { detail: 'The body is empty.' })
  // Both engines of @fastify/jwt: whatever is wrong with a token is the token's fault, never a 500.
  if (code?.startsWith('FAST_JWT_') || code?.startsWith('FST_JWT_')) return new GatehouseError('invalid_access_token')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new GatehouseError('invalid_request')
  return new GatehouseError('internal_error', { cause: error })
}

function fieldError(
  fault: { instancePath: string; message?: string; params: Record<string, unknown> },
  context: string,
): FieldError {
  const extra = fault.params['additionalProperty'] ?? fault.params['missingProperty']
  const path = `/${context}${fault.instancePath}${typeof extra === 'string' ? `/${pointerPart(extra.slice(0, 64))}` : ''}`
  return { path, message: wordsOf(fault) }
}

function wordsOf({ message = 'is not valid', params }: { message?: string; params: Record<string, unknown> }): string {
  const { format, allowedValues } = params
  if ('additionalProperty' in params) return 'there is no such field'
  if ('missingProperty' in params) return 'is required'
  // No regular expression is a word for people: a format has words of its own.
  if ('pattern' in params) return 'has not the form that it needs'
  if (typeof format === 'string') return formatFaults[format] ?? message
  return Array.isArray(allowedValues) ? `must be one of ${allowedValues.join(', ')}` : message
}

/** A name as a part of a JSON pointer (RFC 6901 §3). */
export function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** How RFC 9470 (§3) tells which proof of the person is needed, in a challenge as in a problem. */
function proofOf({ proof }: GatehouseError): { acr_values?: string; max_age?: number } {
  if (proof === undefined) return {}
  return { acr_values: proof.level, ...(proof.maxAgeSeconds !== undefined && { max_age: proof.maxAgeSeconds }) }
}

/** How a program is told what continues a sign-in. */
function stepOf({ step }: GatehouseError): { mfa_token?: string; factors?: readonly string[] } {
  return step === undefined ? {} : { mfa_token: step.mfaToken, factors: step.factors }
}

/** How somebody is told that their account can still be kept. */
function deletionOf({ deletion }: GatehouseError): { deleted_at?: string; keep_token?: string } {
  return deletion === undefined ? {} : { deleted_at: deletion.deletesAt.toISOString(), keep_token: deletion.keepToken }
}

/** Whether an `Authorization` header is a bearer token, by its form (RFC 6750 §2.1). */
export function isBearerToken(authorization: string): boolean {
  return /^Bearer [\w.~+/-]+=*$/i.test(authorization)
}

/**
 * The `WWW-Authenticate` of an error (RFC 6750 §3, RFC 9470 §3): of every 401, and of a 400 or 403 whose reason is the bearer
 * token in `authorization`. It names no error where none was presented, or something else (§3.1). `metadata`: the URL at which a
 * program learns where it gets a token (RFC 9728 §5.1).
 */
export function challengeOf(
  error: GatehouseError,
  authorization: string | undefined,
  metadata?: string,
): string | undefined {
  const isDpop = authorization !== undefined && /^DPoP( |$)/i.test(authorization)
  const isBearer = isDpop || (authorization !== undefined && /^Bearer( |$)/i.test(authorization))
  const isMalformed = isBearer && !isDpop && error.code === 'invalid_request' && !isBearerToken(authorization)
  const isTooWeak = isBearer && error.code === 'forbidden'
  if (error.status !== 401 && !isMalformed && !isTooWeak) return undefined
  const needed = Object.entries(proofOf(error)).map(([name, value]) => `, ${name}="${value}"`)
  const reasons: Partial<Record<ErrorCode, string>> = {
    invalid_request: ', error="invalid_request"',
    forbidden: ', error="insufficient_scope"',
    invalid_access_token: isBearer ? ', error="invalid_token"' : '',
    invalid_dpop_proof: ', error="invalid_dpop_proof"',
    use_dpop_nonce: ', error="use_dpop_nonce"',
    access_token_expired: ', error="invalid_token", error_description="expired"',
    insufficient_user_authentication: `, error="insufficient_user_authentication"${needed.join('')}`,
  }
  const about = metadata === undefined ? '' : `, resource_metadata="${metadata}"`
  // Whoever shows one scheme is told of that one, which is all that many clients read; a token that needs a proof tells which to take.
  const challenge = `realm="gatehouse"${reasons[error.code] ?? ''}`
  if (isDpop) return `DPoP ${challenge}, ${dpopParameter}${about}`
  const needsProof = isBearer && isBoundToKey(authorization)
  return `Bearer ${challenge}${about}${needsProof ? `, DPoP ${dpopParameter}` : ''}`
}

/** RFC 9449 §7.1. */
export const dpopParameter = `algs="${clientAlgorithms.join(' ')}"`

/** What tells a caller about the limit that it has reached; nothing of other errors. */
export function limitHeadersOf({ limit, retryAfterSeconds = 0 }: GatehouseError): Record<string, string> {
  if (limit === undefined) return {}
  return {
    'RateLimit-Limit': String(limit),
    'RateLimit-Remaining': '0',
    'RateLimit-Reset': String(retryAfterSeconds),
  }
}

/** RFC 9457 body of an error. With `about:blank` the title is the name of the status (§4.2.1), and the detail is ours. */
export function problemOf(error: GatehouseError, requestId: string): object {
  return {
    type: 'about:blank',
    title: phraseOf(error.status),
    status: error.status,
    code: error.code,
    detail: error.detail ?? errorTable[error.code].title,
    ...(error.fields === undefined ? {} : { errors: error.fields }),
    ...proofOf(error),
    ...stepOf(error),
    ...deletionOf(error),
    request_id: requestId,
  }
}

/** The name of a status by RFC 9110 §15.5.14, which Node still calls by an older one. */
function phraseOf(status: number): string {
  return status === 413 ? 'Content Too Large' : STATUS_CODES[status]!
}
