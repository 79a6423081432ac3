import type { NewUser, NotCreated } from '../../../core/records/user.ts'
import { isUniqueViolation, type Transaction } from '../database.ts'
import { endWaysIn, holdAddresses, isKeptForAnother } from './addresses.ts'
import { holdRoles } from './roles.ts'
import { users } from './tables.ts'
import { claimUsername } from './usernames.ts'

/** Makes an account, by whichever way it comes. Throws what `orWhyNot` reads when it cannot be made. */
export async function createIn(tx: Transaction, user: NewUser): Promise<'created'> {
  const { id, email, username = null, roles, groups = [], createdAt } = user
  await holdAddresses(tx, email)
  if (!(await holdRoles(tx, roles))) throw new NotMade('unknown_role')
  if (await isKeptForAnother(tx, email, id, createdAt)) throw new NotMade('email_taken')
  if (!(await claimUsername(tx, id, username, createdAt))) throw new NotMade('username_taken')
  await endWaysIn(tx, email)
  await tx.insert(users).values({ ...user, grantedRoles: roles, grantedGroups: groups })
  return 'created'
}

/** Undoes a transaction that could not make its account. */
class NotMade extends Error {
  readonly reason: NotCreated
  constructor(reason: NotCreated) {
    super(reason)
    this.reason = reason
  }
}

/** What a transaction resolves to, or why it made no account. */
export async function orWhyNot<T>(transact: () => Promise<T>): Promise<T | NotCreated> {
  try {
    return await transact()
  } catch (error) {
    if (error instanceof NotMade) return error.reason
    if (isUniqueViolation(error)) return 'email_taken'
    throw error
  }
}
