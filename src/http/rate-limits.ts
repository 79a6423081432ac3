import rateLimit from '@fastify/rate-limit'
import fastifyPlugin from 'fastify-plugin'
import { GatehouseError } from '../core/errors.ts'
import { limitKey } from '../core/network.ts'
import type { Counters } from '../core/counters.ts'
import { noteAnswers } from './document.ts'
import type { App } from './server.ts'

/** What a route says about its limit, in `config.rateLimit`. */
export interface RateLimits {
  /** The stricter one, for routes that test a secret of low entropy or send mail. */
  readonly secretTests: { max: number; timeWindow: number }
  /** The one of what judges new passwords, which costs more than other requests. */
  readonly judging: { max: number; timeWindow: number }
  /**
   * The general one, but passed while nobody can count: for routes that take rights away, and for those that people need to
   * get there. They test nothing that could be guessed. What shows people their own account has it unless it says otherwise.
   */
  readonly takingAway: typeof takingAway
}

export const takingAway = { skipOnError: true } as const

const windowMilliseconds = 60_000

/** Makes the limits that routes name. */
export function rateLimitsOf(settings: {
  secret_tests_per_minute: number
  judged_passwords_per_minute: number
}): RateLimits {
  return {
    secretTests: { max: settings.secret_tests_per_minute, timeWindow: windowMilliseconds },
    judging: { max: settings.judged_passwords_per_minute, timeWindow: windowMilliseconds },
    takingAway,
  }
}

/**
 * Limits per client address (IPv6: per /64), counted by all replicas together. Every route of the scope shares the
 * general limit; a route with a stricter one is counted apart. Who comes from an address that no proxy told is not limited so.
 * When the counters cannot be reached the answer is 503: a limit that cannot be checked is not passed, but by what takes
 * rights away and by what shows people their own account.
 */
export const rateLimits = fastifyPlugin(
  async (app: App, options: { counters: Counters; settings: { requests_per_minute: number } }): Promise<void> => {
    /** The plugin's store interface over the shared counters. */
    class CounterStore {
      readonly #scope: string
      constructor({
        routeInfo,
        skipOnError,
      }: { routeInfo?: { method?: string; url?: string }; skipOnError?: boolean } = {}) {
        const { method, url } = routeInfo ?? {}
        this.#scope = url === undefined || skipOnError ? 'all' : `${method} ${url}`
      }
      incr(
        address: string,
        done: (error: Error | null, result?: { current: number; ttl: number }) => void,
        timeWindow: number,
      ): void {
        options.counters.increment(`requests:${this.#scope}:${address}`, timeWindow / 1000).then(
          ({ count, resetSeconds }) => done(null, { current: count, ttl: resetSeconds * 1000 }),
          (error: Error) => done(error),
        )
      }
      child(routeOptions: object): CounterStore {
        return new CounterStore(routeOptions)
      }
    }

    // Before the plugin looks at the route.
    app.addHook('onRoute', (route) => {
      const { access, rateLimit: own } = route.config ?? {}
      const isRead = [route.method].flat().every((method) => method === 'GET' || method === 'HEAD')
      if (isRead && access === 'user' && own === undefined) route.config = { ...route.config!, rateLimit: takingAway }
    })

    // A wrong method is answered outside of the scope.
    const headers = (status: number) =>
      status === 405 ? [] : (['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'] as const)
    noteAnswers(app, { errors: ['too_many_requests'], headers }, ({ config }) => config?.rateLimit !== false)
    await app.register(rateLimit, {
      global: true,
      max: options.settings.requests_per_minute,
      timeWindow: windowMilliseconds,
      keyGenerator: (request) => limitKey(request.ip) ?? '',
      allowList: (request) => limitKey(request.ip) === undefined,
      store: CounterStore,
      enableDraftSpec: true,
      skipOnError: false,
      errorResponseBuilder: (_request, context) =>
        new GatehouseError('too_many_requests', { retryAfterSeconds: Math.max(1, Math.ceil(context.ttl / 1000)) }),
    })
  },
)
