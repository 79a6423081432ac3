import type { RevocationKind } from '../../core/records/revocation.ts'
import { advisoryLocks, type Database, type Transaction } from './database.ts'
import { sql } from './drizzle.ts'
import { revocations } from './revocations/tables.ts'
import { feedTopic, wakeChannel } from './wakes.ts'

/**
 * Writes rows of the revocation feed into the transaction that changes the subjects. The feed's lock makes numbers appear in the
 * order of commits, so that a reader who has seen number n never finds a smaller one later. It is taken last everywhere.
 */
export type Announce = (kind: RevocationKind, ids: readonly string[], at: Date) => Promise<void>

/**
 * Runs a transaction that changes what replicas may remember. Nothing else can announce, so that nothing is announced without
 * this: when it resolves, this replica has read the feed up to the change, also when the work found nothing to change any more.
 */
export type Change = <T>(work: (tx: Transaction, announce: Announce) => Promise<T>) => Promise<T>

/** `readFeed`: has this replica read the feed; never rejects. */
export function createChange(db: Database, readFeed: () => Promise<void>): Change {
  return async (work) => {
    const done = await db.transaction((tx) =>
      work(tx, async (kind, ids, at) => {
        if (ids.length === 0) return
        await tx.execute(sql`select pg_advisory_xact_lock(${advisoryLocks.revocationFeed})`)
        await tx.insert(revocations).values(ids.map((id) => ({ kind, id, at })))
        await tx.execute(sql`select pg_notify(${wakeChannel}, ${feedTopic})`)
      }),
    )
    await readFeed()
    return done
  }
}
