import { eq, sql } from '../drizzle.ts'
import type { AnsweringLink, MailRequestStore } from '../../../core/records/mail-request.ts'
import { openReset } from '../accounts/password-resets.ts'
import { openRegistration, openRegistrationAgain } from '../accounts/registrations.ts'
import type { Database, Transaction } from '../database.ts'
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
