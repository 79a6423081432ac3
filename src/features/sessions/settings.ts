import type { Static } from 'typebox'
import { seconds, section } from '../../settings.ts'

/** The `sessions` section of gatehouse.yaml. */
export const SessionSettings = section({
  idle_ttl_seconds: seconds(30 * 86_400),
  absolute_ttl_seconds: seconds(90 * 86_400),
})
export type SessionSettings = Static<typeof SessionSettings>
