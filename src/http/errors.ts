import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorCode, type FieldError, GatehouseError, errorTable } from '../core/errors.ts'
import type { App } from './server.ts'

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
  const path = `/${context}${fault.instancePath}${typeof extra === 'string' ? `/${extra.slice(0, 64)}` : ''}`
  const message =
    'additionalProperty' in fault.params
      ? 'there is no such field'
      : 'missingProperty' in fault.params
        ? 'is required'
        : (fault.message ?? 'is not valid')
  return { path, message }
}

/** The `WWW-Authenticate` of a 401 (RFC 6750 §3, RFC 9470 §3). */
export function challengeOf(error: GatehouseError): string {
  const reasons: Partial<Record<ErrorCode, string>> = {
    invalid_access_token: ', error="invalid_token"',
    insufficient_user_authentication: ', error="insufficient_user_authentication", acr_values="aal2"',
  }
  return `Bearer realm="gatehouse"${reasons[error.code] ?? ''}`
}

/** What tells a caller about the limit that it has reached; nothing of other errors. */
export function limitHeadersOf({ limit, retryAfterSeconds = 0 }: GatehouseError): Record<string, string> {
  if (limit === undefined) return {}
  return {
    'RateLimit-Limit': String(limit),
    'RateLimit-Remaining': '0',
    'RateLimit-Reset': String(retryAfterSeconds),
  }
}

/** Headers that belong to an error whatever its body looks like. */
export function setErrorHeaders(reply: FastifyReply, error: GatehouseError): void {
  reply.header('cache-control', 'no-store')
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds)
  reply.headers(limitHeadersOf(error))
  if (error.status === 401 && !reply.hasHeader('www-authenticate')) {
    reply.header('www-authenticate', challengeOf(error))
  }
}

/** Writes the log line of a fault of ours; a client's mistake is its own business. */
export function logFault(request: FastifyRequest, error: GatehouseError): void {
  if (error.status < 500) return
  request.log.error({ event: 'request.failed', code: error.code, err: error.cause ?? error }, 'request failed')
}

function sendProblem(request: FastifyRequest, reply: FastifyReply, error: GatehouseError): FastifyReply {
  setErrorHeaders(reply, error)
  return reply
    .code(error.status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(problemOf(error, request.id))
}

/** RFC 9457 body of an error. */
export function problemOf(error: GatehouseError, requestId: string): object {
  return {
    type: 'about:blank',
    title: errorTable[error.code satisfies ErrorCode].title,
    status: error.status,
    code: error.code,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.fields === undefined ? {} : { errors: error.fields }),
    request_id: requestId,
  }
}

/** Answers a path that no route and no error handler sees: it is no URL, or a parameter is too long to name anything. */
export function refusePath({ code }: { code: string }, request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id)
  const error =
    code === 'FST_ERR_MAX_PARAM_LENGTH'
      ? new GatehouseError('not_found')
      : new GatehouseError('invalid_request', { detail: 'The path is not a valid URL path.' })
  sendProblem(request, reply, error)
}

/** One error handler and one not-found handler for everything but `/oauth`, which answers in its own RFC's words. */
export function handleErrors(app: App): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = toGatehouseError(thrown)
    logFault(request, error)
    return sendProblem(request, reply, error)
  })

  const methods = new Map<string, Set<string>>()
  app.addHook('onRoute', (route) => {
    const known = methods.get(route.url) ?? new Set()
    for (const method of [route.method].flat()) known.add(method)
    methods.set(route.url, known)
  })
  app.setNotFoundHandler((request, reply) => {
    const allowed = methods.get(request.url.split('?', 1)[0]!)
    reply.header('x-request-id', request.id)
    if (allowed === undefined) return sendProblem(request, reply, new GatehouseError('not_found'))
    reply.header('allow', [...allowed].toSorted().join(', '))
    // The endpoints of RFC 6749 answer in its words, also about this.
    if (request.url.startsWith('/oauth/')) {
      reply.header('cache-control', 'no-store')
      return reply.code(405).send({ error: 'invalid_request', error_description: 'This method is not supported here.' })
    }
    return sendProblem(request, reply, new GatehouseError('method_not_allowed'))
  })
}
