/** What the OpenAPI document says of answers beyond what each route declares: all that follows from how it is declared. */
import type { RouteOptions } from 'fastify'
import { type ErrorCode, errorCodes, errorTable } from '../core/errors.ts'
import { documentedKey, problemAnswer } from './schema.ts'
import type { App } from './server.ts'

const header = (description: string, schema: object = { type: 'string' }) => ({ description, schema })
const seconds = (description: string) => header(description, { type: 'integer' })

/** Every header by which an answer tells a program something. */
export const answerHeaders = {
  'X-Gatehouse-Decision': header('`allow` or `deny`: nothing but a decision carries it.'),
  'X-Request-Id': header('Names the request in the log of the service.'),
  'Cache-Control': header('`no-store`, unless anybody may keep the answer.'),
  Pragma: header('`no-cache`, for caches of HTTP/1.0 (RFC 6749 §5.1).'),
  'Content-Disposition': header('The name of the file that it is kept in (RFC 6266).'),
  ETag: header('Names this copy, for `If-None-Match`.'),
  Vary: header('The request headers that the answer depends on.'),
  Allow: header('The methods that the path has (RFC 9110 §10.2.1).'),
  'DPoP-Nonce': header('What the next DPoP proof may hold (RFC 9449 §8.2).'),
  Location: header('Where to go on.'),
  'Set-Cookie': header('A cookie of the sign-in; one header each.'),
  'WWW-Authenticate': header('How to authenticate, and what was wrong (RFC 6750 §3, RFC 9470 §3).'),
  'Retry-After': seconds('Seconds until it is worth trying again.'),
  'RateLimit-Limit': seconds('Requests that a window allows.'),
  'RateLimit-Remaining': seconds('Requests that are left of them.'),
  'RateLimit-Reset': seconds('Seconds until the window ends.'),
} as const
export type AnswerHeader = keyof typeof answerHeaders

/** Headers that browsers read, and no program needs to. Any answer may carry them: the document names them once. */
export const browserHeaders = [
  ...['Access-Control-Allow-Credentials', 'Access-Control-Allow-Origin', 'Access-Control-Expose-Headers', 'Vary'],
  ...[
    'Content-Language',
    'Content-Security-Policy',
    'Cross-Origin-Opener-Policy',
    'Cross-Origin-Resource-Policy',
    'Origin-Agent-Cluster',
  ],
  ...['Referrer-Policy', 'Strict-Transport-Security', 'X-Content-Type-Options', 'X-DNS-Prefetch-Control'],
  ...['X-Download-Options', 'X-Frame-Options', 'X-Permitted-Cross-Domain-Policies', 'X-XSS-Protection'],
]

/** What answers of a route may carry and be, beyond its schema. */
export interface AnswerNotes {
  errors?: readonly ErrorCode[]
  headers?(status: number): readonly AnswerHeader[]
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** For the document. */
    answers?: readonly AnswerNotes[]
  }
}

/** Notes for the document what a scope does to the answers of its routes, or of those that `concerns` picks. Before them. */
export function noteAnswers(
  app: App,
  notes: AnswerNotes,
  concerns: (route: RouteOptions) => boolean = () => true,
): void {
  app.addHook('onRoute', (route) => {
    if (!concerns(route)) return
    route.config = { ...route.config, answers: [...(route.config?.answers ?? []), notes] }
  })
}

/** What a single route's answers carry, unless they are errors. */
export function answersWith(...names: AnswerHeader[]): AnswerNotes[] {
  return [{ headers: (status) => (status < 400 ? names : []) }]
}

interface DescribedResponse {
  description?: string
  headers?: Record<string, object>
  content?: Record<string, { examples?: Record<string, unknown> }>
}
interface DescribedSchema {
  hide?: boolean
  body?: unknown
  params?: unknown
  querystring?: unknown
  response?: unknown
}

/**
 * The schema of a route as the document shows it: with the errors that its access level, its input and its scope can
 * answer. Programs and proxies are answered in words of their own, which their routes declare.
 */
export function describeRoute(schema: DescribedSchema | undefined, route: RouteOptions): object | undefined {
  if (schema === undefined || schema.hide) return schema
  const { access } = route.config ?? {}
  const response = { ...(schema.response as Record<string, DescribedResponse> | undefined) }
  if (access !== 'client' && access !== 'proxy') {
    const codes = new Set([...statedCodes(response), ...impliedCodes(schema, route)])
    for (const status of new Set([...codes].map((code) => errorTable[code].status))) {
      const ofStatus = errorCodes.filter((code) => codes.has(code) && errorTable[code].status === status)
      response[status] = problemAnswer(ofStatus)
    }
  }
  const headers = Object.keys(response).map((status) => [status, headersOf(route, Number(status))])
  return { ...schema, response, [headersKey]: Object.fromEntries(headers) }
}

/** Where the headers of a route's answers wait for the document: the plugin knows no references to shared ones. */
const headersKey = 'x-answer-headers'

interface Schema {
  type?: string
  anyOf?: Schema[]
}
interface Operation {
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> }
  responses: Record<string, DescribedResponse>
  [headersKey]?: Record<string, AnswerHeader[]>
}

/** Puts the headers in their place, and says more plainly what generators of clients read. */
export function finishDocument<Document extends { paths: Record<string, Record<string, Operation>> }>(
  document: Document,
): Document {
  for (const operation of Object.values(document.paths).flatMap((item) => Object.values(item))) {
    for (const [status, names] of Object.entries(operation[headersKey] ?? {})) {
      const described = operation.responses[status]!
      const { description, ...rest } = described
      const shared = names.map((name) => [name, { $ref: `#/components/headers/${name}` }])
      const headers = { ...rest.headers, ...Object.fromEntries(shared) }
      operation.responses[status] = { ...(description && { description }), ...rest, headers }
    }
    delete operation[headersKey]
    if (operation.requestBody) relaxBody(operation.requestBody)
  }
  refine(document)
  return document
}

/** A body that may be null need not be sent. */
function relaxBody(body: NonNullable<Operation['requestBody']>): void {
  for (const media of Object.values(body.content)) {
    const { anyOf } = media.schema
    if (!anyOf?.some(({ type }) => type === 'null')) continue
    body.required = false
    const [first, ...others] = anyOf.filter(({ type }) => type !== 'null')
    media.schema = others.length === 0 ? first! : { anyOf: [first!, ...others] }
  }
}

/** Puts what the document says of schemas in their place; and words are strings, which an `enum` alone does not say. */
function refine(node: unknown): void {
  if (typeof node !== 'object' || node === null) return
  const schema = node as Record<string, unknown>
  const { [documentedKey]: said, enum: words } = schema
  if (said !== undefined) {
    // A choice says all that there is to say.
    if ('oneOf' in (said as object))
      for (const name of Object.keys(schema)) if (name !== 'examples') delete schema[name]
    delete schema[documentedKey]
    Object.assign(schema, said)
  }
  if (Array.isArray(words) && schema['type'] === undefined && words.every((word) => typeof word === 'string')) {
    schema['type'] = 'string'
  }
  for (const part of Object.values(schema)) refine(part)
}

function statedCodes(response: Record<string, DescribedResponse>): ErrorCode[] {
  return Object.values(response).flatMap(
    ({ content }) => Object.keys(content?.['application/problem+json']?.examples ?? {}) as ErrorCode[],
  )
}

function* impliedCodes(schema: DescribedSchema, { config = {}, method }: RouteOptions): Iterable<ErrorCode> {
  yield* ['internal_error', 'unavailable', 'method_not_allowed'] as const
  for (const { errors = [] } of config.answers ?? []) yield* errors
  if (schema.body !== undefined || schema.params !== undefined || schema.querystring !== undefined) {
    yield 'invalid_request'
  }
  // A parameter that is too long names nothing.
  if (schema.params !== undefined) yield 'not_found'
  // Also where no body is expected, one is read.
  if (method !== 'GET') {
    yield* ['invalid_json', 'invalid_encoding', 'body_too_large', 'unsupported_media_type'] as const
  }
  if (config.access === 'user' || config.access === 'admin') {
    yield* ['invalid_request', 'unauthorized', 'invalid_access_token', 'access_token_expired', 'forbidden'] as const
    yield* ['invalid_dpop_proof', 'use_dpop_nonce'] as const
    if (method !== 'GET') yield 'cross_site_request'
    if (config.fresh || config.access === 'admin') yield 'insufficient_user_authentication'
  }
}

/** The headers that an answer with this status may carry, whatever its route. */
function headersOfStatus(status: number): readonly AnswerHeader[] {
  const limits = ['Retry-After', 'RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'] as const
  return [
    'X-Request-Id',
    ...(status >= 400 ? (['Cache-Control'] as const) : []),
    ...(status === 401 ? (['WWW-Authenticate', 'DPoP-Nonce'] as const) : []),
    ...(status === 405 ? (['Allow'] as const) : []),
    ...(status === 429 ? limits : []),
    ...(status === 503 ? (['Retry-After'] as const) : []),
  ]
}

function headersOf({ config }: RouteOptions, status: number): AnswerHeader[] {
  const noted = (config?.answers ?? []).flatMap(({ headers }) => headers?.(status) ?? [])
  const isGuarded = config?.access === 'user' || config?.access === 'admin'
  const personal = isGuarded ? (['Cache-Control'] as const) : []
  const challenged = isGuarded && (status === 400 || status === 403) ? (['WWW-Authenticate'] as const) : []
  return [...new Set([...headersOfStatus(status), ...personal, ...challenged, ...noted])]
}
