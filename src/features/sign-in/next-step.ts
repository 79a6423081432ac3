import { levelOf, methodsOf } from '../../core/authentication.ts'
import type { FactorFacts } from '../../core/records/factor.ts'
import type { Proof, Wishes } from '../../core/records/interaction.ts'
import type { User } from '../../core/records/user.ts'
import type { FactorPolicy } from './settings.ts'

/** What a sign-in needs next. Only with `session` is anybody signed in. */
export type Step = 'second_factor' | 'enrol' | 'session'

/** What is known of the person who signs in. */
export interface Facts {
  proofs: readonly Proof[]
  hasFactor: boolean
  /** Whether the browser is one in which their second factor is not asked for. */
  isRemembered: boolean
  /** Whether an operator has taken their factors away: then the password alone opens nothing. */
  mailboxNeeded: boolean
  /** When a second factor has to be there; nothing: never. Epoch milliseconds. */
  enrolBy: number | undefined
  now: number
}

/**
 * Decides what comes next in a sign-in, of what is known alone. Every door runs it again after each step: it says `session` for nobody
 * who has a second factor and has not shown it, but in a browser that is remembered for it, and there only while nothing asks for `aal2`.
 */
export function nextStep({ level }: Pick<Wishes, 'level'>, facts: Facts): Step {
  const { proofs, hasFactor, isRemembered, mailboxNeeded, enrolBy, now } = facts
  if (levelOf(methodsOf(proofs.map(({ method }) => method))) === 'aal2') return 'session'
  if (hasFactor) return isRemembered && level !== 'aal2' ? 'session' : 'second_factor'
  if (mailboxNeeded) return 'enrol'
  return enrolBy !== undefined && enrolBy <= now ? 'enrol' : 'session'
}

/** Whether the policy asks for a second factor of somebody. */
export function isRequiredOf({ roles }: Pick<User, 'roles'>, { required_for: required }: FactorPolicy): boolean {
  return required === 'all' || required.roles.some((role) => roles.includes(role))
}

/** When a second factor has to be there. `askedAt`: when the person was first told. */
export function enrolByOf(askedAt: Date, { grace_days: days }: FactorPolicy): number {
  return askedAt.getTime() + days * 86_400_000
}

/** What programs are told that somebody can prove themselves by. `takesPasskeys`: they are not turned off. */
export function factorNames(
  { factors, recoveryCodes }: Pick<FactorFacts, 'factors' | 'recoveryCodes'>,
  takesPasskeys: boolean,
): string[] {
  const kinds = new Set(factors.map(({ kind }) => kind).filter((kind) => kind !== 'passkey' || takesPasskeys))
  return [...kinds, ...(recoveryCodes > 0 ? ['recovery_code'] : [])]
}
