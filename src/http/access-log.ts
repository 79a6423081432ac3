import type { FastifyBaseLogger } from 'fastify'
import type { App } from './server.ts'

/** Gives the requests of the scope a logger, whose lines carry their ids. */
export function logInto(app: App, logger: FastifyBaseLogger): void {
  app.setChildLoggerFactory((_none, bindings, options) => logger.child(bindings, options))
}

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
