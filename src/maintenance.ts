import type { Log } from './core/log.ts'
import type { Feature } from './http/feature.ts'

const everyMilliseconds = 60_000

export interface Maintenance {
  /** Does now what is done every minute. Rejects with what failed first. */
  run(): Promise<void>
  /** Lets what is under way finish. */
  stop(): Promise<void>
}

/** Has each feature do, every minute and one after the other, what it does on its own. */
export function runEveryMinute(features: readonly Pick<Feature, 'maintain'>[], log: Log): Maintenance {
  const run = async () => {
    for (const feature of features) await feature.maintain?.()
  }
  let underWay = Promise.resolve()
  const timer = setInterval(() => {
    underWay = run().catch((error: unknown) =>
      log.error({ event: 'maintenance.failed', err: error }, 'maintenance failed'),
    )
  }, everyMilliseconds)
  return {
    run,
    async stop() {
      clearInterval(timer)
      await underWay
    },
  }
}
