import { keptUntil } from '../../../core/records/session.ts'
import type { User, UserStore } from '../../../core/records/user.ts'
import type { Directories } from '../../directories/index.ts'
import type { SignInElsewhere } from '../../upstream/index.ts'
import type { AccountKeeping } from '../account-keeping.ts'
import type { Advance } from '../advance.ts'
import type { KnownDevices } from '../known-devices.ts'
import { deviceOf } from '../routes.ts'
import { keepAccountPage } from '../sign-in-views.ts'
import type { TakeProof } from '../take-proof.ts'
import { inPlaceOf } from './begin-session.ts'
import type { PageOptions } from './page-options.ts'

/** What the pages of providers need of the sign-in: what they prove goes the same way as any other proof. */
export function createSignInElsewhere(
  options: PageOptions & {
    advance: Advance
    knownDevices: Pick<KnownDevices, 'recognise'>
    takeProof: TakeProof
    keeping: Pick<AccountKeeping, 'seal'>
    users: Pick<UserStore, 'findById'>
  },
): SignInElsewhere {
  const { advance, knownDevices, takeProof, keeping, users, cookies, csrf, pages, returnTo, basePath } = options
  return {
    userOf: options.userOf,
    toSignIn: options.toSignIn,
    returnTo,
    async goOn(request, reply, { user, proofs, wishes }) {
      const device = { ...deviceOf(request, cookies), language: pages.languageOf(request), holder: 'browser' } as const
      const recognised = await knownDevices.recognise(device.known, user.email)
      const outcome = await advance({ user, proofs, wishes, ...recognised }, device)
      if (outcome.kind === 'account_changed') return undefined
      const target = returnTo(wishes.returnTo ?? undefined)
      if (outcome.kind === 'signed_in') {
        await options.beginSession(request, reply, outcome)
        return target
      }
      cookies.setInteraction(reply, outcome.secret)
      if (outcome.step !== 'second_factor') return `${basePath}/enrol`
      return `${basePath}/second-factor?return_to=${encodeURIComponent(target)}`
    },
    async stepUp(request, reply, { sessionId, ...person }, proofs) {
      const user = await users.findById(person.subject)
      // Whoever has a factor, or a password, proves themselves by it.
      if (sessionId === undefined || user?.status !== 'active' || !(await provesElsewhere(user, options))) return false
      const methods = proofs.map(({ method }) => method)
      const at = Math.max(...proofs.map((proof) => proof.at))
      const taken = await takeProof({ ...person, sessionId }, user, { methods, at })
      if (taken === undefined) return false
      if (taken.isRaised) await options.beginSession(request, reply, inPlaceOf(taken))
      else cookies.setSession(reply, taken.secret, keptUntil(taken.session))
      return true
    },
    keepAccount(request, reply, { id: userId, deletesAt }) {
      const kept = { userId, deletesAt: deletesAt!, language: pages.languageOf(request) }
      const csrfToken = csrf.tokenFor(request, reply)
      return pages.show(reply, keepAccountPage, { csrfToken, keepToken: keeping.seal(kept), deletesAt: deletesAt! })
    },
  }
}

/** Whether somebody has nothing to prove themselves by but a provider: no factor, and no password here or in a directory. */
export async function provesElsewhere(
  user: Pick<User, 'id' | 'passwordHash' | 'hasSecondFactor'>,
  { takesPasswords, keeperOf }: { takesPasswords: boolean; keeperOf: Directories['keeperOf'] },
): Promise<boolean> {
  if (user.hasSecondFactor) return false
  return !takesPasswords || (user.passwordHash === null && (await keeperOf(user)) === undefined)
}
