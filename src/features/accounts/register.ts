import { canonicalEmail } from '../../core/email.ts'
import { GatehouseError } from '../../core/errors.ts'
import { limitKey } from '../../core/network.ts'
import type { HashNewPassword } from '../../core/password-policy.ts'
import type { Clock } from '../../core/clock.ts'
import type { Counters } from '../../core/counters.ts'
import type { Language } from '../../core/language.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import type { QueuedMail } from '../../core/records/mail.ts'
import type { RegistrationStore } from '../../core/records/registration.ts'
import { hashSecret, randomLinkToken } from '../../core/secrets.ts'

/** `ip`: the network address of whoever asks; `language`: what they read. */
export type Register = (
  request: { name: string; email: string; password: string },
  from: { ip: string; language: Language },
) => Promise<void>

/** Who may register. */
export interface RegistrationRules {
  mode: 'open' | 'invite' | 'closed'
  /** Mail domains that may; empty: all. */
  domains: readonly string[]
}

const linkHours = 24
/**
 * Mails to one address within an hour: so many at the request of one network, and so many in all. Whoever uses up the
 * latter has not shut the owner out: each link in those mails lets the owner choose the password.
 */
const mailLimits = { ofNetwork: 5, inAll: 20, windowSeconds: 3_600 }

/**
 * Keeps what somebody registered until the mailed link is opened; no account exists before that. Whoever calls learns
 * nothing about whether the address is taken: the work and the answer are the same, only the mail differs. Throws
 * `registration_closed` and `password_rejected`.
 */
export function createRegister(dependencies: {
  rules: RegistrationRules
  registrations: Pick<RegistrationStore, 'open'>
  hashNewPassword: HashNewPassword
  mails: MailWriter<MailOf<{ 'verify-email': { link: string; hours: number }; 'address-taken': { link: string } }>>
  queueMails(mails: readonly QueuedMail[]): Promise<void>
  counters: Pick<Counters, 'increment'>
  clock: Clock
  issuer: string
}): Register {
  const { rules, registrations, hashNewPassword, mails, queueMails, counters, clock, issuer } = dependencies

  /** Counted for new and taken addresses alike; whoever floods a stranger's mailbox learns nothing from the answer. */
  async function mayMail(email: string, ip: string): Promise<boolean> {
    const network = limitKey(ip)
    if (network !== undefined) {
      const byNetwork = await counters.increment(`mail:${email}:${network}`, mailLimits.windowSeconds)
      if (byNetwork.count > mailLimits.ofNetwork) return false
    }
    const inAll = await counters.increment(`mail:${email}`, mailLimits.windowSeconds)
    return inAll.count <= mailLimits.inAll
  }

  return async ({ name, email: address, password }, { ip, language }) => {
    if (rules.mode !== 'open') throw new GatehouseError('registration_closed')
    const email = canonicalEmail(address)
    if (rules.domains.length > 0 && !rules.domains.includes(email.slice(email.lastIndexOf('@') + 1))) {
      throw new GatehouseError('registration_closed', { detail: 'Addresses of this mail domain cannot register here.' })
    }
    const passwordHash = await hashNewPassword(password, { email, name })
    const token = randomLinkToken()
    const expiresAt = new Date(clock.now() + linkHours * 3_600_000)
    const outcome = await registrations.open({ tokenHash: hashSecret(token), email, name, passwordHash, expiresAt })
    if (!(await mayMail(email, ip))) return
    const facts = { link: `${issuer}/verify-email?token=${token}`, hours: linkHours }
    const mail =
      outcome === 'opened'
        ? mails.seal({ kind: 'verify-email', to: email, language, facts, expiresAt })
        : mails.seal({ kind: 'address-taken', to: email, language, facts: { link: `${issuer}/login` } })
    await queueMails([mail])
  }
}
