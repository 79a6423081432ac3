import { canonicalDomain } from '../../core/email.ts'
import { isThisMachine } from '../../core/network.ts'
import { listedName, listedNameForm } from '../../core/plain-text.ts'
import { type Static, Type } from '../../json-schema.ts'
import { anyKey, type Findings, type Keys, setting, strict } from '../../settings.ts'
import { isSharedTenant, type PresetName, presetNames, presets } from './presets.ts'

const text = (title: string, maxLength = 200) => Type.String({ minLength: 1, maxLength, title })
const texts = (title: string) => Type.Array(text('a text of at most 200 characters'), { title })
const domains = (title: string) => Type.Array(Type.String(), { title })

/** One provider of the list `sign_in.providers`. */
const ProviderSetting = Type.Object(
  {
    name: setting(
      'What the provider is called in addresses, in the audit trail and in the name of the variable that holds its secret. The address that it leads back to is `/api/federation/NAME/callback` below the issuer.',
      Type.String({
        pattern: '^[a-z0-9][a-z0-9-]{0,31}$',
        title: 'a name of at most 32 lower-case letters, digits and hyphens',
      }),
    ),
    title: Type.Optional(
      setting(
        'What people read on its button. Left out, it is the name of the preset.',
        text('a text of at most 60 characters', 60),
      ),
    ),
    preset: Type.Optional(
      setting(
        'What kind of provider it is, see [providers](providers.md). Left out, it is any provider of OpenID Connect.',
        Type.Enum([...presetNames]),
      ),
    ),
    issuer: Type.Optional(
      setting(
        'Its issuer, below which its metadata are found. `google`, `gitlab`, `apple` and `github` have one of their own.',
        text('an https URL, such as https://login.example.com', 500),
      ),
    ),
    client_id: setting('By which id this service is registered there.', text('a text of at most 500 characters', 500)),
    public: Type.Optional(
      setting(
        'Whether this service has no secret there. Otherwise `GATEHOUSE_PROVIDER_NAME_SECRET` holds it, or the file that `GATEHOUSE_PROVIDER_NAME_SECRET_FILE` names.',
        Type.Boolean(),
      ),
    ),
    apple: Type.Optional(
      setting(
        'With `preset: apple`: whose key the secret is. The variable names its file, a private key in PEM.',
        Type.Object(
          {
            team_id: setting('The team.', text('a text of 10 characters', 20)),
            key_id: setting('The key.', text('a text of 10 characters', 20)),
          },
          strict,
        ),
      ),
    ),
    scopes: Type.Optional(
      setting(
        'What is asked for, in place of the scopes of the preset.',
        texts('a list of scopes: [openid, email, …]'),
      ),
    ),
    allow: Type.Optional(
      setting(
        'Who of its people may sign in: whoever fulfils each of these. Without any, everybody who has an account there.',
        Type.Object(
          {
            domains: Type.Optional(
              setting(
                'Their mail address is of one of these domains, and the provider says that it is verified.',
                domains('a list of mail domains: [example.com, …]'),
              ),
            ),
            groups: Type.Optional(
              setting('They are in one of these groups there.', texts('a list of names of groups')),
            ),
            organisations: Type.Optional(
              setting(
                'With `preset: github`: they are a member of one of these organisations.',
                texts('a list of names of organisations'),
              ),
            ),
            hd: Type.Optional(
              setting(
                'With `preset: google`: their organisation has one of these domains.',
                domains('a list of domains: [example.com, …]'),
              ),
            ),
            tenants: Type.Optional(
              setting('With `preset: entra`: they are of one of these tenants.', texts('a list of ids of tenants')),
            ),
          },
          strict,
        ),
      ),
    ),
    trust_email_for: Type.Optional(
      setting(
        'Mail domains of which the provider is believed who owns an address. An account that is there with a verified address of theirs is linked to whoever the provider says owns it, without a proof of that account.',
        domains('a list of mail domains: [example.com, …]'),
      ),
    ),
    first_sign_in: Type.Optional(
      setting(
        'What becomes of somebody who has no account here: `create` makes one, `ask` lets the person choose between a new one and theirs, `refuse` lets nobody in whose account was not linked before.',
        Type.Enum(['create', 'ask', 'refuse'], { default: 'ask' }),
      ),
    ),
    groups_claim: Type.Optional(
      setting(
        'The claim that names the groups of a person; dots lead into it. With `preset: github` the groups are their organisations.',
        text('a claim, such as groups or realm_access.roles'),
      ),
    ),
    roles: Type.Optional(
      setting(
        'Which roles follow from a group: they come and go with it, at each sign-in. Roles that an operator has given stay.',
        Type.Record(anyKey, Type.Array(Type.String(), { title: 'a list of roles: [editor, …]' }), {
          title: 'a table of groups with their roles: { staff: [editor] }',
        }),
      ),
    ),
    acr_values: Type.Optional(
      setting(
        'The levels of which the provider has to have reached one. They are asked for, and a lower one is refused.',
        texts('a list of levels, as the provider calls them'),
      ),
    ),
    aal2_when: Type.Optional(
      setting(
        'When a sign-in there counts as one with two factors (`aal2`), so that none is asked for here. Without it the second factor of this service is asked for.',
        Type.Object(
          {
            acr: Type.Optional(setting('When the provider names one of these levels.', texts('a list of levels'))),
            amr: Type.Optional(
              setting('When the provider names one of these methods.', texts('a list of methods, such as [mfa]')),
            ),
          },
          strict,
        ),
      ),
    ),
    logout: Type.Optional(
      setting(
        'Whether signing out here signs out there too. The browser is led there and back.',
        Type.Boolean({ default: false }),
      ),
    ),
    session_hours: Type.Optional(
      setting(
        'After how many hours a session ends that was begun by this provider, however much it is used: who has left the organisation is signed out by then. Left out, it lasts as long as others.',
        Type.Integer({ minimum: 1, maximum: 8_760 }),
      ),
    ),
    domains: Type.Optional(
      setting(
        'Mail domains whose people sign in by this provider: it has no button, and is chosen by the address that they type.',
        domains('a list of mail domains: [example.com, …]'),
      ),
    ),
  },
  { ...strict, title: 'a provider' },
)
type ProviderSetting = Static<typeof ProviderSetting>

/** `sign_in.providers` of gatehouse.yaml. */
export const ProviderSettings = setting(
  'Providers by which people sign in, see [providers](providers.md).',
  Type.Array(ProviderSetting, { title: 'a list of providers', default: [] }),
)
export type ProviderSettings = Static<typeof ProviderSettings>

/** A provider as the service uses it: what its settings and its preset say, and its secret. */
export interface Provider extends Readonly<
  Required<Omit<ProviderSetting, 'session_hours' | 'apple' | 'public' | 'allow' | 'aal2_when'>>
> {
  readonly allow: Readonly<Required<NonNullable<ProviderSetting['allow']>>>
  readonly aal2_when: Readonly<Required<NonNullable<ProviderSetting['aal2_when']>>>
  readonly session_hours: number | undefined
  readonly apple: ProviderSetting['apple']
  /** Nothing for a public client. With `apple` it is the private key. */
  readonly secret: string | undefined
}

/** The variable that holds the secret of a provider. */
export function secretNameOf({ name }: Pick<ProviderSetting, 'name'>): string {
  return `GATEHOUSE_PROVIDER_${name.toUpperCase().replaceAll('-', '_')}_SECRET`
}

const presetOf = ({ preset = 'oidc' }: ProviderSetting) => presets[preset]
const issuerOf = (provider: ProviderSetting) => provider.issuer ?? presetOf(provider).issuer
const canonical = (names: readonly string[] = []) => names.map((name) => canonicalDomain(name)!)

/**
 * The providers of a file that was checked, with their secrets. Told to `fault` is a secret that is missing, is no key where one is
 * needed, or belongs to no provider; never with what it holds.
 */
export function providersOf(
  settings: ProviderSettings,
  environment: Readonly<Record<string, string | undefined>>,
  fault: (name: string, reason: string) => void,
): Provider[] {
  const names = new Map(settings.map((provider) => [secretNameOf(provider), provider]))
  for (const name of Object.keys(environment)) {
    if (/^GATEHOUSE_PROVIDER_\w+_SECRET$/.test(name) && environment[name] && !names.has(name)) {
      fault(name, 'there is no provider of this name in sign_in.providers')
    }
  }
  return settings.map((provider) => {
    const {
      preset = 'oidc',
      allow = {},
      aal2_when: aal2 = {},
      public: isPublic = false,
      session_hours,
      apple,
      ...given
    } = provider
    const name = secretNameOf(provider)
    const secret = environment[name] || undefined
    if (isPublic && secret !== undefined)
      fault(name, `sign_in.providers says that ${provider.name} is public; expected one of the two`)
    if (!isPublic && secret === undefined) fault(name, `expected the secret of ${provider.name}, or public: true there`)
    const isKey = secret?.includes('-----BEGIN PRIVATE KEY-----') === true
    if (preset === 'apple' && secret !== undefined && !isKey)
      fault(name, 'expected a private key in PEM (PKCS #8), as Apple gives it out')
    if (preset !== 'apple' && secret !== undefined && /[\r\n\0]/.test(secret))
      fault(name, 'expected a secret of one line')
    return {
      ...{ title: presets[preset].title ?? provider.name, scopes: [...presets[preset].scopes], groups_claim: 'groups' },
      ...{ first_sign_in: 'ask', roles: {}, acr_values: [], logout: false },
      ...given,
      ...{ preset, session_hours, apple, secret },
      issuer: issuerOf(provider)!,
      trust_email_for: canonical(given.trust_email_for),
      domains: canonical(given.domains),
      allow: {
        ...{ groups: [], organisations: [], tenants: [] },
        ...allow,
        domains: canonical(allow.domains),
        hd: canonical(allow.hd),
      },
      aal2_when: { acr: [], amr: [], ...aal2 },
    }
  })
}

/** What a schema cannot say of the list `sign_in.providers`. */
export function checkProviderSettings(providers: ProviderSettings, findings: Findings): void {
  const [names, issuers, routed] = [new Map<string, number>(), new Set<string>(), new Set<string>()]
  for (const [place, provider] of providers.entries()) {
    const keys: Keys = ['sign_in', 'providers', place]
    const fault = (path: Keys, reason: string) => findings.fault([...keys, ...path], reason)
    const variable = secretNameOf(provider)
    if (names.has(variable)) fault(['name'], 'expected another name: there is a provider of this one already')
    names.set(variable, place)
    checkIssuer(provider, fault)
    const issuer = issuerOf(provider)
    if (issuer !== undefined && issuers.has(issuer)) {
      fault(['issuer'], 'expected another issuer: the accounts of this one belong to the provider before')
    }
    if (issuer !== undefined) issuers.add(issuer)
    checkDomains(provider, fault)
    for (const [at, domain] of (provider.domains ?? []).entries()) {
      if (routed.has(domain))
        fault(['domains', at], 'expected another domain: the people of this one sign in by a provider before')
      routed.add(domain)
    }
    checkPreset(provider, fault)
    for (const [group, roles] of Object.entries(provider.roles ?? {})) {
      for (const [at, role] of roles.entries()) {
        if (!listedName.test(role)) fault(['roles', group, at], `expected ${listedNameForm}`)
      }
    }
    const { allow = {}, preset, first_sign_in: first, domains: own = [] } = provider
    const isOpen = preset !== undefined && ['google', 'gitlab', 'apple', 'github'].includes(preset)
    const restricts = [...Object.values(allow), own].some((list) => list.length > 0)
    if (first === 'create' && isOpen && provider.issuer === undefined && !restricts) {
      findings.warning(
        [...keys, 'first_sign_in'],
        'anybody who has an account there gets one here; `allow` says who may',
      )
    }
  }
}

type Fault = (path: Keys, reason: string) => void

function checkIssuer(provider: ProviderSetting, fault: Fault): void {
  const issuer = issuerOf(provider)
  if (issuer === undefined) return fault([], 'expected an issuer: https://login.example.com')
  if (!/^https?:\/\/[^/]/i.test(issuer) || !URL.canParse(issuer)) {
    return fault(['issuer'], 'expected a URL with its scheme, such as https://login.example.com')
  }
  const { protocol, hostname, username, password } = new URL(issuer)
  if (/[?#]/.test(issuer) || username || password) {
    return fault(['issuer'], 'expected a URL without query, fragment, user name and password')
  }
  if (protocol !== 'https:' && !isThisMachine(hostname.replace(/^\[|\]$/g, ''))) {
    return fault(['issuer'], 'expected an https URL: whoever is on the way could sign in as anybody')
  }
}

function checkDomains({ domains: own, trust_email_for: trusted, allow }: ProviderSetting, fault: Fault): void {
  const lists: [Keys, readonly string[] | undefined][] = [
    [['domains'], own],
    [['trust_email_for'], trusted],
    [['allow', 'domains'], allow?.domains],
    [['allow', 'hd'], allow?.hd],
  ]
  for (const [path, list = []] of lists) {
    for (const [at, domain] of list.entries()) {
      if (canonicalDomain(domain) === undefined) fault([...path, at], 'expected a mail domain, such as example.com')
    }
  }
}

/** What a setting is for, where it is for one kind of provider alone. */
const ofPreset: readonly (readonly [keys: Keys, preset: PresetName, given: (provider: ProviderSetting) => unknown])[] =
  [
    [['allow', 'organisations'], 'github', ({ allow }) => allow?.organisations],
    [['allow', 'hd'], 'google', ({ allow }) => allow?.hd],
    [['allow', 'tenants'], 'entra', ({ allow }) => allow?.tenants],
    [['apple'], 'apple', ({ apple }) => apple],
  ]

function checkPreset(provider: ProviderSetting, fault: Fault): void {
  const { preset = 'oidc', allow, scopes } = provider
  for (const [keys, only, given] of ofPreset) {
    if (given(provider) !== undefined && preset !== only) fault(keys, `it is for the preset ${only} alone`)
  }
  if (preset === 'apple' && provider.apple === undefined) fault([], 'expected apple: { team_id: …, key_id: … }')
  if (preset === 'apple' && provider.public === true) fault(['public'], 'Apple knows no public clients')
  const issuer = issuerOf(provider)
  if (
    preset === 'entra' &&
    issuer !== undefined &&
    URL.canParse(issuer) &&
    isSharedTenant(issuer) &&
    !allow?.tenants?.length
  ) {
    fault(
      ['issuer'],
      'expected the issuer of a tenant, or the tenants in allow.tenants: this one lets in people of any',
    )
  }
  if (preset === 'github') {
    const useless = {
      acr_values: provider.acr_values,
      aal2_when: provider.aal2_when,
      logout: provider.logout || undefined,
    }
    for (const [name, given] of Object.entries(useless)) {
      if (given !== undefined) fault([name], 'GitHub tells of no levels, and ends no sessions')
    }
  } else if (scopes !== undefined && !scopes.includes('openid')) {
    fault(['scopes'], 'expected openid among them')
  }
}
