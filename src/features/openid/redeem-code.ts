import { createHash } from 'node:crypto'
import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import type { Confirmation } from '../../core/confirmation.ts'
import { OAuthError } from '../../core/oauth-error.ts'
import type { AuthorizationStore } from '../../core/records/authorization.ts'
import type { Client } from '../../core/records/client.ts'
import { equalSecrets, hashSecret } from '../../core/secrets.ts'
import type { IssuedTokens } from '../tokens/index.ts'
import type { openidEvents } from './audit-events.ts'
import type { HandOut } from './hand-out.ts'
import type { RecentCodes } from './recent-codes.ts'

interface CodeRequest {
  code: string | undefined
  redirectUri: string | undefined
  verifier: string | undefined
  targets: readonly string[]
  /** What the client has proven that it holds: the tokens are bound to it. */
  confirmation: Confirmation | undefined
}

/** Exchanges a code for tokens, for a client that is authenticated already; throws what RFC 6749 §5.2 says of it. */
export type RedeemCode = (client: Client, request: CodeRequest) => Promise<IssuedTokens>

/**
 * A code is used by one statement: of any number of parallel calls one gets tokens. Whoever shows it a second time proves that two
 * hold it, and everything that it brought ends (RFC 6749 §4.1.2). A wrong verifier, address or client does not use it up.
 */
export function createRedeemCode(dependencies: {
  authorizations: Pick<AuthorizationStore, 'findByCode' | 'end'>
  recentCodes: Pick<RecentCodes, 'take'>
  handOut: HandOut
  audit: Audit<typeof openidEvents>
  clock: Clock
}): RedeemCode {
  const { authorizations, recentCodes, handOut, audit, clock } = dependencies

  async function endReplayed(found: { id: string; userId: string; sessionId: string }, clientId: string) {
    const about = { subject: found.userId, clientId, sessionId: found.sessionId }
    if (await authorizations.end(found.id, new Date(clock.now()))) {
      audit.record({ event: 'authorization.code_replayed', ...about })
    }
    return refusal()
  }

  return async (client, { code, redirectUri, verifier, targets, confirmation }) => {
    if (code === undefined) throw new OAuthError('invalid_request', 'code is missing.')
    if (verifier !== undefined && !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) {
      throw new OAuthError('invalid_request', 'code_verifier must be 43 to 128 characters that need no escape.')
    }
    const codeHash = hashSecret(code)
    const found = recentCodes.take(codeHash) ?? (await authorizations.findByCode(codeHash))
    if (found === undefined || found.clientId !== client.id) throw refusal()
    if ('redeemedAt' in found && found.redeemedAt !== null) throw await endReplayed(found, client.id)
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
    if ((found.dpopJkt ?? null) !== null && confirmation?.jkt !== found.dpopJkt) {
      throw new OAuthError('invalid_grant', 'The code is bound to a key of which there is no proof.')
    }
    const tokens = await handOut(client, found, codeHash, { targets, confirmation })
    if (tokens !== undefined) return tokens
    // Another call was faster, or it has ended.
    const now = await authorizations.findByCode(codeHash)
    throw now?.redeemedAt ? await endReplayed(found, client.id) : refusal()
  }
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

const refusal = () => new OAuthError('invalid_grant', 'The code is not valid.')
