import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { GatehouseError } from '../../core/errors.ts'
import type { AuthorizationStore } from '../../core/records/authorization.ts'
import type { openidEvents } from './audit-events.ts'

/** What people and administrators do to the programs that somebody has let in. */
export interface Consents {
  of: AuthorizationStore['consentsOf']
  /** Shuts a program out: when it resolves, this replica takes none of its tokens for that person any more. Throws `not_found`. */
  withdraw(userId: string, clientId: string): Promise<void>
}

export function createConsents(dependencies: {
  authorizations: Pick<AuthorizationStore, 'consentsOf' | 'withdraw'>
  audit: Audit<typeof openidEvents>
  clock: Clock
}): Consents {
  const { authorizations, audit, clock } = dependencies
  return {
    of: authorizations.consentsOf,
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
