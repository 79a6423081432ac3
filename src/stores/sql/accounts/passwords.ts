import { and, eq, isNull, ne, sql } from '../drizzle.ts'
import type { Announce } from '../changes.ts'
import type { Transaction } from '../database.ts'
import { queueLogouts } from '../logouts/queue-logouts.ts'
import { interactions } from '../interactions/tables.ts'
import { sessions } from '../sessions/tables.ts'
import { endRegistrations } from './addresses.ts'
import { emailChanges, knownDevices, passwordResets, users } from './tables.ts'

/**
 * Sets a password, and ends what a change of password ends: a lockout, links to reset it, a new address that is not confirmed,
 * registrations of the address, known devices, and the sessions but one. `provenHash`: nothing happens, and it is false, when
 * that is not the account's hash any more. `also`: what else happens in the transaction, once the account's row is
 * held and ahead of the feed's lock, which is taken last everywhere.
 */
export async function changePassword(
  [tx, announce]: [Transaction, Announce],
  change: { userId: string; passwordHash: string; provenHash?: string | null; keptSession?: string; at: Date },
  also: () => Promise<void> = async () => {},
): Promise<boolean> {
  const { userId, passwordHash, provenHash, keptSession, at } = change
  const [user] = await tx.select({ email: users.email }).from(users).where(eq(users.id, userId))
  if (user === undefined) return false
  await endRegistrations(tx, user.email)
  const isProven = provenHash === undefined ? undefined : sql`${users.passwordHash} is not distinct from ${provenHash}`
  const changed = await tx
    .update(users)
    .set({ passwordHash, unlocks: sql`${users.unlocks} + 1`, lockoutToldUntil: null })
    .where(and(eq(users.id, userId), isProven))
    .returning({ id: users.id })
  if (changed.length === 0) return false
  await also()
  await endLinks(tx, userId, at)
  await endSessionsOf(tx, userId, 'password_changed', at, keptSession)
  await announce('user', [userId], at)
  return true
}

/**
 * Ends links to reset the password, those included that were asked for before and are not made yet, and a new address that is not
 * confirmed. The account's row is held by then.
 */
export async function endLinks(tx: Transaction, userId: string, at: Date): Promise<void> {
  await tx.update(users).set({ linksEndedAt: at }).where(eq(users.id, userId))
  await tx.delete(passwordResets).where(eq(passwordResets.userId, userId))
  await tx.delete(emailChanges).where(and(eq(emailChanges.userId, userId), isNull(emailChanges.confirmedAt)))
}

/** Ends everything by which a browser is known, and sign-ins under way, but one session. */
export async function endSessionsOf(
  tx: Transaction,
  userId: string,
  reason: string,
  at: Date,
  keptSession?: string,
): Promise<void> {
  await tx.delete(knownDevices).where(eq(knownDevices.userId, userId))
  await tx.delete(interactions).where(eq(interactions.userId, userId))
  const others = keptSession === undefined ? undefined : ne(sessions.id, keptSession)
  const which = and(eq(sessions.userId, userId), isNull(sessions.revokedAt), others)!
  await queueLogouts(tx, which, at)
  await tx.update(sessions).set({ revokedAt: at, revokedReason: reason }).where(which)
}

/** Undoes a transaction that has found nothing to use: what it needs was used, or has become somebody's, meanwhile. */
export class NothingToUse extends Error {}

/** What a transaction resolves to; false, and nothing changed, when it throws `NothingToUse`. */
export async function unlessNothing<T>(transact: () => Promise<T>): Promise<T | false> {
  try {
    return await transact()
  } catch (error) {
    if (error instanceof NothingToUse) return false
    throw error
  }
}
