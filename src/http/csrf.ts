import { createHmac } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatehouseError } from '../core/errors.ts'
import type { Clock } from '../core/clock.ts'
import { deriveKey, equalSecrets, randomSecret } from '../core/secrets.ts'
import type { Cookies } from './cookies.ts'
import type { SourceOf } from './cross-site.ts'

/** So long a form works after it was shown. */
const lifetimeSeconds = 3_600

/**
 * What a form is. Only a `proven` one may do anything; the others are shown again. `outdated`: our own page has sent it, but it
 * is too old, or was made with a secret that is gone. `unproven`: nothing says which page has sent it.
 */
export type FormState = 'proven' | 'outdated' | 'unproven'

/**
 * Tells the forms that this service has shown from those that other sites make browsers send, also where the sign-in is what
 * is forged (login CSRF).
 */
export interface CsrfTokens {
  /** The token for a form in this reply, of letters, digits, `-` and `_`; sets the cookie when the browser has none. */
  tokenFor(request: FastifyRequest, reply: FastifyReply): string
  /** Throws `cross_site_request` when the browser says that another site has sent the form. */
  check(request: FastifyRequest, token: string | undefined): FormState
}

/**
 * A token says when it was made and for which cookie, under a keyed digest; nothing of it is stored. Anybody can get one, so it
 * proves nothing alone: either the browser says that our own page has sent the form, which it does also without any
 * cookie, or it shows the cookie. docs/decisions/0018 has the reasons.
 */
export function createCsrfTokens(dependencies: {
  secrets: readonly Uint8Array[]
  cookies: Pick<Cookies, 'csrf' | 'setCsrf'>
  clock: Clock
  sourceOf: SourceOf
}): CsrfTokens {
  const { cookies, clock, sourceOf } = dependencies
  const keys = dependencies.secrets.map((secret) => deriveKey(secret, 'forms'))
  const digest = (text: string, key: Buffer) => createHmac('sha256', key).update(text).digest('base64url')
  const now = () => Math.floor(clock.now() / 1000)

  /** `made` is written with as many digits at any time, so that the parts of a token have fixed places. */
  const tokenOf = (made: string, cookie: string, key: Buffer) => {
    const browser = digest(`cookie ${cookie}`, key)
    return `${made}${browser}${digest(`form ${made} ${browser}`, key)}`
  }
  function read(token: string): { age: number; isOf(cookie: string): boolean } | undefined {
    const [, made, browser] = /^([0-9a-z]{8})([\w-]{43})[\w-]{43}$/.exec(token) ?? []
    if (made === undefined || browser === undefined) return undefined
    const key = keys.find((one) => equalSecrets(token, `${made}${browser}${digest(`form ${made} ${browser}`, one)}`))
    if (key === undefined) return undefined
    return {
      age: now() - Number.parseInt(made, 36),
      isOf: (cookie) => equalSecrets(browser, digest(`cookie ${cookie}`, key)),
    }
  }

  return {
    tokenFor(request, reply) {
      let cookie = cookies.csrf(request)
      if (cookie === undefined) {
        cookie = randomSecret()
        cookies.setCsrf(reply, cookie)
      }
      return tokenOf(now().toString(36).padStart(8, '0'), cookie, keys[0]!)
    },
    check(request, token) {
      const source = sourceOf(request)
      if (source === 'another_site') throw new GatehouseError('cross_site_request')
      const form = token === undefined ? undefined : read(token)
      const cookie = cookies.csrf(request)
      const isOurs = source === 'own_page' || (cookie !== undefined && form?.isOf(cookie) === true)
      if (!isOurs) return 'unproven'
      // Replicas may disagree a little about the time.
      return form !== undefined && Math.abs(form.age) <= lifetimeSeconds ? 'proven' : 'outdated'
    },
  }
}
