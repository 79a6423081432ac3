import { type GatehouseError, unavailable } from '../../core/errors.ts'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import { within } from '../../core/within.ts'
import type { Decide } from './decide.ts'

/**
 * Bounds the time of a decision: what cannot be proven in time is not allowed, and the proxy is told so while it still
 * waits. The look-up goes on, so that the next question may find it done.
 */
export function decideWithin(decide: Decide, milliseconds: number): Decide {
  return (asked) => {
    const decision = decide(asked)
    if (!(decision instanceof Promise)) return decision
    return within(milliseconds, decision, () => unavailable(new Error('not decided in time')))
  }
}

/** Tells of questions that could not be decided: why, once, when it begins, and how many, once, when it is over. */
export interface OutageLog {
  undecided(error: GatehouseError, requestId: string): void
  /** A decision was made. */
  decided(): void
}

/** So long nothing must have failed before an outage counts as over; or one in which some succeed would fill the log. */
const overAfterMilliseconds = 5_000

export function createOutageLog(log: Log, clock: Clock): OutageLog {
  let undecided = 0
  let lastAt = 0
  return {
    undecided(error, requestId) {
      const fields = { code: error.code, err: error.cause ?? error, reqId: requestId }
      if (error.code !== 'unavailable') return log.error({ event: 'forward_auth.failed', ...fields }, 'no decision')
      lastAt = clock.now()
      if (undecided++ > 0) return
      log.error({ event: 'forward_auth.outage', ...fields }, 'no decision; the next ones are counted, not logged')
    },
    decided() {
      if (undecided === 0 || clock.now() - lastAt < overAfterMilliseconds) return
      log.info({ event: 'forward_auth.recovered', undecided }, 'decisions are made again')
      undecided = 0
    },
  }
}
