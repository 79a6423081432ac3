import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type AjvCompiler from '@fastify/ajv-compiler'
import type { BuildCompilerFromPool } from '@fastify/ajv-compiler'
import type SerializerSelector from '@fastify/fast-json-stringify-compiler'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type preParsingHookHandler,
  type RawServerDefault,
} from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ForwardedAddress } from '../core/client-address.ts'
import { serviceHeaderBytes } from '../core/sizes.ts'
import { addBodyParsers } from './bodies.ts'
import { endUnusedConnections } from './closing.ts'
import { createServer as createHttpServer, METHODS, STATUS_CODES } from './node-http.ts'
import { documentedKey } from './schema.ts'
import { formats } from './text-formats.ts'

/** The Fastify instance as every `routes.ts` sees it: schemas are TypeBox and give the handlers their types. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** May answer a request before the router sees it; says whether it did, or will. */
export type BeforeRouting = (request: IncomingMessage, response: ServerResponse, nextId: () => string) => boolean

/**
 * `request.ip` where a trusted peer told no address that can be taken for one (RFC 7239 §6.2). It is in no network, as the
 * peer's own address may be.
 */
const unknownAddress = 'unknown'

/** Bodies are small JSON objects and forms; anything larger is a mistake or an attack. */
const bodyLimitBytes = 64 * 1024

/**
 * The bare server: strict schemas, request ids, bodies read as bytes and checked. It has no logger, and no hook that the
 * forward-auth route would run, since that would cost it on every request; `logInto` gives a scope a logger.
 */
export function createServer(options: {
  trustedPeer: (address: string | undefined) => boolean
  /** Reads what a trusted peer tells about whom it asks for; absent where nobody is trusted. */
  forwardedAddress?: ForwardedAddress
  /** Answers what no route can: a path that is no URL, or whose parameter is too long to name anything. */
  refusePath?: (error: { code: string }, request: FastifyRequest, reply: FastifyReply) => void
  beforeRouting?: BeforeRouting
  /** From when this is so, each answer is the last of its connection, so that nobody sends into one that is about to close. */
  isStopping?: () => boolean
}): App {
  const { beforeRouting = () => false, forwardedAddress, isStopping = () => false } = options
  const nextId = createRequestIds()
  const server = Fastify({
    // The service writes its own request lines: these would hold queries, which carry secrets.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    requestTimeout: 30_000,
    trustProxy: options.trustedPeer,
    genReqId: nextId,
    serverFactory(route, { http = {}, keepAliveTimeout, requestTimeout }) {
      const listener = (request: IncomingMessage, response: ServerResponse) => {
        if (isStopping()) response.setHeader('Connection', 'close')
        if (beforeRouting(request, response, nextId)) return
        // From here on everything reads `request.ip`, which would take any text for an address.
        if (forwardedAddress !== undefined && request.headers['x-forwarded-for'] !== undefined) {
          request.headers['x-forwarded-for'] = forwardedAddress.read(request) ?? unknownAddress
        }
        if (isMisleading(request))
          return void response.writeHead(400, { 'content-length': 0, connection: 'close' }).end()
        noteAnswer(response)
        route(request, response)
      }
      const http1 = createHttpServer(http as object, listener)
      const noteAnswer = endUnusedConnections(http1)
      http1.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
        askForBodyLate(request, response)
        listener(request, response)
      })
      return Object.assign(http1, { keepAliveTimeout, requestTimeout })
    },
    // Repeated headers arrive joined by commas instead of all but one being dropped: a second Authorization is seen.
    // Requests without a body, which the proxies' questions are, get none of a stream's machinery (Node 24 and later).
    http: { joinDuplicateHeaders: true, optimizeEmptyRequests: true, maxHeaderSize: serviceHeaderBytes },
    forceCloseConnections: 'idle',
    // What reached a connection before it closed is answered like any other.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 256 },
    frameworkErrors(error, request, reply) {
      if (options.refusePath) options.refusePath(error, request as never, reply as never)
      else reply.raw.writeHead(400).end()
    },
    clientErrorHandler: refuseBytes,
    schemaController: { compilersFactory: { buildValidator: buildStrictValidator, buildSerializer } },
    ajv: { customOptions: { allErrors: false } },
  }).withTypeProvider<TypeBoxTypeProvider>()
  for (const method of METHODS) {
    if (!server.supportedMethods.includes(method)) server.addHttpMethod(method, { hasBody: false })
  }
  addBodyParsers(server)
  server.addHook('preParsing', giveEmptyBodies)
  return server
}

/**
 * Says `100 Continue` (RFC 9110 §10.1.1) when a body is about to be read, and not before: a request that is refused is spared
 * its body, and a proxy's question, whose body nobody reads, never gets a 100 that the proxy would relay to the client
 * before anything is decided.
 */
function askForBodyLate(request: IncomingMessage, response: ServerResponse): void {
  request.once('resume', () => {
    // Node also resumes a body that nobody read, once the answer is there, to get past it.
    if (!response.headersSent) response.writeContinue()
  })
}

/** A body that `optimizeEmptyRequests` has ended never says so again, and a parser would wait for it for ever. */
const giveEmptyBodies: preParsingHookHandler = (request, _reply, payload, done) =>
  done(null, request.raw.readableEnded && request.headers['content-type'] !== undefined ? Readable.from([]) : payload)

/** Short ids, unique over processes and restarts: a random prefix and a counter. */
function createRequestIds(): () => string {
  const prefix = randomBytes(6).toString('base64url')
  let count = 0
  return () => `${prefix}-${(count++).toString(36)}`
}

const load = createRequire(import.meta.url)
/** Loaded by the first request that is checked or serialized: the proxies' questions and probes of health are neither. */
const ajv = once(() => (load('@fastify/ajv-compiler') as typeof AjvCompiler)())
const stringify = once(() => (load('@fastify/fast-json-stringify-compiler') as typeof SerializerSelector)())

/**
 * Bodies are taken as they are: no coercion (Fastify's default turns `12` into `"12"`), and an unknown field is an
 * error instead of being dropped. Queries and headers are text, so their numbers and lists are coerced.
 *
 * What a route checks is compiled by its first request, as is what it answers: compiling all of them would be a fifth
 * of the start.
 */
const buildStrictValidator: BuildCompilerFromPool = (externalSchemas, options = {}) => {
  const make = (coerceTypes: boolean | 'array') => {
    const ours = { removeAdditional: false as const, coerceTypes, formats, keywords: [documentedKey] }
    const customOptions = { ...(options.customOptions as object), ...ours }
    return once(() => ajv()(externalSchemas, { customOptions }))
  }
  const body = make(false)
  const text = make('array')
  return (route) => {
    const compiled = once(() => ((route as { httpPart?: string }).httpPart === 'body' ? body : text)()(route))
    const validate = (data: unknown) => {
      const valid = compiled()(data)
      validate.errors = compiled().errors
      return valid
    }
    validate.errors = undefined as ReturnType<typeof compiled>['errors']
    return validate as ReturnType<typeof compiled>
  }
}

type BuildSerializer = ReturnType<typeof SerializerSelector>

const buildSerializer: BuildSerializer = (externalSchemas, options) => {
  const compile = once(() => stringify()(externalSchemas, options))
  return (route) => {
    const serialize = once(() => compile()(route))
    return (data) => serialize()(data)
  }
}

function once<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

/** Answers bytes that are no HTTP. Fastify's own answer would log them, and with them whatever secrets they carry. */
function refuseBytes(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
  // The other side may never close its half.
  socket.destroySoon()
}

/**
 * Whether parts of a chain may read a request differently: it names two hosts, which arrive joined by a comma that no host has
 * (RFC 9112 §3.2), or asks with the asterisk that is for OPTIONS alone (§3.2.4), which the router takes for `/`.
 */
function isMisleading({ headers, url, method }: IncomingMessage): boolean {
  return headers.host?.includes(',') === true || (url === '*' && method !== 'OPTIONS')
}
