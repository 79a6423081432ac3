/** What has ended leaves, what may still be asked about stays, and the tables do not grow with the time. */
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import postgres from 'postgres'
import { test } from 'tap'
import { uuidv7 } from '../../src/core/ids.ts'
import { hashSecret, randomSecret } from '../../src/core/secrets.ts'
import { createMemoryCounters } from '../../src/stores/memory/counters.ts'
import { combineStores } from '../../src/stores/open.ts'
import { storesOn } from '../../src/stores/sql/open.ts'
import { startPglite } from '../../src/stores/sql/pglite.ts'
import { createBench } from '../stores/contract.ts'
import { auditRows } from '../support/audit.ts'
import { type Backend, backends, hasServers, migratedCluster } from '../support/backends.ts'
import { scratchFolder } from '../support/servers.ts'
import { type Service, startService } from '../support/service.ts'

const day = 86_400
const refresh = (service: Service, refreshToken: string) =>
  service.call('/api/auth/refresh', { method: 'POST', json: { refresh_token: refreshToken } })

for (const backend of backends) {
  void test(`housekeeping on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const { maintain: upkeep } = service.gatehouse
    const { refreshTokens } = service.stores

    await t.test('the sealed answer of a rotation is gone after its window, and not before', async (t) => {
      const { refreshToken } = await service.signIn(await service.createUser())
      const first = await refresh(service, refreshToken)
      service.clock.advance(9)
      await upkeep()
      t.equal((await refresh(service, refreshToken)).body, first.body)
      service.clock.advance(1)
      await upkeep()
      t.match(await refreshTokens.find(hashSecret(refreshToken)), { replay: null, usedAt: Date })
      t.equal((await refresh(service, first.json().refresh_token)).status, 200, 'and the user is still signed in')
    })
    await t.test('a used refresh token is known as used until it expires by itself, and then leaves', async (t) => {
      for (const [days, known] of [
        [29.9, true],
        [30.1, false],
      ] as const) {
        const user = await service.createUser()
        const { refreshToken } = await service.signIn(user)
        let live = (await refresh(service, refreshToken)).json().refresh_token as string
        for (let passed = 0; passed < days; passed += days / 5) {
          service.clock.advance((days / 5) * day)
          await upkeep()
          live = (await refresh(service, live)).json().refresh_token
        }
        t.equal((await refreshTokens.find(hashSecret(refreshToken))) !== undefined, known, `after ${days} days`)
        t.equal((await refresh(service, refreshToken)).status, 401)
        t.equal(
          (await refresh(service, live)).status,
          known ? 401 : 200,
          'reuse ends the session; an unknown one does not',
        )
        const events = (await auditRows(service)).filter((row) => row.subject === user.id).map((row) => row.event)
        t.equal(events.includes('refresh.reused'), known)
      }
    })
    await t.test('audit events leave after their retention', async (t) => {
      const short = await startService(t, { backend, yaml: { audit: { retention_days: 7 } } })
      const { id } = await short.createUser()
      await auditRows(short)
      const left = async () => (await short.stores.audit.list({ limit: 100, subject: id })).length
      short.clock.advance(7 * day)
      await short.gatehouse.maintain()
      t.equal(await left(), 1)
      short.clock.advance(1)
      await short.gatehouse.maintain()
      t.equal(await left(), 0)
    })
    await t.test(
      'a registration leaves a day after its link expired, the account of a confirmed one stays',
      async (t) => {
        const { registrations, users } = service.stores
        const bench = createBench(service.backend, service.stores, service.clock)
        const open = (email: string, token: string) =>
          registrations.open(bench.registration({ email, tokenHash: hashSecret(token), expiresAt: bench.at(day) }))
        const isThere = async (token: string) =>
          (await registrations.find(hashSecret(token), new Date(0))) !== undefined
        await open('never@example.test', 'never')
        await open('confirmed@example.test', 'confirmed')
        const link = {
          tokenHash: hashSecret('confirmed'),
          userId: uuidv7(service.clock.now()),
          passwordHash: undefined,
        }
        t.equal(await registrations.confirm({ ...link, at: bench.at() }), 'confirmed')
        service.clock.advance(day)
        await open('never@example.test', 'again')
        service.clock.advance(day)
        await upkeep()
        t.ok(await isThere('never'))
        service.clock.advance(1)
        await upkeep()
        t.same([await isThere('never'), await isThere('again')], [false, true])
        service.clock.advance(day)
        await upkeep()
        t.notOk(await isThere('again'))
        t.ok(await users.findByLogin('confirmed@example.test'))
        t.equal(await users.findByLogin('never@example.test'), undefined, 'there never was an account')
      },
    )
  })
}

/** On disk, so that its tables can be counted afterwards. */
function embeddedOnDisk(folder: string): Backend {
  return {
    name: 'embedded',
    async open(clock) {
      const client = await startPglite(folder, migratedCluster())
      const stores = combineStores(await storesOn(client, clock), createMemoryCounters(clock))
      return { stores, close: () => stores.close().catch(() => {}) }
    },
  }
}

/** Sessions a day; each day writes thousands of rows, of which audit events are many times what a sweep takes at once. */
const signIns = 16
const auditEventsADay = 2_000
const days = 31
/** Sign-ins live three days without use and a week at most, audit events five days: a month is many times that. */
const yaml = {
  tokens: { refresh_idle_ttl_seconds: 3 * day, refresh_absolute_ttl_seconds: 7 * day },
  sessions: { idle_ttl_seconds: 3 * day, absolute_ttl_seconds: 7 * day },
  audit: { retention_days: 5 },
}
const tables = [
  'registrations',
  'sessions',
  'refresh_families',
  'refresh_tokens',
  'revoked_access_tokens',
  'revocations',
  'audit_events',
]

for (const backend of backends) {
  void test(`in a month of thousands of rows a day the tables stay bounded on ${backend.name} stores`, async (t) => {
    const folder = join(scratchFolder(t), 'pglite')
    const service = await startService(t, {
      backend: backend.name === 'embedded' ? embeddedOnDisk(folder) : backend,
      yaml,
    })
    const { stores, clock } = service
    const bench = createBench(service.backend, stores, clock)
    const nothing = { actor: null, clientId: null, sessionId: null, ip: null, requestId: null, subject: null }
    const user = await bench.user()

    for (let today = 0; today < days; today++) {
      for (let i = 0; i < signIns; i++) {
        const session = await bench.session(user.id, { idleExpiresAt: bench.at(3 * day), expiresAt: bench.at(7 * day) })
        let { hash } = await bench.refresh(session, { expiresAt: bench.at(7 * day) })
        for (let rotation = 0; rotation < 3; rotation++) {
          const successorHash = hashSecret(randomSecret())
          const [successorExpiresAt, sessionIdleExpiresAt] = [bench.at(3 * day), bench.at(3 * day)]
          const expiries = { successorExpiresAt, sessionIdleExpiresAt }
          const won = await stores.refreshTokens.rotate({
            hash,
            successorHash,
            ...expiries,
            replay: 'x',
            at: bench.at(),
            whileFeedStandsAt: await stores.revocations.latest(),
          })
          if (!won) throw new Error('the rotation failed')
          hash = successorHash
        }
        if (i % 2 === 0) await stores.sessions.revoke(session.id, 'logged_out', bench.at())
        if (i % 4 === 0) await stores.accessTokens.revoke(uuidv7(clock.now()), bench.at(300), bench.at())
        const id = uuidv7(clock.now())
        await stores.registrations.open(bench.registration({ tokenHash: hashSecret(id), expiresAt: bench.at(day) }))
      }
      for (let i = 0; i < auditEventsADay; i += 500) {
        const event = () => ({
          ...nothing,
          id: uuidv7(clock.now()),
          at: bench.at(),
          event: 'refresh.rotated' as const,
          details: {},
        })
        await stores.audit.append(Array.from({ length: 500 }, event))
      }
      // Upkeep runs every minute of a day; what it can do, it has done after a few of them.
      clock.advance(day)
      for (let minute = 0; minute < 3; minute++) await service.gatehouse.maintain()
    }

    await service.gatehouse.close()
    const counted: Record<string, number> = {}
    if (service.backend.databaseUrl === undefined) {
      await stores.close()
      const raw = await PGlite.create(folder)
      for (const table of [...tables, 'users']) {
        counted[table] = (await raw.query<{ n: number }>(`select count(*)::int as n from ${table}`)).rows[0]!.n
      }
      await raw.close()
    } else {
      const raw = postgres(service.backend.databaseUrl, { max: 1 })
      for (const table of [...tables, 'users']) {
        counted[table] = (await raw.unsafe<{ n: number }[]>(`select count(*)::int as n from ${table}`))[0]!.n
      }
      await raw.end()
    }
    // Each kind holds what so many days leave behind, where a month would have left thirty-one times a day's.
    const most: Record<string, number> = {
      registrations: signIns * 3,
      users: 1,
      sessions: signIns * 9,
      refresh_families: signIns * 5,
      refresh_tokens: signIns * 4 * 5,
      revoked_access_tokens: signIns / 4,
      revocations: signIns * 2,
      audit_events: auditEventsADay * 6 + 200,
    }
    for (const [table, bound] of Object.entries(most))
      t.ok(counted[table]! <= bound, `${table}: ${counted[table]} ≤ ${bound}`)
    t.ok(counted['sessions']! > signIns && counted['refresh_tokens']! > signIns, 'what is alive has stayed')
  })
}

if (hasServers) {
  void test('one replica at a time: while one sweeps the other goes on without', async (t) => {
    const service = await startService(t, { backend: backends[1]! })
    const other = await startService(t, { beside: service })
    const { refreshToken } = await service.signIn(await service.createUser())
    await refresh(service, refreshToken)
    service.clock.advance(60)
    const sql = postgres(service.backend.databaseUrl!, { max: 1 })
    t.teardown(() => sql.end())
    const sealed = async () => (await service.stores.refreshTokens.find(hashSecret(refreshToken)))?.replay
    await sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(7410004)`
      await Promise.all([service.gatehouse.maintain(), other.gatehouse.maintain()])
      t.type(await sealed(), 'string', 'neither did anything, nor waited')
    })
    await Promise.all([service.gatehouse.maintain(), other.gatehouse.maintain()])
    t.equal(await sealed(), null)
  })
}
