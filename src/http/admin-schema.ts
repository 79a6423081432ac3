/** What routes of administration have in common. */
import type { FastifyRequest, FastifySchema } from 'fastify'
import { Type } from '../json-schema.ts'
import type { OwnPermission } from '../core/permissions.ts'
import { takingAway } from './rate-limits.ts'
import { plainText } from './schema.ts'

/** A name that travels in lists: of a role, a permission, a scope or an audience. */
export const ListedName = Type.String({ format: 'listed-name' })
export const ClientId = Type.String({ minLength: 1, maxLength: 200, ...plainText, description: 'A `client_id`.' })

/**
 * Makes what routes of administration declare that need one permission. `operationId` and `summary` name a route in the
 * document; `schema` is what it takes and answers, as any route's. `fresh`: they give rights that outlive the session, and so
 * ask for a proof of the administrator. What takes rights away never does.
 */
export function administers(permission: OwnPermission, { fresh = false }: { fresh?: boolean } = {}) {
  return <const Schema extends FastifySchema & { description?: string }>(
    operationId: string,
    summary: string,
    schema: Schema,
  ) => ({
    // An administrator who takes something away waits for nobody who counts.
    config: { permission, fresh, rateLimit: takingAway },
    schema: {
      ...schema,
      operationId,
      summary,
      description: `${schema.description === undefined ? '' : `${schema.description} `}Needs \`${permission}\`.`,
      tags: ['Administration'],
      security: [{ bearer: [] as string[] }, { session: [] as string[] }],
    },
  })
}

/**
 * What an administrator may do over HTTP to who administers the service: never so that nobody would be left. Whoever reaches the
 * control socket is held to nothing, since they can always make an administrator.
 */
export function keepingAnAdministrator({ routeOptions }: FastifyRequest): { keepsAdministrator: boolean } {
  return { keepsAdministrator: routeOptions.config.access !== 'operator' }
}
