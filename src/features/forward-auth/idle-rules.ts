import { allEscaped } from '../../core/request-path.ts'
import { parseRequestTarget } from '../../core/request-target.ts'
import type { AccessRules, HostPolicy, Rule } from './access-rules.ts'
import { distinctClients, distinctMethods, distinctPaths, TooManyKinds } from './request-classes.ts'

/** Something about a host that its author will not have meant. */
export interface RuleDoubt {
  /** The keys of gatehouse.yaml that lead to it. */
  readonly keys: readonly (string | number)[]
  readonly reason: string
}

/**
 * Rules that never decide anything, and headers by which people could give themselves the user name of somebody else.
 */
export function doubtsAbout(rules: AccessRules): RuleDoubt[] {
  return rules.hosts.flatMap((policy) => [...doubtsAboutHeaders(policy), ...doubtsAboutOrder(rules, policy)])
}

/** How the headers end by which applications know people. */
const userNameHeader = /(^|-)(user|username|login|uid)$/i

function doubtsAboutHeaders({ name: host, authority, presentation }: HostPolicy): RuleDoubt[] {
  const { preset } = presentation({ scheme: 'https', authority })
  const found = preset.find(([name, field]) => field === 'name' && userNameHeader.test(name))
  if (found === undefined) return []
  const reason = `${found[0]} reads like a user name, but people choose their display name themselves: one could be signed in to the application as another; take subject, email or username`
  return [{ keys: ['hosts', host, 'headers', 'name'], reason }]
}

function doubtsAboutOrder(rules: AccessRules, policy: HostPolicy): RuleDoubt[] {
  const keys = ['hosts', policy.name, 'rules']
  let idle: readonly IdleRule[]
  try {
    idle = idleRules(policy, exampleAuthority(policy, [rules]))
  } catch (error) {
    if (!(error instanceof TooManyKinds)) throw error
    const reason = `${error.message} to say whether every rule can decide something`
    return [{ keys, reason }]
  }
  return idle.map(({ rule, decidedBy }) => {
    const why =
      decidedBy.length === 0
        ? 'no request is like this'
        : `${decidedBy.map(nameOf).join(' and ')} ${decidedBy.length === 1 ? 'comes' : 'come'} first and ${decidedBy.length === 1 ? 'matches' : 'match'} everything that it does`
    return { keys: [...keys, rule.position], reason: `${nameOf(rule)} never decides: ${why}` }
  })
}

/** A rule as messages call it, counted from 1. */
export function nameOf({ position, line }: Rule): string {
  return `rule ${position + 1}${line === undefined ? '' : ` (line ${line})`}`
}

/** A host that the policy answers for: itself, or one under its wildcard that no set of rules lists by name. */
export function exampleAuthority({ authority, isWildcard }: HostPolicy, among: readonly AccessRules[]): string {
  if (!isWildcard) return authority
  const isListed = (candidate: string) =>
    among.some(({ hosts }) => hosts.some((policy) => !policy.isWildcard && policy.authority === candidate))
  for (let number = 1; ; number++) {
    const candidate = `any${number === 1 ? '' : number}.${authority}`
    if (!isListed(candidate)) return candidate
  }
}

export interface IdleRule {
  readonly rule: Rule
  /** The rules that decide about what it matches; none: it matches no request. */
  readonly decidedBy: readonly Rule[]
}

/**
 * The rules of a host that decide about no request at all, since others come first: a rule that matches decides, whether
 * or not it lets anybody pass. Exact: the rules themselves are asked about every kind of request that they tell apart.
 * Throws `TooManyKinds` where that cannot be done in reasonable time.
 */
export function idleRules(policy: HostPolicy, authority: string): IdleRule[] {
  const sources = policy.rules.map(({ source }) => source)
  const methods = distinctMethods(sources)
  const clients = distinctClients(sources.flatMap(({ networks }) => (networks ? [networks] : [])))
  const idle = new Map(policy.rules.map((rule) => [rule, new Set<Rule>()]))
  for (const path of distinctPaths(sources.flatMap(({ paths }) => paths ?? []))) {
    if (idle.size === 0) break
    for (const method of methods) {
      const target = parseRequestTarget({ method, scheme: 'https', host: authority, target: path }, allEscaped)
      if (typeof target === 'string') continue
      for (const address of clients) {
        const question = { target, clientAddress: () => address }
        const matching = policy.matching(question)
        const [first, ...later] = matching
        if (first === undefined) continue
        idle.delete(first)
        for (const rule of later) idle.get(rule)?.add(first)
      }
    }
  }
  return [...idle].map(([rule, decidedBy]) => ({
    rule,
    decidedBy: [...decidedBy].toSorted((a, b) => a.position - b.position),
  }))
}
