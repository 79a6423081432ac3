import type { Audit } from '../../core/audit.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import type { User } from '../../core/records/user.ts'
import type { CheckPassword, TriedFrom } from '../sign-in/index.ts'
import type { GuardedChange, ownAccountEvents } from './audit-events.ts'

export type NotProven =
  { kind: 'wrong_password' } | { kind: 'too_many_failures'; retryAfterSeconds: number; limit: number }

export type ProveOwner = (
  person: UserPrincipal,
  password: string,
  from: TriedFrom,
  change: GuardedChange,
) => Promise<{ kind: 'proven'; user: User } | NotProven>

/**
 * Tests the present password of somebody who is signed in, ahead of a change that outlives the session. Wrong ones count as
 * failed sign-ins of the account do, so that whoever has found an open browser cannot guess at leisure.
 */
export function createProveOwner(dependencies: {
  checkPassword: CheckPassword
  audit: Audit<typeof ownAccountEvents>
}): ProveOwner {
  const { checkPassword, audit } = dependencies
  return async (person, password, from, change) => {
    const check = await checkPassword(person.email, password, from)
    if (check.kind === 'too_many_failures') return check
    // An address may have got another owner while the password was typed.
    if (check.kind === 'right' && check.user.id === person.subject) return { kind: 'proven', user: check.user }
    const { subject, sessionId } = person
    audit.record({ event: 'own_account.refused', subject, sessionId, change })
    return { kind: 'wrong_password' }
  }
}
