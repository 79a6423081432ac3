import type { Clock } from '../../core/clock.ts'
import type { Confirmation } from '../../core/confirmation.ts'
import { OAuthError } from '../../core/oauth-error.ts'
import type { Authorization, AuthorizationStore } from '../../core/records/authorization.ts'
import { type Client, openIdSettingsOf } from '../../core/records/client.ts'
import type { Session } from '../../core/records/session.ts'
import type { User } from '../../core/records/user.ts'
import type { Sessions } from '../sessions/index.ts'
import type { IssuedTokens, TokenIssuer } from '../tokens/index.ts'
import type { MakeIdToken } from './id-tokens.ts'

/** What the code of an authorization is exchanged with. */
interface Exchange {
  /** The resources that the tokens are for (RFC 8707 §2.2); none: all that were granted. */
  targets: readonly string[]
  /** What the client has proven that it holds: the tokens are bound to it. */
  confirmation: Confirmation | undefined
  /** The device that a person has let in elsewhere (RFC 8628); nothing: the program has got the code by their browser. */
  device?: Pick<Session, 'ip' | 'userAgent'> | undefined
}

/**
 * Uses up the code of an authorization, by one statement, and resolves to what the program gets for it; to nothing where somebody else
 * was faster, or the authorization has ended. Throws `invalid_target`, which uses nothing up.
 *
 * A device that was granted `offline_access` gets a session of its own, which its person sees in their list: the browser in which
 * they have let it in may sign out, and the device stays (OpenID Connect Back-Channel Logout 1.0 §2.7).
 */
export type HandOut = (
  client: Client,
  authorization: Authorization,
  codeHash: string,
  exchange: Exchange,
) => Promise<IssuedTokens | undefined>

export function createHandOut(dependencies: {
  authorizations: Pick<AuthorizationStore, 'redeem' | 'redeemForDevice'>
  sessions: Pick<Sessions, 'ofProgram' | 'maxPerUser' | 'tellSurplus'>
  issuer: Pick<TokenIssuer, 'forSession' | 'makeFamily'>
  makeIdToken: MakeIdToken
  userinfoAudience: string
  clock: Clock
}): HandOut {
  const { authorizations, sessions, issuer, makeIdToken, userinfoAudience, clock } = dependencies
  return async (client, found, codeHash, { targets, confirmation, device }) => {
    const { id, scopes, audiences } = found
    if (targets.some((target) => !audiences.includes(target))) {
      throw new OAuthError('invalid_target', 'The authorization does not cover this resource.')
    }
    const isOffline = scopes.includes('offline_access')
    const isRenewable =
      client.grants.includes('refresh_token') && (isOffline || openIdSettingsOf(client).refreshTokens === 'always')
    const isToldOfEnd = openIdSettingsOf(client).backchannelLogoutUri !== ''
    let refreshToken: string | undefined
    const begin = (session: Session) => {
      // Of other clients the secret or key proves each time whose the token is (RFC 9449 §5, RFC 8705 §4).
      const bound = client.authMethod === 'none' ? confirmation : undefined
      const of = { session, clientId: client.id, scopes, authorization: { id, audiences } }
      const made = issuer.makeFamily({ ...of, confirmation: bound, client })
      refreshToken = made.refreshToken
      return { family: made.family, token: made.token }
    }
    const at = new Date(clock.now())
    const redeemed: { session: Session; user: User; ended?: readonly string[] } | undefined =
      device !== undefined && isRenewable && isOffline
        ? await authorizations.redeemForDevice(
            codeHash,
            at,
            (_former, endsAt) => {
              const session = sessions.ofProgram(found, device, endsAt)
              return { session, ...begin(session) }
            },
            { most: sessions.maxPerUser, isToldOfEnd },
          )
        : await authorizations.redeem(codeHash, at, { family: isRenewable ? begin : undefined, isToldOfEnd })
    if (redeemed === undefined) return undefined
    const { session, user } = redeemed
    sessions.tellSurplus(user.id, redeemed.ended ?? [])
    const isNarrower = targets.length > 0
    const told = isNarrower ? [...targets, ...(scopes.includes('openid') ? [userinfoAudience] : [])] : audiences
    const tokens = issuer.forSession({
      ...{ user, session, clientId: client.id, scopes },
      authorization: { id, audiences: [...new Set(told)] },
      confirmation,
      client,
    })
    const inSession = { ...found, sessionId: session.id }
    return {
      ...tokens,
      ...(refreshToken !== undefined && { refreshToken }),
      ...(scopes.includes('openid') && { idToken: makeIdToken(client, inSession, user, tokens.accessToken) }),
    }
  }
}
