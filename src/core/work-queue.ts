/** Works off what waits in a store, several at once. */
export interface WorkQueue {
  /** Does what is due. Resolves once there is nothing that this process could do now. Never rejects. */
  run(): Promise<void>
  /** Lets what is under way finish within a bound, and then breaks it off. */
  stop(): Promise<void>
}

const stopMilliseconds = 5_000

/**
 * `claim`: takes the next one that is due, of which nobody else is at work; `work`: does it, and is told by the signal when there is no
 * more time; `fail`: called with what either rejected with, once until both succeed again. `lanes`: how many at once, so that one
 * that takes its time does not keep the others.
 */
export function createWorkQueue<Item>(dependencies: {
  lanes: number
  claim(): Promise<Item | undefined>
  work(item: Item, stopping: AbortSignal): Promise<void>
  fail(error: unknown): void
}): WorkQueue {
  const { lanes, claim, work, fail } = dependencies
  const stopping = new AbortController()
  const { signal } = stopping
  const underWay = new Set<Promise<void>>()
  let failing = false

  function startLane(): void {
    if (underWay.size === lanes || signal.aborted) return
    const lane = goOn()
      .then(() => void (failing = false), tell)
      .finally(() => underWay.delete(lane))
    underWay.add(lane)
  }
  /** One after the other until none is due. Whoever finds one has somebody look for the next. */
  async function goOn(): Promise<void> {
    while (!signal.aborted) {
      const item = await claim()
      if (item === undefined) return
      startLane()
      await work(item, signal)
    }
  }
  function tell(error: unknown): void {
    if (!failing) fail(error)
    failing = true
  }

  return {
    async run() {
      startLane()
      while (underWay.size > 0) await Promise.all(underWay)
    },
    async stop() {
      const all = Promise.all(underWay)
      let timer: NodeJS.Timeout | undefined
      const bound = new Promise((end) => (timer = setTimeout(end, stopMilliseconds)))
      await Promise.race([all, bound]).finally(() => clearTimeout(timer))
      stopping.abort()
      await all
    },
  }
}
