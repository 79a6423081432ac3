/** Lets so many do something at once; others wait for their turn, in their order. */
export interface Turns {
  /** Rejects with what `tooLate` makes once `signal` has ended the wait. */
  take(signal: AbortSignal): Promise<void>
  giveBack(): void
}

export function createTurns(most: number, tooLate: () => Error): Turns {
  const waiting: (() => void)[] = []
  let taken = 0
  return {
    async take(signal) {
      if (signal.aborted) throw tooLate()
      if (taken < most) return void taken++
      return new Promise<void>((done, fail) => {
        const late = () => {
          waiting.splice(waiting.indexOf(next), 1)
          fail(tooLate())
        }
        const next = () => {
          signal.removeEventListener('abort', late)
          done()
        }
        waiting.push(next)
        signal.addEventListener('abort', late, { once: true })
      })
    },
    giveBack() {
      const next = waiting.shift()
      // Whoever waits first has this turn.
      if (next === undefined) taken--
      else next()
    },
  }
}
