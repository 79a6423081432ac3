/** Whether the service can answer, what it counts, and what it lets go of. */
import type { Base } from '../../base.ts'
import { parseNetworks } from '../../core/network.ts'
import type { Feature } from '../../http/feature.ts'
import type { Revocations } from '../revocations/index.ts'
import type { SigningKeys } from '../signing-keys/index.ts'
import { createHousekeeping } from './housekeeping.ts'
import { createMetrics } from './metrics.ts'
import { healthRoutes } from './routes.ts'

export function createHealth(
  { stores, clock, log }: Base,
  config: {
    metrics: { networks: readonly string[] }
    tokens: { refresh_grace_seconds: number }
    audit: { retention_days: number }
  },
  needs: { revocations: Revocations; signingKeys: SigningKeys; isStopping(): boolean },
): Feature {
  const { isStopping } = needs
  const { feed } = needs.revocations
  const { ring } = needs.signingKeys
  return {
    routes: {
      machines: (app) =>
        healthRoutes(app, {
          ping: () => stores.ping(),
          feedIsCurrent: () => feed.isCurrent(),
          keysAreWhole: () => ring.isWhole(),
          isStopping,
          metrics: createMetrics({
            keyUsage: () => ring.usage(),
            feedIsCurrent: () => feed.isCurrent(),
            feedPosition: () => feed.position,
            async mails() {
              const count = await stores.mails.count().catch(() => undefined)
              if (count === undefined) return undefined
              const { queued, dead, oldestQueuedAt } = count
              return {
                queued,
                dead,
                oldestSeconds: oldestQueuedAt === null ? 0 : (clock.now() - oldestQueuedAt.getTime()) / 1000,
              }
            },
          }),
          mayReadMetrics: parseNetworks(config.metrics.networks),
        }),
    },
    maintain: createHousekeeping({
      store: stores.housekeeping,
      clock,
      log,
      retention: config,
      isStopping,
    }),
  }
}
