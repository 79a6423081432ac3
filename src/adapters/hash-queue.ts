import { tooManyWaiting } from '../core/errors.ts'

/** What waits, and the network that asked for it; nothing where nobody can tell. */
export interface OfNetwork {
  network: string | undefined
}
interface Waiting extends OfNetwork {
  go(): void
}

export interface HashQueue {
  /** Does the work when its turn comes. Rejects with `unavailable` at once when there is no room. */
  run<T>(isPreferred: boolean, work: () => Promise<T>): Promise<T>
  /** Throws `unavailable` when there is no room for who asks now without preference. */
  assertRoom(): void
}

/** What of the room one network may hold. */
const shareOfNetwork = 1 / 4

/** Throws `unavailable` when as many wait as may, in all or of this network. `what`: is waiting. */
export function assertMayWait(waiting: readonly OfNetwork[], maxWaiting: number, { network }: OfNetwork, what: string) {
  const ofNetwork = network === undefined ? 0 : waiting.filter((one) => one.network === network).length
  if (waiting.length < maxWaiting && ofNetwork < maxWaiting * shareOfNetwork) return
  throw tooManyWaiting(what)
}

/**
 * Lets so many works run at once, and so many wait; what comes on top is refused early. Those that are preferred have a room of
 * their own, and go first, so that strangers keep none of them out. Of both rooms one network gets a quarter at most:
 * `networkOf` names the one that asks now, and nothing where nobody can tell.
 */
export function createHashQueue(options: {
  width: number
  maxWaiting: number
  networkOf: () => string | undefined
}): HashQueue {
  const { width, maxWaiting, networkOf } = options
  const rooms: Record<'preferred' | 'others', Waiting[]> = { preferred: [], others: [] }
  let running = 0

  function assertRoomFor(waiting: readonly Waiting[], network: string | undefined): void {
    if (running >= width) assertMayWait(waiting, maxWaiting, { network }, 'passwords')
  }

  return {
    assertRoom: () => assertRoomFor(rooms.others, networkOf()),
    async run(isPreferred, work) {
      const waiting = isPreferred ? rooms.preferred : rooms.others
      const network = networkOf()
      assertRoomFor(waiting, network)
      if (running < width) running += 1
      else await new Promise<void>((go) => waiting.push({ network, go }))
      try {
        return await work()
      } finally {
        const next = rooms.preferred.shift() ?? rooms.others.shift()
        // The place passes straight to the next in line: `running` stays as it is.
        if (next) next.go()
        else running -= 1
      }
    },
  }
}
