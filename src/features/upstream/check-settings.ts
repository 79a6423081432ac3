import { canonicalDomain } from '../../core/email.ts'
import { isThisMachine } from '../../core/network.ts'
import { listedName, listedNameForm } from '../../core/plain-text.ts'
import type { Findings, Keys } from '../../settings.ts'
import { isSharedTenant, type PresetName } from './presets.ts'
import type { ProviderSetting, ProviderSettings } from './provider-settings.ts'
import { issuerOf, secretNameOf } from './settings.ts'

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
