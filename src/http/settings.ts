import { type Language, languageNames, type OfferedLanguages } from '../core/language.ts'
import { type Static, Type } from '../json-schema.ts'
import { type Findings, seconds, section, setting } from '../settings.ts'

/** The `cors` section of gatehouse.yaml. */
export const CorsSettings = section({
  origins: setting(
    'The origins whose scripts may read answers, and send the cookies of the service.',
    Type.Array(Type.String(), { title: 'a list of origins: [https://app.example.com, …]', default: [] }),
  ),
})
export type CorsSettings = Static<typeof CorsSettings>

export function checkCorsSettings({ origins }: CorsSettings, findings: Findings): void {
  for (const [index, origin] of origins.entries()) {
    if (URL.canParse(origin) && new URL(origin).origin === origin) continue
    findings.fault(['cors', 'origins', index], 'expected an origin such as https://app.example.com')
  }
}

/** The `limits` section of gatehouse.yaml. */
export const LimitSettings = section({
  requests_per_minute: setting(
    'How many requests one client address (of IPv6: one /64) may send in a minute, to all routes of the API together.',
    Type.Integer({ minimum: 1, default: 600 }),
  ),
  secret_tests_per_minute: setting(
    'How many requests it may send in a minute to one route that tests a secret: sign-in, registration, confirmation.',
    Type.Integer({ minimum: 1, default: 20 }),
  ),
  refreshes_per_minute: setting(
    'How often one session may be refreshed in a minute. So many refreshes may also come at once.',
    Type.Integer({ minimum: 1, default: 60 }),
  ),
  failures_per_account: setting(
    'How many passwords may be wrong within `limits.failure_window_seconds` for one account, whoever tries.',
    Type.Integer({ minimum: 1, default: 10 }),
  ),
  failures_per_pair: Type.Optional(
    setting(
      'How many may be wrong for one account from one client address (of IPv6: one /64). Left out: half of ' +
        '`limits.failures_per_account`, and at least 5.',
      Type.Integer({ minimum: 1 }),
    ),
  ),
  failures_per_device: setting(
    'How many may be wrong from a browser that has signed in to the account before, whatever others try.',
    Type.Integer({ minimum: 1, default: 10 }),
  ),
  failures_per_address: setting(
    'How many may be wrong from one client address (of IPv6: one /64), for all accounts together.',
    Type.Integer({ minimum: 1, default: 100 }),
  ),
  failures_of_service: setting(
    'How many may be wrong in all, from browsers that have not signed in before.',
    Type.Integer({ minimum: 1, default: 1_000 }),
  ),
  failure_window_seconds: setting(
    'Within which time wrong passwords are counted. It slides: the limits hold for any time of this length.',
    seconds(900),
  ),
})
export type LimitSettings = Static<typeof LimitSettings>

const languages = Object.keys(languageNames) as Language[]

/** The `pages` section of gatehouse.yaml. */
export const PageSettings = section({
  languages: setting(
    'The languages of pages and mails that people may choose from. The first one is used where nothing fits.',
    Type.Unsafe<OfferedLanguages>({
      ...Type.Array(Type.Enum(languages), { minItems: 1, uniqueItems: true, default: languages }),
      title: `a list of languages, each of them once: [${languages.join(', ')}]`,
    }),
  ),
})
