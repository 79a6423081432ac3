import type { RequestTarget } from '../../core/request-target.ts'
import type { Principal } from '../../core/principal.ts'
import { type AccessRules, meets } from './access-rules.ts'
import type { IdentityHeaders } from './identity.ts'

/** What a proxy is told. Denials say why; how that is spelt is the dialect's business. */
export type Decision =
  | { kind: 'allow'; headers: readonly string[] }
  /** Nobody is signed in; `invalid` when something was presented that proved nothing. */
  | { kind: 'unauthenticated'; presented: 'nothing' | 'invalid_token' | 'invalid_session' }
  | { kind: 'forbidden'; reason: 'unknown_host' | 'no_rule' | 'not_permitted' }

interface Proven {
  principal: Principal
  audiences: readonly string[]
}
type Proof = Proven | undefined | Promise<Proven | undefined>

export interface PresentedCredentials {
  authorization: string | undefined
  sessionCookie: string | undefined
}

export type Decide = (target: RequestTarget, presented: PresentedCredentials) => Decision | Promise<Decision>

/**
 * The decision core: access rule, then principal, then headers. Answers at once when the credential was proven before;
 * rejects when a store cannot answer, which is neither a yes nor a no.
 */
export function createDecide(dependencies: {
  rules: AccessRules
  accessToken(token: string): Proof
  sessionCookie(secret: string): Proof
  identity: IdentityHeaders
  /** The audience of tokens that are good for every host. */
  deploymentAudience: string
}): Decide {
  const { rules, accessToken, sessionCookie, identity, deploymentAudience } = dependencies

  return (target, { authorization, sessionCookie: secret }) => {
    const policy = rules.host(target.authority)
    if (policy === undefined) return { kind: 'forbidden', reason: 'unknown_host' }
    const requirement = policy.requirement(target)
    if (requirement === undefined) return { kind: 'forbidden', reason: 'no_rule' }
    if (requirement === 'anyone') return { kind: 'allow', headers: identity.anonymous }

    const audience = policy.audience(target)
    const judge = (proven: Proven | undefined, presented: 'invalid_token' | 'invalid_session'): Decision => {
      if (proven === undefined || !meantFor(proven.audiences, audience)) return { kind: 'unauthenticated', presented }
      if (!meets(proven.principal, requirement)) return { kind: 'forbidden', reason: 'not_permitted' }
      return { kind: 'allow', headers: identity.of(proven, audience) }
    }
    const judgeProof = (proof: Proof, presented: 'invalid_token' | 'invalid_session') =>
      proof instanceof Promise ? proof.then((proven) => judge(proven, presented)) : judge(proof, presented)

    // The first credential present decides; an invalid one never falls back to the next.
    if (authorization !== undefined) {
      const token = bearerToken(authorization)
      return judgeProof(token === undefined ? undefined : accessToken(token), 'invalid_token')
    }
    if (secret !== undefined) return judgeProof(sessionCookie(secret), 'invalid_session')
    return { kind: 'unauthenticated', presented: 'nothing' }
  }

  function meantFor(audiences: readonly string[], audience: string): boolean {
    return audiences.length === 0 || audiences.includes(deploymentAudience) || audiences.includes(audience)
  }
}

/** The token of an `Authorization: Bearer` header. Whether it is one token, and well-formed, its proof decides. */
function bearerToken(authorization: string): string | undefined {
  const scheme = authorization.slice(0, 7)
  return scheme === 'Bearer ' || scheme.toLowerCase() === 'bearer ' ? authorization.slice(7) : undefined
}
