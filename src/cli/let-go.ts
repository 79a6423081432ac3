import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const lookEveryMilliseconds = 1_000
/** The share of a second that the process may have worked to count as quiet: more than its own upkeep takes. */
const quiet = 0.05

/**
 * Lets go of the memory that only the start needed: once, in the first second in which next to nothing is asked, since it takes
 * a tenth of one. V8 would keep it until the heap grows, and in a service that asks for little that is never.
 */
export function letGoOfTheStart(): void {
  let before = performance.eventLoopUtilization()
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    if (utilization > quiet) return
    clearInterval(timer)
    collectAll()
  }, lookEveryMilliseconds).unref()
}

/** V8 hands its collector out to contexts that are made while a flag stands. */
function collectAll(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as NodeJS.GCFunction
  setFlagsFromString('--no-expose-gc')
  // The one kind that gives back what young objects had taken, too.
  collect({ type: 'major', flavor: 'last-resort' })
}
