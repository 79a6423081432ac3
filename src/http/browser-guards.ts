import type { Clock } from '../core/clock.ts'
import { type Cookies, createCookies } from './cookies.ts'
import { type CheckCrossSite, createCrossSiteCheck, createSourceOf } from './cross-site.ts'
import { createCsrfTokens, type CsrfTokens } from './csrf.ts'
import { type RateLimits, rateLimitsOf } from './rate-limits.ts'

/** What pages and the API for browsers share. A process has one of each. */
export interface BrowserGuards {
  readonly cookies: Cookies
  readonly csrf: CsrfTokens
  readonly checkCrossSite: CheckCrossSite
  /** What a route says about its limit. */
  readonly limits: RateLimits
}

export function createBrowserGuards(
  config: {
    issuer: string
    cookieDomain: string | undefined
    secrets: readonly [Uint8Array, ...Uint8Array[]]
    sessions: { cookie_name: string }
    cors: { origins: readonly string[] }
    limits: { secret_tests_per_minute: number; judged_passwords_per_minute: number }
  },
  clock: Clock,
): BrowserGuards {
  const cookies = createCookies(config)
  const sourceOf = createSourceOf({ issuer: config.issuer, ...config.cors })
  return {
    cookies,
    csrf: createCsrfTokens({ secrets: config.secrets, cookies, clock, sourceOf }),
    checkCrossSite: createCrossSiteCheck(sourceOf),
    limits: rateLimitsOf(config.limits),
  }
}
