import { dpopToken, type SenderFault } from '../../core/confirmation.ts'
import type { Principal } from '../../core/principal.ts'
import { otherReadings } from '../../core/request-path.ts'
import type { Shown } from '../../core/secrets.ts'
import type { AccessRules, HostPolicy, Question, Rule } from './access-rules.ts'
import { bearerToken, holdsApiKey, isBasic, isOwnBearer } from './credential-forms.ts'
import type { IdentityHeaders, HeaderPolicy } from './identity.ts'
import { type CredentialKind, credentialKinds } from './settings.ts'
import type { Withholding } from './withheld.ts'

/** What a proxy is told. Denials say why; how that is spelt is the dialect's business. */
export type Decision =
  | { kind: 'allow'; headers: readonly string[]; withholding?: Withholding }
  /** Nobody is signed in, also by a session cookie; or a token or key was presented that proved nothing. */
  | { kind: 'unauthenticated'; presented: Presented; sessionCounts: boolean }
  /** Somebody is signed in, but not strongly enough (RFC 9470). */
  | { kind: 'step_up'; sessionCounts: boolean }
  /** `by`: the credential whose principal may not. */
  | {
      kind: 'forbidden'
      reason: 'unknown_host' | 'no_rule' | 'not_permitted' | 'identity_too_large'
      by?: CredentialKind
    }
  /** The host's upstream may read another path than this one. */
  | { kind: 'ambiguous' }

/** What was shown, or what is wrong with it. */
export type Presented = 'nothing' | SenderFault

interface Proven {
  principal: Principal
  audiences: readonly string[]
}
type Proof = Proven | undefined | Promise<Proven | undefined>
/** The address of the client, for limits. */
type From = () => string | undefined

interface Asked extends Question {
  /** The first `Authorization`. */
  authorization: string | undefined
  /** All of them, asked for only where the first decides nothing. */
  everyAuthorization?: () => readonly string[]
  /** Proves a token of the scheme DPoP with the proof that came with it: the same answer however often it is asked. */
  dpop?: (token: string) => Promise<Proven | SenderFault>
  /** Thumbprint of the client's certificate. */
  certificate?: () => string | undefined
  /** `X-API-Key`. */
  apiKey: string | undefined
  sessionCookie: Shown | undefined
  /** What the host itself knows a session by; nothing where the session cookie reaches it. */
  hostCookie: Shown | undefined
  /** The method that a browser asks to use, when this is a true CORS preflight; nothing otherwise. */
  preflightFor: string | undefined
}

type Judgement = Decision | Promise<Decision>
export type Decide = (asked: Asked) => Judgement

/** What is judged: a question, by one rule of its host. */
interface Matter {
  readonly rule: Rule
  readonly asked: Asked
  readonly policy: HostPolicy
  readonly presentation: HeaderPolicy
}

/**
 * The decision core: access rule, then principal, then headers. Answers at once when the credential was proven before;
 * rejects when a store cannot answer, which is neither a yes nor a no.
 */
export function createDecide(dependencies: {
  rules: () => AccessRules
  /** Of `Authorization: Bearer`: an access token or an API key. */
  bearer(credential: string, from: From, certificate: Asked['certificate']): Proof
  /** Of `Authorization: Basic`. */
  basic(authorization: string, from: From): Proof
  /** Whether that counts on hosts that do not say which credentials do. */
  basicByDefault: boolean
  apiKey(key: string, from: From): Proof
  sessionCookie(shown: Shown): Proof
  hostCookie(shown: Shown, origin: string): Proof
  identity: IdentityHeaders
  /** The issuer, which is the audience of tokens that are good for every host. */
  deploymentAudience: string
}): Decide {
  const { rules, bearer, basic, basicByDefault, apiKey, sessionCookie, hostCookie, identity, deploymentAudience } =
    dependencies

  return (asked) => {
    const { target } = asked
    const policy = rules().host(target.authority)
    if (policy === undefined) return { kind: 'forbidden', reason: 'unknown_host' }
    if (policy.isAmbiguous(target)) return { kind: 'ambiguous' }
    const presentation = policy.presentation(target)
    if (asked.preflightFor !== undefined && letsPreflightThrough(policy, asked, asked.preflightFor)) {
      return allow(policy, identity.anonymous(presentation))
    }
    const rule = policy.rule(asked)
    if (rule === undefined) return { kind: 'forbidden', reason: 'no_rule' }
    return judgeAll([...otherwiseHeld(policy, asked, rule), { rule, asked }], (held) =>
      judgeBy(held.rule, held.asked, policy, presentation),
    )
  }

  function judgeBy(rule: Rule, asked: Asked, policy: HostPolicy, presentation: HeaderPolicy): Judgement {
    if (rule.allow === 'nobody') return { kind: 'forbidden', reason: 'not_permitted' }
    if (rule.allow === 'anyone') return allow(policy, identity.anonymous(presentation))
    // The first credential of ours that is present and counts decides; an invalid one never falls back to the next.
    const matter = { rule, asked, policy, presentation }
    const { authorization } = asked
    return authorization === undefined ? byKey(matter) : byAuthorization(matter, authorization, 0)
  }

  // What was shown is asked for its form after its proof alone: what is proven is ours.

  function byAuthorization(matter: Matter, shown: string, place: number): Judgement {
    const { clientAddress, certificate } = matter.asked
    const token = bearerToken(shown)
    if (token !== undefined && counts(matter, 'bearer')) {
      return whenProven(bearer(token, clientAddress, certificate), (proven) => {
        if (proven !== undefined) return judge(matter, proven, 'bearer')
        return isOwnBearer(token, deploymentAudience)
          ? unauthenticated(matter, 'invalid_token')
          : byFurtherAuthorization(matter, place + 1)
      })
    }
    const bound = token === undefined ? dpopToken(shown) : undefined
    if (bound !== undefined && counts(matter, 'bearer')) return byProof(matter, bound, place)
    if (isBasic(shown) && counts(matter, 'basic')) {
      return whenProven(basic(shown, clientAddress), (proven) => judge(matter, proven, 'basic'))
    }
    return byFurtherAuthorization(matter, place + 1)
  }

  async function byProof(matter: Matter, token: string, place: number): Promise<Decision> {
    const proven = (await matter.asked.dpop?.(token)) ?? 'invalid_token'
    if (typeof proven !== 'string') return judge(matter, proven, 'bearer')
    if (proven === 'invalid_token' && !isOwnBearer(token, deploymentAudience)) {
      return byFurtherAuthorization(matter, place + 1)
    }
    return unauthenticated(matter, proven)
  }

  /** The upstream may get all of several headers. */
  function byFurtherAuthorization(matter: Matter, place: number): Judgement {
    const shown = matter.asked.everyAuthorization?.()[place]
    return shown === undefined ? byKey(matter) : byAuthorization(matter, shown, place)
  }

  function byKey(matter: Matter): Judgement {
    const { apiKey: key, clientAddress } = matter.asked
    if (key === undefined || !counts(matter, 'api-key')) return bySession(matter)
    return whenProven(apiKey(key, clientAddress), (proven) =>
      proven === undefined && !holdsApiKey(key) ? bySession(matter) : judge(matter, proven, 'api-key'),
    )
  }

  function bySession(matter: Matter): Judgement {
    const { authorization, apiKey: key, sessionCookie: secret, hostCookie: own, target } = matter.asked
    // First: what stands under the name of the session cookie there was set by somebody else.
    if (own !== undefined && counts(matter, 'session')) {
      const proof = hostCookie(own, `${target.scheme}://${target.authority}`)
      return whenProven(proof, (proven) => judge(matter, proven, 'session'))
    }
    if (secret !== undefined && counts(matter, 'session')) {
      return whenProven(sessionCookie(secret), (proven) => judge(matter, proven, 'session'))
    }
    if (authorization !== undefined || key !== undefined) return unauthenticated(matter, 'invalid_token')
    return unauthenticated(matter, 'nothing')
  }

  function judge(matter: Matter, proven: Proven | undefined, by: CredentialKind): Decision {
    const { rule, asked, policy, presentation } = matter
    if (proven === undefined || !isMeantFor(proven.audiences, presentation.audience)) {
      return unauthenticated(matter, by === 'session' ? 'nothing' : 'invalid_token')
    }
    const missing = typeof rule.allow === 'string' ? undefined : rule.allow.missing(proven.principal, asked)
    if (missing === 'level') return { kind: 'step_up', sessionCounts: counts(matter, 'session') }
    if (missing !== undefined) return { kind: 'forbidden', reason: 'not_permitted', by }
    const headers = identity.of(proven.principal, presentation, asked.target)
    return headers === undefined ? { kind: 'forbidden', reason: 'identity_too_large', by } : allow(policy, headers)
  }

  function allow(policy: HostPolicy, headers: readonly string[]): Decision {
    if (policy.withholds.length === 0) return { kind: 'allow', headers }
    const kinds = credentialKinds.filter((kind) => counts({ policy }, kind))
    return { kind: 'allow', headers, withholding: { headers: policy.withholds, kinds } }
  }

  function unauthenticated(matter: Matter, presented: Presented): Decision {
    return { kind: 'unauthenticated', presented, sessionCounts: counts(matter, 'session') }
  }

  function counts({ policy }: Pick<Matter, 'policy'>, kind: CredentialKind): boolean {
    return policy.credentials?.includes(kind) ?? (kind !== 'basic' || basicByDefault)
  }

  function isMeantFor(audiences: readonly string[], audience: string): boolean {
    return audiences.length === 0 || audiences.includes(deploymentAudience) || audiences.includes(audience)
  }
}

/** What is first denied, or else what the last comes to. */
function judgeAll<Q>([one, ...others]: readonly Held<Q>[], judgeOne: (held: Held<Q>) => Judgement): Judgement {
  const judgement = judgeOne(one!)
  if (others.length === 0) return judgement
  const then = (decision: Decision) => (decision.kind === 'allow' ? judgeAll(others, judgeOne) : decision)
  return judgement instanceof Promise ? judgement.then(then) : then(judgement)
}

/** The rule of the request that the preflight is about decides, since that is what the browser asks for. */
function letsPreflightThrough(policy: HostPolicy, asked: Asked, method: string): boolean {
  const real = { ...asked, target: { ...asked.target, method } }
  const rule = policy.rule(real)
  if (rule === undefined || !rule.preflight) return false
  return otherwiseHeld(policy, real, rule).every((held) => held.rule.preflight)
}

/** A rule, and what is asked by it. */
export interface Held<Q> {
  rule: Rule
  asked: Q
}

/**
 * Where the path can be read in other ways once it is normalised, decoded again, cut or split, and one of those meets a rule
 * before the one that the path itself meets, or the same one where it asks for the path's owner: that rule. Each is held as
 * well, so that no spelling of a guarded path is a way around its rule, whatever the upstream makes of it.
 */
export function otherwiseHeld<Q extends Question>(policy: HostPolicy, asked: Q, rule: Rule): Held<Q>[] {
  if (asked.target.further.length === 0) return []
  return otherReadings(asked.target).flatMap((segments) => {
    const otherwise = { ...asked, target: { ...asked.target, segments, further: [] } }
    const held = policy.rule(otherwise)
    if (held === undefined || held.position > rule.position) return []
    if (held === rule && ownerAtOf(rule) === undefined) return []
    return [{ rule: held, asked: otherwise }]
  })
}

/** The place in the path of the id that must be the principal's own, where a rule asks for it. */
export function ownerAtOf(rule: Rule | undefined): number | undefined {
  return typeof rule?.allow === 'object' ? rule.allow.ownerAt : undefined
}

function whenProven(proof: Proof, judge: (proven: Proven | undefined) => Judgement): Judgement {
  return proof instanceof Promise ? proof.then(judge) : judge(proof)
}
