import { setTimeout as sleep } from 'node:timers/promises'

/** Until a directory has answered, in milliseconds: about what a domain controller takes to refuse a password. */
const first = 25
const kept = 32

/** Lets an answer that no directory was asked for come as late as one that it was. */
export interface LevelTimes {
  /** Notes how long one took that ended with a refused bind. */
  note(milliseconds: number): void
  /** Begins an answer: what is returned waits until as long has passed as some answer of late took. */
  begin(): () => Promise<void>
}

/**
 * Directories refuse a wrong password in twenty times the time in which they know no such name, or refuse an account that is locked. An
 * answer that needed no bind takes as long as one of the last ones that did, drawn by lot: so that its time tells nobody which
 * names there are.
 */
export function createLevelTimes(): LevelTimes {
  const taken: number[] = [first]
  return {
    note(milliseconds) {
      taken.push(milliseconds)
      if (taken.length > kept) taken.shift()
    },
    begin() {
      const began = performance.now()
      const wanted = taken[Math.floor(Math.random() * taken.length)]!
      return async () => {
        const left = wanted - (performance.now() - began)
        if (left > 1) await sleep(left)
      }
    },
  }
}
