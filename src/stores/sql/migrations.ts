import { unusableBecause } from '../setup-fault.ts'
import { advisoryLocks, type Database, rowsOf, type Transaction } from './database.ts'
import { readMigrationFiles, type SQL, sql } from './drizzle.ts'

type Migration = ReturnType<typeof readMigrationFiles>[number]

/**
 * Applies what is missing of a folder that drizzle-kit made, all of it in one transaction; replicas that start together wait
 * for one another. Everything belongs to the schema that the role's `search_path` names first, the journal
 * `gatehouse_migrations` too: nothing is asked of the database but rights in that schema, and not even those once it is up to
 * date. What Drizzle's own journal says, which earlier releases kept in a schema `drizzle`, is taken over and left
 * where it is.
 */
export async function migrate(db: Database, migrationsFolder: string): Promise<void> {
  const migrations = readMigrationFiles({ migrationsFolder })
  await db.transaction(async (tx) => {
    // A default of the role is meant for statements of every day, and so is a wait for others to finish.
    await tx.execute(sql`set local statement_timeout = 0`)
    await tx.execute(sql`set local lock_timeout = 0`)
    await tx.execute(sql`select pg_advisory_xact_lock(${advisoryLocks.migrate})`)
    const home = await findHome(tx)
    // Who put a schema in front later goes on in the one where everything is.
    if (home.schema !== null) await tx.execute(sql`set local search_path = ${sql.identifier(home.schema)}`)
    const applied = await appliedIn(tx, home, migrations)
    const last = Math.max(0, ...applied.map(({ created_at }) => Number(created_at)))
    const missing = migrations.filter(({ folderMillis }) => folderMillis > last)
    if (home.has_journal && missing.length === 0) return
    allowsChange(home)
    if (!home.has_journal) {
      await tx.execute(sql`create table gatehouse_migrations (created_at bigint primary key, hash text not null)`)
      for (const { created_at, hash } of applied) await note(tx, Number(created_at), hash)
    }
    for (const migration of missing) await apply(tx, migration)
  })
}

interface Home {
  /** Where the tables are, or else belong; null when the search path names no schema that exists. */
  schema: string | null
  may_create: boolean | null
  has_journal: boolean
  /** Whether an earlier release may have made the tables. */
  has_earlier_journal: boolean
}

async function findHome(tx: Transaction): Promise<Home> {
  const schemaOf = (table: string) => sql`(select nspname from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace where pg_class.oid = to_regclass(${table}::text))`
  const [home] = await rowsOf<Home>(
    tx,
    sql`with found as (
          select ${schemaOf('gatehouse_migrations')} as journal, ${schemaOf('signing_keys')} as earlier,
            exists (select from pg_class join pg_namespace on pg_namespace.oid = relnamespace
              where nspname = 'drizzle' and relname = '__drizzle_migrations') as has_earlier_journal),
        home as (
          select *, coalesce(journal, case when has_earlier_journal then earlier end, current_schema()) as schema from found)
        select schema, has_schema_privilege(schema, 'create') as may_create, journal is not null as has_journal,
          has_earlier_journal and earlier = schema as has_earlier_journal from home`,
  )
  return home!
}

interface Applied {
  created_at: string | number
  hash: string
}

async function appliedIn(tx: Transaction, home: Home, ours: readonly Migration[]): Promise<Applied[]> {
  const journal = (table: SQL) => rowsOf<Applied>(tx, sql`select created_at, hash from ${table}`)
  if (home.has_journal) return journal(sql`gatehouse_migrations`)
  if (!home.has_earlier_journal) return []
  // Other programs may have written to the same journal.
  const noted = await journal(sql`drizzle.__drizzle_migrations`)
  return noted.filter(({ created_at }) => ours.some(({ folderMillis }) => folderMillis === Number(created_at)))
}

function allowsChange({ schema, may_create: mayCreate }: Home): void {
  const another = 'set its search_path to a schema of which it is the owner'
  if (schema === null) {
    const reason = 'the search_path of the role names no schema that exists and that it may use'
    throw unusableBecause('DATABASE_URL', '3F000', `${reason}; create it, or ${another}`)
  }
  if (mayCreate !== true) {
    const named = `"${schema.replaceAll('"', '""')}"`
    const remedy = `grant usage, create on schema ${named} to it, or ${another}`
    throw unusableBecause('DATABASE_URL', '42501', `the role may not create tables in the schema ${named}; ${remedy}`)
  }
}

async function apply(tx: Transaction, { sql: statements, folderMillis, hash }: Migration): Promise<void> {
  for (const statement of statements) {
    // drizzle-kit writes the schema that it believes to be everybody's.
    await tx.execute(sql.raw(statement.replaceAll('"public".', '')))
  }
  await note(tx, folderMillis, hash)
}

async function note(tx: Transaction, createdAt: number, hash: string): Promise<void> {
  await tx.execute(sql`insert into gatehouse_migrations (created_at, hash) values (${createdAt}, ${hash})`)
}
