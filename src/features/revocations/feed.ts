import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Revocation, RevocationKind, RevocationStore } from '../../core/records/revocation.ts'
import { within } from '../../core/within.ts'

/** How an entity is named in the feed and in whatever remembers something about it. */
export type EntityKey = `${RevocationKind}:${string}`

/** One replica's view of the revocation feed: what tells it which of its memories are out of date. */
export interface RevocationFeed {
  /** Begins to follow: until then it is not current. Rejects when the store does not answer. */
  start(): Promise<void>
  /**
   * `changed`: called with the keys that rows name, before the rows count as read: until it resolves they do not. Without,
   * when it may be any.
   */
  onKeysChanged(changed: (ids?: readonly string[]) => Promise<void>): void
  /** Number of the newest row read. Whatever is loaded from now on is at least as new. */
  readonly position: number
  /** False when the feed could not be read within its bound: then nothing remembered may be used. */
  isCurrent(): boolean
  /**
   * Whether something remembered may still be used: the feed is current, and no row after `asOf`, the position at which it
   * was known to hold, names one of its entities. Then it holds as of now, and says so the next time.
   */
  isValid(memory: { asOf: number }, entities: readonly EntityKey[]): boolean
  /** Whether a row of the last twenty minutes names the entity, those before this process began included. */
  namedLately(entity: EntityKey): boolean
  /** Reads all rows committed before the call; rejects when that cannot be done. */
  catchUp(): Promise<void>
  stop(): Promise<void>
}

const pollMilliseconds = 250
/** Four missed polls. The bound within which a revocation acts on every replica. */
const staleAfterMilliseconds = 1_000
/** How long a change waits for its row to be read. */
const readOwnWithinMilliseconds = 1_000
/** How long a row's entity is kept; what was not asked for in that time is then proven anew. */
const keepMilliseconds = 20 * 60_000

/** Rows say when they were written by the clock of their writer. */
const clockMarginMilliseconds = 5 * 60_000

/** A feed that is followed from its start on: woken by the store's hint, and every 250 ms anyway, which is also the heartbeat. */
export function createRevocationFeed(
  store: RevocationStore,
  log: Log,
  /** Monotonic milliseconds: a stepped wall clock must not make a stale view look current. */
  monotonic: Clock = { now: () => performance.now() },
): RevocationFeed {
  const touched = new Map<EntityKey, { sequence: number; at: number }>()
  let keysChanged: (ids?: readonly string[]) => Promise<void> = async () => {}
  let position = 0
  /** Up to here entities have been let go of, so nothing can be said about older positions. */
  let forgotten = 0
  let readAt = -Infinity
  /** When this replica made a change whose row it could not read: nothing remembered counts until a later read. */
  let owedSince = -Infinity
  let failing = false
  let setBack = false
  let stopped = false

  function apply(rows: readonly Revocation[], complete: boolean, now: number): void {
    for (const row of rows) {
      const entity: EntityKey = `${row.kind}:${row.id}`
      // Deleted first, so that the map stays ordered by time and pruning can stop at the first young entry.
      touched.delete(entity)
      touched.set(entity, { sequence: row.sequence, at: now })
      position = row.sequence
    }
    // Who was not listening for so long does not know what it missed.
    if (!complete) forgotten = position
    for (const [entity, { sequence, at }] of touched) {
      if (now - at < keepMilliseconds) break
      touched.delete(entity)
      forgotten = Math.max(forgotten, sequence)
    }
  }

  async function read(): Promise<void> {
    const startedAt = monotonic.now()
    try {
      const { rows, complete } = await store.readAfter(position)
      // The newest row always stays, so a database without it was set back. What happens in it now has numbers that were
      // read before: nothing of it would be noticed, not even when it has as many rows again.
      setBack ||= !complete && rows.length === 0
      if (setBack) throw new Error('the revocation feed was set back: the service must be started again')
      if (!complete) log.warn({ event: 'feed.gap' }, 'revocations were missed: everything is proven anew')
      const keys = rows.filter(({ kind }) => kind === 'key').map(({ id }) => id)
      if (!complete) await keysChanged()
      else if (keys.length > 0) await keysChanged(keys)
      apply(rows, complete, startedAt)
      readAt = startedAt
      if (failing) log.info({ event: 'feed.recovered' }, 'the revocation feed is readable again')
      failing = false
    } catch (error) {
      if (!failing) log.error({ event: 'feed.unreadable', err: error }, 'the revocation feed cannot be read')
      failing = true
      throw error
    }
  }

  // A read under way may have begun before the caller's change was committed, so a caller waits for the one after it.
  let current: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  function catchUp(): Promise<void> {
    next ??= current
      .catch(() => {})
      .then(() => {
        next = undefined
        current = read()
        return current
      })
    return next
  }

  const attempt = () => catchUp().catch(() => {})
  let timer: NodeJS.Timeout | undefined
  const schedule = () => {
    if (!stopped) timer = setTimeout(() => void attempt().then(schedule), pollMilliseconds)
  }

  /** A change is made, whether or not its row can be read: where it cannot, memory does not count instead. */
  async function readOwn(): Promise<void> {
    const changedAt = monotonic.now()
    await within(readOwnWithinMilliseconds, catchUp(), () => new Error('the feed was not read in time')).catch(
      () => void (owedSince = Math.max(owedSince, changedAt)),
    )
  }

  const isCurrent = () => readAt > owedSince && monotonic.now() - readAt < staleAfterMilliseconds

  const ends: (() => Promise<void>)[] = []
  return {
    async start() {
      position = await store.latest()
      for (const { kind, id, sequence } of await store.readLatest(keepMilliseconds + clockMarginMilliseconds)) {
        touched.set(`${kind}:${id}`, { sequence, at: monotonic.now() })
      }
      readAt = monotonic.now()
      schedule()
      ends.push(await store.onWake(() => void attempt()), await store.onChange(readOwn))
    },
    onKeysChanged: (changed) => void (keysChanged = changed),
    get position() {
      return position
    },
    isCurrent,
    namedLately: (entity) => touched.has(entity),
    isValid(memory, entities) {
      const { asOf } = memory
      if (!isCurrent()) return false
      if (asOf >= position) return true
      if (asOf < forgotten) return false
      if (entities.some((entity) => (touched.get(entity)?.sequence ?? 0) > asOf)) return false
      memory.asOf = position
      return true
    },
    catchUp,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await Promise.allSettled(ends.map((end) => end()))
      await current.catch(() => {})
    },
  }
}
