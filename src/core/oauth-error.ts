import { EarlyEnd } from './errors.ts'

/** Error codes of RFC 6749 §5.2 and §4.1.2.1, RFC 8707 §2, RFC 8628 §3.5, RFC 6750 §3.1, RFC 9449 §12.2, RFC 9396 §5, RFC 7591 §3.2.2 and OpenID Connect Core §3.1.2.6 that the endpoints answer, and what each means. */
export const oauthErrorTable = {
  invalid_request: 'The request is not valid.',
  invalid_client: 'Client authentication failed.',
  invalid_grant: 'The code or refresh token is not valid.',
  unauthorized_client: 'The client is not registered for this grant type.',
  unsupported_grant_type: 'This grant type is not supported.',
  invalid_scope: 'The client is not registered for this scope.',
  invalid_target: 'The client is not registered for this resource.',
  unsupported_response_type: 'response_type must be code.',
  invalid_authorization_details: 'The parameter authorization_details is not supported.',
  invalid_request_object: 'The request object is not valid.',
  request_uri_not_supported: 'The parameter request_uri is not supported.',
  unmet_authentication_requirements: 'Nobody can be signed in as it is wanted.',
  registration_not_supported: 'The parameter registration is not supported.',
  invalid_token: 'The access token is not valid.',
  insufficient_scope: 'The access token has not the scope that this needs.',
  authorization_pending: 'The person has not decided yet.',
  invalid_redirect_uri: 'redirect_uris are not valid.',
  invalid_client_metadata: 'What the program says of itself is not valid.',
  unapproved_software_statement: 'No software statement is taken.',
  slow_down: 'Too many requests.',
  access_denied: 'The person did not agree.',
  expired_token: 'The device code has expired.',
  temporarily_unavailable: 'Try again later.',
  invalid_dpop_proof: 'The DPoP proof is not valid.',
  use_dpop_nonce: 'The DPoP proof needs the nonce of this answer.',
  server_error: 'Something went wrong on our side.',
} as const
export type OAuthErrorCode = keyof typeof oauthErrorTable

/** Ends an OAuth request. The description may hold no quote, backslash or anything that the client sent (§5.2). */
export class OAuthError extends EarlyEnd {
  readonly code: OAuthErrorCode
  constructor(code: OAuthErrorCode, description: string) {
    super(description)
    this.code = code
  }
}
