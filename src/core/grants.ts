/** RFC 8693 §2.1: a service acts for the subject of a token at another service. */
export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** RFC 6749 §4.1: a person lets a program in. */
export const authorizationCodeGrant = 'authorization_code'

/** RFC 8628 §3.4: a person lets a program in that runs on another device. */
export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code'

/** Those by which a person signs in to a program. */
export const signInGrants = [authorizationCodeGrant, deviceCodeGrant] as const

/** The grants that a client can be registered for, by their names at the token endpoint. */
export const grantTypes = [
  'client_credentials',
  authorizationCodeGrant,
  'refresh_token',
  deviceCodeGrant,
  tokenExchangeGrant,
] as const
export type GrantType = (typeof grantTypes)[number]
