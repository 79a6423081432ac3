import { createRemoteJWKSet, jwtVerify } from 'jose'

// The library as it comes.
const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', process.env.GATEHOUSE_ISSUER))

export async function claimsOf(token) {
  const { payload } = await jwtVerify(token, keys)
  return payload
}
