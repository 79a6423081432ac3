import { GatehouseError } from '../../core/errors.ts'
import type { Client, Clock, Role, User } from '../../core/ports.ts'
import { type AuthenticationLevel, firstPartyClientId, type Principal } from '../../core/principal.ts'
import { parseRequestTarget, type RequestTarget, splitAbsoluteUrl } from '../../core/request-target.ts'
import { describeTargetFault } from '../../core/target-fault.ts'
import type { AccessRules, Considered, HostPolicy, Question, Rule } from './access-rules.ts'
import { createDecide, type Decision } from './decide.ts'
import { createIdentityHeaders } from './identity.ts'
import type { AccessRule, Conditions } from './settings.ts'

/** A request that nobody made, and who would have made it: an account, a client, somebody with these roles, or nobody. */
export interface Hypothesis {
  method: string
  url: string
  /** Id or email address of an account. */
  user?: string | undefined
  client?: string | undefined
  roles?: readonly string[] | undefined
  permissions?: readonly string[] | undefined
  scopes?: readonly string[] | undefined
  level?: AuthenticationLevel | undefined
  /** Where the client would be. */
  address?: string | undefined
  /** The method that a CORS preflight asks about. */
  preflightFor?: string | undefined
}

export interface Explanation {
  decision: 'allow' | 'sign_in' | 'step_up' | 'forbidden' | 'refused'
  /** One sentence for people. */
  reason: string
  /** The host as the configuration spells it. */
  host?: string
  /** The rule that decided. */
  rule?: NumberedRule & { allow: AccessRule['allow'] }
  /** The rules before it, or all of them when none matched. */
  earlier: (NumberedRule & { mismatch: NonNullable<Considered['mismatch']> })[]
  /** What the upstream would get; `(assertion)` stands for a signed one with the claims in `assertion`. */
  headers?: Record<string, string>
  assertion?: object
}

interface NumberedRule {
  /** Counted from 1. */
  number: number
  /** Line of gatehouse.yaml. */
  line?: number
}

export type Explain = (hypothesis: Hypothesis) => Promise<Explanation>

interface Trace {
  policy: HostPolicy
  question: Question
  rule: Rule | undefined
  missing: keyof Conditions | undefined
}

type Proven = { principal: Principal; audiences: readonly string[] }

/**
 * Explains decisions by making them: the decision core itself runs, on rules that note what it asked of them. Nothing
 * that it returns is a credential.
 */
export function createExplain(dependencies: {
  rules: () => AccessRules
  /** Both throw `not_found`. */
  findUser(idOrEmail: string): Promise<User>
  findClient(id: string): Promise<Client>
  listRoles(): Promise<readonly Role[]>
  clock: Clock
  issuer: string
}): Explain {
  const { rules, findUser, findClient, listRoles, clock, issuer } = dependencies

  async function personOf({ user: idOrEmail, level = 'aal1', ...given }: Hypothesis): Promise<Proven | undefined> {
    const user = idOrEmail === undefined ? undefined : await findUser(idOrEmail)
    if (user?.status === 'disabled') return undefined
    const roles = user?.roles ?? given.roles ?? []
    const granted = (await listRoles()).filter(({ name }) => roles.includes(name)).flatMap((role) => role.permissions)
    const principal = {
      kind: 'user' as const,
      subject: user?.id ?? '(subject)',
      email: user?.email ?? '',
      name: user?.name ?? '',
      roles,
      permissions: user?.permissions ?? [...new Set([...(given.permissions ?? []), ...granted])],
      scopes: given.scopes ?? [],
      clientId: firstPartyClientId,
      sessionId: '(session)',
      level,
      methods: [],
      authenticatedAt: Math.floor(clock.now() / 1000),
    }
    return { principal, audiences: [] }
  }

  async function clientOf(id: string, scopes: readonly string[] | undefined): Promise<Proven> {
    const client = await findClient(id)
    const principal = {
      kind: 'client' as const,
      subject: client.id,
      name: client.name,
      scopes: scopes ?? client.scopes,
      clientId: client.id,
    }
    return { principal, audiences: client.audiences.length > 0 ? client.audiences : [issuer] }
  }

  return async (hypothesis) => {
    const { user, client, roles, permissions, level, scopes, address, preflightFor } = hypothesis
    const target = readTarget(hypothesis.method, hypothesis.url)
    if (typeof target === 'string') return { decision: 'refused', reason: target, earlier: [] }

    const isPerson = [user, roles, permissions, level].some((given) => given !== undefined)
    if (client !== undefined && isPerson) throw contradiction('A client is no user, and has no roles or level.')
    if (user !== undefined && (roles ?? permissions) !== undefined) {
      throw contradiction('The roles and permissions of a user are those of the account.')
    }
    if (preflightFor !== undefined && target.method !== 'OPTIONS') {
      throw contradiction('A preflight has the method OPTIONS.')
    }
    const program = client === undefined ? undefined : await clientOf(client, scopes)
    const person = isPerson ? await personOf(hypothesis) : undefined

    let assertion: object | undefined
    const traces: Trace[] = []
    const decide = createDecide({
      rules: () => noting(rules(), traces),
      bearer: () => program,
      basic: undefined,
      apiKey: () => undefined,
      sessionCookie: () => person,
      identity: createIdentityHeaders({
        clock,
        sign(_type, claims) {
          assertion = { iss: issuer, ...claims }
          return '(assertion)'
        },
      }),
      deploymentAudience: issuer,
    })
    const decision = await decide({
      target,
      clientAddress: () => address,
      authorization: program && 'Bearer (token)',
      apiKey: undefined,
      sessionCookie: isPerson ? '(cookie)' : undefined,
      preflightFor,
    })

    const trace = traces.at(-1)
    // The core asks for the rule of the real request first, and needs no other when that lets preflights pass.
    const passesAsPreflight = preflightFor !== undefined && decision.kind === 'allow' && traces.length === 1
    const considered = trace?.policy.consider(trace.question) ?? []
    const earlier = considered.slice(0, trace?.rule?.position ?? considered.length)
    return {
      decision: outcomes[decision.kind],
      reason: passesAsPreflight
        ? 'The rule of the request that the preflight asks about lets preflights pass.'
        : reasonOf(decision, trace, hypothesis),
      ...(trace && { host: trace.policy.name }),
      ...(trace?.rule && { rule: { ...numbered(trace.rule), allow: trace.rule.source.allow } }),
      earlier: earlier.map(({ rule, mismatch }) => Object.assign(numbered(rule), { mismatch: mismatch! })),
      ...(decision.kind === 'allow' && { headers: pairsOf(decision.headers) }),
      ...(assertion && { assertion }),
    }
  }
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
            return { ...rule, allow: { missing: (...about) => (trace.missing = allow.missing(...about)) } }
          },
        }
      )
    },
  }
}

function numbered({ position, line }: Rule): NumberedRule {
  return { number: position + 1, ...(line !== undefined && { line }) }
}

function readTarget(method: string, url: string): RequestTarget | string {
  const parts = splitAbsoluteUrl(url)
  if (parts === undefined) {
    return 'The URL is not read: expected scheme, host and path, as in https://app.example.com/, and no fragment.'
  }
  const target = parseRequestTarget({ method, ...parts })
  return typeof target === 'string'
    ? `The request target is refused: ${describeTargetFault({ method, ...parts })}.`
    : target
}

const outcomes = {
  allow: 'allow',
  unauthenticated: 'sign_in',
  step_up: 'step_up',
  forbidden: 'forbidden',
  ambiguous: 'refused',
} as const satisfies Record<Decision['kind'], Explanation['decision']>

function reasonOf(decision: Decision, trace: Trace | undefined, { address }: Hypothesis): string {
  switch (decision.kind) {
    case 'allow':
      if (trace?.rule?.allow === 'anyone') return 'The rule lets anyone pass.'
      if (trace?.rule?.allow === 'signed-in') return 'The rule lets everyone pass who is signed in.'
      return 'Every condition of the rule holds.'
    case 'unauthenticated':
      if (decision.presented === 'invalid_session') return 'The account is disabled: no sign-in of it counts.'
      if (decision.presented === 'invalid_token') return 'The tokens of this client are not meant for this host.'
      return 'The rule lets nobody pass who is not signed in.'
    case 'step_up':
      return 'The sign-in is not strong enough for the level that the rule asks for.'
    case 'ambiguous':
      return 'The path holds %3F or %23, which some programs split on once they are decoded; `encoded` of the host lets them pass.'
    case 'forbidden':
      if (decision.reason === 'unknown_host') return 'The host is not listed.'
      if (decision.reason === 'no_rule') return 'No rule of the host matches.'
      if (trace?.missing === 'networks' && address === undefined) {
        return 'The condition `networks` does not hold: no address is given.'
      }
      return `The condition \`${trace?.missing}\` does not hold.`
  }
}

function pairsOf(flat: readonly string[]): Record<string, string> {
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]!]] : [])))
}

function contradiction(detail: string): GatehouseError {
  return new GatehouseError('invalid_request', { detail })
}
