import { type Static, Type } from '../../json-schema.ts'
import { type Findings, seconds, section, setting } from '../../settings.ts'

/** The `keys` section of gatehouse.yaml. */
export const KeySettings = section({
  access_tokens: setting(
    'The algorithm by which access tokens are signed.',
    Type.Enum(['ES256', 'RS256', 'EdDSA'], { default: 'ES256' }),
  ),
  assertions: setting(
    'The algorithm by which the identity assertions for upstreams are signed.',
    Type.Enum(['ES256', 'RS256', 'EdDSA'], { default: 'ES256' }),
  ),
  id_tokens: setting(
    'The algorithm by which ID tokens are signed. Most programs take RS256, and some nothing else.',
    Type.Enum(['RS256', 'ES256', 'EdDSA'], { default: 'RS256' }),
  ),
  rotation_days: setting('For how many days a key signs.', Type.Integer({ minimum: 1, maximum: 3_650, default: 30 })),
  lead_seconds: setting(
    'How long a planned key is published before it signs: at least twice `keys.max_age_seconds`, and at most half of ' +
      '`keys.rotation_days`.',
    seconds(3_600),
  ),
  max_age_seconds: setting(
    'How long verifiers may keep the key set.',
    Type.Integer({ minimum: 1, maximum: 86_400, default: 300 }),
  ),
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
