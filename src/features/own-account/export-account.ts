import type { Audit } from '../../core/audit.ts'
import type { Counters } from '../../core/counters.ts'
import { tooManyRequests } from '../../core/errors.ts'
import type { Clock } from '../../core/clock.ts'
import type { Language } from '../../core/language.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import type { ApiKey, ApiKeyStore } from '../../core/records/api-key.ts'
import type { AuditRow, AuditStore } from '../../core/records/audit-event.ts'
import type { QueuedMail } from '../../core/records/mail.ts'
import type { Session, SessionStore } from '../../core/records/session.ts'
import type { User, UserStore } from '../../core/records/user.ts'
import type { ownAccountEvents } from './audit-events.ts'

/** What is stored about a person, as records. Neither hashes nor secrets, and nothing of anybody else. */
export interface AccountExport {
  user: User
  sessions: Session[]
  apiKeys: ApiKey[]
  trail: AuditRow[]
}

/** `language`: what the person reads. Undefined: there is no such account any more. Throws `too_many_requests`. */
export type ExportAccount = (userId: string, language: Language) => Promise<AccountExport | undefined>

const perDay = { max: 3, windowSeconds: 86_400 }
/** Rows of the trail that are read at once. */
const pageSize = 1_000

/** Takes out all that is stored about a person. Counted before it is read, audited, and told to the person by mail. */
export function createExportAccount(dependencies: {
  users: Pick<UserStore, 'findById'>
  sessions: Pick<SessionStore, 'listOf'>
  apiKeys: Pick<ApiKeyStore, 'list'>
  trail: Pick<AuditStore, 'list'>
  counters: Pick<Counters, 'increment'>
  mails: MailWriter<MailOf<{ 'account-exported': { link: string } }>>
  queueMails(mails: readonly QueuedMail[]): Promise<void>
  audit: Audit<typeof ownAccountEvents>
  clock: Clock
  issuer: string
}): ExportAccount {
  const { users, sessions, apiKeys, trail, counters, mails, queueMails, audit, clock, issuer } = dependencies

  async function wholeTrail(subject: string): Promise<AuditRow[]> {
    const rows: AuditRow[] = []
    for (;;) {
      const page = await trail.list({ subject, before: rows.at(-1)?.id, limit: pageSize })
      rows.push(...page)
      if (page.length < pageSize) return rows
    }
  }

  return async (userId, language) => {
    const counted = await counters.increment(`export:${userId}`, perDay.windowSeconds)
    if (counted.count > perDay.max) throw tooManyRequests(counted, perDay.max)
    const user = await users.findById(userId)
    if (user === undefined) return undefined
    const link = `${issuer}/account`
    const { email: to, locale } = user
    await queueMails([
      mails.seal({ kind: 'account-exported', to, userId, language: locale ?? language, facts: { link } }),
    ])
    audit.record({ event: 'user.exported', subject: userId })
    return {
      user,
      sessions: await sessions.listOf(userId, new Date(clock.now())),
      apiKeys: await apiKeys.list({ kind: 'user', id: userId }),
      trail: await wholeTrail(userId),
    }
  }
}
