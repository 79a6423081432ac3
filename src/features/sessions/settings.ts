import { type Static, Type } from '../../json-schema.ts'
import { type Findings, neverEnds, seconds, section } from '../../settings.ts'

/** The `sessions` section of gatehouse.yaml. */
export const SessionSettings = section({
  idle_ttl_seconds: seconds(30 * 86_400),
  absolute_ttl_seconds: seconds(90 * 86_400),
  /** Takes the place of `gatehouse` in the name of every cookie. A token (RFC 6265 §4.1.1). */
  cookie_name: Type.String({
    pattern: "^[\\w!#$%&'*+.^`|~-]{1,64}$",
    description: "a name of 1 to 64 letters, digits and characters of !#$%&'*+-.^_`|~",
    default: 'gatehouse',
  }),
})
export type SessionSettings = Static<typeof SessionSettings>

/** What browsers take for more than a name, in whatever case (RFC 6265bis §4.1.3, §5.7). */
const prefixed = /^__(host|secure|http)-/i

export function checkSessionSettings(sessions: SessionSettings, findings: Findings): void {
  if (prefixed.test(sessions.cookie_name)) {
    const why = 'the service puts one before it wherever browsers take it'
    findings.fault(['sessions', 'cookie_name'], `expected a name without __Host- or __Secure-: ${why}`)
  }
  if (sessions.idle_ttl_seconds <= sessions.absolute_ttl_seconds) return
  findings.warning(['sessions', 'idle_ttl_seconds'], neverEnds('sessions.absolute_ttl_seconds'))
}
