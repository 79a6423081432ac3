/** What an update does with the rows of the release before it. */
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { drizzle as drizzleOfPglite } from 'drizzle-orm/pglite'
import { migrate as migratePglite } from 'drizzle-orm/pglite/migrator'
import { drizzle as drizzleOfPostgres } from 'drizzle-orm/postgres-js'
import { migrate as migratePostgres } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { type Test, test } from 'tap'
import { hashSecret } from '../../src/core/secrets.ts'
import { openPglite, openPostgres } from '../../src/stores/sql/open.ts'
import { createDatabase, hasServers } from '../support/backends.ts'
import { scratchFolder } from '../support/servers.ts'
import { createClock } from '../support/service.ts'
import { migrationsUpTo } from './support.ts'

const [verified, pending, shut] = [1, 2, 3].map((n) => `01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6${n}`)
const later = '2100-01-01T00:00:00Z'
const rows = `
  insert into users (id, email, name, password_hash, roles, status, email_verified_at, created_at) values
    ('${verified}', 'verified@example.test', 'Ada', 'hash', '{admin}', 'active', now(), now()),
    ('${pending}', 'pending@example.test', 'First', 'first', '{}', 'active', null, now()),
    ('${shut}', 'shut@example.test', 'Shut', 'hash', '{}', 'disabled', null, now());
  insert into registrations (token_hash, user_id, name, password_hash, expires_at, used_at) values
    ('${hashSecret('used')}', '${verified}', 'Ada', 'hash', '${later}', now()),
    ('${hashSecret('taken')}', '${verified}', 'Eve', 'hash', '${later}', null),
    ('${hashSecret('first')}', '${pending}', 'First', 'first', '${later}', null),
    ('${hashSecret('second')}', '${pending}', 'Second', 'second', '${later}', null),
    ('${hashSecret('shut')}', '${shut}', 'Shut', 'hash', '${later}', null);`

/** A database as the release before left it, opened by this one. */
const updated = {
  async embedded(t: Test) {
    const folder = join(scratchFolder(t), 'pglite')
    const before = await PGlite.create(folder)
    await migratePglite(drizzleOfPglite(before), { migrationsFolder: migrationsUpTo(t, '0003_housekeeping') })
    await before.exec(rows)
    await before.close()
    return openPglite(folder, createClock())
  },
  async clustered(t: Test) {
    const database = await createDatabase()
    t.teardown(() => database.drop())
    const before = postgres(database.url, { max: 1, onnotice: () => {} })
    await migratePostgres(drizzleOfPostgres(before), { migrationsFolder: migrationsUpTo(t, '0003_housekeeping') })
    await before.unsafe(rows)
    await before.end()
    return openPostgres(database.url, createClock())
  },
}

for (const kind of ['embedded', ...(hasServers ? (['clustered'] as const) : [])] as ('embedded' | 'clustered')[]) {
  void test(`accounts that nobody confirmed become pending registrations again on ${kind} stores`, async (t) => {
    const { users, registrations, close } = await updated[kind](t)
    t.teardown(close)
    const at = new Date()
    t.same(
      (await users.list({ before: undefined, limit: 10 })).map(({ email, roles }) => [email, roles]),
      [['verified@example.test', ['admin']]],
    )
    for (const [token, found] of Object.entries({
      used: undefined,
      taken: undefined,
      first: { email: 'pending@example.test', name: 'First' },
      second: { email: 'pending@example.test', name: 'Second' },
      shut: undefined,
    })) {
      t.same(await registrations.find(hashSecret(token), at), found, token)
    }
    const link = { tokenHash: hashSecret('second'), userId: pending!, at }
    t.equal(await registrations.confirm({ ...link, passwordHash: undefined }), 'password_required')
    t.equal(await registrations.confirm({ ...link, passwordHash: 'chosen' }), 'confirmed')
    t.match(await users.findByLogin('pending@example.test'), { name: 'Second', passwordHash: 'chosen', roles: [] })
  })
}
