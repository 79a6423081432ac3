import type { Clock } from '../../core/clock.ts'
import type { Session, SessionStore } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import { hashSecret, randomSecret } from '../../core/secrets.ts'

export type RenewSession = (
  session: Pick<Session, 'id' | 'level'> & { methods: readonly string[]; authenticatedAt?: Date },
  user: User,
) => Promise<{ session: Session; secret: string } | undefined>

/**
 * Notes a proof that a person gave within a session, now or at `authenticatedAt`, and gives the session's cookie another secret. When it resolves,
 * this replica refuses the former one. Nothing when the session has ended, or the account is not as `user` says any more.
 */
export function createRenewSession(dependencies: {
  sessions: Pick<SessionStore, 'renew'>
  clock: Clock
}): RenewSession {
  const { sessions, clock } = dependencies
  return async ({ id, level, methods, authenticatedAt }, user) => {
    const secret = randomSecret()
    const at = new Date(clock.now())
    const proof = { methods: [...methods], level, authenticatedAt: authenticatedAt ?? at, at }
    const session = await sessions.renew(id, { ...proof, secretHash: hashSecret(secret) }, user.passwordHash)
    return session && { session, secret }
  }
}
