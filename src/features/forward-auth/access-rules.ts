import { compileIdentityLimits, type IdentityLimits } from '../../core/identity-limits.ts'
import { parseNetworks } from '../../core/network.ts'
import type { Principal } from '../../core/principal.ts'
import type { EscapedCharacter } from '../../core/request-path.ts'
import { parseAuthority, type RequestTarget } from '../../core/request-target.ts'
import { identityHeaderBytes } from '../../core/sizes.ts'
import { type HeaderPreset, headerPreset } from './header-presets.ts'
import type { HeaderPolicy } from './identity.ts'
import { buildPathIndex, parsePathPattern, type PathPattern } from './path-index.ts'
import type { AccessRule, Conditions, CredentialKind, HostRules, Hosts } from './settings.ts'
import { type RuleFault, RuleFaults } from './rule-faults.ts'
import { type CredentialHeader, withheldHeaders } from './withheld.ts'

/** One compiled rule. */
export interface Rule {
  /** Where it stands in its host's list, from 0. */
  readonly position: number
  /** The line of gatehouse.yaml on which it begins; none for a rule that was not read from a file. */
  readonly line: number | undefined
  readonly source: AccessRule
  readonly allow: 'anyone' | 'signed-in' | 'nobody' | Requirement
  readonly preflight: boolean
  /** Why the rule does not apply to this method and address; nothing when it does. */
  mismatch(question: Question): 'method' | 'network' | undefined
}

/** What a principal must be to pass. */
interface Requirement {
  /** The first condition that does not hold, `level` last; nothing when all do. */
  missing(principal: Principal, question: Question): keyof Conditions | undefined
  /** The place in the path of the id that must be the principal's own. */
  readonly ownerAt: number | undefined
  /** Whether anybody can pass from this address. */
  allowsFrom(address: string | undefined): boolean
}

/** What is asked about: the target, and the address of whoever asks, where the proxy told it. */
export interface Question {
  readonly target: RequestTarget
  readonly clientAddress: () => string | undefined
}

export interface HostPolicy {
  /** The host as the configuration spells it. */
  readonly name: string
  /** The host as requests are compared with it; of a wildcard what follows its label. */
  readonly authority: string
  readonly isWildcard: boolean
  /** What people are told of it. */
  readonly about: Pick<HostRules, 'title' | 'description' | 'icon'>
  readonly rules: readonly Rule[]
  /** The escaped characters that may stand in a segment. */
  readonly encoded: readonly EscapedCharacter[]
  /** The credentials that count; none: those that count on every host. */
  readonly credentials: readonly CredentialKind[] | undefined
  /** Whether access tokens are among them. */
  readonly takesTokens: boolean
  /** The headers in which credentials are kept from the host's upstream. */
  readonly withholds: readonly CredentialHeader[]
  /** Whether the host's upstream may read another path than the one that is judged. */
  isAmbiguous(target: RequestTarget): boolean
  /** The first rule that matches; none: denied. */
  rule(question: Question): Rule | undefined
  /** Every rule that matches, in order. */
  matching(question: Question): readonly Rule[]
  /** All rules in order, with the reason why each does not apply. The first that has none is the one that matches. */
  consider(question: Question): readonly Considered[]
  /** What its upstream is told of somebody's rights. */
  readonly identity: IdentityLimits
  /** The one audience of all its origins; none: each is its own. */
  readonly audience: string | undefined
  /** How identity is told to the upstream of this origin; its audience is one that access tokens may be meant for. */
  presentation(target: Pick<RequestTarget, 'scheme' | 'authority'>): HeaderPolicy
}

export interface Considered {
  readonly rule: Rule
  readonly mismatch: 'path' | 'method' | 'network' | undefined
}

export interface AccessRules {
  /** The policy of a host; none: the host is not ours to answer for. */
  host(authority: string): HostPolicy | undefined
  /** The policies of all hosts, exact ones first. */
  readonly hosts: readonly HostPolicy[]
  /** What the hosts with this audience are told of somebody's rights; none: it is no host's. */
  identityLimits(audience: string): readonly IdentityLimits[]
}

/** On which line the rule at a position of a host begins. */
export type LineOfRule = (host: string, position: number) => number | undefined

/**
 * Compiles the rules once. An exact host wins over a wildcard, which stands for one leading label. Throws `RuleFaults`
 * with all that is wrong.
 */
export function compileAccessRules(hosts: Hosts, lineOf: LineOfRule = () => undefined): AccessRules {
  const exact = new Map<string, HostPolicy>()
  const wildcard = new Map<string, HostPolicy>()
  const faults: RuleFault[] = []
  for (const [name, settings] of Object.entries(hosts)) {
    const report = (keys: readonly (string | number)[], reason: string) =>
      void faults.push({ keys: ['hosts', name, ...keys], reason })
    const isWildcard = name.startsWith('*.')
    // Read as https, so that `:443` is dropped; a host with `:80` is listed as itself on http. With a label for the
    // wildcard, since an address can stand where no label may precede it.
    const read = parseAuthority(isWildcard ? `x${name.slice(1)}` : name, 'https')
    const authority = isWildcard ? read?.slice(2) : read
    const policies = isWildcard ? wildcard : exact
    if (authority === undefined) report([], 'expected a host name such as app.example.com, or *.example.com')
    else if (policies.has(authority)) report([], 'the host is listed twice')
    const policy = compileHost({ name, authority: authority ?? '', isWildcard }, settings, lineOf, report)
    if (authority !== undefined) policies.set(authority, policy)
  }
  if (faults.length > 0) throw new RuleFaults(faults)
  const all = [...exact.values(), ...wildcard.values()]
  const byAudience = Map.groupBy(all, (policy) => policy.audience)
  const host = (authority: string) => {
    const dot = authority.indexOf('.')
    return exact.get(authority) ?? (dot === -1 ? undefined : wildcard.get(authority.slice(dot + 1)))
  }
  return {
    host,
    hosts: all,
    identityLimits(audience) {
      const [, authority = ''] = /^https?:\/\/(.*)$/.exec(audience) ?? []
      const origin = host(authority)
      const named = byAudience.get(audience) ?? []
      const meant = origin !== undefined && origin.audience === undefined ? [...named, origin] : named
      return meant.map(({ identity }) => identity)
    },
  }
}

type Report = (keys: readonly (string | number)[], reason: string) => void

function compileHost(
  host: Pick<HostPolicy, 'name' | 'authority' | 'isWildcard'>,
  settings: HostRules,
  lineOf: LineOfRule,
  report: Report,
): HostPolicy {
  const encoded: readonly EscapedCharacter[] = settings.encoded ?? []
  const compiled = settings.rules.map((rule, position) => {
    const attempt: Attempt = (keys, compile, instead) => {
      try {
        return compile()
      } catch (error) {
        report(['rules', position, ...keys], (error as Error).message)
        return instead
      }
    }
    return compileRule(rule, { position, line: lineOf(host.name, position) }, encoded, attempt)
  })
  const rules = compiled.map(({ rule }) => rule)
  const identity = compileIdentityLimits(settings.identity, identityHeaderBytes)
  const index = buildPathIndex(compiled.map(({ patterns }) => patterns))
  const onPath = ({ target }: Question) => index.match(target.segments).map((position) => rules[position]!)
  return {
    ...host,
    about: settings,
    rules,
    encoded,
    credentials: settings.credentials,
    takesTokens: settings.credentials?.includes('bearer') ?? true,
    withholds: withheldHeaders(settings),
    isAmbiguous: ({ escaped }) => !escaped.every((character) => encoded.includes(character)),
    rule: (question) => onPath(question).find((candidate) => candidate.mismatch(question) === undefined),
    matching: (question) => onPath(question).filter((candidate) => candidate.mismatch(question) === undefined),
    consider(question) {
      const candidates = new Set(onPath(question))
      return rules.map((rule) => ({ rule, mismatch: candidates.has(rule) ? rule.mismatch(question) : 'path' }))
    },
    identity,
    audience: settings.audience,
    presentation: presentations(host, settings, identity, report),
  }
}

/**
 * An exact host has two origins. A wildcard has as many as somebody may think of, so nothing is kept for one of them: all
 * share what identity is remembered by.
 */
function presentations(
  host: Pick<HostPolicy, 'name' | 'isWildcard'>,
  settings: HostRules,
  limits: IdentityLimits,
  report: Report,
): HostPolicy['presentation'] {
  let preset: HeaderPreset = []
  try {
    preset = headerPreset(settings.headers)
  } catch (error) {
    report(['headers'], (error as Error).message)
  }
  const make = (audience: string): HeaderPolicy => ({
    host,
    preset,
    audience,
    limits,
    replacesAuthorization: settings.authorization === 'assertion',
    boundToRequest: settings.bind === 'request',
  })
  const ofOrigin = ({ scheme, authority }: Pick<RequestTarget, 'scheme' | 'authority'>) =>
    make(`${scheme}://${authority}`)
  if (settings.audience !== undefined) {
    const always = make(settings.audience)
    return () => always
  }
  if (host.isWildcard) return ofOrigin
  const known: { http?: HeaderPolicy; https?: HeaderPolicy } = {}
  return (target) => (known[target.scheme] ??= ofOrigin(target))
}

/** Compiles a part of a rule; what is wrong with it is reported, and `instead` taken so that the rest is read too. */
type Attempt = <T>(keys: readonly (string | number)[], compile: () => T, instead: T) => T

const nothing: PathPattern = { parts: [], open: false, captures: new Map() }

/** Each entry is tried by itself, so that all faults are told where they stand. */
function compileNetworks(keys: readonly string[], networks: readonly string[], attempt: Attempt) {
  const sound = networks.filter((entry, place) =>
    attempt([...keys, place], () => Boolean(parseNetworks([entry])), false),
  )
  return parseNetworks(sound)
}

function compileRule(
  source: AccessRule,
  place: Pick<Rule, 'position' | 'line'>,
  encoded: readonly EscapedCharacter[],
  attempt: Attempt,
) {
  const patterns = source.paths?.map((path, index) =>
    attempt(['paths', index], () => parsePathPattern(path, encoded), nothing),
  )
  const methods = source.methods && new Set(source.methods)
  const { networks } = source
  const inNetwork = networks && compileNetworks(['networks'], networks, attempt)
  const { allow } = source
  const rule: Rule = {
    ...place,
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
  patterns: readonly PathPattern[] | undefined,
  attempt: Attempt,
): Requirement {
  const { roles, groups, permissions, scopes, clients, networks, owner, level } = conditions
  const inNetwork = networks && compileNetworks(['allow', 'networks'], networks, attempt)
  const ownerAt = owner === undefined ? undefined : attempt(['allow', 'owner'], () => positionOf(owner, patterns), 0)
  const some = (wanted: readonly string[] | undefined, held: readonly string[]) =>
    wanted === undefined || wanted.some((name) => held.includes(name))

  return {
    ownerAt,
    allowsFrom: (address) => inNetwork === undefined || inNetwork(address),
    missing(principal, { target, clientAddress }) {
      const user = principal.kind === 'user' ? principal : undefined
      if (!some(roles, user?.roles ?? [])) return 'roles'
      if (!some(groups, user?.groups ?? [])) return 'groups'
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
function positionOf(owner: string, patterns: readonly PathPattern[] | undefined): number {
  const places = new Set((patterns ?? []).map(({ captures }) => captures.get(owner)))
  const [place] = places
  if (places.size !== 1 || place === undefined) {
    throw new Error('expected the name of a capture that every path of the rule holds at the same place')
  }
  return place
}
