import { type Static, Type } from '../../json-schema.ts'
import { type Findings, neverEnds, seconds, section, setting } from '../../settings.ts'

/** The `sessions` section of gatehouse.yaml. */
export const SessionSettings = section({
  idle_ttl_seconds: setting(
    'After how long a session ends of which neither the cookie nor a refresh token is used.',
    seconds(30 * 86_400),
  ),
  absolute_ttl_seconds: setting('After how long a session ends, however much it is used.', seconds(90 * 86_400)),
  cookie_name: setting(
    'The name in every cookie, between the prefix that browsers know (`__Host-`) and what the cookie is for (`_refresh`).',
    // A token (RFC 6265 §4.1.1).
    Type.String({
      pattern: "^[\\w!#$%&'*+.^`|~-]{1,64}$",
      title: "a name of 1 to 64 letters, digits and characters of !#$%&'*+-.^_`|~",
      default: 'gatehouse',
    }),
  ),
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
