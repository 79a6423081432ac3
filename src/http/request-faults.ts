import type { FastifyRequest } from 'fastify'
import { EarlyEnd, GatehouseError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { toGatehouseError } from './problem.ts'
import type { App } from './server.ts'

/** Tells the log of requests that were answered with a fault; a client's mistake is its own business. */
export interface RequestFaults {
  /** Watches the requests of a scope and of those in it. */
  watch(app: App): void
  /** Tells how many more were answered `unavailable` since the last minute, by reason. */
  maintain(): Promise<void>
}

/**
 * A bug is told with its stack, each time. That the service is asked for more than it can do, or that a store is away, is expected:
 * its first request is told, and the others are counted, since a line for each of them would cost more than its answer.
 */
export function createRequestFaults(log: Log): RequestFaults {
  /** How many more there were, by the reason of those that are told already. */
  const told = new Map<string, number>()
  // An error handler may leave an error to the next one.
  const seen = new WeakSet<FastifyRequest>()

  function note(request: FastifyRequest, error: GatehouseError): void {
    if (error.status < 500 || seen.has(request)) return
    seen.add(request)
    const { code, cause = error } = error
    const own: Log = request.log
    if (code !== 'unavailable') return own.error({ event: 'request.failed', code, err: cause }, 'request failed')
    const reason = cause instanceof Error ? cause.message : code
    const more = told.get(reason)
    told.set(reason, more === undefined ? 0 : more + 1)
    if (more !== undefined) return
    own.warn({ event: 'request.unavailable', reason }, 'request answered 503; further ones are counted each minute')
  }

  return {
    watch(app) {
      app.addHook('onError', (request, _reply, thrown, done) => {
        // Refusals of the OAuth endpoints have a table of their own.
        const isRefusal = thrown instanceof EarlyEnd && !(thrown instanceof GatehouseError)
        if (!isRefusal) note(request, toGatehouseError(thrown))
        done()
      })
    },
    async maintain() {
      for (const [reason, count] of told) {
        // A minute without one, and the next is told at once.
        if (count === 0) told.delete(reason)
        else told.set(reason, 0)
        if (count > 0) log.warn({ event: 'request.unavailable', reason, count }, 'more requests answered 503')
      }
    },
  }
}
