import { auditEvent } from '../../core/audit.ts'
import type { FactorKind } from '../../core/records/factor.ts'

/** What the trail is told of here. */
export const factorsEvents = {
  'factor.added': auditEvent<{ factor: FactorKind }>(
    'warn',
    'a person set up a second factor',
    'factor (`totp` or `passkey`)',
  ),
  'factor.removed': auditEvent<{ factor: FactorKind }>(
    'warn',
    'a person removed a second factor',
    'factor (`totp` or `passkey`)',
  ),
  'passkey.renamed': auditEvent<{ passkey: string }>(
    'info',
    'a person gave a passkey another name',
    'the passkey’s id',
  ),
  'passkey.copied': auditEvent<{ passkey: string }>(
    'warn',
    'a passkey was refused, since it or a copy of it had been used with that counter before',
    'the passkey’s id',
  ),
  'factor.limited': auditEvent<{ limit: number }>(
    'warn',
    'too many wrong codes for an account whose password was right',
    'limit, once a window',
  ),
  'recovery_codes.made': auditEvent('warn', 'a person got new recovery codes, which void the former ones'),
  'recovery_code.used': auditEvent<{ left: number }>('warn', 'a recovery code was used', 'how many are left'),
  'factors.reset': auditEvent('warn', 'somebody’s second factors were taken away by an operator; their sessions ended'),
  'factors.mailbox_link_sent': auditEvent('info', 'a link was mailed that the next second factor needs after a reset'),
}
