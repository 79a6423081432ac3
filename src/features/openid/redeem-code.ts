import { createHash } from 'node:crypto'
import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { OAuthError } from '../../core/oauth-error.ts'
import type { AuthorizationStore } from '../../core/records/authorization.ts'
import { type Client, openIdSettingsOf } from '../../core/records/client.ts'
import type { Session } from '../../core/records/session.ts'
import { equalSecrets, hashSecret } from '../../core/secrets.ts'
import type { IssuedTokens, TokenIssuer } from '../tokens/index.ts'
import type { openidEvents } from './audit-events.ts'
import type { MakeIdToken } from './id-tokens.ts'

interface CodeRequest {
  code: string | undefined
  redirectUri: string | undefined
  verifier: string | undefined
  targets: readonly string[]
}

/** Exchanges a code for tokens, for a client that is authenticated already; throws what RFC 6749 §5.2 says of it. */
export type RedeemCode = (client: Client, request: CodeRequest) => Promise<IssuedTokens>

/**
 * A code is used by one statement: of any number of parallel calls one gets tokens. Whoever shows it a second time proves that two
 * hold it, and everything that it brought ends (RFC 6749 §4.1.2). A wrong verifier, address or client does not use it up.
 */
export function createRedeemCode(dependencies: {
  authorizations: Pick<AuthorizationStore, 'findByCode' | 'redeem' | 'end'>
  issuer: Pick<TokenIssuer, 'forSession' | 'makeFamily'>
  makeIdToken: MakeIdToken
  userinfoAudience: string
  audit: Audit<typeof openidEvents>
  clock: Clock
}): RedeemCode {
  const { authorizations, issuer, makeIdToken, userinfoAudience, audit, clock } = dependencies

  async function endReplayed(found: { id: string; userId: string; sessionId: string }, clientId: string) {
    const about = { subject: found.userId, clientId, sessionId: found.sessionId }
    if (await authorizations.end(found.id, new Date(clock.now()))) {
      audit.record({ event: 'authorization.code_replayed', ...about })
    }
    return refusal()
  }

  return async (client, { code, redirectUri, verifier, targets }) => {
    if (code === undefined) throw new OAuthError('invalid_request', 'code is missing.')
    if (verifier !== undefined && !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) {
      throw new OAuthError('invalid_request', 'code_verifier must be 43 to 128 characters that need no escape.')
    }
    const codeHash = hashSecret(code)
    const found = await authorizations.findByCode(codeHash)
    if (found === undefined || found.clientId !== client.id) throw refusal()
    if (found.redeemedAt !== null) throw await endReplayed(found, client.id)
    if (found.challenge === null) {
      if (verifier !== undefined) {
        throw new OAuthError('invalid_request', 'The authorization request had no code_challenge.')
      }
      if (redirectUri === undefined) throw new OAuthError('invalid_grant', 'redirect_uri is missing.')
    } else if (verifier === undefined || !equalSecrets(challengeOf(verifier), found.challenge)) {
      throw new OAuthError('invalid_grant', 'code_verifier is missing or wrong.')
    }
    if (redirectUri !== undefined && redirectUri !== found.redirectUri) {
      throw new OAuthError('invalid_grant', 'redirect_uri is not the one of the authorization request.')
    }
    if (targets.some((target) => !found.audiences.includes(target))) {
      throw new OAuthError('invalid_target', 'The authorization does not cover this resource.')
    }
    const { id, scopes, audiences } = found
    const authorization = { id, audiences }
    const isRenewable =
      client.grants.includes('refresh_token') &&
      (scopes.includes('offline_access') || openIdSettingsOf(client).refreshTokens === 'always')
    let refreshToken: string | undefined
    const redeemed = await authorizations.redeem(codeHash, new Date(clock.now()), {
      isToldOfEnd: openIdSettingsOf(client).backchannelLogoutUri !== '',
      ...(isRenewable && {
        family: (session: Session) => {
          const made = issuer.makeFamily({ session, clientId: client.id, scopes, authorization })
          refreshToken = made.refreshToken
          return made
        },
      }),
    })
    if (redeemed === undefined) {
      // Another call was faster, or it has ended.
      const now = await authorizations.findByCode(codeHash)
      throw now?.redeemedAt ? await endReplayed(found, client.id) : refusal()
    }
    const { session, user } = redeemed
    const isNarrower = targets.length > 0
    const told = isNarrower ? [...targets, ...(scopes.includes('openid') ? [userinfoAudience] : [])] : audiences
    const tokens = issuer.forSession({
      ...{ user, session, clientId: client.id, scopes },
      authorization: { id, audiences: [...new Set(told)] },
    })
    return {
      ...tokens,
      ...(refreshToken !== undefined && { refreshToken }),
      ...(scopes.includes('openid') && { idToken: makeIdToken(client, found, user, tokens.accessToken) }),
    }
  }
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

const refusal = () => new OAuthError('invalid_grant', 'The code is not valid.')
