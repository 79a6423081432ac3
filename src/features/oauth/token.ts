import { GatehouseError } from '../../core/errors.ts'
import {
  authorizationCodeGrant,
  deviceCodeGrant,
  type GrantType,
  grantTypes,
  tokenExchangeGrant,
} from '../../core/grants.ts'
import type { Confirmation } from '../../core/confirmation.ts'
import { type Client, openIdSettingsOf } from '../../core/records/client.ts'
import { OAuthError } from '../../core/oauth-error.ts'
import type { RedeemCode, RedeemDeviceCode, RenewIdTokenFor } from '../openid/index.ts'
import type { IssuedTokens, RotateRefresh, TokenIssuer } from '../tokens/index.ts'
import { parseScope } from './scope.ts'
import { accessTokenType, type ExchangeRequest } from './token-exchange.ts'

export interface GrantedTokens extends IssuedTokens {
  /** RFC 8693 §2.2.1; of an exchange alone. */
  issuedTokenType?: string
}

/** Reads `grant_type`; throws what RFC 6749 §5.2 says of one that is missing or unknown. That needs no client. */
export function grantTypeOf(text: string | undefined): GrantType {
  if (text === undefined) throw new OAuthError('invalid_request', 'grant_type is missing.')
  const type = grantTypes.find((known) => known === text)
  if (type === undefined) throw new OAuthError('unsupported_grant_type', 'This grant type is not supported.')
  return type
}

interface TokenRequest {
  grantType: GrantType
  scope?: string | undefined
  /** Where the token shall be good (RFC 8707 §2, RFC 8693 §2.1): audiences and resources together, each once. */
  targets: readonly string[]
  /** Thumbprint of the key of which the client has shown a proof. */
  jkt: string | undefined
  /** Thumbprint of the certificate by which it is connected. */
  certificate(): string | undefined
  refreshToken?: string | undefined
  code: { code: string | undefined; redirectUri: string | undefined; verifier: string | undefined }
  deviceCode: string | undefined
  exchange: Omit<ExchangeRequest, 'scope' | 'targets' | 'confirmation'>
}

/** What the tokens of a request are bound to, since the client has proven that it holds it. */
type BoundRequest = Omit<TokenRequest, 'jkt' | 'certificate'> & { confirmation: Confirmation | undefined }

export type GrantTokens = (client: Client, request: TokenRequest) => Promise<GrantedTokens>

/** The grants of the token endpoint (RFC 6749 §4.1, §4.4, §6, RFC 8628, RFC 8693), for a client that is authenticated already. */
export function createGrantTokens(dependencies: {
  /** Nothing where the token would be too large. */
  forClient: TokenIssuer['forClient']
  rotateRefresh: RotateRefresh
  exchangeToken(client: Client, request: ExchangeRequest): Promise<GrantedTokens>
  redeemCode: RedeemCode
  redeemDeviceCode: RedeemDeviceCode
  renewIdTokenFor: RenewIdTokenFor
  /** The audience of the protected host that a URL leads to. */
  audienceOf(url: string): string | undefined
  deploymentAudience: string
}): GrantTokens {
  const { forClient, rotateRefresh, exchangeToken, redeemCode, redeemDeviceCode } = dependencies
  const { renewIdTokenFor, audienceOf, deploymentAudience } = dependencies

  async function clientCredentials(client: Client, request: BoundRequest): Promise<GrantedTokens> {
    const scopes = request.scope === undefined ? client.scopes : parseScope(request.scope)
    if (scopes.some((scope) => !client.scopes.includes(scope))) {
      throw new OAuthError('invalid_scope', 'The client is not registered for this scope.')
    }
    const audiences = client.audiences.length > 0 ? client.audiences : [deploymentAudience]
    if (request.targets.some((target) => !audiences.includes(target))) {
      throw new OAuthError('invalid_target', 'The client is not registered for this resource.')
    }
    const targets = request.targets.length === 0 ? audiences : request.targets
    const issued = forClient(client, scopes, targets, request.confirmation)
    if (issued !== undefined) return issued
    throw new OAuthError('invalid_scope', 'The token would be too large: ask for fewer scopes or audiences.')
  }

  async function refresh(client: Client, request: BoundRequest): Promise<GrantedTokens> {
    if (request.refreshToken === undefined) throw new OAuthError('invalid_request', 'refresh_token is missing.')
    const settings = openIdSettingsOf(client)
    const outcome = await rotateRefresh({
      refreshToken: request.refreshToken,
      clientId: client.id,
      scopes: request.scope === undefined ? undefined : parseScope(request.scope),
      targets: request.targets,
      confirmation: request.confirmation,
      renewIdToken: renewIdTokenFor(client),
      client,
      keepsToken: ({ confirmation }) =>
        settings.refreshTokenRotation === 'off' && (client.authMethod !== 'none' || Boolean(confirmation)),
    })
    if (outcome.kind === 'rotated') return outcome.tokens
    if (outcome.kind === 'limited') throw new GatehouseError('too_many_requests', outcome)
    if (outcome.kind === 'scope_exceeded') throw new OAuthError('invalid_scope', 'The scope exceeds what was granted.')
    if (outcome.kind === 'target_exceeded') {
      throw new OAuthError('invalid_target', 'The grant does not cover this resource.')
    }
    throw new OAuthError('invalid_grant', 'The refresh token is not valid.')
  }

  async function exchange(client: Client, request: BoundRequest): Promise<GrantedTokens> {
    const { scope, targets, confirmation, exchange: asked } = request
    const issued = await exchangeToken(client, { ...asked, scope, targets, confirmation })
    return { ...issued, issuedTokenType: accessTokenType }
  }

  const grants: Record<GrantType, typeof refresh> = {
    client_credentials: clientCredentials,
    [authorizationCodeGrant]: (client, { code, targets, confirmation }) =>
      redeemCode(client, { ...code, targets, confirmation }),
    refresh_token: refresh,
    [deviceCodeGrant]: (client, { deviceCode, targets, confirmation }) =>
      redeemDeviceCode(client, { deviceCode, targets, confirmation }),
    [tokenExchangeGrant]: exchange,
  }

  return async (client, request) => {
    const type = request.grantType
    if (!client.grants.includes(type)) {
      throw new OAuthError('unauthorized_client', 'The client is not registered for this grant type.')
    }
    // By the URL of a host, as its metadata and authorization requests name it (RFC 9728 §7.4, RFC 8707 §2).
    const targets = request.targets.map((one) => (client.audiences.includes(one) ? one : (audienceOf(one) ?? one)))
    return grants[type](client, {
      ...{ ...request, targets: [...new Set(targets)], confirmation: confirmationOf(client, request) },
    })
  }
}

/**
 * A proof binds the tokens of every client, a certificate those of a client that is registered for it alone: connections have certificates
 * for other reasons too. Throws where a client lacks what it is registered for.
 */
function confirmationOf(client: Client, { jkt, certificate }: TokenRequest): Confirmation | undefined {
  const { dpopBoundAccessTokens, tlsClientCertificateBoundAccessTokens } = openIdSettingsOf(client)
  // RFC 9449 §5.2.
  if (dpopBoundAccessTokens && jkt === undefined) {
    throw new OAuthError('invalid_dpop_proof', 'This client needs a DPoP proof.')
  }
  const thumbprint = tlsClientCertificateBoundAccessTokens ? certificate() : undefined
  if (tlsClientCertificateBoundAccessTokens && thumbprint === undefined) {
    // RFC 8705 §3.3 leaves the answer to the server, RFC 6749 §5.2 has this one for what a request lacks.
    throw new OAuthError('invalid_request', 'This client needs a TLS certificate, and no proxy has told one.')
  }
  if (jkt === undefined && thumbprint === undefined) return undefined
  return { ...(jkt !== undefined && { jkt }), ...(thumbprint !== undefined && { 'x5t#S256': thumbprint }) }
}
