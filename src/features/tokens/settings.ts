import { type Static, Type } from 'typebox'
import { seconds, section } from '../../settings.ts'

/** The `tokens` section of gatehouse.yaml. */
export const TokenSettings = section({
  access_ttl_seconds: seconds(300),
  refresh_idle_ttl_seconds: seconds(30 * 86_400),
  refresh_absolute_ttl_seconds: seconds(90 * 86_400),
  refresh_grace_seconds: Type.Integer({ minimum: 0, maximum: 60, default: 10 }),
})
export type TokenSettings = Static<typeof TokenSettings>
