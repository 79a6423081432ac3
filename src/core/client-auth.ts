/** The ways to authenticate, by their registered names (RFC 7591 §2); `none` is for public clients. */
export const clientAuthMethods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const

export const clientAssertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
