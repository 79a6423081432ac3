import { AsyncLocalStorage } from 'node:async_hooks'
import type { FastifyRequest } from 'fastify'
import type { Origin } from '../core/audit.ts'
import type { App } from './server.ts'

const origins = new AsyncLocalStorage<Origin>()

/** Who asks what is being answered right now, and from where; nothing outside of a request. */
export function currentOrigin(): Origin | undefined {
  return origins.getStore()
}

/**
 * Makes the origin of the scope's requests known to whatever they call, so that no operation has to pass it on for the
 * audit trail's sake.
 */
export function setAuditContext(app: App, originOf: (request: FastifyRequest) => Origin): void {
  // As late as possible: reading a body would lose it, and the guard knows who asks by now.
  app.addHook('preValidation', (request, _reply, done) => origins.run(originOf(request), done))
}
