import { isDeepStrictEqual } from 'node:util'
import { allEscaped } from '../../core/request-path.ts'
import { parseRequestTarget, type RequestTarget } from '../../core/request-target.ts'
import type { AccessRules, HostPolicy, Question, Rule } from './access-rules.ts'
import { ownerAtOf } from './decide.ts'
import {
  imagineDecision,
  type ImaginedCaller,
  numbered,
  type NumberedRule,
  outcomes,
  type Outcome,
} from './explain-decision.ts'
import { exampleAuthority } from './idle-rules.ts'
import {
  beyond,
  callerOf,
  distinctCallers,
  type Held,
  holdsAtLeast,
  nobody,
  type RolePermissions,
} from './imagined-callers.ts'
import { distinctClients, distinctMethods, distinctPaths, TooManyKinds } from './request-classes.ts'
import type { HostRules, Hosts } from './settings.ts'

/** One file, as far as it decides. */
export interface Side {
  hosts: Hosts
  rules: AccessRules
  roles: RolePermissions
}

/** What a changed file changes for a host. */
export interface HostDiff {
  /** As the newer file spells it, or the older one where it alone lists the host. */
  host: string
  /** Whether the host is listed under this name in one file alone. */
  listed: 'before' | 'after' | 'both'
  /** Settings beside the rules that are not the same. */
  settings: { setting: string; before?: unknown; after?: unknown }[]
  requests: RequestDiff[]
  /** Whether the requests are of every kind that either file tells apart. */
  complete: boolean
}

/** Requests about which one rule decided before, another one now, and at least one caller notices. */
interface RequestDiff {
  before?: NumberedRule
  after?: NumberedRule
  /** One of them. */
  example: { method: string; url: string; address?: string; preflight_for?: string }
  changes: CallerDiff[]
}

interface CallerDiff {
  /** The caller who holds least of all for whom this changes. */
  who: string
  /** What more saves a caller from the change; each alone does. */
  unless: string[]
  before: Outcome
  after: Outcome
}

type Asked = Question & { preflightFor: string | undefined; target: RequestTarget }

/**
 * Says host by host and rule by rule for whom the newer file decides otherwise than the older one. The decision core itself
 * is asked, in the name of every kind of caller, about every kind of request that either file tells apart; where that is
 * too much for a host, what is said is true and `complete` is false.
 */
export function diffRules(before: Side, after: Side): HostDiff[] {
  const names = new Map<string, HostPolicy>()
  for (const policy of [...after.rules.hosts, ...before.rules.hosts]) {
    const key = `${policy.isWildcard ? '*.' : ''}${policy.authority}`
    if (!names.has(key)) names.set(key, policy)
  }
  return [...names.values()].map((policy) => diffHost(policy, before, after)).filter((host) => isChanged(host))
}

/** Whether there is anything to tell about the host. */
function isChanged({ settings, requests, complete }: HostDiff): boolean {
  return settings.length > 0 || requests.length > 0 || !complete
}

function diffHost(policy: HostPolicy, before: Side, after: Side): HostDiff {
  const authority = exampleAuthority(policy, [before.rules, after.rules])
  const sides = [before, after] as const
  const policies = sides.map(({ rules }) => rules.host(authority))
  const sources = policies.flatMap((one) => one?.rules ?? []).map(({ source }) => source)
  const methods = distinctMethods(sources)
  const networks = sources.flatMap(({ networks, allow }) => [
    networks,
    typeof allow === 'object' ? allow.networks : undefined,
  ])
  const clients = distinctClients(networks.filter((list) => list !== undefined))
  const requests: RequestDiff[] = []
  const met = new Set<string>()

  const note = (rules: Rules, example: RequestDiff['example'], changes: CallerDiff[]) => {
    const [one, other] = rules.map((rule) => rule && numbered(rule))
    const ofSameRules = requests.filter(
      (known) =>
        isDeepStrictEqual([known.before, known.after], [one, other]) &&
        (known.example.preflight_for === undefined) === (example.preflight_for === undefined),
    )
    const told = ofSameRules.flatMap((known) => known.changes)
    const fresh = changes.filter((change) => !told.some((known) => isDeepStrictEqual(known, change)))
    if (fresh.length === 0) return
    requests.push({ ...(one && { before: one }), ...(other && { after: other }), example, changes: fresh })
  }
  const look = (path: string) => {
    for (const method of methods) {
      const target = parseRequestTarget({ method, scheme: 'https', host: authority, target: path }, allEscaped)
      if (typeof target === 'string') continue
      for (const address of clients) {
        const question = { target, clientAddress: () => address }
        const rules = policies.map((one) => one?.rule(question)) as [Rule | undefined, Rule | undefined]
        const example = { url: `https://${authority}${path}`, ...(address !== undefined && { address }) }
        const key = rules.map((rule) => `${rule?.position} ${rule && isInside(rule, address)}`).join()
        if (!met.has(key)) {
          met.add(key)
          const callers = sameForAll(rules, sides) ? [] : distinctCallers(rules, [before.roles, after.roles])
          note(rules, { method, ...example }, changesOf(callers, { ...question, preflightFor: undefined }, sides))
        }
        if ((rules[0]?.preflight ?? false) === (rules[1]?.preflight ?? false)) continue
        // Browsers send preflights without credentials.
        const asked = { ...question, target: { ...target, method: 'OPTIONS' }, preflightFor: method }
        note(rules, { method: 'OPTIONS', ...example, preflight_for: method }, changesOf([nobody], asked, sides))
      }
    }
  }

  let complete = true
  try {
    for (const path of distinctPaths(sources.flatMap(({ paths }) => paths ?? []))) look(path)
  } catch (error) {
    if (!(error instanceof TooManyKinds)) throw error
    complete = false
    // At least one path of each pattern.
    for (const path of sources.flatMap(({ paths }) => paths ?? [])) for (const one of distinctPaths([path])) look(one)
  }
  const isListed = ({ rules }: Side) =>
    rules.hosts.some((one) => one.isWildcard === policy.isWildcard && one.authority === policy.authority)
  const listed = isListed(before) ? (isListed(after) ? 'both' : 'before') : 'after'
  const [was, is] = sides.map(({ hosts }, side) => hosts[policies[side]?.name ?? ''])
  return {
    host: policy.name,
    listed,
    settings: was && is ? diffSettings(was, is) : [],
    requests,
    complete,
  }
}

type Rules = [Rule | undefined, Rule | undefined]

function isInside({ allow }: Rule, address: string | undefined): boolean {
  return typeof allow === 'string' || allow.allowsFrom(address)
}

/** Whether two rules ask for the same, so that nobody needs to be imagined. */
function sameForAll([one, other]: Rules, [before, after]: readonly [Side, Side]): boolean {
  if (one === undefined || other === undefined) return one === other
  return (
    isDeepStrictEqual(one.source.allow, other.source.allow) &&
    ownerAtOf(one) === ownerAtOf(other) &&
    isDeepStrictEqual(before.roles, after.roles)
  )
}

/** What changes about one request, told of the callers alone who hold least for it to do so. */
function changesOf(callers: readonly Held[], asked: Asked, sides: readonly [Side, Side]): CallerDiff[] {
  const judged = callers.map((held) => {
    const [before, after] = sides.map(({ rules, roles }) => {
      return decide(rules, asked, callerOf(held, asked.target.segments, roles))
    }) as [Outcome, Outcome]
    return { held, before, after }
  })
  const isSame = (one: (typeof judged)[number], other: (typeof judged)[number]) =>
    one.before === other.before && one.after === other.after
  const [first] = judged
  if (first !== undefined && first.before !== first.after && judged.every((one) => isSame(one, first))) {
    return [{ who: 'anyone', unless: [], before: first.before, after: first.after }]
  }
  const least: typeof judged = []
  for (const one of judged) {
    if (one.before === one.after) continue
    if (!least.some((other) => isSame(one, other) && holdsAtLeast(one.held, other.held))) least.push(one)
  }
  return least.map((one) => {
    const saved = judged.filter(
      ({ held, before, after }) => before === after && held.kind === one.held.kind && holdsAtLeast(held, one.held),
    )
    const unless = saved.map(({ held }) => beyond(held, one.held)).filter((more) => more.length === 1)
    const program = judged.find(({ held }) => held.kind === 'program' && holdsAtLeast(held, one.held))
    const everybody = one.held.kind === 'person' && program !== undefined && isSame(program, one)
    return {
      who: describe(one.held, everybody),
      unless: [...new Set(unless.flat())],
      before: one.before,
      after: one.after,
    }
  })
}

function describe(held: Held, everybody: boolean): string {
  if (held.kind === 'nobody') return 'not signed in'
  const holds = beyond(held)
  const kind = held.kind === 'program' ? 'a program' : everybody ? 'signed in' : 'a person'
  return [kind, ...holds].join(', ')
}

const unwritten = { anonymous: () => [], of: () => [] }

function decide(rules: AccessRules, asked: Asked, caller: ImaginedCaller): Outcome {
  return outcomes[imagineDecision(rules, asked, caller, { identity: unwritten, issuer: '' }).kind]
}

function diffSettings(before: HostRules, after: HostRules): HostDiff['settings'] {
  const keys = [...new Set([before, after].flatMap((host) => Object.keys(host)))] as (keyof HostRules)[]
  return keys
    .filter((key) => key !== 'rules' && key !== 'expect' && !isDeepStrictEqual(before[key], after[key]))
    .map((setting) => ({ setting, before: before[setting], after: after[setting] }))
}
