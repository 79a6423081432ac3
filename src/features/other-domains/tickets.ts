import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import type { HostSessionStore, HostTicket } from '../../core/records/host-session.ts'
import type { Session } from '../../core/records/session.ts'
import { hashSecret, randomSecret } from '../../core/secrets.ts'
import type { otherDomainsEvents } from './audit-events.ts'

/** A browser follows its redirect at once. */
const ticketSeconds = 30

export interface Tickets {
  /**
   * Makes what brings a session to an origin, once and within half a minute. `nonceHash`: of the browser that has asked for it there;
   * for any other one it is worth nothing, so that nobody signs somebody else in to their own account (RFC 9700 §4.7). Nothing when the
   * session has ended.
   */
  issue(sessionId: string, where: Pick<HostTicket, 'origin' | 'returnTo' | 'nonceHash'>): Promise<string | undefined>
  /** Uses one up, whether or not it opens anything. Resolves to the secret of the cookie that the origin gets. */
  redeem(
    ticket: string,
    shown: { origin: string; nonce: string | undefined },
  ): Promise<{ secret: string; session: Session; returnTo: string } | undefined>
}

export function createTickets(dependencies: {
  hostSessions: Pick<HostSessionStore, 'issue' | 'redeem'>
  audit: Audit<typeof otherDomainsEvents>
  clock: Clock
}): Tickets {
  const { hostSessions, audit, clock } = dependencies
  return {
    async issue(sessionId, where) {
      const [ticket, now] = [randomSecret(), clock.now()]
      const expiresAt = new Date(now + ticketSeconds * 1_000)
      const kept = { ...where, ticketHash: hashSecret(ticket), sessionId, expiresAt }
      return (await hostSessions.issue(kept, new Date(now))) ? ticket : undefined
    },
    async redeem(ticket, { origin, nonce }) {
      const secret = randomSecret()
      const redeemed = await hostSessions.redeem({
        ...{ ticketHash: hashSecret(ticket), origin, secretHash: hashSecret(secret), at: new Date(clock.now()) },
        // A browser that shows none still uses the ticket up.
        nonceHash: nonce === undefined ? '' : hashSecret(nonce),
      })
      if (redeemed === undefined) {
        audit.record({ event: 'host_ticket.refused', origin })
        return undefined
      }
      const { session } = redeemed
      audit.record({ event: 'host_session.begun', subject: session.userId, sessionId: session.id, origin })
      return { secret, ...redeemed }
    },
  }
}
