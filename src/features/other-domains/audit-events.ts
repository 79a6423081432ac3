import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const otherDomainsEvents = {
  'host_session.begun': auditEvent<{ origin: string }>(
    'info',
    'a session was brought to a host that its cookie does not reach',
    'the origin of the host',
  ),
  'host_ticket.refused': auditEvent<{ origin: string }>(
    'warn',
    'what brings a session to a host was shown by another browser, twice, or too late',
    'the origin at which it was shown',
  ),
}
