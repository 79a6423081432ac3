import { and, eq, sql } from '../drizzle.ts'
import type { ClaimedMail, MailStore } from '../../../core/records/mail.ts'
import type { Database } from '../database.ts'
import { mailTopic, type OnWake } from '../wakes.ts'
import { queueMails } from './queue-mails.ts'
import { mails } from './tables.ts'

export function createMailStore(db: Database, onWake: OnWake): MailStore {
  return {
    queue: (queued) => db.transaction((tx) => queueMails(tx, queued)),
    async claim(at, until) {
      const [claimed] = await db
        .update(mails)
        .set({ dueAt: until, attempts: sql`${mails.attempts} + 1` })
        .where(
          sql`${mails.id} = (
            select id from mails where due_at <= ${at.toISOString()}::timestamptz
            order by due_at limit 1 for update skip locked)`,
        )
        .returning({
          id: mails.id,
          kind: mails.kind,
          language: mails.language,
          userId: mails.userId,
          sealed: mails.sealed,
          createdAt: mails.createdAt,
          expiresAt: mails.expiresAt,
          queuedAt: mails.queuedAt,
          attempts: mails.attempts,
        })
      // What is due is never erased.
      return claimed as ClaimedMail | undefined
    },
    async settle({ id, attempts }, outcome, at) {
      const settled = await db
        .update(mails)
        .set(
          outcome.state === 'queued'
            ? { dueAt: outcome.dueAt, fault: outcome.fault, attempts: outcome.isTry ? attempts : attempts - 1 }
            : {
                state: outcome.state,
                dueAt: null,
                endedAt: at,
                ...(outcome.state === 'dead' ? { fault: outcome.fault } : { sealed: null, fault: null }),
              },
        )
        // The number of the try tells whether the claim is still this one.
        .where(and(eq(mails.id, id), eq(mails.attempts, attempts), eq(mails.state, 'queued')))
        .returning({ id: mails.id })
      return settled.length === 1
    },
    onQueued: (wake) => onWake(mailTopic, wake),
  }
}
