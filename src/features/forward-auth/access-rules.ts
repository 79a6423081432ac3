import type { Principal } from '../../core/principal.ts'
import { parseAuthority, type RequestTarget } from '../../core/request-target.ts'
import type { AccessRule, HostRules, Hosts } from './settings.ts'

/** What a rule asks of whoever makes the request. */
export type Requirement = AccessRule['allow']

export interface HostPolicy {
  /** Audience of the identity assertion, and one that access tokens may be meant for. */
  audience(target: Pick<RequestTarget, 'scheme'>): string
  /** The first rule that matches; none: denied. */
  requirement(target: RequestTarget): Requirement | undefined
}

export interface AccessRules {
  /** The policy of a host; none: the host is not ours to answer for. */
  host(authority: string): HostPolicy | undefined
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

/** Compiles the rules once. Throws a `RuleFault`. */
export function compileAccessRules(hosts: Hosts): AccessRules {
  const policies = new Map<string, HostPolicy>()
  for (const [name, rules] of Object.entries(hosts)) {
    // Read as https, so that `:443` is dropped; a host with `:80` is listed as itself on http.
    const authority = parseAuthority(name, 'https')
    if (authority === undefined) throw new RuleFault(name, [], 'expected a host name such as app.example.com')
    if (policies.has(authority)) throw new RuleFault(name, [], 'the host is listed twice')
    policies.set(authority, compileHost(name, authority, rules))
  }
  return { host: (authority) => policies.get(authority) }
}

function compileHost(name: string, authority: string, host: HostRules): HostPolicy {
  const rules = host.rules.map((rule, index) => ({
    methods: rule.methods && new Set(rule.methods),
    paths: rule.paths?.map((pattern, place) =>
      compilePath(pattern, () => new RuleFault(name, ['rules', index, 'paths', place], badPath)),
    ),
    requirement: rule.allow,
  }))
  const audiences = {
    http: host.audience ?? `http://${authority}`,
    https: host.audience ?? `https://${authority}`,
  }
  return {
    audience: ({ scheme }) => audiences[scheme],
    requirement(target) {
      for (const rule of rules) {
        if (rule.methods && !rule.methods.has(target.method)) continue
        if (rule.paths && !rule.paths.some((matches) => matches(target.segments))) continue
        return rule.requirement
      }
      return undefined
    },
  }
}

const badPath = 'expected a plain path, with * inside a segment or ** at its end'

type PathMatcher = (segments: readonly string[]) => boolean

/**
 * `*` stands for any text within one segment, a final `**` for any number of segments, none included. Matching is
 * linear in the path's length. A final slash makes no difference, since many upstreams treat both spellings alike.
 */
function compilePath(pattern: string, fault: () => RuleFault): PathMatcher {
  const parts = pattern.slice(1).split('/')
  if (parts.at(-1) === '') parts.pop()
  const open = parts.at(-1) === '**'
  if (open) parts.pop()
  for (const part of parts) {
    if (part === '' || part === '.' || part === '..' || part.includes('**') || /[%?#;\\{}]/.test(part)) {
      throw fault()
    }
  }
  const matchers = parts.map(compileSegment)
  return (segments) =>
    (open ? segments.length >= matchers.length : segments.length === matchers.length) &&
    matchers.every((matches, index) => matches(segments[index]!))
}

function compileSegment(pattern: string): (segment: string) => boolean {
  if (!pattern.includes('*')) return (segment) => segment === pattern
  const [head = '', ...rest] = pattern.split('*')
  const tail = rest.pop() ?? ''
  return (segment) => {
    if (segment.length < head.length + tail.length) return false
    if (!segment.startsWith(head) || !segment.endsWith(tail)) return false
    let from = head.length
    const end = segment.length - tail.length
    for (const part of rest) {
      const found = segment.indexOf(part, from)
      if (found === -1 || found + part.length > end) return false
      from = found + part.length
    }
    return true
  }
}

/** Whether a principal meets a requirement. */
export function meets(principal: Principal, requirement: Requirement): boolean {
  if (requirement === 'anyone' || requirement === 'signed-in') return true
  return principal.kind === 'user' && requirement.roles.some((role) => principal.roles.includes(role))
}
