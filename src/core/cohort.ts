/**
 * Makes a meeting point for work that comes in the same turn of the event loop (cohort scheduling): whoever waits there goes on
 * when everything that has come was read, and all take each of their steps one after the other before anybody takes the next.
 * Reading a request, proving or signing, and writing an answer each keep the processor's caches filled with code and tables of
 * their own. Where every request goes through all of them by itself, each step finds the caches emptied by the one before,
 * which costs as much again as the work.
 */
export function createCohort(): () => Promise<void> {
  let waiting: (() => void)[] = []
  const goOn = () => {
    const cohort = waiting
    waiting = []
    for (const next of cohort) next()
  }
  return () =>
    new Promise((next) => {
      if (waiting.push(next) === 1) setImmediate(goOn)
    })
}
