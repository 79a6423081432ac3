import { parseNetworks } from '../../core/network.ts'
import type { Principal } from '../../core/principal.ts'
import { parseAuthority, type RequestTarget } from '../../core/request-target.ts'
import { type HeaderPreset, headerPreset } from './header-presets.ts'
import type { Presentation } from './identity.ts'
import { buildPathIndex, parsePathPattern } from './path-index.ts'
import type { AccessRule, Conditions, HostRules, Hosts } from './settings.ts'

/** One compiled rule. */
export interface Rule {
  /** Where it stands in its host's list, from 0. */
  readonly position: number
  readonly source: AccessRule
  readonly allow: 'anyone' | 'signed-in' | Requirement
  readonly preflight: boolean
  /** Why the rule does not apply to this method and address; nothing when it does. */
  mismatch(question: Question): 'method' | 'network' | undefined
}

/** What a principal must be to pass. */
export interface Requirement {
  /** The first condition that does not hold, `level` last; nothing when all do. */
  missing(principal: Principal, question: Question): keyof Conditions | undefined
}

/** What is asked about: the target, and the address of whoever asks, where the proxy told it. */
export interface Question {
  readonly target: RequestTarget
  readonly clientAddress: () => string | undefined
}

export interface HostPolicy {
  /** The host as the configuration spells it. */
  readonly name: string
  /** The first rule that matches; none: denied. */
  rule(question: Question): Rule | undefined
  /** All rules in order, with the reason why each does not apply. The first that has none is the one that matches. */
  consider(question: Question): readonly Considered[]
  /** How identity is told to the upstream of this origin; its audience is one that access tokens may be meant for. */
  presentation(target: Pick<RequestTarget, 'scheme' | 'authority'>): Presentation
}

export interface Considered {
  readonly rule: Rule
  readonly mismatch: 'path' | 'method' | 'network' | undefined
}

export interface AccessRules {
  /** The policy of a host; none: the host is not ours to answer for. */
  host(authority: string): HostPolicy | undefined
}

/**
 * Compiles the rules once. An exact host wins over a wildcard, which stands for one leading label. Throws a message that
 * begins with the key at fault.
 */
export function compileAccessRules(hosts: Hosts): AccessRules {
  const exact = new Map<string, HostPolicy>()
  const wildcard = new Map<string, HostPolicy>()
  for (const [name, settings] of Object.entries(hosts)) {
    const isWildcard = name.startsWith('*.')
    // Read as https, so that `:443` is dropped; a host with `:80` is listed as itself on http.
    const authority = parseAuthority(isWildcard ? name.slice(2) : name, 'https')
    if (authority === undefined) throw new RuleFault(name, [], 'expected a host name such as app.example.com')
    const policies = isWildcard ? wildcard : exact
    if (policies.has(authority)) throw new RuleFault(name, [], 'the host is listed twice')
    policies.set(authority, compileHost(name, settings))
  }
  return {
    host(authority) {
      const dot = authority.indexOf('.')
      return exact.get(authority) ?? (dot === -1 ? undefined : wildcard.get(authority.slice(dot + 1)))
    },
  }
}

/** A rule that cannot be compiled, with the keys that lead to it. */
export class RuleFault extends Error {
  readonly keys: readonly string[]
  constructor(host: string, keys: readonly (string | number)[], reason: string) {
    const path = ['hosts', host, ...keys.map(String)]
    super(`${path.join('.')}: ${reason}`)
    this.keys = path
  }
}

function compileHost(name: string, settings: HostRules): HostPolicy {
  const compiled = settings.rules.map((rule, position) => {
    const attempt = <T>(keys: readonly (string | number)[], compile: () => T): T => {
      try {
        return compile()
      } catch (error) {
        throw new RuleFault(name, ['rules', position, ...keys], (error as Error).message)
      }
    }
    return compileRule(rule, position, attempt)
  })
  const rules = compiled.map(({ rule }) => rule)
  const index = buildPathIndex(compiled.map(({ patterns }) => patterns))
  const matching = ({ target }: Question) => index.match(target.segments).map((position) => rules[position]!)
  return {
    name,
    rule: (question) => matching(question).find((candidate) => candidate.mismatch(question) === undefined),
    consider(question) {
      const candidates = new Set(matching(question))
      return rules.map((rule) => ({ rule, mismatch: candidates.has(rule) ? rule.mismatch(question) : 'path' }))
    },
    presentation: presentations(name, settings),
  }
}

/** A wildcard host has as many origins as somebody may think of; beyond these, what is written is not remembered. */
const mostOrigins = 1_000

function presentations(name: string, settings: HostRules): HostPolicy['presentation'] {
  let preset: HeaderPreset
  try {
    preset = headerPreset(settings.headers)
  } catch (error) {
    throw new RuleFault(name, ['headers'], (error as Error).message)
  }
  const make = (audience: string): Presentation => ({
    preset,
    audience,
    replacesAuthorization: settings.authorization === 'assertion',
    boundToRequest: settings.bind === 'request',
  })
  const known = { http: new Map<string, Presentation>(), https: new Map<string, Presentation>() }
  return ({ scheme, authority }) => {
    let presentation = known[scheme].get(authority)
    if (presentation === undefined) {
      presentation = make(settings.audience ?? `${scheme}://${authority}`)
      if (known[scheme].size < mostOrigins) known[scheme].set(authority, presentation)
    }
    return presentation
  }
}

type Attempt = <T>(keys: readonly (string | number)[], compile: () => T) => T

function compileRule(source: AccessRule, position: number, attempt: Attempt) {
  const patterns = source.paths?.map((path, index) => attempt(['paths', index], () => parsePathPattern(path)))
  const methods = source.methods && new Set(source.methods)
  const inNetwork = source.networks && attempt(['networks'], () => parseNetworks(source.networks!))
  const { allow } = source
  const rule: Rule = {
    position,
    source,
    preflight: source.preflight ?? false,
    allow: typeof allow === 'string' ? allow : compileConditions(allow, patterns, attempt),
    mismatch({ target, clientAddress }) {
      if (methods && !methods.has(target.method)) return 'method'
      if (inNetwork && !inNetwork(clientAddress())) return 'network'
      return undefined
    },
  }
  return { rule, patterns }
}

function compileConditions(
  conditions: Conditions,
  patterns: readonly { parts: readonly string[]; captures: ReadonlyMap<string, number> }[] | undefined,
  attempt: Attempt,
): Requirement {
  const { roles, permissions, scopes, clients, networks, owner, level } = conditions
  const inNetwork = networks && attempt(['allow', 'networks'], () => parseNetworks(networks))
  const ownerAt = owner === undefined ? undefined : attempt(['allow', 'owner'], () => positionOf(owner, patterns))
  const some = (wanted: readonly string[] | undefined, held: readonly string[]) =>
    wanted === undefined || wanted.some((name) => held.includes(name))

  return {
    missing(principal, { target, clientAddress }) {
      const user = principal.kind === 'user' ? principal : undefined
      if (!some(roles, user?.roles ?? [])) return 'roles'
      if (!some(permissions, user?.permissions ?? [])) return 'permissions'
      if (!some(scopes, principal.scopes)) return 'scopes'
      if (!some(clients, [principal.clientId])) return 'clients'
      if (inNetwork && !inNetwork(clientAddress())) return 'networks'
      if (ownerAt !== undefined && target.segments[ownerAt] !== principal.subject) return 'owner'
      if (level === 'aal2' && user?.level !== 'aal2') return 'level'
      return level === 'aal1' && user === undefined ? 'level' : undefined
    },
  }
}

/** The capture's place, which has to be the same in every path of the rule. */
function positionOf(owner: string, patterns: readonly { captures: ReadonlyMap<string, number> }[] | undefined): number {
  const places = new Set((patterns ?? []).map(({ captures }) => captures.get(owner)))
  const [place] = places
  if (places.size !== 1 || place === undefined) {
    throw new Error('expected the name of a capture that every path of the rule holds at the same place')
  }
  return place
}
