import type { Audit } from '../../core/audit.ts'
import type { Budgets } from '../../core/budgets.ts'
import type { Clock } from '../../core/clock.ts'
import type { Language } from '../../core/language.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import type { FactorStore } from '../../core/records/factor.ts'
import { hashSecret, randomLinkToken } from '../../core/secrets.ts'
import type { factorsEvents } from './audit-events.ts'
import type { FactorOwner } from './manage-factors.ts'

/** How long the link works; whoever signs in later is mailed another one. */
const linkHours = 24
/** Links that sign-ins send within an hour. */
const perHour = { most: 5, windowSeconds: 3_600 }

export interface FactorReset {
  /**
   * Takes every second factor of somebody away, with what their browsers are remembered by, and ends their sessions. False when
   * there is none.
   */
  reset(owner: FactorOwner): Promise<boolean>
  /** Mails another link to somebody who has given the right password after a reset, and voids the one before; at most so often. */
  mailLink(owner: FactorOwner, language: Language): Promise<void>
  /** Whether the token is that of the link. Uses nothing up. */
  isLink(userId: string, token: string | undefined): Promise<boolean>
}

/**
 * What an operator does for somebody who has lost their factors. Whoever knows the password must not inherit the account by it: the next
 * factor needs the link in a mail as well, and until there is one the password opens nothing.
 */
export function createFactorReset(dependencies: {
  factors: Pick<FactorStore, 'reset' | 'renewMailboxLink' | 'isMailboxLink'>
  budgets: Pick<Budgets, 'spend'>
  mails: MailWriter<MailOf<{ 'factors-reset': { link: string; hours: number } }>>
  audit: Audit<typeof factorsEvents>
  clock: Clock
  issuer: string
  /** Of mails to people who have chosen none. */
  firstLanguage: Language
}): FactorReset {
  const { factors, budgets, mails, audit, clock, issuer, firstLanguage } = dependencies
  const now = () => new Date(clock.now())

  function linkFor({ id: userId, email, locale }: FactorOwner, language: Language) {
    const token = randomLinkToken()
    const expiresAt = new Date(clock.now() + linkHours * 3_600_000)
    const facts = { link: `${issuer}/enrol?token=${token}`, hours: linkHours }
    const told = { kind: 'factors-reset', to: email, userId, language: locale ?? language, facts, expiresAt } as const
    return { userId, tokenHash: hashSecret(token), expiresAt, mails: [mails.seal(told)] }
  }

  return {
    async reset(owner) {
      const isReset = await factors.reset({ ...linkFor(owner, firstLanguage), at: now() })
      if (isReset) audit.record({ event: 'factors.reset', subject: owner.id })
      return isReset
    },
    async mailLink(owner, language) {
      const spending = await budgets.spend([{ key: `mail:factors-reset:${owner.id}`, ...perHour }])
      if (spending.kind === 'used_up') return
      if (!(await factors.renewMailboxLink(linkFor(owner, language)))) return
      audit.record({ event: 'factors.mailbox_link_sent', subject: owner.id })
    },
    isLink: async (userId, token) => token !== undefined && factors.isMailboxLink(userId, hashSecret(token), now()),
  }
}
