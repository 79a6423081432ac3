import { eq, sql } from '../drizzle.ts'
import type { AnsweringLink, MailRequestStore } from '../../../core/records/mail-request.ts'
import { openReset } from '../accounts/password-resets.ts'
import { openRegistration, openRegistrationAgain } from '../accounts/registrations.ts'
import type { Database, Transaction } from '../database.ts'
import { minute } from '../sweeps.ts'
import { queueMails } from './queue-mails.ts'
import { mailRequests } from './tables.ts'

/** One that cannot be answered holds up those after it for the same address for so long. */
const waitsMilliseconds = 5 * minute

export function createMailRequestStore(db: Database): MailRequestStore {
  return {
    async add(request) {
      await db.insert(mailRequests).values({ ...request, dueAt: request.createdAt })
    },
    async claim(at, until) {
      const patience = sql`${new Date(at.getTime() - waitsMilliseconds).toISOString()}::timestamptz`
      const [claimed] = await db
        .update(mailRequests)
        .set({ dueAt: until })
        .where(
          sql`${mailRequests.id} = (
            select id from mail_requests as next where due_at <= ${at.toISOString()}::timestamptz
              and not exists (select from mail_requests as earlier
                where earlier.recipient = next.recipient and earlier.id < next.id and earlier.created_at > ${patience})
            order by due_at, id limit 1 for update skip locked)`,
        )
        .returning({ id: mailRequests.id, sealed: mailRequests.sealed, createdAt: mailRequests.createdAt })
      return claimed
    },
    answer: ({ id, createdAt }, { mails, link }) =>
      db.transaction(async (tx) => {
        const ended = await tx.delete(mailRequests).where(eq(mailRequests.id, id)).returning({ id: mailRequests.id })
        if (ended.length === 0) return 'gone'
        if (link !== undefined && !(await keep(tx, link, createdAt))) return 'void'
        await queueMails(tx, mails)
        return 'answered'
      }),
  }
}

/** Keeps what a link is for that was asked for at `at`; false where there is nothing to keep. */
async function keep(tx: Transaction, link: AnsweringLink, at: Date): Promise<boolean> {
  if (link.kind === 'reset') return openReset(tx, link.reset, at)
  if (link.kind === 'registration_again') return openRegistrationAgain(tx, link, at)
  await openRegistration(tx, link.registration)
  return true
}
