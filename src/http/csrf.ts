import { createHmac } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { deriveKey, equalSecrets, randomSecret } from '../core/secrets.ts'
import type { Cookies } from './cookies.ts'

/** Ties a form to the browser that it was shown to: the form carries a keyed digest of a cookie's random value. */
export interface CsrfTokens {
  /** The token for a form in this reply; sets the cookie when the browser has none. */
  tokenFor(request: FastifyRequest, reply: FastifyReply): string
  matches(request: FastifyRequest, token: string | undefined): boolean
}

export function createCsrfTokens(secrets: readonly Uint8Array[], cookies: Cookies): CsrfTokens {
  const keys = secrets.map((secret) => deriveKey(secret, 'csrf'))
  const digest = (value: string, key: Buffer) => createHmac('sha256', key).update(value).digest('base64url')
  return {
    tokenFor(request, reply) {
      let value = cookies.csrf(request)
      if (value === undefined) {
        value = randomSecret()
        cookies.setCsrf(reply, value)
      }
      return digest(value, keys[0]!)
    },
    matches(request, token) {
      const value = cookies.csrf(request)
      if (value === undefined || token === undefined) return false
      return keys.some((key) => equalSecrets(token, digest(value, key)))
    },
  }
}
