import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const forwardAuthEvents = {
  'rules.replaced': auditEvent('info', 'the access rules were replaced; other settings need a restart'),
  'rules.refused': auditEvent<{ faults: readonly string[] }>(
    'error',
    'the changed configuration is not valid: the old rules stay',
    'faults',
  ),
}
