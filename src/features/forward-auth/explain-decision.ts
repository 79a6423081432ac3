import type { Clock } from '../../core/clock.ts'
import type { Principal } from '../../core/principal.ts'
import { allEscaped } from '../../core/request-path.ts'
import { parseRequestTarget, type RequestTarget, splitAbsoluteUrl } from '../../core/request-target.ts'
import { describeTargetFault } from '../../core/target-fault.ts'
import type { AccessRules, Considered, HostPolicy, Question, Rule } from './access-rules.ts'
import { createDecide, type Decision, type Held, otherwiseHeld } from './decide.ts'
import { createIdentityHeaders, type IdentityHeaders } from './identity.ts'
import type { AccessRule, Conditions, CredentialKind } from './settings.ts'

/** A request that nobody made. */
export interface ImaginedRequest {
  method: string
  url: string
  /** Where the client would be. */
  address?: string | undefined
  /** The method that a CORS preflight asks about. */
  preflightFor?: string | undefined
}

/** Who would have made it: nobody who is signed in, or what a credential proves; a disabled account's proves nothing. */
export type ImaginedCaller = 'nobody' | { shows: 'cookie' | 'token'; proven: Proven | undefined }

type Proven = { principal: Principal; audiences: readonly string[] }

export interface Explanation {
  decision: Outcome
  /** One sentence for people. */
  reason: string
  /** The host as the configuration spells it. */
  host?: string
  /** The segments by which rules were found, where the path holds escapes. */
  segments?: string[]
  /** The rule that is held as well, since the path can be read as these segments once it is normalised or decoded again. */
  other_reading?: NumberedRule & { segments: string[]; allow: AccessRule['allow'] }
  /** The rule that decided. */
  rule?: NumberedRule & { allow: AccessRule['allow'] }
  /** The rules before it, or all of them when none matched. */
  earlier: (NumberedRule & { mismatch: NonNullable<Considered['mismatch']> })[]
  /** What the upstream would get; `(assertion)` stands for a signed one with the claims in `assertion`. */
  headers?: Record<string, string>
  assertion?: object
}

export interface NumberedRule {
  /** Counted from 1. */
  number: number
  /** Line of gatehouse.yaml. */
  line?: number
}

export type Outcome = 'allow' | 'sign_in' | 'step_up' | 'forbidden' | 'refused'

interface Trace {
  policy: HostPolicy
  question: Question
  rule: Rule | undefined
  missing: keyof Conditions | undefined
}

/**
 * Explains a decision by making it: the decision core itself runs, on rules that note what it asked of them. Nothing that
 * it returns is a credential.
 */
export function explainDecision(
  rules: AccessRules,
  request: ImaginedRequest,
  caller: ImaginedCaller,
  surroundings: Surroundings,
): Explanation {
  const target = readTarget(request, rules)
  if (typeof target === 'string') return { decision: 'refused', reason: target, earlier: [] }
  const { address, preflightFor } = request
  const explained = explainQuestion(rules, { target, clientAddress: () => address, preflightFor }, caller, surroundings)
  return { ...explained, ...(target.path.includes('%') && { segments: [...target.segments] }) }
}

interface Surroundings {
  clock: Clock
  issuer: string
}
type ImaginedQuestion = Question & { preflightFor: string | undefined }

function explainQuestion(
  rules: AccessRules,
  question: ImaginedQuestion,
  caller: ImaginedCaller,
  surroundings: Surroundings,
): Explanation {
  const { target, preflightFor } = question
  let assertion: object | undefined
  const traces: Trace[] = []
  const { clock, issuer } = surroundings
  const identity = createIdentityHeaders({
    clock,
    issuer,
    sign(_type, claims) {
      assertion = claims
      return '(assertion)'
    },
  })
  const decision = imagineDecision(noting(rules, traces), question, caller, { identity, issuer })

  // Not those about another reading of the path.
  const own = traces.filter((one) => one.question.target.segments === target.segments)
  const trace = own.at(-1)
  // The core asks for the rule of the real request first, and needs no other when that lets preflights pass.
  const passesAsPreflight = preflightFor !== undefined && decision.kind === 'allow' && own.length === 1
  const all = trace?.rule ? otherwiseHeld(trace.policy, { ...question, ...trace.question }, trace.rule) : []
  const denial = decision.kind === 'allow' ? undefined : firstDenial(all)
  const held = denial?.held ?? all[0]
  const other = held && {
    other_reading: {
      ...numbered(held.rule),
      segments: [...held.asked.target.segments],
      allow: held.rule.source.allow,
    },
  }
  if (denial !== undefined) {
    const { explained } = denial
    const reason = `Normalised or decoded again, the path is another one, whose rule is held too. ${explained.reason}`
    return { ...explained, reason, ...other }
  }
  const considered = trace?.policy.consider(trace.question) ?? []
  const earlier = considered.slice(0, trace?.rule?.position ?? considered.length)
  return {
    decision: outcomes[decision.kind],
    reason: passesAsPreflight
      ? 'The rule of the request that the preflight asks about lets preflights pass.'
      : reasonOf(decision, trace, question, caller),
    ...(trace && { host: trace.policy.name }),
    ...(trace?.rule && { rule: { ...numbered(trace.rule), allow: trace.rule.source.allow } }),
    ...other,
    earlier: earlier.map(({ rule, mismatch }) => Object.assign(numbered(rule), { mismatch: mismatch! })),
    ...(decision.kind === 'allow' && { headers: pairsOf(decision.headers) }),
    ...(assertion && { assertion }),
  }

  function firstDenial(all: readonly Held<ImaginedQuestion>[]) {
    for (const held of all) {
      const explained = explainQuestion(rules, held.asked, caller, surroundings)
      if (explained.decision !== 'allow') return { held, explained }
    }
    return undefined
  }
}

/** The decision of the core itself about a request and a caller that are both imagined. */
export function imagineDecision(
  rules: AccessRules,
  question: ImaginedQuestion,
  caller: ImaginedCaller,
  { identity, issuer }: { identity: IdentityHeaders; issuer: string },
): Decision {
  const proven = caller === 'nobody' ? undefined : caller.proven
  const by = caller === 'nobody' ? undefined : wayOf(caller, rules.host(question.target.authority))
  const decision = createDecide({
    rules: () => rules,
    bearer: () => proven,
    basic: () => proven,
    basicByDefault: false,
    apiKey: () => proven,
    sessionCookie: () => proven,
    hostCookie: () => proven,
    identity,
    deploymentAudience: issuer,
  })({
    ...question,
    authorization: by === 'bearer' ? 'Bearer (token)' : by === 'basic' ? 'Basic (secret)' : undefined,
    apiKey: by === 'api-key' ? '(key)' : undefined,
    sessionCookie: by === 'session' ? '(cookie)' : undefined,
    hostCookie: undefined,
  })
  if (decision instanceof Promise) throw new Error('what is known already is decided at once')
  return decision
}

/** What a caller could show, the usual first. */
const ways = {
  cookie: ['session', 'bearer', 'api-key'],
  token: ['bearer', 'api-key', 'basic'],
} as const satisfies Record<'cookie' | 'token', CredentialKind[]>

/** The credential by which a caller would come to a host: the usual one of those that count there; none: no way in. */
function wayOf(
  { shows }: Exclude<ImaginedCaller, 'nobody'>,
  policy: HostPolicy | undefined,
): CredentialKind | undefined {
  return ways[shows].find((kind) => policy?.credentials?.includes(kind) ?? true)
}

/** The rules, noting each question that is put to them and what became of it. */
function noting(rules: AccessRules, traces: Trace[]): AccessRules {
  return {
    ...rules,
    host(authority) {
      const policy = rules.host(authority)
      return (
        policy && {
          ...policy,
          rule(question) {
            const rule = policy.rule(question)
            const trace: Trace = { policy, question, rule, missing: undefined }
            traces.push(trace)
            if (rule === undefined || typeof rule.allow === 'string') return rule
            const { allow } = rule
            return { ...rule, allow: { ...allow, missing: (...about) => (trace.missing = allow.missing(...about)) } }
          },
        }
      )
    },
  }
}

export function numbered({ position, line }: Rule): NumberedRule {
  return { number: position + 1, ...(line !== undefined && { line }) }
}

function readTarget({ method, url }: ImaginedRequest, rules: AccessRules): RequestTarget | string {
  const parts = splitAbsoluteUrl(url)
  if (parts === undefined) {
    return 'The URL is not read: expected scheme, host and path, as in https://app.example.com/, and no fragment.'
  }
  const target = parseRequestTarget({ method, ...parts }, allEscaped)
  const policy = typeof target === 'string' ? undefined : rules.host(target.authority)
  return typeof target === 'string' || policy?.isAmbiguous(target)
    ? `The request target is refused: ${describeTargetFault({ method, ...parts }, policy?.encoded)}.`
    : target
}

export const outcomes = {
  allow: 'allow',
  unauthenticated: 'sign_in',
  step_up: 'step_up',
  forbidden: 'forbidden',
  ambiguous: 'refused',
} as const satisfies Record<Decision['kind'], Outcome>

function reasonOf(
  decision: Decision,
  trace: Trace | undefined,
  { clientAddress }: Question,
  caller: ImaginedCaller,
): string {
  switch (decision.kind) {
    case 'allow':
      if (trace?.rule?.allow === 'anyone') return 'The rule lets anyone pass.'
      if (trace?.rule?.allow === 'signed-in') return 'The rule lets everyone pass who is signed in.'
      return 'Every condition of the rule holds.'
    case 'unauthenticated':
      if (caller !== 'nobody' && wayOf(caller, trace?.policy) === undefined) {
        return 'Nothing that this caller could show is among the `credentials` of the host.'
      }
      if (caller !== 'nobody' && caller.proven === undefined) return 'The account is disabled: no sign-in of it counts.'
      if (decision.presented === 'invalid_token') return 'The tokens of this client are not meant for this host.'
      return 'The rule lets nobody pass who is not signed in.'
    case 'step_up':
      return 'The sign-in is not strong enough for the level that the rule asks for.'
    case 'ambiguous':
      return 'The path can be read in two ways.'
    case 'forbidden':
      if (decision.reason === 'unknown_host') return 'The host is not listed.'
      if (decision.reason === 'no_rule') return 'No rule of the host matches.'
      if (decision.reason === 'identity_too_large') {
        return 'What the host is told of this caller is larger than its `identity.max_bytes`.'
      }
      if (trace?.rule?.allow === 'nobody') return 'The rule lets nobody pass.'
      if (trace?.missing === 'networks' && clientAddress() === undefined) {
        return 'The condition `networks` does not hold: no address is given.'
      }
      return `The condition \`${trace?.missing}\` does not hold.`
  }
}

function pairsOf(flat: readonly string[]): Record<string, string> {
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]!]] : [])))
}
