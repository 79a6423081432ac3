import type { SQL } from './drizzle.ts'
import type { PgDatabase, PgQueryResultHKT } from './drizzle.ts'

/** What PGlite and PostgreSQL have in common; everything under `stores/sql` is written against this alone. */
export type Database = PgDatabase<PgQueryResultHKT>
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0]

/** Advisory locks of the service, one number each. */
export const advisoryLocks = {
  migrate: 7_410_001,
  revocationFeed: 7_410_002,
  signingKeys: 7_410_003,
  housekeeping: 7_410_004,
  address: 7_410_005,
  administrators: 7_410_006,
  clientRegistration: 7_410_007,
} as const

/** Rows of a raw statement: postgres.js returns them as an array, PGlite inside an object. */
export async function rowsOf<Row>(db: Database | Transaction, statement: SQL): Promise<Row[]> {
  const result: unknown = await db.execute(statement)
  return (Array.isArray(result) ? result : (result as { rows: unknown[] }).rows) as Row[]
}

/** Whether an error, or what caused it, says that a unique index refused the row. */
export function isUniqueViolation(error: unknown): boolean {
  return codesOf(error).includes('23505')
}

/**
 * Whether an error means that the database cannot answer now (gone, starting, read-only after a fail-over, out of
 * connections, statement timed out, transactions in each other's way), or not to this role (its password, its rights and
 * its schema are the operator's), as opposed to a bug of ours.
 */
export function isConnectionFault(error: unknown): boolean {
  const state = /^(08|28|3D|3F|40|53|57)[0-9A-Z]{3}$|^(25006|25P03|26000|42501|42P01|42P05|55000)$/
  const own = /^(E[A-Z]+|CONNECT(ION)?_[A-Z_]+|NO_[A-Z_]+)$/
  return codesOf(error).some((code) => state.test(code) || own.test(code)) || isCachedPlan(error)
}

/**
 * Whether a statement did nothing because of the state that its connection is in, which a new one would not be in: read-only
 * or recovering since a fail-over (25006, 55000), or taken for another by a pooler (26000, 42P05).
 */
export function healsOnNewConnection(error: unknown): boolean {
  return codesOf(error).some((code) => /^(25006|26000|42P05|55000)$/.test(code)) || isCachedPlan(error)
}

/** Whether a connection ended under a statement, of which nobody knows then whether it was done; not when it hung. */
export function isLostWhileAsking(error: unknown): boolean {
  const codes = codesOf(error)
  return codes.includes('CONNECTION_LOST') && !codes.includes('ETIMEDOUT')
}

/** A table was changed by a migration after the statement was prepared. */
function isCachedPlan(error: unknown): boolean {
  return causesOf(error).some((cause) => (cause as { routine?: unknown }).routine === 'RevalidateCachedQuery')
}

function codesOf(error: unknown): string[] {
  return causesOf(error)
    .map((cause) => (cause as { code?: unknown }).code)
    .filter((code) => typeof code === 'string')
}

/** An error and what caused it, the outermost first. */
export function causesOf(error: unknown): Error[] {
  const found: Error[] = []
  for (let next = error; next instanceof Error && found.length < 8; next = next.cause) found.push(next)
  return found
}
