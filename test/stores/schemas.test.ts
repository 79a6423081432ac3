/** Roles and schemas as administrators of databases hand them out. */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { test } from 'tap'
import { hasServers } from '../support/backends.ts'
import { comesAndGoes, databaseWithRole, migrationsUpTo, refusal, stageOf } from './support.ts'

if (hasServers) {
  void test('a schema of one’s own needs no right beyond it', async (t) => {
    const { url, sql, role } = await databaseWithRole(
      t,
      (role) => `create schema auth authorization ${role}`,
      (role, database) => `alter role ${role} in database ${database} set search_path = auth`,
      (_, database) => `revoke all on database ${database} from public`,
      (role, database) => `grant connect on database ${database} to ${role}`,
      () => 'create table public.users (id int)',
    )
    const stage = stageOf(t, url)
    const migrated = await stage.command('migrate')
    t.equal(migrated.code, 0, migrated.stderr)
    await comesAndGoes(t, stage, await stage.serve())
    const elsewhere = await sql`select schemaname, tablename from pg_tables
      where schemaname not in ('auth', 'pg_catalog', 'information_schema')`
    t.same([...elsewhere], [{ schemaname: 'public', tablename: 'users' }], 'nothing was made anywhere else')
    const [row] =
      await sql`select count(*)::int as made from pg_tables where schemaname = 'auth' and tableowner = ${role}`
    t.ok(row!['made'] > 10)
  })

  void test('two services share a database, each in a schema of its own', async (t) => {
    const first = await databaseWithRole(
      t,
      (role) => `create schema authorization ${role}`,
      (role) => `grant create on schema public to ${role}`,
    )
    // "$user" comes first in PostgreSQL's own search_path.
    const one = stageOf(t, first.url)
    const two = stageOf(t, `${first.url}?options=-c%20search_path%3Dpublic`)
    for (const stage of [one, two]) t.equal((await stage.command('migrate')).code, 0)
    const create = 'user create --email ada@example.test --name Ada --password-stdin'
    for (const stage of [one, two]) t.equal((await stage.command(create, 'a horse and a battery')).code, 0)
    const counts = await first.sql.unsafe(
      `select (select count(*)::int from public.users) as one, (select count(*)::int from ${first.role}.users) as two`,
    )
    t.match(counts[0], { one: 1, two: 1 })
  })

  void test('a role that may not create tables is told which grant is missing', async (t) => {
    const { url, sql, role } = await databaseWithRole(t, () => 'revoke create on schema public from public')
    for (const command of ['migrate', 'serve', 'user list']) {
      const { code, stderr } = await stageOf(t, url).command(command)
      t.equal(code, 1, command)
      t.match(
        stderr,
        /DATABASE_URL: the server cannot be used \(42501\): .*grant usage, create on schema "public" to it/,
      )
      t.notMatch(stderr, /\n.*\n/, 'one line')
      t.notMatch(stderr, role, 'and not the value')
    }
    await sql.unsafe(`grant usage, create on schema public to ${role}`)
    t.equal((await stageOf(t, url).command('migrate')).code, 0, 'with that grant it works')

    await sql.unsafe(`alter role ${role} set search_path = nowhere`)
    t.match(await refusal(t, url), /\(3F000\): the search_path of the role names no schema that exists/)
  })

  void test('a role that may only read and write rows serves what another has migrated', async (t) => {
    const { url, sql, role, ownerUrl } = await databaseWithRole(t)
    t.equal((await stageOf(t, ownerUrl).command('migrate')).code, 0)
    await sql.unsafe(`grant select, insert, update, delete on all tables in schema public to ${role}`)
    await sql.unsafe(`grant usage on all sequences in schema public to ${role}`)
    await sql.unsafe(`revoke create on schema public from public`)
    const stage = stageOf(t, url)
    await comesAndGoes(t, stage, await stage.serve())

    await sql`delete from gatehouse_migrations where created_at = (select max(created_at) from gatehouse_migrations)`
    t.match(
      await refusal(t, url),
      /42501\): .*grant usage, create on schema/,
      'what is missing is for the owner to apply',
    )
  })

  void test('tables of another program by the same names are no tables of the service', async (t) => {
    const { ownerUrl, sql } = await databaseWithRole(
      t,
      () => 'create table users (id int)',
      () => 'insert into users values (1)',
    )
    t.match(await refusal(t, ownerUrl), /42P07\): .*tables of other programs .*schema of its own/)
    const tables = await sql`select tablename from pg_tables where schemaname = 'public'`
    t.same([...tables], [{ tablename: 'users' }], 'nothing is half done')
  })

  void test('the journal of an earlier release is taken over, and kept for it', async (t) => {
    const { ownerUrl, sql } = await databaseWithRole(t)
    const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))
    const before = postgres(ownerUrl, { max: 1, onnotice: () => {} })
    t.teardown(() => before.end())
    await migrate(drizzle(before), { migrationsFolder })
    // Another program that keeps its journal in the same place, and is ahead of time.
    await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('another', 9999999999999)`
    const id = '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e61'
    await sql`insert into users (id, email, name, created_at) values (${id}, 'old@example.test', 'Old', now())`
    const journal = () => sql`select hash, created_at from drizzle.__drizzle_migrations order by created_at`
    const kept = [...(await journal())]
    const stage = stageOf(t, ownerUrl)
    t.equal((await stage.command('migrate')).code, 0)
    t.same([...(await journal())], kept, 'the earlier release finds what it left')
    const ours = await sql`select hash, created_at from gatehouse_migrations order by created_at`
    t.same([...ours], kept.slice(0, -1), 'and nothing is applied twice')
    t.match((await stage.command('user list')).stdout, 'old@example.test')

    // A second service in the same database does not take the first one's journal for its own.
    const role = `late_${randomBytes(6).toString('hex')}`
    await sql.unsafe(`create schema ${role}`)
    t.equal((await stageOf(t, `${ownerUrl}?options=-csearch_path%3D${role}`).command('migrate')).code, 0)
    const [row] = await sql.unsafe(`select count(*)::int as users from ${role}.users`)
    t.equal(row!['users'], 0)
    await migrate(drizzle(before), { migrationsFolder })
  })

  void test('a schema that is put in front later does not part the tables from one another', async (t) => {
    const { ownerUrl, sql } = await databaseWithRole(t, () => 'create schema late')
    const before = postgres(ownerUrl, { max: 1, onnotice: () => {} })
    t.teardown(() => before.end())
    await migrate(drizzle(before), { migrationsFolder: migrationsUpTo(t, '0006_known_devices') })
    const late = stageOf(t, `${ownerUrl}?options=-csearch_path%3Dlate,public`)
    for (const time of ['from the earlier journal', 'from its own']) {
      t.equal((await late.command('migrate')).code, 0, time)
      const columns =
        await sql`select table_schema, column_name from information_schema.columns where table_name = 'roles'`
      t.ok(columns.some(({ column_name: name }) => name === 'source'))
      t.same([...(await sql`select tablename from pg_tables where schemaname = 'late'`)], [], time)
    }
  })
}
