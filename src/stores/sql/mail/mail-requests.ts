import { eq, sql } from '../drizzle.ts'
import type { MailRequestStore } from '../../../core/records/mail-request.ts'
import type { Database } from '../database.ts'
import { queueMails } from './queue-mails.ts'
import { mailRequests } from './tables.ts'

export function createMailRequestStore(db: Database): MailRequestStore {
  return {
    async add(request) {
      await db.insert(mailRequests).values({ ...request, dueAt: request.createdAt })
    },
    async claim(at, until) {
      const [claimed] = await db
        .update(mailRequests)
        .set({ dueAt: until })
        .where(
          sql`${mailRequests.id} = (
            select id from mail_requests where due_at <= ${at.toISOString()}::timestamptz
            order by due_at limit 1 for update skip locked)`,
        )
        .returning({ id: mailRequests.id, sealed: mailRequests.sealed, createdAt: mailRequests.createdAt })
      return claimed
    },
    answer: (id, mails) =>
      db.transaction(async (tx) => {
        const ended = await tx.delete(mailRequests).where(eq(mailRequests.id, id)).returning({ id: mailRequests.id })
        if (ended.length === 0) return false
        await queueMails(tx, mails)
        return true
      }),
  }
}
