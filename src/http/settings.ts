import { type Language, languageNames, type OfferedLanguages } from '../core/language.ts'
import { type Static, Type } from '../json-schema.ts'
import { colourForm } from '../pages/colours.ts'
import { anyKey, type Findings, seconds, section, setting, strict } from '../settings.ts'

/** The `cors` section of gatehouse.yaml. */
export const CorsSettings = section({
  origins: setting(
    'The origins whose scripts may read answers, and send the cookies of the service. A sign-in may lead back to them.',
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
  judged_passwords_per_minute: setting(
    'How often in a minute it may ask what a new password lacks, as forms do while somebody types.',
    Type.Integer({ minimum: 1, default: 60 }),
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

const Link = (description: string) =>
  Type.Optional(
    setting(description, Type.String({ maxLength: 2_000, title: 'an absolute URL: https://example.com/…' })),
  )

/** Texts of one language by their place in the catalogue. */
const textsIn = (language: Language) =>
  setting(
    `Those in ${{ en: 'English', de: 'German' }[language]}.`,
    Type.Record(anyKey, Type.String({ minLength: 1, maxLength: 2_000, title: 'a text' }), {
      title: 'a table of texts by their place: { kit.signIn: Log in }',
    }),
  )

/** The `branding` section of gatehouse.yaml. */
export const BrandingSettings = section({
  name: setting(
    'What the service is called on its pages and in its mails.',
    Type.String({ minLength: 1, maxLength: 60, title: 'a name of at most 60 characters', default: 'Gatehouse' }),
  ),
  logo: Type.Optional(
    setting(
      'A file with the logo, SVG or PNG of at most 256 KiB, named from the folder of gatehouse.yaml on.',
      Type.String({ minLength: 1, title: 'the path of a file: ./logo.svg' }),
    ),
  ),
  accent: setting(
    'The colour of buttons and links. Where it would be hard to read it is made lighter or darker.',
    Type.String({ pattern: colourForm.source, title: 'a colour such as "#0a5" or "#00aa55"', default: '#2f5bd7' }),
  ),
  links: section({
    help: Link('Where people find help. It is named at the foot of each page.'),
    privacy: Link('Where it says how the service deals with what it knows of people.'),
    imprint: Link('Where it says who runs the service.'),
  }),
  texts: setting(
    'Texts in place of those of the service, by language and by their place in the catalogue.',
    Type.Unsafe<Partial<Record<Language, Record<string, string>>>>({
      ...Type.Object(
        Object.fromEntries(languages.map((language) => [language, Type.Optional(textsIn(language))])),
        strict,
      ),
      title: 'a table of languages, each with its texts: { en: { kit.signIn: Log in } }',
      default: {},
    }),
  ),
})
export type BrandingSettings = Static<typeof BrandingSettings>

export function checkBrandingSettings({ name, links }: BrandingSettings, findings: Findings): void {
  if (/\p{C}/u.test(name)) findings.fault(['branding', 'name'], 'expected a name without invisible characters')
  for (const [link, url] of Object.entries(links)) {
    if (URL.canParse(url) && /^(https?|mailto):$/.test(new URL(url).protocol)) continue
    findings.fault(['branding', 'links', link], 'expected an absolute URL: https://example.com/…')
  }
}
