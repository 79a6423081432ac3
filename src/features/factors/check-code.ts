import type { Audit } from '../../core/audit.ts'
import type { Budget, Budgets, UsedUp } from '../../core/budgets.ts'
import type { Clock } from '../../core/clock.ts'
import type { Language } from '../../core/language.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import type { FactorStore, TotpKey } from '../../core/records/factor.ts'
import type { QueuedMail } from '../../core/records/mail.ts'
import type { User } from '../../core/records/user.ts'
import { hashSecret, type SecretBox } from '../../core/secrets.ts'
import { createTellOnce } from '../../core/tell-once.ts'
import type { factorsEvents } from './audit-events.ts'
import { hashRecoveryCode, readRecoveryCode } from './recovery-codes.ts'
import { totpStepOf } from './totp.ts'

type CodeCheck =
  { kind: 'right' } | { kind: 'wrong' } | { kind: 'too_many_failures'; retryAfterSeconds: number; limit: number }

/**
 * Tests what somebody typed as the code of their authenticator app, or as a recovery code, and uses it up. `place`: a secret or id of
 * the browser that is known for this account, or of the session that is signed in, where there is such.
 */
export type CheckCode = (user: User, typed: string, place: string | undefined) => Promise<CodeCheck>

/** Whose tries are counted together, and how many of them may be wrong within a window. */
interface Tries {
  tried: string
  most: number
}

/** A guess hits with three in a million: what a window allows day after day would add up. */
const windowsPerDay = 3

/**
 * Codes of both kinds share the budget of failures of their account, which outlives a restart. As with passwords, a try is counted
 * before it is evaluated, so that of parallel ones no more are evaluated than the limit. Whoever gets here knows the password: the
 * person is told by mail when it happens too often, and has tries of their own where they have been signed in completely before.
 */
export function createCheckCode(dependencies: {
  factors: Pick<FactorStore, 'findTotp' | 'useStep' | 'useRecoveryCode'>
  box: SecretBox
  budgets: Pick<Budgets, 'spend' | 'look' | 'forgive'>
  mails: MailWriter<MailOf<{ 'recovery-code-used': { left: number; link: string }; 'codes-refused': { link: string } }>>
  queueMails(mails: readonly QueuedMail[]): Promise<void>
  audit: Audit<typeof factorsEvents>
  clock: Clock
  issuer: string
  /** Of mails to people who have chosen none. */
  firstLanguage: Language
  limits: { failures_per_account: number; failures_per_device: number; failure_window_seconds: number }
}): CheckCode {
  const { factors, box, budgets, mails, queueMails, audit, clock, issuer, firstLanguage, limits } = dependencies
  const { failure_window_seconds: windowSeconds } = limits
  const isNews = createTellOnce(clock, windowSeconds)

  // A new password makes them whole for nobody: whoever reads the mailbox could choose one again and again. Another factor, which nobody
  // sets up by the password alone, has tries of its own.
  const budgetOf = ({ tried, most }: Tries): Budget => ({ key: `code:${tried}`, most, windowSeconds })
  const ofDay = ({ tried, most }: Tries): Budget => ({
    key: `code:day:${tried}`,
    most: most * windowsPerDay,
    windowSeconds: Math.max(86_400, windowSeconds),
  })
  const to = ({ id, email, locale }: User) => ({ to: email, userId: id, language: locale ?? firstLanguage })

  async function isRight(user: User, key: TotpKey | undefined, typed: string): Promise<boolean> {
    const digits = typed.replaceAll(/[\s-]/g, '')
    if (/^\d{6}$/.test(digits)) {
      const now = clock.now()
      const step = key && totpStepOf(box.open(key.sealedKey, key.id), digits, now)
      return key !== undefined && step !== undefined && factors.useStep(key.id, step, new Date(now))
    }
    const code = readRecoveryCode(typed)
    if (code === undefined) return false
    const left = await factors.useRecoveryCode(user.id, hashRecoveryCode(user.id, code), (remaining) => [
      mails.seal({ kind: 'recovery-code-used', ...to(user), facts: { left: remaining, link: `${issuer}/factors` } }),
    ])
    if (left === undefined) return false
    audit.record({ event: 'recovery_code.used', subject: user.id, left })
    return true
  }

  async function refuse(user: User, { budget, resetSeconds }: UsedUp): Promise<CodeCheck> {
    // The first refusal alone, of all replicas: whoever goes on trying shall fill neither the trail nor the mailbox.
    const told = { key: `told:${budget.key}`, most: 1, windowSeconds }
    if (isNews(told.key) && (await budgets.spend([told])).kind === 'spent') {
      audit.record({ event: 'factor.limited', subject: user.id, limit: budget.most })
      await queueMails([
        mails.seal({ kind: 'codes-refused', ...to(user), facts: { link: `${issuer}/change-password` } }),
      ])
    }
    return { kind: 'too_many_failures', retryAfterSeconds: resetSeconds, limit: budget.most }
  }

  return async (user, typed, place) => {
    const key = await factors.findTotp(user.id)
    const factor = key?.id ?? user.id
    const tries =
      place === undefined
        ? { tried: factor, most: limits.failures_per_account }
        : { tried: `${factor}:${hashSecret(place)}`, most: limits.failures_per_device }
    const usedUp = await budgets.look([ofDay(tries)])
    if (usedUp !== undefined) return refuse(user, usedUp)
    const counted = [budgetOf(tries)]
    const spending = await budgets.spend(counted)
    if (spending.kind === 'used_up') return refuse(user, spending)
    if (await isRight(user, key, typed)) {
      await budgets.forgive(counted)
      return { kind: 'right' }
    }
    // Wrong ones alone: what is right is put back into budgets of the same window only.
    await budgets.spend([ofDay(tries)])
    return { kind: 'wrong' }
  }
}
