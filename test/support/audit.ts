/** The audit trail as rows, once all that was logged is written. */
import { auditEvents } from '../../src/audit-events.ts'
import type { AuditRow } from '../../src/core/records/audit-event.ts'
import { accountsEvents } from '../../src/features/accounts/audit-events.ts'
import { clientsEvents } from '../../src/features/clients/audit-events.ts'
import { factorsEvents } from '../../src/features/factors/audit-events.ts'
import { mailEvents } from '../../src/features/mail/audit-events.ts'
import { openidEvents } from '../../src/features/openid/audit-events.ts'
import { ownAccountEvents } from '../../src/features/own-account/audit-events.ts'
import { sessionsEvents } from '../../src/features/sessions/audit-events.ts'
import { signInEvents } from '../../src/features/sign-in/audit-events.ts'
import type { Service } from './service.ts'
import { until } from './patience.ts'

/** The events that `factor-policy.test.ts` shows. */
export const eventsOfFactors = { ...factorsEvents, 'sign_in.continued': signInEvents['sign_in.continued'] }

/** The events that `openid-codes.test.ts` shows. */
export const eventsOfPrograms = { ...openidEvents, 'client.changed': clientsEvents['client.changed'] }

/** The events that `audit-accounts.test.ts` shows; `audit.test.ts` shows those that none of them does. */
export const eventsOfAccounts = { ...accountsEvents, ...mailEvents, ...ownAccountEvents, ...sessionsEvents }

/** The log lines of audit events, oldest first. */
export function auditLinesOf(service: Service): Record<string, unknown>[] {
  const lines = service.logged().split('\n').filter(Boolean)
  return lines
    .map((line) => JSON.parse(line) as { event?: string })
    .filter(({ event }) => Object.hasOwn(auditEvents, event ?? ''))
}

/** The rows, oldest first: as many as there are log lines of all given replicas together. */
export async function auditRows(service: Service, ...others: Service[]): Promise<AuditRow[]> {
  const logged = [service, ...others].reduce((sum, one) => sum + auditLinesOf(one).length, 0)
  let rows: AuditRow[] = []
  await until(`${logged} audit events are written`, async () => {
    rows = await service.stores.audit.list({ limit: 1_000 })
    return rows.length >= logged
  })
  return rows.toReversed()
}

/** The rows that an action adds, oldest first. */
export async function addedRows(service: Service, act: () => Promise<unknown>): Promise<AuditRow[]> {
  const before = new Set((await auditRows(service)).map(({ id }) => id))
  await act()
  return (await auditRows(service)).filter(({ id }) => !before.has(id))
}
