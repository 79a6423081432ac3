import { canonicalDomain } from '../../core/email.ts'
import { presets } from './presets.ts'
import type { ProviderSetting, ProviderSettings } from './provider-settings.ts'

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

/** The issuer of a provider: its own, or that of its preset. */
export function issuerOf({ issuer, preset = 'oidc' }: ProviderSetting): string | undefined {
  return issuer ?? presets[preset].issuer
}
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
