import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { GatehouseError } from '../../core/errors.ts'
import { isUuid } from '../../core/ids.ts'
import type { MailRow, MailStore } from '../../core/records/mail.ts'
import type { mailEvents } from './audit-events.ts'

/** Has a mail tried again now. Throws `not_found`, and `conflict` where nothing is left of it. */
export type RetryMail = (id: string) => Promise<MailRow>

export function createRetryMail(dependencies: {
  mails: Pick<MailStore, 'retry'>
  audit: Audit<typeof mailEvents>
  clock: Clock
}): RetryMail {
  const { mails, audit, clock } = dependencies
  return async (id) => {
    const outcome = isUuid(id) ? await mails.retry(id, new Date(clock.now())) : 'unknown'
    if (outcome === 'unknown') throw new GatehouseError('not_found', { detail: 'There is no such mail.' })
    if (outcome === 'ended') {
      const detail = 'The mail was sent, or its link has ended: nothing of it is left.'
      throw new GatehouseError('conflict', { detail })
    }
    audit.record({ event: 'mail.retried', subject: outcome.userId ?? undefined, mail: id, kind: outcome.kind })
    return outcome
  }
}
