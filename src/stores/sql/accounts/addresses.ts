import { and, eq, gt, isNotNull, ne, sql } from '../drizzle.ts'
import { advisoryLocks, type Transaction } from '../database.ts'
import { emailChanges, invitations } from './tables.ts'

/**
 * Holds addresses until the transaction ends, before any row is touched, so that whether somebody has one, or may take it back,
 * is decided by one transaction after the other. All of one transaction at once: two never wait for one another.
 */
export async function holdAddresses(tx: Transaction, ...emails: string[]): Promise<void> {
  for (const email of [...new Set(emails)].toSorted()) {
    await tx.execute(sql`select pg_advisory_xact_lock(${advisoryLocks.address}, hashtext(${email}))`)
  }
}

/** Whether an address is kept for an account that may still take it back, other than `userId`. The address has to be held. */
export async function isKeptForAnother(
  tx: Transaction,
  email: string,
  userId: string | undefined,
  at: Date,
): Promise<boolean> {
  const kept = await tx
    .select({ id: emailChanges.id })
    .from(emailChanges)
    .where(
      and(
        eq(emailChanges.fromEmail, email),
        isNotNull(emailChanges.confirmedAt),
        gt(emailChanges.expiresAt, at),
        userId === undefined ? undefined : ne(emailChanges.userId, userId),
      ),
    )
    .limit(1)
  return kept.length > 0
}

/**
 * Ends what is registered for an address, before the account's own row is touched: in the order in which a confirmation
 * takes its locks, so that the two never wait for one another.
 */
export async function endRegistrations(tx: Transaction, email: string): Promise<void> {
  await tx.execute(sql`
    delete from registrations where token_hash in (
      select token_hash from registrations where email = ${email} order by token_hash for update)`)
}

/** Ends what would make an account of an address: what is registered for it, and an invitation to it. The address has to be held. */
export async function endWaysIn(tx: Transaction, email: string): Promise<void> {
  await endRegistrations(tx, email)
  await tx.delete(invitations).where(eq(invitations.email, email))
}
