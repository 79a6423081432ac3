/** How tests wait on a machine that is slow: for what they need, never for a time. */

/** What has not come by then does not come any more, however much else the machine does. */
const patienceMilliseconds = 300_000

/** For what is asked through forward-auth: on a busy machine a first look-up takes its time. */
export const patientProxies = { decide_within_milliseconds: 5_000 }

/** Asks again and again until the answer is what is wanted, and returns it. */
export async function untilWanted<T>(
  what: string,
  ask: () => Promise<T> | T,
  wanted: (answer: T) => boolean,
): Promise<T> {
  const end = performance.now() + patienceMilliseconds
  for (;;) {
    const answer = await ask()
    if (wanted(answer)) return answer
    if (performance.now() > end) throw new Error(`still not so: ${what}`)
    await new Promise((again) => setTimeout(again, 20))
  }
}

/** Waits until something is so. */
export async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  await untilWanted(what, condition, Boolean)
}

const tickMilliseconds = 5

export interface Stopwatch {
  milliseconds(): number
}

/**
 * Measures like a clock that stands still while the machine lets this process wait: for bounds that the service promises,
 * which say nothing about a machine that does something else.
 */
export function startStopwatch(): Stopwatch {
  let [passed, last] = [0, performance.now()]
  const tick = () => {
    const now = performance.now()
    passed += Math.min(now - last, 2 * tickMilliseconds)
    last = now
  }
  setInterval(tick, tickMilliseconds).unref()
  return {
    milliseconds() {
      tick()
      return passed
    },
  }
}
