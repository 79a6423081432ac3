/** The program through PgBouncer, with nothing set there but the pool mode. */
import postgres from 'postgres'
import { test } from 'tap'
import { createDatabase, hasServers } from '../support/backends.ts'
import { findProgram, startPgBouncer } from '../support/servers.ts'
import { until } from '../support/patience.ts'
import { comesAndGoes, stageOf } from './support.ts'

if (hasServers && findProgram('pgbouncer') !== undefined) {
  for (const mode of ['session', 'transaction'] as const) {
    void test(`migrate, serve and every command work through PgBouncer by ${mode}`, async (t) => {
      const database = await createDatabase()
      // By session each of the connections of the program has one of the server's.
      const pooler = (await startPgBouncer(
        database.url,
        mode,
        mode === 'transaction' ? ['default_pool_size = 3'] : [],
      ))!
      t.teardown(async () => {
        await pooler.stop()
        await database.drop()
      })
      const stage = stageOf(t, pooler.url)
      const migrated = await stage.command('migrate')
      t.equal(migrated.code, 0, migrated.stderr)
      const [one, two] = [await stage.serve(), await stage.serve()]
      await Promise.all([comesAndGoes(t, stage, one), comesAndGoes(t, stage, two)])
      await Promise.all(Array.from({ length: 6 }, (_, n) => comesAndGoes(t, stage, n % 2 === 0 ? one : two)))
      for (const { said } of [one, two]) {
        const loud = said.stdout.split('\n').filter((line) => /"level":[4-6]0/.test(line))
        t.same(loud, [], 'nothing is wrong')
      }
    })
  }

  void test('what holds for one statement or transaction stays with it, behind PgBouncer by transaction', async (t) => {
    const database = await createDatabase()
    const pooler = (await startPgBouncer(database.url, 'transaction', ['default_pool_size = 2']))!
    const [other, direct] = [pooler.url, database.url].map((url) =>
      postgres(url, { max: 1, prepare: false, fetch_types: false }),
    )
    t.teardown(async () => {
      await Promise.all([other!.end(), direct!.end()])
      await pooler.stop()
      await database.drop()
    })
    const stage = stageOf(t, pooler.url)
    const service = await stage.serve()
    await comesAndGoes(t, stage, service)
    for (let time = 0; time < 10; time++) {
      const [row] = await other!`select current_setting('statement_timeout') as timeout,
        current_setting('idle_in_transaction_session_timeout') as idle, (select count(*)::int from pg_prepared_statements
        where from_sql = false) as prepared, (select count(*)::int from pg_listening_channels()) as heard`
      t.match(row, { timeout: '0', idle: '0', prepared: 0, heard: 0 }, 'another client meets nothing of the service')
    }
    await direct!`begin`
    await direct!`lock table users in access exclusive mode`
    const asked = service.call('/api/auth/login', { method: 'POST', json: { email: 'a@example.test', password: 'x' } })
    t.equal((await asked).status, 503)
    await until('the server has given the statement up', async () => {
      const [row] = await direct!`select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock'`
      return row!['waiting'] === 0
    })
    await direct!`rollback`
  })
}
