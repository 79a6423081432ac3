import { and, desc, eq, isNotNull, lt, min, sql } from '../drizzle.ts'
import type { ClaimedMail, MailStore } from '../../../core/records/mail.ts'
import type { Database } from '../database.ts'
import { mailTopic, type OnWake } from '../wakes.ts'
import { queueMails, tellOfMails } from './queue-mails.ts'
import { mails } from './tables.ts'

/** Everything but what is sealed. */
export const mailColumns = {
  id: mails.id,
  kind: mails.kind,
  language: mails.language,
  userId: mails.userId,
  createdAt: mails.createdAt,
  expiresAt: mails.expiresAt,
  state: mails.state,
  attempts: mails.attempts,
  queuedAt: mails.queuedAt,
  dueAt: mails.dueAt,
  fault: mails.fault,
  endedAt: mails.endedAt,
}

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
        .returning({ ...mailColumns, sealed: mails.sealed })
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
    list: ({ state, before, limit }) =>
      db
        .select(mailColumns)
        .from(mails)
        .where(and(state && eq(mails.state, state), before === undefined ? undefined : lt(mails.id, before)))
        .orderBy(desc(mails.id))
        .limit(limit),
    retry: (id, at) =>
      db.transaction(async (tx) => {
        const kept = [eq(mails.id, id), isNotNull(mails.sealed)]
        const [retried] = await tx
          .update(mails)
          .set({ state: 'queued', attempts: 0, queuedAt: at, dueAt: at, endedAt: null })
          .where(and(...kept))
          .returning(mailColumns)
        if (retried === undefined) return (await tx.$count(mails, eq(mails.id, id))) === 0 ? 'unknown' : 'ended'
        await tellOfMails(tx)
        return retried
      }),
    async count() {
      const [queued, dead, [oldest], [given]] = await Promise.all([
        db.$count(mails, isNotNull(mails.dueAt)),
        db.$count(mails, eq(mails.state, 'dead')),
        db
          .select({ at: min(mails.queuedAt) })
          .from(mails)
          .where(isNotNull(mails.dueAt)),
        db
          .select({ up: min(mails.endedAt) })
          .from(mails)
          .where(eq(mails.state, 'dead')),
      ])
      return { queued, dead, oldestQueuedAt: oldest?.at ?? null, oldestDeadAt: given?.up ?? null }
    },
    onQueued: (wake) => onWake(mailTopic, wake),
  }
}
