import { type SQL, sql } from './drizzle.ts'
import type { PgDatabase, PgQueryResultHKT } from './drizzle.ts'
import type { RevocationKind } from '../../core/ports.ts'
import * as schema from './schema.ts'

/** What PGlite and PostgreSQL have in common; everything under `stores/sql` is written against this alone. */
export type Database = PgDatabase<PgQueryResultHKT, typeof schema>
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0]

/** The channel that wakes the replicas. */
export const revocationChannel = 'gatehouse_revocations'

/** Advisory locks of the service, one number each. */
export const advisoryLocks = {
  migrate: 7_410_001,
  revocationFeed: 7_410_002,
  signingKeys: 7_410_003,
  housekeeping: 7_410_004,
} as const

/** Rows of a raw statement: postgres.js returns them as an array, PGlite inside an object. */
export async function rowsOf<Row>(db: Database | Transaction, statement: SQL): Promise<Row[]> {
  const result: unknown = await db.execute(statement)
  return (Array.isArray(result) ? result : (result as { rows: unknown[] }).rows) as Row[]
}

/**
 * Writes rows of the revocation feed inside the transaction that changed the subjects. The lock makes numbers appear in
 * the order of commits, so that a reader who has seen number n never finds a smaller one later.
 */
export async function announce(tx: Transaction, kind: RevocationKind, ids: readonly string[], at: Date): Promise<void> {
  if (ids.length === 0) return
  await tx.execute(sql`select pg_advisory_xact_lock(${advisoryLocks.revocationFeed})`)
  await tx.insert(schema.revocations).values(ids.map((id) => ({ kind, id, at })))
  await tx.execute(sql`select pg_notify(${revocationChannel}, '')`)
}

/** Whether an error, or what caused it, says that a unique index refused the row. */
export function isUniqueViolation(error: unknown): boolean {
  return causes(error).some((cause) => (cause as { code?: unknown }).code === '23505')
}

/**
 * Whether an error means that the database cannot answer now (gone, starting, read-only after a fail-over, out of
 * connections, statement timed out, transactions in each other's way), as opposed to a bug of ours.
 */
export function isConnectionFault(error: unknown): boolean {
  return causes(error).some((cause) => {
    const code = (cause as { code?: unknown }).code
    if (typeof code !== 'string') return false
    return /^(08|40|53|57)[0-9A-Z]{3}$|^25006$|^25P03$/.test(code) || /^(E[A-Z]+|CONNECT(ION)?_[A-Z_]+)$/.test(code)
  })
}

function causes(error: unknown): unknown[] {
  const found: unknown[] = []
  for (let next = error; next instanceof Error && found.length < 8; next = next.cause) found.push(next)
  return found
}
