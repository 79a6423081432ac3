/** RFC 8693 §2.1: a service acts for the subject of a token at another service. */
export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** The grants that a client can be registered for, by their names at the token endpoint. */
export const grantTypes = ['client_credentials', 'refresh_token', tokenExchangeGrant] as const
export type GrantType = (typeof grantTypes)[number]
