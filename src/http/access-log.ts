import type { FastifyBaseLogger } from 'fastify'
import type { App } from './server.ts'

/** Gives the requests of the scope a logger, whose lines carry their ids. */
export function logInto(app: App, logger: FastifyBaseLogger): void {
  app.setChildLoggerFactory((_none, bindings) => new RequestLogger(logger, bindings))
}

/** Writes what a child of the service's logger would, without the making of one, which costs more than a line. */
class RequestLogger implements FastifyBaseLogger {
  readonly #logger: FastifyBaseLogger
  readonly #bindings: object
  constructor(logger: FastifyBaseLogger, bindings: object) {
    this.#logger = logger
    this.#bindings = bindings
  }
  #write(level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent', [fields, message]: Line): void {
    this.#logger[level]({ ...this.#bindings, ...asFields(fields) }, message ?? asMessage(fields))
  }
  get level() {
    return this.#logger.level
  }
  child(...[bindings, options]: Parameters<FastifyBaseLogger['child']>) {
    return this.#logger.child({ ...this.#bindings, ...bindings }, options)
  }
  fatal(...line: Line) {
    this.#write('fatal', line)
  }
  error(...line: Line) {
    this.#write('error', line)
  }
  warn(...line: Line) {
    this.#write('warn', line)
  }
  info(...line: Line) {
    this.#write('info', line)
  }
  debug(...line: Line) {
    this.#write('debug', line)
  }
  trace(...line: Line) {
    this.#write('trace', line)
  }
  silent(...line: Line) {
    this.#write('silent', line)
  }
}

type Line = [fields: unknown, message?: string]

/** A line may begin with an error or its message alone. */
function asFields(first: unknown): object {
  if (first instanceof Error) return { err: first }
  return typeof first === 'object' && first !== null ? first : {}
}
const asMessage = (first: unknown): string | undefined => {
  if (first instanceof Error) return first.message
  return typeof first === 'string' ? first : undefined
}

/** Gives every reply of the scope its request id, which its log lines carry too. */
export function sendRequestId(app: App): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
}

/** One line a request: method, path, status, time. Never the query, headers or bodies, which carry secrets. */
export function logRequests(app: App): void {
  app.addHook('onResponse', (request, reply, done) => {
    const path = request.url.split('?', 1)[0]
    const fields = { method: request.method, path, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }
    request.log.info(fields, 'request')
    done()
  })
}
