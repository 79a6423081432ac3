import type { FastifyBaseLogger } from 'fastify'
import type { App } from './server.ts'

/** Gives the requests of the scope a logger, whose lines carry their ids. */
export function logInto(app: App, logger: FastifyBaseLogger): void {
  app.setChildLoggerFactory((_none, bindings, options) => new RequestLogger(() => logger.child(bindings, options)))
}

/** A child of the service's logger that is made by its first line: most requests write none. */
class RequestLogger implements FastifyBaseLogger {
  readonly #make: () => FastifyBaseLogger
  #made: FastifyBaseLogger | undefined
  constructor(make: () => FastifyBaseLogger) {
    this.#make = make
  }
  get #own(): FastifyBaseLogger {
    return (this.#made ??= this.#make())
  }
  get level() {
    return this.#own.level
  }
  child(...given: Parameters<FastifyBaseLogger['child']>) {
    return this.#own.child(...given)
  }
  fatal(...line: Line) {
    this.#own.fatal(...line)
  }
  error(...line: Line) {
    this.#own.error(...line)
  }
  warn(...line: Line) {
    this.#own.warn(...line)
  }
  info(...line: Line) {
    this.#own.info(...line)
  }
  debug(...line: Line) {
    this.#own.debug(...line)
  }
  trace(...line: Line) {
    this.#own.trace(...line)
  }
  silent(...line: Line) {
    this.#own.silent(...line)
  }
}

type Line = [fields: object, message?: string]

/** Gives every reply of the scope its request id, which its log lines carry too. */
export function tagReplies(app: App): void {
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
