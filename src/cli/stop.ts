import { constants } from 'node:os'
import type { Log } from '../core/log.ts'

/** How long requests under way may take to finish once the port is closed; a stop that takes longer is cut short. */
const finishWithinMilliseconds = 9_000

/** Within this time npm passes on what the terminal sent to the service too: one signal that comes twice. */
const echoMilliseconds = process.env['npm_lifecycle_event'] === undefined ? 0 : 1_000

/**
 * Stops the service on SIGTERM and SIGINT: `begin`, then `finish` once whoever balances had `drainSeconds` to learn that it is
 * not ready. A second signal ends the process at once.
 */
export function stopOnSignals(service: {
  drainSeconds: number
  logger: Log & { flush(): void }
  begin(): void
  finish(): Promise<void>
}): void {
  const { drainSeconds, logger, begin, finish } = service
  const stop = async (signal: string): Promise<void> => {
    logger.info({ event: 'service.stopping', signal, drainSeconds }, 'stopping')
    begin()
    await new Promise((over) => setTimeout(over, drainSeconds * 1_000))
    setTimeout(() => {
      logger.error({ event: 'service.stop_cut_short' }, 'requests were still under way')
      process.exit(1)
    }, finishWithinMilliseconds).unref()
    await finish()
    logger.info({ event: 'service.stopped' }, 'stopped')
    logger.flush()
  }
  let toldAt: number | undefined
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (toldAt !== undefined) {
        if (performance.now() - toldAt < echoMilliseconds) return
        logger.info({ event: 'service.stop_cut_short', signal }, 'told again: ending at once')
        logger.flush()
        process.exit(128 + constants.signals[signal])
      }
      toldAt = performance.now()
      stop(signal).catch((error: unknown) => {
        logger.error({ event: 'service.stop_failed', err: error }, 'the stop failed')
        process.exit(1)
      })
    })
  }
}
