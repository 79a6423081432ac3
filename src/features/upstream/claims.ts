import { isOfDomains, readEmail } from '../../core/email.ts'
import { isPlainText } from '../../core/plain-text.ts'
import { isSharedTenant, presets } from './presets.ts'
import type { Provider } from './settings.ts'

/** What a provider says about a person: claims as they came. */
export type Claims = Readonly<Record<string, unknown>>

/** What the provider has proven. */
export interface Proven {
  kind: 'proven'
  /** Of the ID token, whose signature was checked; of GitHub what its API says. */
  signed: Claims
  /** That, and what else the provider says about the same person. */
  all: Claims
  /** What its page for signing out wants to see. */
  idToken: string | undefined
}

/** Names of groups that are kept of one person, and how long each may be. */
const [mostGroups, longestGroup] = [500, 200]

/** An account at a provider, as far as this service reads what the provider says about it. */
export interface Account {
  /** By these two alone it is found again. */
  issuer: string
  subject: string
  /** What its person sees of it. */
  label: string
  /** Canonical; nothing where the provider says none that could be one. */
  email: string | undefined
  /** Whether the provider says that it has verified the address. */
  emailVerified: boolean
  name: string | undefined
  groups: string[]
  acr: string | undefined
  amr: string[]
  /** When the person proved there who they are, epoch seconds. */
  authTime: number | undefined
  /** Of the session there. */
  sid: string | undefined
}

/** The value of a claim by its name, or by a path of names with dots, as Keycloak's `realm_access.roles`. A name may hold dots itself. */
export function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  let value: unknown = claims
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Claims)[name]
  }
  return value
}

/** Reads an account. Nothing where it has no subject that could be kept. */
export function accountOf(provider: Provider, { signed, all }: Proven): Account | undefined {
  const [subject, issuer] = [textOf(signed['sub'], 255), textOf(signed['iss'], 500)]
  if (subject === undefined || issuer === undefined) return undefined
  const written = textOf(all['email'], 320)
  const read = written === undefined ? undefined : readEmail(written)
  const email = read !== undefined && 'email' in read ? read.email : undefined
  // Some say it as a text.
  const verified = all[presets[provider.preset].verifiedClaim]
  const username = textOf(all['preferred_username'], 200)
  const authTime = signed['auth_time']
  return {
    ...{ issuer, subject, email },
    label: email ?? username ?? subject,
    emailVerified: email !== undefined && (verified === true || verified === 'true' || verified === 1),
    name: textOf(all['name'], 200) ?? username,
    groups: groupsOf(provider, all),
    acr: textOf(signed['acr'], 200),
    amr: textsOf(signed['amr']).slice(0, 50),
    authTime: typeof authTime === 'number' && Number.isSafeInteger(authTime) ? authTime : undefined,
    sid: textOf(signed['sid'], 500),
  }
}

/** The groups of a person, each once. A single name may come without a list; Keycloak's begin with a slash. */
function groupsOf({ preset, groups_claim: path }: Provider, claims: Claims): string[] {
  const told = claimAt(claims, preset === 'github' ? 'organisations' : path)
  const names = textsOf(told).filter((name) => name.length <= longestGroup)
  return [...new Set(names)].toSorted().slice(0, mostGroups)
}

/** The roles that follow from groups. */
export function rolesOf({ roles }: Pick<Provider, 'roles'>, groups: readonly string[]): string[] {
  const own = groups.flatMap((group) => (Object.hasOwn(roles, group) ? roles[group]! : []))
  return [...new Set(own)].toSorted()
}

/** Why somebody may not sign in; nothing where they may. */
export type NotAllowed = 'domain' | 'group' | 'organisation' | 'hd' | 'tenant'

/**
 * Whether an account may sign in at all: it fulfils each restriction. A claim that is missing fulfils none, and an address counts only
 * where the provider says that it is verified.
 */
export function notAllowedBy(provider: Provider, account: Account, { signed, all }: Proven): NotAllowed | undefined {
  const { allow, issuer } = provider
  const lacks = (wanted: readonly string[], has: readonly string[]) =>
    wanted.length > 0 && !wanted.some((one) => has.includes(one))
  if (allow.domains.length > 0 && !(account.emailVerified && isOfDomains(account.email!, allow.domains))) {
    return 'domain'
  }
  if (lacks(allow.hd, textsOf(signed['hd']))) return 'hd'
  const wantedTenants = isSharedTenant(issuer) || allow.tenants.length > 0
  if (wantedTenants && !textsOf(signed['tid']).some((tenant) => allow.tenants.includes(tenant))) return 'tenant'
  if (lacks(allow.organisations, textsOf(all['organisations']))) return 'organisation'
  if (lacks(allow.groups, account.groups)) return 'group'
  return undefined
}

/** Whether the provider is believed about who owns an address that somebody has here: it says that it verified it, and is named for its domain. */
export function isTrustedFor(
  { trust_email_for: trusted }: Pick<Provider, 'trust_email_for'>,
  account: Account,
): boolean {
  return (
    account.email !== undefined && account.emailVerified && trusted.length > 0 && isOfDomains(account.email, trusted)
  )
}

/** Whether a sign-in there counts as one with two factors. */
export function countsAsTwoFactors(
  { aal2_when: { acr, amr } }: Pick<Provider, 'aal2_when'>,
  account: Account,
): boolean {
  return (account.acr !== undefined && acr.includes(account.acr)) || amr.some((method) => account.amr.includes(method))
}

/** Whether the provider has reached a level that it has to. It may answer with a lower one, and no error. */
export function reachesLevel({ acr_values: wanted }: Pick<Provider, 'acr_values'>, { acr }: Account): boolean {
  return wanted.length === 0 || (acr !== undefined && wanted.includes(acr))
}

function textOf(value: unknown, longest: number): string | undefined {
  return typeof value === 'string' && value.length <= longest && isPlainText(value) ? value : undefined
}

function textsOf(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  return list.flatMap((one) => textOf(one, 500) ?? [])
}
