import { Type } from '../../json-schema.ts'
import { GatehouseError } from '../../core/errors.ts'
import type { Clock } from '../../core/clock.ts'
import { strict } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { EdgeFacts } from './edge-facts.ts'
import { probeHeader, type Probes } from './http/probes.ts'

const ProbeKey = Type.Object({ id: Type.String({ pattern: '^[\\w-]{43}$' }) })

/** What `gatehouse doctor` asks the running service, over the control socket alone. */
export async function probeRoutes(
  app: App,
  options: { probes: Probes; facts(url: string): EdgeFacts | undefined; clock: Clock },
): Promise<void> {
  const { probes, facts, clock } = options

  app.post(
    '/probes',
    { schema: { body: Type.Object({ url: Type.String({ maxLength: 16_384 }) }, strict) } },
    async (request) => {
      const known = facts(request.body.url)
      if (known === undefined) {
        throw new GatehouseError('invalid_request', { detail: 'The URL is ambiguous, or its host is not listed.' })
      }
      const { id, expiresAt } = probes.open()
      return { id, header: probeHeader, expires_at: expiresAt.toISOString(), facts: known }
    },
  )
  app.get('/probes/:id', { schema: { params: ProbeKey } }, async (request) => ({
    now: new Date(clock.now()).toISOString(),
    observations: probes.read(request.params.id),
  }))
  app.put(
    '/probes/:id',
    {
      schema: { params: ProbeKey, body: Type.Object({ behaviour: Type.Enum(['answer', 'vanish']) }, strict) },
    },
    async (request) => {
      probes.behave(request.params.id, request.body.behaviour)
      return { behaviour: request.body.behaviour }
    },
  )
  app.delete('/probes/:id', { schema: { params: ProbeKey } }, async (request) => {
    probes.close(request.params.id)
    return { deleted: true }
  })
}
