import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const openidEvents = {
  'authorization.issued': auditEvent<{ scopes: readonly string[]; audiences: readonly string[]; asked: boolean }>(
    'info',
    'a person let a program in',
    'scopes, audiences, and whether the person was asked',
  ),
  'authorization.denied': auditEvent('info', 'a person did not let a program in'),
  'authorization.code_replayed': auditEvent(
    'warn',
    'a code was presented a second time: what it had brought has ended',
    'the client is the one that presented it',
  ),
  'authorization.ended': auditEvent<{ reason: string }>(
    'info',
    'what a program was let in for has ended, with its tokens',
    'reason: `refresh_token_revoked`',
  ),
  'consent.withdrawn': auditEvent(
    'info',
    'a program was shut out again, with all its tokens for that person',
    'the client is the program',
  ),
  'device.requested': auditEvent<{ scopes: readonly string[] }>(
    'info',
    'a device has asked to be let in, and shows a code',
    'scopes; the network address is the device’s',
  ),
  'device.let_in': auditEvent<{ scopes: readonly string[]; audiences: readonly string[]; device_ip: string }>(
    'info',
    'a person let a device in by its code',
    'scopes, audiences, and the network address that the device had asked from',
  ),
  'device.denied': auditEvent<{ device_ip: string }>(
    'info',
    'a person did not let a device in',
    'the network address that the device had asked from',
  ),
  'device.code_unknown': auditEvent('info', 'a person entered a code that no device shows'),
  'device.limited': auditEvent<{ limit: number }>(
    'warn',
    'too many codes of devices were tried',
    'limit: of the person, of a network address or of all together',
  ),
}
