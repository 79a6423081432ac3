/** Every event of the audit trail: each feature says what it tells, and this joins them. */
import { accountsEvents } from './features/accounts/audit-events.ts'
import { apiKeysEvents } from './features/api-keys/audit-events.ts'
import { clientsEvents } from './features/clients/audit-events.ts'
import { directoriesEvents } from './features/directories/audit-events.ts'
import { factorsEvents } from './features/factors/audit-events.ts'
import { forwardAuthEvents } from './features/forward-auth/audit-events.ts'
import { logoutTokensEvents } from './features/logout-tokens/audit-events.ts'
import { mailEvents } from './features/mail/audit-events.ts'
import { oauthEvents } from './features/oauth/audit-events.ts'
import { openidEvents } from './features/openid/audit-events.ts'
import { otherDomainsEvents } from './features/other-domains/audit-events.ts'
import { ownAccountEvents } from './features/own-account/audit-events.ts'
import { rolesEvents } from './features/roles/audit-events.ts'
import { sessionsEvents } from './features/sessions/audit-events.ts'
import { signInEvents } from './features/sign-in/audit-events.ts'
import { signingKeysEvents } from './features/signing-keys/audit-events.ts'
import { tokensEvents } from './features/tokens/audit-events.ts'
import { upstreamEvents } from './features/upstream/audit-events.ts'

export const auditEvents = {
  ...accountsEvents,
  ...apiKeysEvents,
  ...clientsEvents,
  ...directoriesEvents,
  ...factorsEvents,
  ...forwardAuthEvents,
  ...logoutTokensEvents,
  ...mailEvents,
  ...oauthEvents,
  ...openidEvents,
  ...otherDomainsEvents,
  ...ownAccountEvents,
  ...rolesEvents,
  ...sessionsEvents,
  ...signInEvents,
  ...signingKeysEvents,
  ...tokensEvents,
  ...upstreamEvents,
}
export type AuditEventName = keyof typeof auditEvents
