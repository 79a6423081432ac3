import { type Static, Type } from '../../json-schema.ts'
import { section, setting } from '../../settings.ts'

/** The `audit` section of gatehouse.yaml. */
export const AuditSettings = section({
  retention_days: setting(
    'After how many days the rows of the audit trail leave.',
    Type.Integer({ minimum: 1, maximum: 36_500, default: 365 }),
  ),
})
export type AuditSettings = Static<typeof AuditSettings>
