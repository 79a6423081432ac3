import { readPublicJwks } from '../../core/public-jwks.ts'
import {
  type ClientAuthMethod,
  fapiAlgorithms,
  type OpenIdSettings,
  type PublicJwkSet,
} from '../../core/records/client.ts'

/** What a client of the profile has, or is to have. */
interface Wanted {
  authMethod: ClientAuthMethod
  jwks: PublicJwkSet | null
  redirectUris: readonly string[]
  openid?: Partial<OpenIdSettings> | null | undefined
}

type Fault = { path: string; message: string } | undefined

/** What of a client contradicts the FAPI 2.0 Security Profile, which it is to hold to. */
export function fapiFaultOf({ authMethod, jwks, redirectUris, openid }: Wanted): Fault {
  if (openid?.profile !== 'fapi2') return undefined
  const fault = (member: string, message: string) => ({ path: `/body/${member}`, message: `profile fapi2: ${message}` })
  if (authMethod !== 'private_key_jwt') return fault('profile', 'the client must prove itself by keys (jwks)')
  const known = jwks === null ? [] : readPublicJwks(jwks).flatMap(({ algorithms }) => algorithms)
  if (jwks !== null && !known.some((algorithm) => fapiAlgorithms.includes(algorithm))) {
    return fault('jwks', 'must hold a key for PS256, ES256 or EdDSA')
  }
  if (!redirectUris.every((uri) => !/^http:/i.test(uri))) return fault('redirect_uris', 'must not be of http')
  if (openid.pkce === 'optional') return fault('pkce', 'must be required')
  if (openid.requirePushedAuthorizationRequests === false) {
    return fault('require_pushed_authorization_requests', 'must be true')
  }
  if (openid.dpopBoundAccessTokens === false && openid.tlsClientCertificateBoundAccessTokens !== true) {
    return fault('dpop_bound_access_tokens', 'must be true, or tls_client_certificate_bound_access_tokens')
  }
  const algorithms = {
    id_token_signed_response_alg: openid.idTokenSignedResponseAlg,
    authorization_signed_response_alg: openid.authorizationSignedResponseAlg,
    request_object_signing_alg: openid.requestObjectSigningAlg,
    userinfo_signed_response_alg:
      openid.userinfoSignedResponseAlg === 'none' ? undefined : openid.userinfoSignedResponseAlg,
  }
  for (const [name, algorithm = 'default'] of Object.entries(algorithms)) {
    if (![...fapiAlgorithms, 'default', 'any'].includes(algorithm)) return fault(name, 'must be PS256, ES256 or EdDSA')
  }
  return undefined
}
