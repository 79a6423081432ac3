import { type Static, Type } from '../../json-schema.ts'
import { type Findings, seconds, section } from '../../settings.ts'

/** The `keys` section of gatehouse.yaml. */
export const KeySettings = section({
  access_tokens: Type.Enum(['ES256', 'RS256', 'EdDSA'], { default: 'ES256' }),
  assertions: Type.Enum(['ES256', 'RS256', 'EdDSA'], { default: 'ES256' }),
  rotation_days: Type.Integer({ minimum: 1, maximum: 3_650, default: 30 }),
  /** How long a planned key is published before it signs. */
  lead_seconds: seconds(3_600),
  /** How long verifiers may keep the key set. */
  max_age_seconds: Type.Integer({ minimum: 1, maximum: 86_400, default: 300 }),
})
export type KeySettings = Static<typeof KeySettings>

/** A key signs once every verifier can know it, and has a successor that can be known by the time that it is needed. */
export function checkKeySettings(
  { lead_seconds, max_age_seconds, rotation_days }: KeySettings,
  findings: Findings,
): void {
  const [least, most] = [2 * max_age_seconds, rotation_days * 43_200]
  if (lead_seconds >= least && lead_seconds <= most) return
  const range = `${least} (twice keys.max_age_seconds) to ${most} (half of keys.rotation_days)`
  findings.fault(['keys', 'lead_seconds'], `expected ${range}`)
}
