/** Access tokens and refresh tokens: how they are issued and renewed. */
import type { Base } from '../../base.ts'
import { compileIdentityLimits, createShorteningLog, type IdentityLimits } from '../../core/identity-limits.ts'
import { maxTokenLength } from '../../core/sizes.ts'
import type { OfferedLanguages } from '../../core/language.ts'
import type { MailsOf } from '../../pages/mail.ts'
import type { SessionLifetimes } from '../../core/records/session.ts'
import type { Mail } from '../mail/index.ts'
import type { Revocations } from '../revocations/index.ts'
import type { Sessions } from '../sessions/index.ts'
import type { Subjects } from '../subjects/index.ts'
import type { SigningKeys } from '../signing-keys/index.ts'
import { type ChooseRefreshToken, createChooseRefreshToken } from './choose-refresh.ts'
import { createTokenIssuer, type TokenIssuer } from './issue-tokens.ts'
import { createGrantCache } from './grant-cache.ts'
import type { tokensMails } from './mails.ts'
import { createRotateRefresh, type RotateRefresh } from './rotate-refresh.ts'
import type { TokenSettings } from './settings.ts'

export type { ChooseRefreshToken } from './choose-refresh.ts'
export type { IssuedTokens, TokenIssuer } from './issue-tokens.ts'
export type { RenewIdToken, RotateRefresh } from './rotate-refresh.ts'

export interface Tokens {
  readonly issuer: TokenIssuer
  readonly rotateRefresh: RotateRefresh
  readonly chooseRefresh: ChooseRefreshToken
}

export function createTokens(
  { stores, clock, audit, log, issuer: deploymentAudience, box }: Base,
  config: {
    tokens: TokenSettings
    sessions: SessionLifetimes
    limits: { refreshes_per_minute: number }
  },
  needs: {
    revocations: Revocations
    signingKeys: SigningKeys
    subjects: Subjects
    sessions: Sessions
    mail: Mail<MailsOf<typeof tokensMails>>
    languages: { offered: OfferedLanguages }
    /** What is told of somebody's rights to those who stand for the audience of a host. */
    hosts: { identityLimits(audience: string): readonly IdentityLimits[] }
  },
): Tokens {
  const { tokens: settings } = config
  const [firstLanguage] = needs.languages.offered
  const { refreshTokens } = stores
  const everywhere = compileIdentityLimits(settings.identity, maxTokenLength)
  const grantCache = createGrantCache(needs.revocations.feed)
  const issuer = createTokenIssuer({
    sign: needs.signingKeys.ring.sign,
    subjects: needs.subjects,
    identityLimits: (audience) =>
      audience === deploymentAudience ? [everywhere] : needs.hosts.identityLimits(audience),
    noteShortening: createShorteningLog({ log, clock }),
    refreshTokens,
    grantCache,
    clock,
    deploymentAudience,
    settings,
    sessionLifetimes: config.sessions,
  })
  return {
    issuer,
    rotateRefresh: createRotateRefresh({
      refreshTokens,
      grantCache,
      issuer,
      endSession: needs.sessions.end,
      endAuthorization: stores.authorizations.end,
      deploymentAudience,
      reuseWarning: (user, session) =>
        needs.mail.seal({
          kind: 'refresh-token-reused',
          to: user.email,
          // Nothing of the request tells what its person reads: a program may have sent it, or a thief.
          language: user.locale ?? firstLanguage,
          facts: { began: session.authenticatedAt, ip: session.ip },
          userId: user.id,
        }),
      audit,
      box: box('refresh replay'),
      clock,
      config,
    }),
    chooseRefresh: createChooseRefreshToken({ refreshTokens, clock }),
  }
}
