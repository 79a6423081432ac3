import { type SQL, sql } from './drizzle.ts'
import type { HousekeepingStore, Sweep } from '../../core/records/sweep.ts'
import { advisoryLocks, type Database, rowsOf, type Transaction } from './database.ts'

export const [minute, hour, day] = [60_000, 3_600_000, 86_400_000] as const

/** What an area lets go of. Rows that somebody holds right now are left for the next batch, so that no request waits for one. */
export interface SqlSweep extends Sweep {
  /** Deletes one batch and resolves to the number of rows of the kind that have gone. */
  run(tx: Transaction, endedBefore: SQL, limit: number): Promise<number>
}

export function createHousekeepingStore(db: Database, sweeps: readonly SqlSweep[]): HousekeepingStore {
  return {
    sweeps,
    async sweep(name, endedBefore, limit) {
      const wanted = sweeps.find((sweep) => sweep.name === name)
      if (wanted === undefined) throw new Error(`nothing of the kind ${name} ends`)
      return await db.transaction(async (tx) => {
        const lock = sql`select pg_try_advisory_xact_lock(${advisoryLocks.housekeeping}) as held`
        const [answer] = await rowsOf<{ held: boolean }>(tx, lock)
        if (!answer!.held) return 'busy'
        return wanted.run(tx, sql`${endedBefore.toISOString()}::timestamptz`, limit)
      })
    },
  }
}

/** Of a table whose rows say when they expire. */
export function deleteExpired(table: string, key: string): SqlSweep['run'] {
  const [from, id] = [sql.identifier(table), sql.identifier(key)]
  return (tx, endedBefore, limit) =>
    countOf(
      tx,
      sql`delete from ${from} where ${id} in (
            select ${id} from ${from} where expires_at < ${endedBefore}
            order by expires_at limit ${limit} for update skip locked)
          returning 1`,
    )
}

/** How many rows a statement returns. */
export async function countOf(tx: Transaction, statement: SQL): Promise<number> {
  return (await rowsOf(tx, statement)).length
}
