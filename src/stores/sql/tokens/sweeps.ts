import { rowsOf, type Transaction } from '../database.ts'
import { type SQL, sql } from '../drizzle.ts'
import { countOf, day, deleteExpired, hour, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [
  {
    name: 'replays',
    kept: ({ tokens }) => tokens.refresh_grace_seconds * 1000,
    run: (tx, endedBefore, limit) =>
      countOf(
        tx,
        sql`update refresh_tokens set replay = null where hash in (
            select hash from refresh_tokens where replay is not null and used_at <= ${endedBefore}
            order by used_at limit ${limit} for update skip locked)
          returning 1`,
      ),
  },
  {
    name: 'expiredRefreshTokens',
    kept: () => hour,
    run: (tx, endedBefore, limit) =>
      deleteTokens(
        tx,
        sql`select hash from refresh_tokens where expires_at < ${endedBefore}
          order by expires_at limit ${limit} for update skip locked`,
      ),
  },
  {
    name: 'revokedRefreshTokens',
    kept: () => day,
    run: (tx, endedBefore, limit) =>
      deleteTokens(
        tx,
        sql`select token.hash from sessions as session
          join refresh_families as family on family.session_id = session.id
          join refresh_tokens as token on token.family_id = family.id
          where session.revoked_at < ${endedBefore}
          limit ${limit} for update of token skip locked`,
      ),
  },
  { name: 'revokedAccessTokens', kept: () => hour, run: deleteExpired('revoked_access_tokens', 'token_id') },
]

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
