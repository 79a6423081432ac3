import { type Static, Type } from '../../json-schema.ts'
import { GatehouseError } from '../../core/errors.ts'
import { isUuid } from '../../core/ids.ts'
import { readInstant } from '../../core/instant.ts'
import type { AuditDetails, AuditRow, AuditStore } from '../../core/records/audit-event.ts'
import { administers } from '../../http/admin-schema.ts'
import { PageOf, pageAsked, pageOf } from '../../http/lists.ts'
import { IdOrEmail, Instant, OneOf, problems, strict } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'

const queryOf = (names: readonly string[]) =>
  Type.Object(
    {
      event: Type.Optional(OneOf(names)),
      user: Type.Optional({
        ...IdOrEmail,
        description:
          'Id, email address or user name of a person, or the id of a client that acted for itself, where it is a UUID.',
      }),
      since: Type.Optional(Instant),
      ...pageAsked(),
    },
    strict,
  )
const Text = Type.Union([Type.String(), Type.Null()])
const Shown = Type.Object({
  id: Type.String({ format: 'uuid' }),
  at: Instant,
  event: Type.String(),
  subject: Text,
  actor: Text,
  client_id: Text,
  session_id: Text,
  ip: Text,
  request_id: Text,
  details: Type.Unsafe<AuditDetails>({ type: 'object', additionalProperties: true }),
})
/** An event of the trail as administrators see it. */
export type ShownAuditEvent = Static<typeof Shown>

/** What `audit tail` asks: the newest events first, page by page. */
export async function auditRoutes(
  app: App,
  options: {
    names: readonly string[]
    audit: Pick<AuditStore, 'list'>
    findUser(idOrEmail: string): Promise<{ id: string }>
  },
): Promise<void> {
  const { audit, findUser } = options
  app.get(
    '/audit',
    administers('gatehouse:audit:read')('listAuditEvents', 'What has happened, the newest first', {
      querystring: queryOf(options.names),
      response: { 200: PageOf(Shown, { description: 'The newest first.' }), ...problems('not_found') },
    }),
    async (request) => {
      const { event, user, since } = request.query
      const from = since === undefined ? undefined : readInstant(since)
      if (since !== undefined && from === undefined) {
        throw new GatehouseError('invalid_request', { fields: [{ path: '/querystring/since', message: 'is no time' }] })
      }
      const subject = user === undefined || isUuid(user) ? user : (await findUser(user)).id
      return pageOf(
        request.query,
        (before, limit) => audit.list({ event, subject, since: from, before, limit }),
        showEvent,
      )
    },
  )
}

function showEvent(row: AuditRow): ShownAuditEvent {
  return {
    id: row.id,
    at: row.at.toISOString(),
    event: row.event,
    subject: row.subject,
    actor: row.actor,
    client_id: row.clientId,
    session_id: row.sessionId,
    ip: row.ip,
    request_id: row.requestId,
    details: row.details,
  }
}
