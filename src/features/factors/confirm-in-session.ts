import { levelOf, methodsOf } from '../../core/authentication.ts'
import type { Language } from '../../core/language.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import type { UserStore } from '../../core/records/user.ts'
import type { RaiseSession, StartedSession } from '../sessions/index.ts'
import type { ConfirmOutcome, FactorManagement } from './manage-factors.ts'

type Person = UserPrincipal & { sessionId: string }

export interface ConfirmInSession {
  /** Takes the first code of an authenticator app from somebody who is signed in. The session stays as it is. */
  confirm(person: Person, code: string, language: Language): Promise<ConfirmOutcome>
  /**
   * What setting a factor up has proven beside: another session takes the place of this one, at the higher level, for a browser that has no
   * more than its cookie. Nothing when it has ended meanwhile, or is at that level already. `by`: the methods of the factor.
   */
  raise(person: Person, by: readonly string[]): Promise<StartedSession | undefined>
}

export function createConfirmInSession(dependencies: {
  management: Pick<FactorManagement, 'confirm'>
  users: Pick<UserStore, 'findById'>
  raiseSession: RaiseSession
}): ConfirmInSession {
  const { management, users, raiseSession } = dependencies
  return {
    async confirm({ subject, sessionId: by, reachable }, code, language) {
      const user = await users.findById(subject)
      if (user === undefined) return { kind: 'nothing_proposed' }
      return management.confirm(user, code, { by, language, isFirst: reachable === 'aal1' })
    },
    async raise({ subject, sessionId, methods, level }, by) {
      const user = await users.findById(subject)
      const raised = methodsOf([...methods, ...by])
      if (user === undefined || levelOf(raised) === level) return undefined
      return raiseSession(sessionId, { methods: raised, level: levelOf(raised) }, user)
    },
  }
}
