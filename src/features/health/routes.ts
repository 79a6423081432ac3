import type { FastifyReply } from 'fastify'
import { Type } from '../../json-schema.ts'
import { GatehouseError, unavailable } from '../../core/errors.ts'
import { within } from '../../core/within.ts'
import { answersWith } from '../../http/document.ts'
import { sendProblem } from '../../http/errors.ts'
import { problems } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { Metrics } from './metrics.ts'

export interface HealthOptions {
  /** Rejects when a store does not answer. */
  ping(): Promise<void>
  feedIsCurrent(): boolean
  /** False while a signing key cannot be opened. */
  keysAreWhole(): boolean
  isStopping(): boolean
  metrics: Metrics
  /** Who may read the metrics, by address. */
  mayReadMetrics(address: string): boolean
}

const Health = Type.Object({ status: Type.Enum(['ok']) }, { description: 'Yes.', examples: [{ status: 'ok' }] })

/** Without the route's own serializer, whose compiler nothing else may need in a process that only answers proxies. */
function sayOk(reply: FastifyReply): FastifyReply {
  return reply.type('application/json; charset=utf-8').serializer(JSON.stringify).send({ status: 'ok' })
}

/** A load balancer must hear soon, whatever a store is doing. */
const readyWithinMilliseconds = 1_000

export async function healthRoutes(app: App, options: HealthOptions): Promise<void> {
  app.get(
    '/health/live',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'isLive',
        summary: 'Is the process alive?',
        tags: ['Operations'],
        security: [],
        response: { 200: Health },
      },
    },
    async (_request, reply) => sayOk(reply),
  )

  app.get(
    '/health/ready',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'isReady',
        summary: 'Can it answer?',
        description:
          'Every store answers, the revocation feed is current, the signing keys open, and the process is not stopping.',
        tags: ['Operations'],
        security: [],
        response: { 200: Health },
      },
    },
    async (request, reply) => {
      // No fault, which the log would tell as one.
      if (options.isStopping()) {
        return sendProblem(request, reply, new GatehouseError('unavailable', { detail: 'The service is stopping.' }))
      }
      try {
        await within(readyWithinMilliseconds, options.ping(), () => new Error('a store did not answer in time'))
      } catch (error) {
        throw error instanceof GatehouseError ? error : unavailable(error)
      }
      if (!options.feedIsCurrent()) throw unavailable(new Error('the revocation feed is stale'))
      if (!options.keysAreWhole()) throw unavailable(new Error('the signing keys cannot be used'))
      return sayOk(reply)
    },
  )

  app.get(
    '/metrics',
    {
      config: { access: 'public', answers: answersWith('Cache-Control') },
      schema: {
        operationId: 'getMetrics',
        summary: 'Figures for Prometheus',
        description: 'For addresses in `metrics.networks` alone; for anyone else there is nothing here.',
        tags: ['Operations'],
        security: [],
        response: {
          200: {
            description: 'Signatures by signing key, the state of the revocation feed, and the process.',
            content: { 'text/plain': { schema: Type.String() } },
          },
          ...problems('not_found'),
        },
      },
    },
    async (request, reply) => {
      if (!options.mayReadMetrics(request.ip)) throw new GatehouseError('not_found')
      const { contentType, body } = await options.metrics.render()
      return reply.type(contentType).header('cache-control', 'no-store').send(body)
    },
  )
}
