import { and, desc, eq, gte, lt } from './drizzle.ts'
import type { AuditStore } from '../../core/ports.ts'
import type { Database } from './database.ts'
import { auditEvents } from './schema.ts'

export function createAuditStore(db: Database): AuditStore {
  return {
    async append(rows) {
      if (rows.length === 0) return
      await db
        .insert(auditEvents)
        .values([...rows])
        .onConflictDoNothing()
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
