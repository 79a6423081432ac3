import { levelOf, methodsOf } from '../../core/authentication.ts'
import type { Language } from '../../core/language.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import type { UserStore } from '../../core/records/user.ts'
import type { RenewSession } from '../sessions/index.ts'
import type { ConfirmOutcome, FactorManagement } from './manage-factors.ts'

/** What a session's cookie holds from now on. */
type Renewed = Awaited<ReturnType<RenewSession>>

/** Takes the first code of an authenticator app from somebody who is signed in. */
export type ConfirmInSession = (
  person: UserPrincipal & { sessionId: string },
  code: string,
  language: Language,
) => Promise<
  | (Extract<ConfirmOutcome, { kind: 'confirmed' }> & { renewed: Renewed })
  | Exclude<ConfirmOutcome, { kind: 'confirmed' }>
>

/** The code proves the person at the higher level, so the session rises to it, and its cookie gets another secret. */
export function createConfirmInSession(dependencies: {
  management: Pick<FactorManagement, 'confirm'>
  users: Pick<UserStore, 'findById'>
  renewSession: RenewSession
}): ConfirmInSession {
  const { management, users, renewSession } = dependencies
  return async (person, code, language) => {
    const { subject, sessionId } = person
    const user = await users.findById(subject)
    if (user === undefined) return { kind: 'nothing_proposed' }
    const how = { by: sessionId, language, isFirst: person.reachable === 'aal1' }
    const outcome = await management.confirm(user, code, how)
    if (outcome.kind !== 'confirmed') return outcome
    const methods = methodsOf([...person.methods, 'otp'])
    return { ...outcome, renewed: await renewSession({ id: sessionId, methods, level: levelOf(methods) }, user) }
  }
}
