import type { Audit } from '../../core/audit.ts'
import type { Counters } from '../../core/counters.ts'
import { tooManyRequests } from '../../core/errors.ts'
import type { Language } from '../../core/language.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import type { AuditRow } from '../../core/records/audit-event.ts'
import type { QueuedMail } from '../../core/records/mail.ts'
import type { PersonalData, PersonalDataStore } from '../../core/records/personal-data.ts'
import type { UserStore } from '../../core/records/user.ts'
import type { ownAccountEvents } from './audit-events.ts'

/** What is stored about a person, as records. Neither hashes nor secrets, and nothing of anybody else. */
export interface AccountExport extends PersonalData {
  /** What happened to the account, and what the person did to others. */
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
  personalData: PersonalDataStore
  /** The hashes under which an address is stored beside mails. */
  recipientsOf(email: string): string[]
  counters: Pick<Counters, 'increment'>
  mails: MailWriter<MailOf<{ 'account-exported': { link: string } }>>
  queueMails(mails: readonly QueuedMail[]): Promise<void>
  audit: Audit<typeof ownAccountEvents>
  issuer: string
}): ExportAccount {
  const { users, personalData, recipientsOf, counters, mails, queueMails, audit, issuer } = dependencies

  async function wholeTrail(userId: string): Promise<AuditRow[]> {
    const rows: AuditRow[] = []
    for (;;) {
      const page = await personalData.trail(userId, { before: rows.at(-1)?.id, limit: pageSize })
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
    const stored = await personalData.read(userId, recipientsOf(to))
    return stored && { ...stored, trail: await wholeTrail(userId) }
  }
}
