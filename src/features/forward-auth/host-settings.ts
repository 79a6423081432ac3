/** What a schema cannot say about the `hosts` of gatehouse.yaml. */
import { cookieReaches, isWithin } from '../../core/cookie-reach.ts'
import { basePathOf } from '../../core/issuer.ts'
import type { Findings } from '../../settings.ts'
import { type AccessRules, compileAccessRules, type HostPolicy } from './access-rules.ts'
import { brokenExpectations } from './expectations.ts'
import { doubtsAbout } from './idle-rules.ts'
import { RuleFaults } from './rule-faults.ts'
import type { Hosts } from './settings.ts'

export type { AccessRules } from './access-rules.ts'

/** The hosts, ready to decide; nothing when one is faulty. `lineOf`: where a rule stands in the file. */
export function compileHosts(
  hosts: Hosts,
  lineOf: (host: string, position: number) => number,
  findings: Findings,
): AccessRules | undefined {
  try {
    return compileAccessRules(hosts, lineOf)
  } catch (error) {
    if (!(error instanceof RuleFaults)) throw error
    for (const { keys, reason } of error.faults) findings.fault(keys, reason)
    return undefined
  }
}

/** Tells of expectations that the rules break, and warns of what will not have been meant. */
export function checkHosts(
  hosts: Hosts,
  accessRules: AccessRules,
  beside: {
    roles: Readonly<Record<string, readonly string[]>>
    issuer: string | undefined
    cookieDomain: string | undefined
    otherDomains: readonly string[]
  },
  findings: Findings,
): void {
  const { roles, issuer, cookieDomain, otherDomains } = beside
  for (const { keys, reason } of brokenExpectations(hosts, accessRules, roles)) findings.fault(keys, reason)
  // Beside the service's own path its host may have applications like any other.
  const isAlone = issuer !== undefined && basePathOf(issuer) === ''
  const own = isAlone ? accessRules.host(new URL(issuer).host) : undefined
  if (own !== undefined && !own.isWildcard) {
    findings.warning(['hosts', own.name], "it is the issuer's own host, which no rule can protect")
  }
  for (const { name, isWildcard, about } of accessRules.hosts) {
    if (!isWildcard || about.title === undefined) continue
    findings.fault(['hosts', name, 'title'], 'a wildcard stands for many hosts, of which none is opened')
  }
  for (const policy of accessRules.hosts) {
    const domains = cookieDomain === undefined ? otherDomains : [cookieDomain, ...otherDomains]
    if (domains.length === 0 || !asksForPeople(policy) || domains.some((domain) => mayShare(policy, domain))) continue
    if (issuer !== undefined && cookieReaches(policy.authority, { issuer, cookieDomain })) continue
    const reason =
      'it is outside GATEHOUSE_COOKIE_DOMAIN and sessions.other_domains, so browsers have no cookie for it: people cannot sign in to it'
    findings.warning(['hosts', policy.name], reason)
  }
  for (const { keys, reason } of doubtsAbout(accessRules)) findings.warning(keys, reason)
}

/** Whether some rule of a host lets somebody pass by a session; scopes and clients are of programs. */
function asksForPeople({ rules }: HostPolicy): boolean {
  return rules.some(({ allow, source }) => {
    if (allow === 'anyone' || allow === 'nobody') return false
    return typeof source.allow === 'string' || (source.allow.scopes ?? source.allow.clients) === undefined
  })
}

/** Whether the cookies of a domain reach a host, or one of those that a wildcard stands for. */
function mayShare({ authority, isWildcard }: HostPolicy, domain: string): boolean {
  return isWithin(authority, domain) || (isWildcard && isWithin(domain, authority))
}
