import { type SQL, sql } from './drizzle.ts'
import type { HousekeepingStore, Perishable } from '../../core/records/sweep.ts'
import { advisoryLocks, type Database, rowsOf, type Transaction } from './database.ts'

/** Deletes one batch and resolves to the number of rows of the kind that have gone. */
type Sweep = (tx: Transaction, endedBefore: SQL, limit: number) => Promise<number>

export function createHousekeepingStore(db: Database): HousekeepingStore {
  return {
    async sweep(kind, endedBefore, limit) {
      return await db.transaction(async (tx) => {
        const lock = sql`select pg_try_advisory_xact_lock(${advisoryLocks.housekeeping}) as held`
        const [answer] = await rowsOf<{ held: boolean }>(tx, lock)
        if (!answer!.held) return 'busy'
        return sweeps[kind](tx, sql`${endedBefore.toISOString()}::timestamptz`, limit)
      })
    },
  }
}

/** Rows that somebody holds right now are left for the next batch, so that no request waits for one. */
const sweeps: Record<Perishable, Sweep> = {
  replays: (tx, endedBefore, limit) =>
    count(
      tx,
      sql`update refresh_tokens set replay = null where hash in (
            select hash from refresh_tokens where replay is not null and used_at <= ${endedBefore}
            order by used_at limit ${limit} for update skip locked)
          returning 1`,
    ),
  expiredRefreshTokens: (tx, endedBefore, limit) =>
    deleteTokens(
      tx,
      sql`select hash from refresh_tokens where expires_at < ${endedBefore}
          order by expires_at limit ${limit} for update skip locked`,
    ),
  revokedRefreshTokens: (tx, endedBefore, limit) =>
    deleteTokens(
      tx,
      sql`select token.hash from sessions as session
          join refresh_families as family on family.session_id = session.id
          join refresh_tokens as token on token.family_id = family.id
          where session.revoked_at < ${endedBefore}
          limit ${limit} for update of token skip locked`,
    ),
  sessions: (tx, endedBefore, limit) =>
    count(
      tx,
      sql`delete from sessions where id in (
            select session.id from sessions as session
            where (session.expires_at < ${endedBefore} or session.revoked_at < ${endedBefore})
              and not exists (select 1 from refresh_families where session_id = session.id)
            limit ${limit} for update skip locked)
          returning 1`,
    ),
  registrations: deleteExpired('registrations', 'token_hash'),
  knownDevices: deleteExpired('known_devices', 'secret_hash'),
  revokedAccessTokens: deleteExpired('revoked_access_tokens', 'token_id'),
  usedAssertions: (tx, endedBefore, limit) =>
    count(
      tx,
      sql`delete from used_assertions where (client_id, token_id) in (
            select client_id, token_id from used_assertions where expires_at < ${endedBefore}
            order by expires_at limit ${limit})
          returning 1`,
    ),
  // In the order of their numbers, and never the newest of the old ones: a reader that finds the row it read last knows
  // that none after it is missing.
  revocations: (tx, endedBefore, limit) =>
    count(
      tx,
      sql`delete from revocations where sequence in (
            select sequence from revocations
            where sequence < (
              select sequence from revocations where at < ${endedBefore} order by at desc, sequence desc limit 1)
            order by sequence limit ${limit})
          returning 1`,
    ),
  auditEvents: (tx, endedBefore, limit) =>
    count(
      tx,
      sql`delete from audit_events where id in (
            select id from audit_events where at < ${endedBefore} order by at limit ${limit})
          returning 1`,
    ),
  apiKeys: (tx, endedBefore, limit) =>
    count(
      tx,
      sql`delete from api_keys where id in (
            select id from api_keys where expires_at < ${endedBefore} or revoked_at < ${endedBefore} limit ${limit})
          returning 1`,
    ),
}

function deleteExpired(table: string, key: string): Sweep {
  const [from, id] = [sql.identifier(table), sql.identifier(key)]
  return (tx, endedBefore, limit) =>
    count(
      tx,
      sql`delete from ${from} where ${id} in (
            select ${id} from ${from} where expires_at < ${endedBefore}
            order by expires_at limit ${limit} for update skip locked)
          returning 1`,
    )
}

async function count(tx: Transaction, statement: SQL): Promise<number> {
  return (await rowsOf(tx, statement)).length
}

/** A family leaves with its last token. */
async function deleteTokens(tx: Transaction, hashes: SQL): Promise<number> {
  const gone = await rowsOf<{ family_id: string }>(
    tx,
    sql`delete from refresh_tokens where hash in (${hashes}) returning family_id`,
  )
  if (gone.length > 0) {
    await tx.execute(
      sql`delete from refresh_families where id in (${listOf(gone.map((row) => row.family_id))})
          and not exists (select 1 from refresh_tokens where family_id = refresh_families.id)`,
    )
  }
  return gone.length
}

function listOf(ids: readonly string[]): SQL {
  return sql.join(
    [...new Set(ids)].map((id) => sql`${id}::uuid`),
    sql`, `,
  )
}
