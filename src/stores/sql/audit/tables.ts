import type { AuditDetails } from '../../../core/records/audit-event.ts'
import { instant } from '../columns.ts'
import { index, jsonb, pgTable, text, uuid } from '../drizzle.ts'

export const auditEvents = pgTable(
  'audit_events',
  {
    id: uuid('id').primaryKey(),
    at: instant('at').notNull(),
    event: text('event').notNull(),
    subject: text('subject'),
    actor: text('actor'),
    clientId: text('client_id'),
    sessionId: text('session_id'),
    ip: text('ip'),
    requestId: text('request_id'),
    details: jsonb('details').$type<AuditDetails>().notNull(),
  },
  (table) => [
    index('audit_events_at').on(table.at),
    index('audit_events_subject_id').on(table.subject, table.id),
    index('audit_events_actor_id').on(table.actor, table.id),
    index('audit_events_event_id').on(table.event, table.id),
  ],
)
