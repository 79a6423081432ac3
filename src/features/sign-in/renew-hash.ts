import type { PasswordHasher } from '../../core/password-hasher.ts'
import type { User, UserStore } from '../../core/records/user.ts'

/** Resolves to the user as stored then, and to nothing where the password is another by now. */
export type RenewHash = (user: User & { passwordHash: string }, password: string) => Promise<User | undefined>

/**
 * Replaces a hash of other costs, or of another system, by one of the password that has just opened it. Sessions go on: the
 * password is the same. Whoever was quicker, another sign-in or a change of the password, is not overwritten, and the password
 * is tested against what counts now.
 */
export function createRenewHash(dependencies: {
  users: Pick<UserStore, 'findById' | 'renewPasswordHash'>
  hasher: Pick<PasswordHasher, 'hash' | 'verify' | 'isOutdated'>
}): RenewHash {
  const { users, hasher } = dependencies
  return async (user, password) => {
    const outdated = user.passwordHash
    if (!hasher.isOutdated(outdated)) return user
    let passwordHash: string
    try {
      passwordHash = await hasher.hash(password)
    } catch {
      // There will be a next sign-in.
      return user
    }
    if (await users.renewPasswordHash(user.id, outdated, passwordHash)) return { ...user, passwordHash }
    const now = await users.findById(user.id)
    if (now?.status !== 'active' || now.passwordHash === null) return undefined
    return (await hasher.verify(now.passwordHash, password, true)) ? now : undefined
  }
}
