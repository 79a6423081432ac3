import { type Static, Type } from '../../json-schema.ts'
import { maxAccessTokenSeconds } from '../../core/access-token.ts'
import { maxTokenLength } from '../../core/sizes.ts'
import { type Findings, leastIdentityBytes, neverEnds, seconds, section, setting, toldNames } from '../../settings.ts'

/** The `tokens` section of gatehouse.yaml. */
export const TokenSettings = section({
  access_ttl_seconds: setting('How long an access token is good for.', seconds(300, 1, maxAccessTokenSeconds)),
  refresh_idle_ttl_seconds: setting('After how long without use a refresh token ends.', seconds(30 * 86_400)),
  refresh_absolute_ttl_seconds: setting(
    'After how long the refresh tokens of one sign-in end, however often they are used.',
    seconds(90 * 86_400),
  ),
  refresh_grace_seconds: setting(
    'How long a refresh token that was used gets the same answer again, as a retry needs it.',
    Type.Integer({ minimum: 0, maximum: 60, default: 10 }),
  ),
  /** What tokens that are good for every host tell of somebody's rights. */
  identity: section({
    roles: setting(
      'The roles that access tokens tell of which are good for every host.',
      toldNames({ default: ['*'] }),
    ),
    permissions: setting('The permissions that they tell of.', toldNames({ default: ['*'] })),
    max_bytes: setting(
      'How many bytes such a token may have. Rights that do not fit are told in part.',
      Type.Integer({ minimum: leastIdentityBytes, maximum: maxTokenLength, default: maxTokenLength }),
    ),
  }),
})
export type TokenSettings = Static<typeof TokenSettings>

export function checkTokenSettings(tokens: TokenSettings, findings: Findings): void {
  if (tokens.refresh_idle_ttl_seconds <= tokens.refresh_absolute_ttl_seconds) return
  findings.warning(['tokens', 'refresh_idle_ttl_seconds'], neverEnds('tokens.refresh_absolute_ttl_seconds'))
}
