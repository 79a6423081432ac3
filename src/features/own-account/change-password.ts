import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import type { Language } from '../../core/language.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import type { HashNewPassword } from '../../core/password-policy.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import type { Session } from '../../core/records/session.ts'
import type { User, UserStore } from '../../core/records/user.ts'
import type { accountsEvents } from '../accounts/index.ts'
import type { Keeper } from '../directories/index.ts'
import type { RenewSession } from '../sessions/index.ts'
import type { TriedFrom } from '../sign-in/index.ts'
import type { NotProven, ProveOwner } from './prove-owner.ts'

/** Where a request comes from. `language`: what its person reads. */
export interface From extends TriedFrom {
  language: Language
}

export type ChangePassword = (
  person: UserPrincipal,
  request: { currentPassword: string; password: string; endApiKeys: boolean },
  from: From,
) => Promise<
  /** `renewed`: what the session's cookie holds from now on. */
  | { kind: 'changed'; renewed: { session: Session; secret: string } | undefined; endedApiKeys: number }
  /** No password of this service stands beside the one that a directory keeps. */
  | { kind: 'kept_elsewhere' }
  | NotProven
>

/**
 * Sets the password that a person chose for themselves. Every other session of theirs ends; this one gets another secret, so
 * that a copy of its cookie that somebody else may hold is worth nothing. API keys end where that is asked for. Throws `password_rejected`.
 */
export function createChangePassword(dependencies: {
  users: Pick<UserStore, 'setPassword'>
  keeperOf(user: User): Promise<Keeper | undefined>
  proveOwner: ProveOwner
  hashNewPassword: HashNewPassword
  renewSession: RenewSession
  mails: MailWriter<MailOf<{ 'password-changed': { link: string } }>>
  audit: Audit<typeof accountsEvents>
  clock: Clock
  issuer: string
}): ChangePassword {
  const { users, keeperOf, proveOwner, hashNewPassword, renewSession, mails, audit, clock, issuer } = dependencies
  return async (person, { currentPassword, password, endApiKeys }, from) => {
    const proof = await proveOwner(person, currentPassword, from, 'password')
    if (proof.kind !== 'proven') return proof
    const { user } = proof
    if ((await keeperOf(user)) !== undefined) return { kind: 'kept_elsewhere' }
    const passwordHash = await hashNewPassword(password, user)
    const mail = mails.seal({
      kind: 'password-changed',
      to: user.email,
      userId: user.id,
      language: user.locale ?? from.language,
      facts: { link: `${issuer}/forgot-password` },
    })
    const { sessionId, level } = person
    const set = await users.setPassword(user.id, passwordHash, new Date(clock.now()), {
      endApiKeys,
      provenHash: user.passwordHash,
      ...(sessionId !== undefined && { keptSession: sessionId }),
      mails: [mail],
    })
    // Another change was quicker, so the password that was typed is none any more.
    if (set === undefined) return { kind: 'wrong_password' }
    const { endedApiKeys: ended } = set
    audit.record({ event: 'user.password_changed', subject: user.id })
    if (endApiKeys) audit.record({ event: 'api_keys.ended', subject: user.id, reason: 'password_changed', ended })
    const methods = [...new Set([...person.methods, 'pwd'])]
    // The password of whoever has a second factor proves nothing anew.
    const provenAt = user.hasSecondFactor && { authenticatedAt: new Date(person.authenticatedAt * 1000) }
    const renewing = sessionId && { id: sessionId, methods, level, ...provenAt }
    const renewed = renewing && (await renewSession(renewing, { ...user, passwordHash }))
    return { kind: 'changed', renewed: renewed || undefined, endedApiKeys: ended }
  }
}
