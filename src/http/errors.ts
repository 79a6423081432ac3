import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorCode, type FieldError, GatehouseError, errorTable } from '../core/errors.ts'
import { STATUS_CODES } from './node-http.ts'
import { shareAnswers } from './cors.ts'
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
  const path = `/${context}${fault.instancePath}${typeof extra === 'string' ? `/${pointerPart(extra.slice(0, 64))}` : ''}`
  const message =
    'additionalProperty' in fault.params
      ? 'there is no such field'
      : 'missingProperty' in fault.params
        ? 'is required'
        : (fault.message ?? 'is not valid')
  return { path, message }
}

/** A name as a part of a JSON pointer (RFC 6901 §3). */
function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** How RFC 9470 (§3) tells which proof of the person is needed, in a challenge as in a problem. */
function proofOf({ proof }: GatehouseError): { acr_values?: string; max_age?: number } {
  if (proof === undefined) return {}
  return { acr_values: proof.level, ...(proof.maxAgeSeconds !== undefined && { max_age: proof.maxAgeSeconds }) }
}

/** Whether an `Authorization` header is a bearer token, by its form (RFC 6750 §2.1). */
export function isBearerToken(authorization: string): boolean {
  return /^Bearer [\w.~+/-]+=*$/i.test(authorization)
}

/**
 * The `WWW-Authenticate` of an error (RFC 6750 §3, RFC 9470 §3): of every 401, and of a 400 or 403 whose reason is the bearer
 * token in `authorization`. It names no error where none was presented, or something else (§3.1).
 */
export function challengeOf(error: GatehouseError, authorization: string | undefined): string | undefined {
  const isBearer = authorization !== undefined && /^Bearer( |$)/i.test(authorization)
  const isMalformed = isBearer && error.code === 'invalid_request' && !isBearerToken(authorization)
  const isTooWeak = isBearer && error.code === 'forbidden'
  if (error.status !== 401 && !isMalformed && !isTooWeak) return undefined
  const needed = Object.entries(proofOf(error)).map(([name, value]) => `, ${name}="${value}"`)
  const reasons: Partial<Record<ErrorCode, string>> = {
    invalid_request: ', error="invalid_request"',
    forbidden: ', error="insufficient_scope"',
    invalid_access_token: isBearer ? ', error="invalid_token"' : '',
    insufficient_user_authentication: `, error="insufficient_user_authentication"${needed.join('')}`,
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
  const challenge = challengeOf(error, reply.request.headers.authorization)
  if (challenge !== undefined && !reply.hasHeader('www-authenticate')) reply.header('www-authenticate', challenge)
}

/** Writes the log line of a fault of ours; a client's mistake is its own business. */
export function logFault(request: FastifyRequest, error: GatehouseError): void {
  if (error.status < 500) return
  request.log.error({ event: 'request.failed', code: error.code, err: error.cause ?? error }, 'request failed')
}

/** Answers with an error as RFC 9457 has it. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: GatehouseError): FastifyReply {
  setErrorHeaders(reply, error)
  return reply
    .code(error.status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(problemOf(error, request.id))
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
    request_id: requestId,
  }
}

/** The name of a status by RFC 9110 §15.5.14, which Node still calls by an older one. */
function phraseOf(status: number): string {
  return status === 413 ? 'Content Too Large' : STATUS_CODES[status]!
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
export function handleErrors(
  app: App,
  { basePath = '', allowedOrigins = [] }: { basePath?: string; allowedOrigins?: readonly string[] } = {},
): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = toGatehouseError(thrown)
    logFault(request, error)
    return sendProblem(request, reply, error)
  })

  const allowedAt = noteMethods(app, basePath)
  const answer = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const allowed = allowedAt(request.url)
    reply.header('x-request-id', request.id)
    if (allowed.length === 0) return sendProblem(request, reply, new GatehouseError('not_found'))
    reply.header('allow', allowed.join(', '))
    // What a path may be asked is no secret, and no preflight: those come with an origin, and are answered before.
    if (request.method === 'OPTIONS') return reply.code(204).send()
    // The endpoints of RFC 6749 answer in its words, also about this.
    if (request.url.startsWith(`${basePath}/oauth/`)) {
      reply.code(405).header('cache-control', 'no-store').type('application/json').serializer(JSON.stringify)
      return reply.send({ error: 'invalid_request', error_description: 'This method is not supported here.' })
    }
    return sendProblem(request, reply, new GatehouseError('method_not_allowed'))
  }
  void app.register(async (nowhere) => {
    shareAnswers(nowhere, allowedOrigins)
    // Before a body is read: whatever it is, the answer is the same.
    nowhere.addHook('onRequest', async (request, reply) => answer(request, reply))
    nowhere.setNotFoundHandler(answer)
  })
}

/** Notes the methods of all routes. What it returns says which ones a URL has, in order; of `*`, all that there are. */
function noteMethods(app: App, basePath: string): (url: string) => string[] {
  const routes = new Map<string, { pattern: RegExp; methods: string[] }>()
  app.addHook('onRoute', ({ url, method, config }) => {
    // The preflights of every path; and questions, which come with any method.
    if (url === `${basePath}*` || config?.access === 'proxy') return
    const route = routes.get(url) ?? { pattern: patternOf(url), methods: ['OPTIONS'] }
    route.methods.push(...[method].flat())
    routes.set(url, route)
  })
  return (url) => {
    const path = pathOf(url)
    const known = [...routes.values()].filter(({ pattern }) => path === '*' || pattern.test(path))
    return [...new Set(known.flatMap(({ methods }) => methods))].toSorted()
  }
}

/** The paths of a route, as the router reads its wildcards and parameters. */
function patternOf(url: string): RegExp {
  const literal = url.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`^${literal.replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')}$`)
}

/** The path of a request target in origin or absolute form, decoded as the router does. */
function pathOf(url: string): string {
  const path = url.split('?', 1)[0]!.replace(/^[a-z][a-z\d+.-]*:\/\/[^/]*/i, '')
  try {
    return decodeURI(path)
  } catch {
    return path
  }
}
