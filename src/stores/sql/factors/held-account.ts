/** What changes of factors have in common, whatever kind they are of. */
import { NothingToUse } from '../accounts/passwords.ts'
import { knownDevices, users } from '../accounts/tables.ts'
import type { Transaction } from '../database.ts'
import { and, eq, gt, isNotNull, isNull } from '../drizzle.ts'
import { sessions } from '../sessions/tables.ts'
import { factorResets, factors, recoveryCodes } from './tables.ts'

/** The factors that count. */
export const countsOf = (userId: string) => and(eq(factors.userId, userId), isNotNull(factors.confirmedAt))

/** A link that was mailed after an operator's reset, while it works. */
export const linkOf = (userId: string, tokenHash: string, at: Date) =>
  and(eq(factorResets.userId, userId), eq(factorResets.tokenHash, tokenHash), gt(factorResets.expiresAt, at))

/** Has changes of what somebody proves themselves by happen one after the other. */
export async function holdAccount(tx: Transaction, userId: string): Promise<void> {
  await tx.select({ id: users.id }).from(users).where(eq(users.id, userId)).for('no key update')
}

/** Uses the link of an operator's reset; nothing to use where there was a reset, and the link is not of it. */
export async function endReset(
  tx: Transaction,
  userId: string,
  tokenHash: string | undefined,
  at: Date,
): Promise<void> {
  if (tokenHash !== undefined) await tx.delete(factorResets).where(linkOf(userId, tokenHash, at))
  if ((await tx.$count(factorResets, eq(factorResets.userId, userId))) > 0) throw new NothingToUse()
}

export async function putCodes(tx: Transaction, userId: string, codeHashes: readonly string[]): Promise<void> {
  await tx.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId))
  if (codeHashes.length === 0) return
  await tx.insert(recoveryCodes).values(codeHashes.map((codeHash) => ({ userId, codeHash })))
}

/**
 * Recovery codes stand in for a factor, and a session is of the level that one has proven: without any there are neither. The
 * sessions go on, as those of somebody who has a password.
 */
export async function endWhatFactorsGave(tx: Transaction, userId: string): Promise<void> {
  if ((await tx.$count(factors, countsOf(userId))) > 0) return
  await putCodes(tx, userId, [])
  await tx
    .update(sessions)
    .set({ level: 'aal1' })
    .where(and(eq(sessions.userId, userId), eq(sessions.level, 'aal2'), isNull(sessions.revokedAt)))
}

/** A device is remembered for the factors that were there. */
export async function askDevicesAgain(tx: Transaction, userId: string): Promise<void> {
  await tx.update(knownDevices).set({ rememberedUntil: null }).where(eq(knownDevices.userId, userId))
}
