import type { Principal } from '../../core/principal.ts'
import type { Shown } from '../../core/secrets.ts'
import type { AccessRules, HostPolicy, Question, Rule } from './access-rules.ts'
import type { IdentityHeaders, Presentation } from './identity.ts'

/** What a proxy is told. Denials say why; how that is spelt is the dialect's business. */
export type Decision =
  | { kind: 'allow'; headers: readonly string[] }
  /** Nobody is signed in; `invalid` when something was presented that proved nothing. */
  | { kind: 'unauthenticated'; presented: 'nothing' | 'invalid_token' | 'invalid_session' }
  /** Somebody is signed in, but not strongly enough (RFC 9470). */
  | { kind: 'step_up' }
  | { kind: 'forbidden'; reason: 'unknown_host' | 'no_rule' | 'not_permitted' }
  /** The host's upstream may read another path than this one. */
  | { kind: 'ambiguous' }

interface Proven {
  principal: Principal
  audiences: readonly string[]
}
type Proof = Proven | undefined | Promise<Proven | undefined>
/** The address of the client, for limits. */
type From = () => string | undefined

export interface Asked extends Question {
  authorization: string | undefined
  /** `X-API-Key`. */
  apiKey: string | undefined
  sessionCookie: Shown | undefined
  /** The method that a browser asks to use, when this is a true CORS preflight; nothing otherwise. */
  preflightFor: string | undefined
}

export type Decide = (asked: Asked) => Decision | Promise<Decision>

/**
 * The decision core: access rule, then principal, then headers. Answers at once when the credential was proven before;
 * rejects when a store cannot answer, which is neither a yes nor a no.
 */
export function createDecide(dependencies: {
  rules: () => AccessRules
  /** Of `Authorization: Bearer`: an access token or an API key. */
  bearer(credential: string, from: From): Proof
  /** Of `Authorization: Basic`; absent: not accepted here. */
  basic: ((authorization: string, from: From) => Proof) | undefined
  apiKey(key: string, from: From): Proof
  sessionCookie(shown: Shown): Proof
  identity: IdentityHeaders
  /** The audience of tokens that are good for every host. */
  deploymentAudience: string
}): Decide {
  const { rules, bearer, basic, apiKey, sessionCookie, identity, deploymentAudience } = dependencies

  return (asked) => {
    const { target } = asked
    const policy = rules().host(target.authority)
    if (policy === undefined) return { kind: 'forbidden', reason: 'unknown_host' }
    if (policy.isAmbiguous(target)) return { kind: 'ambiguous' }
    const presentation = policy.presentation(target)
    if (asked.preflightFor !== undefined && letsPreflightThrough(policy, asked, asked.preflightFor)) {
      return { kind: 'allow', headers: identity.anonymous(presentation) }
    }
    const rule = policy.rule(asked)
    if (rule === undefined) return { kind: 'forbidden', reason: 'no_rule' }
    const held = otherwiseHeld(policy, asked, rule)
    if (held === undefined) return judgeBy(rule, asked, presentation)
    const first = judgeBy(held.rule, held.asked, presentation)
    const then = (decision: Decision) => (decision.kind === 'allow' ? judgeBy(rule, asked, presentation) : decision)
    return first instanceof Promise ? first.then(then) : then(first)
  }

  function judgeBy(rule: Rule, asked: Asked, presentation: Presentation): Decision | Promise<Decision> {
    const { authorization, apiKey: key, sessionCookie: secret } = asked
    if (rule.allow === 'nobody') return { kind: 'forbidden', reason: 'not_permitted' }
    if (rule.allow === 'anyone') return { kind: 'allow', headers: identity.anonymous(presentation) }

    const judge = (proven: Proven | undefined, presented: 'invalid_token' | 'invalid_session'): Decision =>
      proven === undefined || !isMeantFor(proven.audiences, presentation.audience)
        ? { kind: 'unauthenticated', presented }
        : judgePrincipal(proven, rule, asked, presentation)
    const judgeProof = (proof: Proof, presented: 'invalid_token' | 'invalid_session') =>
      proof instanceof Promise ? proof.then((proven) => judge(proven, presented)) : judge(proof, presented)

    // The first credential present decides; an invalid one never falls back to the next.
    if (authorization !== undefined) {
      return judgeProof(proofOf(authorization, asked), 'invalid_token')
    }
    if (key !== undefined) return judgeProof(apiKey(key, asked.clientAddress), 'invalid_token')
    if (secret !== undefined) return judgeProof(sessionCookie(secret), 'invalid_session')
    return { kind: 'unauthenticated', presented: 'nothing' }
  }

  function proofOf(authorization: string, asked: Asked): Proof {
    const token = bearerToken(authorization)
    if (token !== undefined) return bearer(token, asked.clientAddress)
    return /^basic /i.test(authorization) ? basic?.(authorization, asked.clientAddress) : undefined
  }

  function judgePrincipal(proven: Proven, rule: Rule, asked: Asked, presentation: Presentation): Decision {
    const missing = typeof rule.allow === 'string' ? undefined : rule.allow.missing(proven.principal, asked)
    if (missing === 'level') return { kind: 'step_up' }
    if (missing !== undefined) return { kind: 'forbidden', reason: 'not_permitted' }
    return { kind: 'allow', headers: identity.of(proven.principal, presentation, asked.target) }
  }

  function isMeantFor(audiences: readonly string[], audience: string): boolean {
    return audiences.length === 0 || audiences.includes(deploymentAudience) || audiences.includes(audience)
  }
}

/** The rule of the request that the preflight is about decides, since that is what the browser asks for. */
function letsPreflightThrough(policy: HostPolicy, asked: Asked, method: string): boolean {
  const real = { ...asked, target: { ...asked.target, method } }
  const rule = policy.rule(real)
  if (rule === undefined || !rule.preflight) return false
  return otherwiseHeld(policy, real, rule)?.rule.preflight ?? true
}

/**
 * Where the path can be read in another way once it is normalised or decoded again, and that way meets a rule before the one
 * that the path itself meets: that rule, and what is asked by it. It is held as well, so that no spelling of a guarded path
 * is a way around its rule, whatever the upstream makes of it.
 */
export function otherwiseHeld<Q extends Question>(
  policy: HostPolicy,
  asked: Q,
  rule: Rule,
): { rule: Rule; asked: Q } | undefined {
  const { otherReading } = asked.target
  if (otherReading === undefined) return undefined
  const otherwise = { ...asked, target: { ...asked.target, segments: otherReading, otherReading: undefined } }
  const held = policy.rule(otherwise)
  return held !== undefined && held.position < rule.position ? { rule: held, asked: otherwise } : undefined
}

/** The token of an `Authorization: Bearer` header. Whether it is one token, and well-formed, its proof decides. */
function bearerToken(authorization: string): string | undefined {
  const scheme = authorization.slice(0, 7)
  return scheme === 'Bearer ' || scheme.toLowerCase() === 'bearer ' ? authorization.slice(7) : undefined
}
