import { Type } from '../../json-schema.ts'
import { auditLines, type AuditEventName } from '../../core/audit.ts'
import { GatehouseError } from '../../core/errors.ts'
import { isUuid, uuidPattern } from '../../core/ids.ts'
import { readInstant } from '../../core/instant.ts'
import type { AuditRow, AuditStore } from '../../core/ports.ts'
import { IdOrEmail, strict } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'

export interface AuditOptions {
  audit: Pick<AuditStore, 'list'>
  findUser(idOrEmail: string): Promise<{ id: string }>
}

const Query = Type.Object(
  {
    event: Type.Optional(Type.Enum(Object.keys(auditLines) as AuditEventName[])),
    /** Also the id of a client that acted for itself. */
    user: Type.Optional(IdOrEmail),
    since: Type.Optional(Type.String({ format: 'date-time' })),
    before: Type.Optional(Type.String({ pattern: uuidPattern.source })),
    limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 50 }),
  },
  strict,
)

/** What `audit tail` asks: the newest events first, page by page. */
export async function auditRoutes(app: App, { audit, findUser }: AuditOptions): Promise<void> {
  app.get('/audit', { config: { access: 'public' }, schema: { querystring: Query } }, async (request) => {
    const { event, user, since, before, limit } = request.query
    const from = since === undefined ? undefined : readInstant(since)
    if (since !== undefined && from === undefined) {
      throw new GatehouseError('invalid_request', { fields: [{ path: '/querystring/since', message: 'is no time' }] })
    }
    const subject = user === undefined || isUuid(user) ? user : (await findUser(user)).id
    const rows = await audit.list({
      event,
      subject,
      since: from,
      before,
      limit,
    })
    return rows.map(showEvent)
  })
}

function showEvent(row: AuditRow) {
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
