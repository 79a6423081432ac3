import { canonicalEmail } from '../../core/email.ts'
import { GatehouseError } from '../../core/errors.ts'
import { limitKey } from '../../core/network.ts'
import type { HashNewPassword } from '../../core/password-policy.ts'
import type { Clock } from '../../core/clock.ts'
import type { Counters } from '../../core/counters.ts'
import type { Mailer } from '../../core/mailer.ts'
import type { RegistrationStore } from '../../core/records/registration.ts'
import { hashSecret, randomLinkToken } from '../../core/secrets.ts'

/** `ip`: the network address of whoever asks. */
export type Register = (request: { name: string; email: string; password: string }, ip: string) => Promise<void>

/** Who may register. */
export interface RegistrationRules {
  mode: 'open' | 'invite' | 'closed'
  /** Mail domains that may; empty: all. */
  domains: readonly string[]
}

const verifyEmailSeconds = 24 * 3600
/**
 * Mails to one address within an hour: so many at the request of one network, and so many in all. Whoever uses up the
 * latter has not shut the owner out: each link in those mails lets the owner choose the password.
 */
const mails = { ofNetwork: 5, inAll: 20, windowSeconds: 3_600 }

/**
 * Keeps what somebody registered until the mailed link is opened; no account exists before that. Whoever calls learns
 * nothing about whether the address is taken: the work and the answer are the same, only the mail differs. Throws
 * `registration_closed` and `password_rejected`.
 */
export function createRegister(dependencies: {
  rules: RegistrationRules
  registrations: Pick<RegistrationStore, 'open'>
  hashNewPassword: HashNewPassword
  mailer: Pick<Mailer, 'send'>
  counters: Pick<Counters, 'increment'>
  clock: Clock
  issuer: string
}): Register {
  const { rules, registrations, hashNewPassword, mailer, counters, clock, issuer } = dependencies

  /** Counted for new and taken addresses alike; whoever floods a stranger's mailbox learns nothing from the answer. */
  async function mayMail(email: string, ip: string): Promise<boolean> {
    const network = limitKey(ip)
    if (network !== undefined) {
      const byNetwork = await counters.increment(`mail:${email}:${network}`, mails.windowSeconds)
      if (byNetwork.count > mails.ofNetwork) return false
    }
    const inAll = await counters.increment(`mail:${email}`, mails.windowSeconds)
    return inAll.count <= mails.inAll
  }

  return async ({ name, email: address, password }, ip) => {
    if (rules.mode !== 'open') throw new GatehouseError('registration_closed')
    const email = canonicalEmail(address)
    if (rules.domains.length > 0 && !rules.domains.includes(email.slice(email.lastIndexOf('@') + 1))) {
      throw new GatehouseError('registration_closed', { detail: 'Addresses of this mail domain cannot register here.' })
    }
    const passwordHash = await hashNewPassword(password, { email, name })
    const token = randomLinkToken()
    const expiresAt = new Date(clock.now() + verifyEmailSeconds * 1000)
    const outcome = await registrations.open({ tokenHash: hashSecret(token), email, name, passwordHash, expiresAt })
    if (!(await mayMail(email, ip))) return
    await mailer.send(outcome === 'opened' ? verificationMail(email, issuer, token) : takenMail(email, issuer))
  }
}

/** Lines stay under 76 characters, so that the mail is sent as it stands and its link in one piece. */
function verificationMail(to: string, issuer: string, token: string) {
  return {
    to,
    subject: 'Confirm your email address',
    text: `Someone, hopefully you, wants to open an account with this address at
${issuer}

Open this link to confirm the address and to say which password shall
count. It works once, for 24 hours:

${issuer}/verify-email?token=${token}

If it was not you, ignore this mail: without the link there is no account.
`,
  }
}

function takenMail(to: string, issuer: string) {
  return {
    to,
    subject: 'You have an account already',
    text: `Someone, hopefully you, tried to open an account with this address at
${issuer}

There is one already. Sign in here:

${issuer}/login

If it was not you, there is nothing to do.
`,
  }
}
