import type { Mailer } from '../../core/mailer.ts'
import type { MailStore } from '../../core/records/mail.ts'
import type { App } from '../../http/server.ts'

/** What keeps mails from being sent, and how many were given up, since when. */
export interface MailCheck {
  fault: string | null
  given_up: number
  since: string | null
}

/** What `gatehouse doctor` asks of mail, over the control socket alone. */
export async function mailRoutes(
  app: App,
  { mailer, mails }: { mailer: Pick<Mailer, 'check'>; mails: Pick<MailStore, 'count'> },
): Promise<void> {
  app.post('/mail/check', async (): Promise<MailCheck> => {
    const [fault, { dead, oldestDeadAt }] = await Promise.all([mailer.check(), mails.count()])
    return { fault: fault ?? null, given_up: dead, since: oldestDeadAt?.toISOString() ?? null }
  })
}
