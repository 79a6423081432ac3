import { createRequire } from 'node:module'

/**
 * Drizzle, as the rooms of `sql/` use it. It comes in two forms of the same code, and its CommonJS one is ready half a
 * second of processor time sooner, a quarter of the service's start. Everything must come through here: the two forms
 * do not share classes.
 */
// drizzle-kit reads the schema as CommonJS, where only `__filename` is known.
const load = createRequire(import.meta.url ?? __filename)

type Orm = typeof import('drizzle-orm')
type PgCore = typeof import('drizzle-orm/pg-core')

export const {
  and,
  arrayContains,
  arrayOverlaps,
  asc,
  desc,
  eq,
  exists,
  gt,
  gte,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  ne,
  not,
  notInArray,
  max,
  min,
  or,
  sql,
} = load('drizzle-orm') as Orm
export const {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  makePgArray,
  parsePgArray,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} = load('drizzle-orm/pg-core') as PgCore

type Migrator = typeof import('drizzle-orm/migrator')
/** The statements of a folder of migrations, in their order. */
export const readMigrationFiles: Migrator['readMigrationFiles'] = (config) =>
  (load('drizzle-orm/migrator') as Migrator).readMigrationFiles(config)

/** What opens PGlite. Its driver comes in the form that Drizzle itself loads. */
export function loadPglite() {
  const { PGlite } = load('@electric-sql/pglite') as typeof import('@electric-sql/pglite')
  const { drizzle } = load('drizzle-orm/pglite') as typeof import('drizzle-orm/pglite')
  return { PGlite, drizzle }
}

/** What opens PostgreSQL. */
export function loadPostgres() {
  const postgres = load('postgres') as typeof import('postgres')
  const { drizzle } = load('drizzle-orm/postgres-js') as typeof import('drizzle-orm/postgres-js')
  return { postgres, drizzle }
}

export type { PGlite } from '@electric-sql/pglite'
export type { SQL } from 'drizzle-orm'
export type { Options as PostgresOptions, Sql } from 'postgres'
export type { AnyPgColumn, PgColumn, PgDatabase, PgQueryResultHKT, PgUpdateSetSource } from 'drizzle-orm/pg-core'
