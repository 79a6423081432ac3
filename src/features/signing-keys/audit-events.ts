import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const signingKeysEvents = {
  'key.created': auditEvent<{ kid: string; alg: string; activates_at: string }>(
    'info',
    'signing key',
    'kid, and when it signs',
  ),
  'key.promoted': auditEvent<{ kid: string; activates_at: string }>(
    'info',
    'a signing key signs earlier than was planned',
    'kid of a key that signs earlier than was planned, since the one before it ended or by a rotation ahead of the schedule',
  ),
  'key.rotated': auditEvent<{ created: number }>(
    'info',
    'signing keys were rotated ahead of the schedule',
    'how many were created',
  ),
  'key.compromised': auditEvent<{ kid: string }>('warn', 'a signing key was ended at once', 'kid'),
  'key.rewrapped': auditEvent<{ resealed: number }>(
    'info',
    'private keys were sealed with the current secret',
    'how many',
  ),
}
