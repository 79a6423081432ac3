import { type Static, Type } from '../../json-schema.ts'
import { longestToken } from '../../core/sizes.ts'
import { type Findings, leastIdentityBytes, neverEnds, seconds, section, toldNames } from '../../settings.ts'

/** The `tokens` section of gatehouse.yaml. */
export const TokenSettings = section({
  // What was given away with a token is given away until it ends: at most a day.
  access_ttl_seconds: seconds(300, 1, 86_400),
  refresh_idle_ttl_seconds: seconds(30 * 86_400),
  refresh_absolute_ttl_seconds: seconds(90 * 86_400),
  refresh_grace_seconds: Type.Integer({ minimum: 0, maximum: 60, default: 10 }),
  /** What tokens that are good for every host tell of somebody's rights. */
  identity: section({
    roles: toldNames({ default: ['*'] }),
    permissions: toldNames({ default: ['*'] }),
    max_bytes: Type.Integer({ minimum: leastIdentityBytes, maximum: longestToken, default: longestToken }),
  }),
})
export type TokenSettings = Static<typeof TokenSettings>

export function checkTokenSettings(tokens: TokenSettings, findings: Findings): void {
  if (tokens.refresh_idle_ttl_seconds <= tokens.refresh_absolute_ttl_seconds) return
  findings.warning(['tokens', 'refresh_idle_ttl_seconds'], neverEnds('tokens.refresh_absolute_ttl_seconds'))
}
