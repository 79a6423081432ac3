import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { GatehouseError } from '../../core/errors.ts'
import type { AuthorizationStore, Consent } from '../../core/records/authorization.ts'
import { openIdSettingsOf } from '../../core/records/client.ts'
import { withParameters } from '../../core/redirect-uris.ts'
import type { openidEvents } from './audit-events.ts'

/** `startAt`: where a sign-in to the program begins that its person starts here (OpenID Connect Core §4). */
type Grant = Consent & { clientName: string; startAt?: string | undefined }

/** What people and administrators do to the programs that somebody has let in. */
export interface Consents {
  /** By the name of the program. */
  of(userId: string): Promise<Grant[]>
  /** Shuts a program out: when it resolves, this replica takes none of its tokens for that person any more. Throws `not_found`. */
  withdraw(userId: string, clientId: string): Promise<void>
}

export function createConsents(dependencies: {
  authorizations: Pick<AuthorizationStore, 'consentsOf' | 'withdraw'>
  issuer: string
  audit: Audit<typeof openidEvents>
  clock: Clock
}): Consents {
  const { authorizations, issuer, audit, clock } = dependencies
  return {
    async of(userId) {
      return (await authorizations.consentsOf(userId)).map(({ openid, ...consent }) => {
        const { initiateLoginUri: uri } = openIdSettingsOf({ openid })
        return Object.assign(consent, { startAt: uri === '' ? undefined : withParameters(uri, { iss: issuer }) })
      })
    },
    async withdraw(subject, clientId) {
      // No stored text holds a NUL, and PostgreSQL fails on being asked for one.
      const isKnown =
        !clientId.includes('\0') && (await authorizations.withdraw(subject, clientId, new Date(clock.now())))
      if (!isKnown) {
        throw new GatehouseError('not_found', { detail: 'This program was not let in.' })
      }
      audit.record({ event: 'consent.withdrawn', subject, clientId })
    },
  }
}
