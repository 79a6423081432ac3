/** What a sweep deletes and what it leaves, on every backend. */
import postgres from 'postgres'
import { test } from 'tap'
import { hashSecret } from '../../src/core/secrets.ts'
import { backends } from '../support/backends.ts'
import { createClock } from '../support/service.ts'
import { createBench } from './contract.ts'

const day = 86_400

for (const backend of backends) {
  void test(`housekeeping on ${backend.name} stores`, async (t) => {
    const clock = createClock()
    const opened = await backend.open(clock)
    t.teardown(() => opened.close())
    const { stores } = opened
    const bench = createBench(opened, stores, clock)
    const { at } = bench

    await t.test('the feed keeps its newest row, and one as old as what may be asked about', async (t) => {
      const { revocations, users } = stores
      const { id } = await bench.user()
      for (let i = 0; i < 5; i++) await users.changeProfile(id, { name: `Name ${i}` })
      const newest = await revocations.latest()
      clock.advance(2 * day)
      t.equal(await stores.housekeeping.sweep('revocations', at(-day), 500), 4)
      t.equal(await revocations.latest(), newest, 'its number never goes back')
      t.same(await revocations.readAfter(newest), { rows: [], complete: true })
      t.match(await revocations.readAfter(newest - 2), { complete: false }, 'a reader learns that it missed something')
      await users.changeProfile(id, { name: 'Later' })
      clock.advance(day / 2)
      t.equal(await stores.housekeeping.sweep('revocations', at(-day), 500), 0)
      t.match(await revocations.readAfter(newest), { rows: [{ sequence: newest + 1 }], complete: true })
    })
    await t.test('a batch takes no more than it may, the oldest first', async (t) => {
      for (let i = 0; i < 7; i++) await stores.accessTokens.revoke(`jti-${i}`, at(i), at())
      t.equal(await stores.housekeeping.sweep('revokedAccessTokens', at(6), 4), 4)
      const left = async () => {
        const revoked = await Promise.all(
          Array.from({ length: 7 }, (_, i) => stores.accessTokens.isRevoked(`jti-${i}`)),
        )
        return revoked.flatMap((is, i) => (is ? [i] : []))
      }
      t.same(await left(), [4, 5, 6])
      t.equal(await stores.housekeeping.sweep('revokedAccessTokens', at(6), 4), 2)
      t.same(await left(), [6], 'what ends at that very moment stays')
    })
    await t.test('a revoked session leaves after its tokens, a live one with its tokens stays', async (t) => {
      const { id: userId } = await bench.user()
      const lasting = { idleExpiresAt: at(10 * day), expiresAt: at(10 * day) }
      const [ended, live] = [await bench.session(userId, lasting), await bench.session(userId, lasting)]
      const [dead, alive] = [await bench.refresh(ended), await bench.refresh(live)]
      await stores.sessions.revoke(ended.id, 'test', at())
      const sweep = (kind: 'sessions' | 'revokedRefreshTokens') => stores.housekeeping.sweep(kind, at(1), 500)
      t.equal(await sweep('sessions'), 0)
      t.equal(await sweep('revokedRefreshTokens'), 1)
      t.equal(await stores.refreshTokens.find(dead.hash), undefined)
      t.equal(await sweep('sessions'), 1)
      t.ok(await stores.refreshTokens.find(alive.hash))
      t.ok(await stores.sessions.findLive({ id: live.id }, at()))
    })
    if (opened.databaseUrl !== undefined) {
      const sql = postgres(opened.databaseUrl, { max: 1 })
      t.teardown(() => sql.end())
      await t.test('used assertions and API keys leave when they have ended, and no sooner', async (t) => {
        const [past, future] = [at(-10).toISOString(), at(10).toISOString()]
        await sql`insert into used_assertions values ('job', 'old', ${past}), ('job', 'new', ${future})`
        const key = (name: string, expiresAt: string | null, revokedAt: string | null) =>
          sql`insert into api_keys (id, hash, name, created_at, expires_at, revoked_at)
              values (${crypto.randomUUID()}, ${name}, ${name}, ${past}, ${expiresAt}, ${revokedAt})`
        await Promise.all([key('expired', past, null), key('revoked', null, past), key('live', future, null)])
        await key('endless', null, null)
        t.equal(await stores.housekeeping.sweep('usedAssertions', at(), 500), 1)
        t.equal(await stores.housekeeping.sweep('apiKeys', at(), 500), 2)
        const left = await sql`select name from api_keys order by name`
        t.same(
          left.map(({ name }) => name),
          ['endless', 'live'],
        )
      })
    }
    await t.test('a token rotated meanwhile is neither lost nor swept with its predecessor', async (t) => {
      const session = await bench.session((await bench.user()).id)
      const { hash } = await bench.refresh(session)
      const successorHash = hashSecret('successor')
      const expiries = { successorExpiresAt: at(500), sessionIdleExpiresAt: at(500) }
      const rest = { replay: 'x', at: at(99), whileFeedStandsAt: await stores.revocations.latest() }
      const rotate = () => stores.refreshTokens.rotate({ hash, successorHash, ...expiries, ...rest })
      const sweep = () => stores.housekeeping.sweep('expiredRefreshTokens', at(99), 500)
      await Promise.all([sweep(), rotate(), sweep()])
      t.ok(await stores.refreshTokens.find(successorHash))
      await stores.housekeeping.sweep('expiredRefreshTokens', at(101), 500)
      t.equal(await stores.refreshTokens.find(hash), undefined)
      t.ok(await stores.refreshTokens.find(successorHash), 'its family lives as long as it does')
    })
  })
}
