/** The audit trail as rows, once all that was logged is written. */
import { auditEvents } from '../../src/audit-events.ts'
import type { AuditRow } from '../../src/core/records/audit-event.ts'
import { accountsEvents } from '../../src/features/accounts/audit-events.ts'
import { directoriesEvents } from '../../src/features/directories/audit-events.ts'
import { factorsEvents } from '../../src/features/factors/audit-events.ts'
import { logoutTokensEvents } from '../../src/features/logout-tokens/audit-events.ts'
import { mailEvents } from '../../src/features/mail/audit-events.ts'
import { openidEvents } from '../../src/features/openid/audit-events.ts'
import { otherDomainsEvents } from '../../src/features/other-domains/audit-events.ts'
import { ownAccountEvents } from '../../src/features/own-account/audit-events.ts'
import { sessionsEvents } from '../../src/features/sessions/audit-events.ts'
import { signInEvents } from '../../src/features/sign-in/audit-events.ts'
import { upstreamEvents } from '../../src/features/upstream/audit-events.ts'
import type { Service } from './service.ts'
import { until } from './patience.ts'

/** The events that `factor-policy.test.ts` shows. */
export const eventsOfFactors = { ...factorsEvents, 'sign_in.continued': signInEvents['sign_in.continued'] }

/** The events that `providers.test.ts` of features and of security show. */
export const eventsOfProviders = upstreamEvents

/** The events that `other-domains.test.ts` of features and of security show. */
export const eventsOfOtherDomains = otherDomainsEvents

/** The events that `directories.test.ts` shows. */
export const eventsOfDirectories = directoriesEvents

/** The events that `logout-tokens.test.ts` shows. */
export const eventsOfLogoutTokens = logoutTokensEvents

/** The events that `client-registration.test.ts` shows. */
export const eventsOfRegistrations = Object.fromEntries(
  ['client.registered', 'client.registration_changed', 'client.registration_token_made', 'client.left'].map((event) => [
    event,
    auditEvents[event as keyof typeof auditEvents],
  ]),
)

/** The events that `openid-device.test.ts` shows. */
export const eventsOfDevices = Object.keys(openidEvents).filter((event) => event.startsWith('device.'))

/** The events that `openid-codes.test.ts` shows. */
export const eventsOfPrograms = Object.fromEntries(
  [...Object.keys(openidEvents), 'client.changed']
    .filter((event) => !eventsOfDevices.includes(event))
    .map((event) => [event, auditEvents[event as keyof typeof auditEvents]]),
)

/** The events that `audit-accounts.test.ts` shows; `audit.test.ts` shows those that none of these does. */
export const eventsOfAccounts = { ...accountsEvents, ...mailEvents, ...ownAccountEvents, ...sessionsEvents }

/** The log lines of audit events, oldest first. */
export function auditLinesOf(service: Service): Record<string, unknown>[] {
  const lines = service.logged().split('\n').filter(Boolean)
  return lines
    .map((line) => JSON.parse(line) as { event?: string })
    .filter(({ event }) => Object.hasOwn(auditEvents, event ?? ''))
}

/** The rows, oldest first: as many of each event as there are log lines of all given replicas together. */
export async function auditRows(service: Service, ...others: Service[]): Promise<AuditRow[]> {
  const logged = Object.entries(
    Object.groupBy([service, ...others].flatMap(auditLinesOf), (line) => String(line['event'])),
  )
  let rows: AuditRow[] = []
  await until(`what was logged is written: ${logged.map(([event]) => event).join()}`, async () => {
    rows = await service.stores.audit.list({ limit: 1_000 })
    return logged.every(([name, lines = []]) => rows.filter(({ event }) => event === name).length >= lines.length)
  })
  return rows.toReversed()
}

/** The rows that an action adds, oldest first. */
export async function addedRows(service: Service, act: () => Promise<unknown>): Promise<AuditRow[]> {
  const before = new Set((await auditRows(service)).map(({ id }) => id))
  await act()
  return (await auditRows(service)).filter(({ id }) => !before.has(id))
}
