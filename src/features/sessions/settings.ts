import { type Static, Type } from '../../json-schema.ts'
import { type Findings, neverEnds, seconds, section, setting } from '../../settings.ts'

/** The `sessions` section of gatehouse.yaml. */
export const SessionSettings = section({
  idle_ttl_seconds: setting(
    'After how long a session ends of which neither the cookie nor a refresh token is used.',
    seconds(30 * 86_400),
  ),
  absolute_ttl_seconds: setting('After how long a session ends, however much it is used.', seconds(90 * 86_400)),
  short: section({
    idle_ttl_seconds: setting(
      'The same of a session that is not to outlive the browser: without "stay signed in" (`remember: false`).',
      seconds(3_600),
    ),
    absolute_ttl_seconds: setting('After how long such a session ends, however much it is used.', seconds(12 * 3_600)),
  }),
  max_per_user: setting(
    'How many sessions a person may have; 0 is any number. One more ends the one that was used longest ago.',
    Type.Integer({ minimum: 0, maximum: 10_000, default: 0 }),
  ),
  other_domains: setting(
    'Domains that do not share the session cookie, and on whose hosts people are signed in all the same: each of those hosts gets ' +
      'a cookie of its own, which counts there alone. Their proxy leads /_gatehouse/ to the service.',
    Type.Array(
      Type.String({
        pattern: '^[a-z0-9-]+(\\.[a-z0-9-]+)*$',
        maxLength: 253,
        title: 'a domain in lower case, such as example.net',
      }),
      { default: [], uniqueItems: true, title: 'a list of domains, each once: [example.net, …]' },
    ),
  ),
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
  for (const [keys, { idle_ttl_seconds: idle, absolute_ttl_seconds: absolute }] of [
    [['sessions'], sessions],
    [['sessions', 'short'], sessions.short],
  ] as const) {
    if (idle <= absolute) continue
    findings.warning([...keys, 'idle_ttl_seconds'], neverEnds(`${keys.join('.')}.absolute_ttl_seconds`))
  }
}
