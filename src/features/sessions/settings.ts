import type { Static } from 'typebox'
import { type Findings, neverEnds, seconds, section } from '../../settings.ts'

/** The `sessions` section of gatehouse.yaml. */
export const SessionSettings = section({
  idle_ttl_seconds: seconds(30 * 86_400),
  absolute_ttl_seconds: seconds(90 * 86_400),
})
export type SessionSettings = Static<typeof SessionSettings>

export function checkSessionSettings(sessions: SessionSettings, findings: Findings): void {
  if (sessions.idle_ttl_seconds <= sessions.absolute_ttl_seconds) return
  findings.warning(['sessions', 'idle_ttl_seconds'], neverEnds('sessions.absolute_ttl_seconds'))
}
