import { and, desc, eq, gte, lt, sql } from '../drizzle.ts'
import type { AuditStore } from '../../../core/records/audit-event.ts'
import type { Database } from '../database.ts'
import { auditEvents } from './tables.ts'

export function createAuditStore(db: Database): AuditStore {
  return {
    async append(rows) {
      if (rows.length === 0) return
      // As one parameter: with one for each field, making the statement would cost more than all the rest.
      await db.execute(sql`
        insert into audit_events (id, at, event, subject, actor, client_id, session_id, ip, request_id, details)
        select id, at, event, subject, actor, "clientId", "sessionId", ip, "requestId", details
        from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as row (
          id uuid, at timestamptz, event text, subject text, actor text, "clientId" text, "sessionId" text, ip text,
          "requestId" text, details jsonb)
        on conflict do nothing`)
    },
    list: ({ event, subject, since, before, limit }) =>
      db
        .select()
        .from(auditEvents)
        .where(
          and(
            event === undefined ? undefined : eq(auditEvents.event, event),
            subject === undefined ? undefined : eq(auditEvents.subject, subject),
            since === undefined ? undefined : gte(auditEvents.at, since),
            before === undefined ? undefined : lt(auditEvents.id, before),
          ),
        )
        .orderBy(desc(auditEvents.id))
        .limit(limit),
  }
}
