import type { Log } from '../../core/log.ts'
import type { Mail, Mailer } from '../../core/mailer.ts'
import type { Session } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'

export type MailReuseWarning = (user: User, session: Session) => Promise<void>

/**
 * Tells a person by mail that a copy of their refresh token was used and the session ended. Never rejects: the session is
 * ended, whether or not the mail can be sent.
 */
export function createMailReuseWarning(dependencies: {
  mailer: Pick<Mailer, 'send'>
  log: Log
  mailOf(facts: { to: string; began: Date; ip: string }): Mail
}): MailReuseWarning {
  const { mailer, log, mailOf } = dependencies
  return async (user, session) => {
    try {
      await mailer.send(mailOf({ to: user.email, began: session.authenticatedAt, ip: session.ip }))
    } catch (error) {
      log.error({ event: 'mail.failed', err: error }, 'the mail about a reused refresh token was not accepted')
    }
  }
}
