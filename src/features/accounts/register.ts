import { canonicalEmail } from '../../core/email.ts'
import { uuidv7 } from '../../core/ids.ts'
import type { HashNewPassword } from '../../core/password-policy.ts'
import type { Clock, Counters, Mailer, RegistrationStore } from '../../core/ports.ts'
import { hashSecret, randomLinkToken } from '../../core/secrets.ts'

export type Register = (request: { name: string; email: string; password: string }) => Promise<void>

export const verifyEmailSeconds = 24 * 3600
const mailsAnHour = 5

/**
 * Opens an account, to be confirmed by mail. Whoever calls learns nothing about whether the address is taken: the work
 * and the answer are the same, only the mail differs. Throws `password_rejected`.
 */
export function createRegister(dependencies: {
  registrations: Pick<RegistrationStore, 'open'>
  hashNewPassword: HashNewPassword
  mailer: Pick<Mailer, 'send'>
  counters: Pick<Counters, 'increment'>
  clock: Clock
  issuer: string
}): Register {
  const { registrations, hashNewPassword, mailer, counters, clock, issuer } = dependencies
  return async ({ name, email: address, password }) => {
    const email = canonicalEmail(address)
    const passwordHash = await hashNewPassword(password, { email, name })
    const now = clock.now()
    const user = {
      id: uuidv7(now),
      email,
      name,
      passwordHash,
      roles: [],
      emailVerifiedAt: null,
      createdAt: new Date(now),
    }
    const token = randomLinkToken()
    const outcome = await registrations.open({
      user,
      tokenHash: hashSecret(token),
      expiresAt: new Date(now + verifyEmailSeconds * 1000),
    })
    // Counted for new and taken addresses alike; whoever floods a stranger's mailbox learns nothing from the answer.
    const { count } = await counters.increment(`mail:${email}`, 3_600)
    if (count > mailsAnHour) return
    await mailer.send(outcome === 'opened' ? verificationMail(email, issuer, token) : takenMail(email, issuer))
  }
}

/** Lines stay under 76 characters, so that the mail is sent as it stands and its link in one piece. */
function verificationMail(to: string, issuer: string, token: string) {
  return {
    to,
    subject: 'Confirm your email address',
    text: `Someone, hopefully you, opened an account with this address at
${issuer}

Open this link to confirm the address. It works once, for 24 hours:

${issuer}/verify-email?token=${token}

If it was not you, ignore this mail.
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
