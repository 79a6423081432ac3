import type { Log } from '../../core/log.ts'
import type { Mailer } from '../../core/mailer.ts'
import type { Session } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'

export type TellOfReuse = (user: User, session: Session) => Promise<void>

/**
 * Tells a person by mail that a copy of their refresh token was used and the session ended. Never rejects: the session is
 * ended, whether or not the mail can be sent.
 */
export function createTellOfReuse(dependencies: {
  mailer: Pick<Mailer, 'send'>
  log: Log
  issuer: string
}): TellOfReuse {
  const { mailer, log, issuer } = dependencies
  return async (user, session) => {
    try {
      await mailer.send(reuseMail(user.email, issuer, session))
    } catch (error) {
      log.error({ event: 'mail.failed', err: error }, 'the mail about a reused refresh token was not accepted')
    }
  }
}

/** Holds no link: whoever expects one to sign in with learns to follow those of others. */
function reuseMail(to: string, issuer: string, { authenticatedAt, ip }: Session) {
  return {
    to,
    subject: 'One of your sessions was ended',
    text: `Two parties used the same sign-in of yours at
${issuer}

It began on ${authenticatedAt.toISOString().slice(0, 16).replace('T', ' at ')} UTC from the address ${ip}.
Somebody may have copied it. It has been ended for both.

Sign in again as you always do. If this happens again, or you do not
know that sign-in, choose a new password.
`,
  }
}
