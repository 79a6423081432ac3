import type { QueuedMail } from '../../../core/records/mail.ts'
import type { Transaction } from '../database.ts'
import { sql } from '../drizzle.ts'
import { mailTopic, wakeChannel } from '../wakes.ts'
import { mails } from './tables.ts'

/**
 * Queues mails in the transaction of the change that causes them: they are sent when it is committed, and otherwise never were.
 * Replicas are told with the commit.
 */
export async function queueMails(tx: Transaction, queued: readonly QueuedMail[]): Promise<void> {
  if (queued.length === 0) return
  await tx.insert(mails).values(queued.map((mail) => ({ ...mail, queuedAt: mail.createdAt, dueAt: mail.createdAt })))
  await tellOfMails(tx)
}

/** Tells replicas, with the commit, that mails are due. */
export async function tellOfMails(tx: Transaction): Promise<void> {
  await tx.execute(sql`select pg_notify(${wakeChannel}, ${mailTopic})`)
}
