import { Redis } from 'ioredis'
import postgres from 'postgres'
import { test } from 'tap'
import type { Budget, Spending } from '../../src/core/budgets.ts'
import { uuidv7 } from '../../src/core/ids.ts'
import type { ApiKeyOwner } from '../../src/core/records/api-key.ts'
import type { Revocation } from '../../src/core/records/revocation.ts'
import type { Stores } from '../../src/core/stores.ts'
import { kindOf, ownKind } from '../../src/core/password-hasher.ts'
import { hashSecret } from '../../src/core/secrets.ts'
import { createMemoryCounters } from '../../src/stores/memory/counters.ts'
import { combineStores } from '../../src/stores/open.ts'
import { openRedisCounters } from '../../src/stores/redis/counters.ts'
import { openPostgres } from '../../src/stores/sql/open.ts'
import { backends, hasServers } from '../support/backends.ts'
import { startPostgres, startRedis } from '../support/servers.ts'
import { createClock } from '../support/service.ts'
import { type Bench, exampleClient, exampleKey, exampleMail, openBench } from './contract.ts'
import { startStopwatch, until } from '../support/patience.ts'

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

for (const backend of backends) {
  void test(`the ${backend.name} stores keep the contract of the ports`, async (t) => {
    const bench = await openBench(t, backend)
    const { stores, second, at } = bench
    /** The rows that a change adds to the feed. */
    const announced = async (change: () => Promise<unknown>): Promise<string[]> => {
      const before = await stores.revocations.latest()
      await change()
      return (await stores.revocations.readAfter(before)).rows.map(({ kind, id }) => `${kind}:${id}`)
    }

    await t.test('users: an address belongs to one account, and every change is announced', async (t) => {
      const user = await bench.user({ roles: ['editor'] })
      const { email } = user
      t.equal(await stores.users.create({ ...user, id: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f' }), 'email_taken')
      const found = await stores.users.findByLogin(email)
      const defaults = { username: null, locale: null, status: 'active', permissions: [], unlocks: 0, deletesAt: null }
      const untouched = { ...defaults, hasSecondFactor: false, groups: [] }
      t.same(found, { ...user, ...untouched })
      t.same(await stores.users.findById(user.id), found)
      t.equal(await stores.users.findByLogin('nobody@example.test'), undefined)
      t.ok((await stores.users.list({ before: undefined, limit: 1_000 })).some(({ id }) => id === user.id))
      const subject = [`user:${user.id}`]
      t.same(await announced(() => stores.users.changeProfile(user.id, { name: 'Ada King' })), subject)
      t.same(await announced(() => stores.users.grantRole(user.id, 'admin')), subject)
      await stores.users.grantRole(user.id, 'admin')
      t.same(await announced(() => stores.users.revokeRole(user.id, 'editor')), subject)
      await stores.users.revokeRole(user.id, 'never-held')
      t.same(await announced(() => stores.users.setPassword(user.id, 'another hash', at())), subject)
      t.same(await announced(() => stores.users.setStatus(user.id, 'disabled', at())), subject)
      const changed = { name: 'Ada King', roles: ['admin'], passwordHash: 'another hash', status: 'disabled' }
      t.match(await stores.users.findById(user.id), changed)
    })
    await t.test('users: a hash is renewed where it is still the one, and ends nothing', async (t) => {
      const user = await bench.user({ passwordHash: 'old' })
      const renewed = await Promise.all(
        times(20, (i) => [stores, second][i % 2]!.users.renewPasswordHash(user.id, 'old', `new ${i}`)),
      )
      t.equal(renewed.filter(Boolean).length, 1, 'one of them')
      t.equal((await stores.users.findById(user.id))!.passwordHash, `new ${renewed.indexOf(true)}`)
      t.equal(await stores.users.renewPasswordHash(user.id, 'old', 'newer'), false)
      t.same(await announced(() => stores.users.renewPasswordHash(user.id, `new ${renewed.indexOf(true)}`, 'x')), [])
      const session = await bench.session(user.id)
      await stores.users.renewPasswordHash(user.id, 'x', 'y')
      t.ok(await stores.sessions.findLive({ id: session.id }, at()))
    })
    await t.test('users: the kinds of their hashes are counted, where there is more than one', async (t) => {
      const own = ownKind({ memory_kib: 19_456, passes: 2, parallelism: 1 })
      for (const salt of ['a', 'b']) await bench.user({ passwordHash: `${own}$${salt}$hash` })
      t.same(await stores.users.passwordKinds(own), [])
      const [costly, bcrypt] = ['$argon2id$v=19$m=47104,t=1,p=1$salt$hash', '{bcrypt 12}$2b$12$hash']
      for (const passwordHash of [costly, bcrypt, bcrypt, null, 'none that is known'])
        await bench.user({ passwordHash })
      const kinds = await stores.users.passwordKinds(own)
      const counted = kinds.map(({ sample, accounts }) => [kindOf(sample), accounts] as const)
      t.same(
        counted.toSorted(([a], [b]) => (a < b ? -1 : 1)),
        [
          [own, 2],
          [kindOf(costly), 1],
          ['{bcrypt 12}', 2],
        ],
      )
    })
    await t.test('users: 20 parallel registrations of one address make one account', async (t) => {
      const { email, ...rest } = await bench.user()
      const address = `twin-${email}`
      const created = await Promise.all(
        times(20, (i) => [stores, second][i % 2]!.users.create({ ...rest, id: crypto.randomUUID(), email: address })),
      )
      t.equal(created.filter((outcome) => outcome === 'created').length, 1)
    })
    await t.test('users: of parallel grants and withdrawals none undoes another', async (t) => {
      const { id } = await bench.user({ roles: ['admin'] })
      for (const name of times(10, (i) => `role-${i}`)) await stores.roles.put({ name, permissions: [] })
      await Promise.all([
        stores.users.revokeRole(id, 'admin'),
        ...times(10, (i) => [stores, second][i % 2]!.users.grantRole(id, `role-${i}`)),
      ])
      t.same(
        (await stores.users.findById(id))?.roles.toSorted(),
        times(10, (i) => `role-${i}`),
      )
    })
    await t.test('users: a new password and disabling end every session', async (t) => {
      for (const act of [
        (id: string) => stores.users.setPassword(id, 'new', at()),
        (id: string) => stores.users.setStatus(id, 'disabled', at()),
      ]) {
        const { id } = await bench.user()
        const session = await bench.session(id)
        const { hash } = await bench.refresh(session)
        await act(id)
        await stores.users.setStatus(id, 'active', at())
        t.equal(await stores.sessions.findLive({ id: session.id }, at()), undefined)
        t.match(await stores.refreshTokens.find(hash), { revoked: true })
      }
    })
    await t.test('known devices: known for one account and its present password', async (t) => {
      const [user, other] = [await bench.user({ passwordHash: 'proven' }), await bench.user()]
      const times = { at: at(), expiresAt: at(1_000) }
      const device = { userId: user.id, secretHash: hashSecret('a browser'), userAgent: '', ...times }
      const first = { ...device, shownHash: undefined }
      t.equal(await stores.knownDevices.remember(first, 'another hash'), 'refused', 'the password changed meanwhile')
      t.equal(await stores.knownDevices.remember(first, 'proven'), 'added')
      const isKnown = (change: object = {}, by = stores) =>
        by.knownDevices.isKnown({ secretHash: device.secretHash, email: user.email, at: at(), ...change })
      t.ok((await isKnown()) && (await isKnown({}, second)))
      t.notOk(await isKnown({ email: other.email }), 'of another account')
      t.notOk(await isKnown({ email: 'nobody@example.test' }))
      t.notOk(await isKnown({ email: 'no\u0000body' }))
      t.notOk(await isKnown({ secretHash: 'unknown' }))
      t.notOk(await isKnown({ at: at(1_000) }), 'expired')
      const again = { ...device, secretHash: hashSecret('unused'), shownHash: device.secretHash, at: at(61) }
      t.equal(await stores.knownDevices.remember({ ...again, expiresAt: at(2_000) }, 'proven'), 'renewed')
      t.ok(await isKnown({ at: at(1_500) }))
      t.equal(await stores.knownDevices.remember({ ...again, userId: other.id }, 'a hash'), 'added', 'in its place')
      t.notOk(await isKnown(), 'which ends that of somebody else')
      for (const end of [
        () => stores.users.setPassword(other.id, 'new', at()),
        () => stores.users.setStatus(other.id, 'disabled', at()),
      ]) {
        const there = { secretHash: again.secretHash, email: other.email }
        t.ok(await isKnown(there))
        await end()
        t.notOk(await isKnown(there))
        await stores.knownDevices.remember({ ...again, userId: other.id, shownHash: undefined }, 'new')
      }
    })
    await t.test('known devices: fifty of one account, and the one that came back stays', async (t) => {
      const user = await bench.user()
      const remember = (name: string, shown?: string, later = 0) =>
        stores.knownDevices.remember(
          {
            userId: user.id,
            secretHash: hashSecret(name),
            shownHash: shown === undefined ? undefined : hashSecret(shown),
            at: at(later),
            expiresAt: at(1_000),
            userAgent: '',
          },
          user.passwordHash,
        )
      const isKnown = (name: string) =>
        stores.knownDevices.isKnown({ secretHash: hashSecret(name), email: user.email, at: at() })
      await remember('home')
      t.equal(await remember('unused', 'home', 1), 'renewed')
      for (let i = 0; i < 60; i++) await remember(`script-${i}`, undefined, 2 + i)
      const known = await Promise.all(times(60, (i) => isKnown(`script-${i}`)))
      t.same(
        known,
        times(60, (i) => i > 10),
      )
      t.ok(await isKnown('home'))
    })
    await t.test('users: a lockout is lifted by a number that grows', async (t) => {
      const { id } = await bench.user()
      await Promise.all(times(5, (i) => [stores, second][i % 2]!.users.unlock(id)))
      t.match(await stores.users.findById(id), { unlocks: 5 })
      await stores.users.setPassword(id, 'new', at())
      t.match(await stores.users.findById(id), { unlocks: 6 })
    })
    await t.test('roles: permissions are the sorted union of the roles, and holders are announced', async (t) => {
      const { id, email } = await bench.user({ roles: ['reader', 'writer', 'permits-nothing'] })
      await stores.roles.put({ name: 'reader', permissions: ['reports:read', 'a:b'] })
      await stores.roles.put({ name: 'writer', permissions: ['reports:write', 'reports:read'] })
      const union = ['a:b', 'reports:read', 'reports:write']
      t.same((await stores.users.findById(id))?.permissions, union)
      t.same((await stores.users.findByLogin(email))?.permissions, union)
      const session = await bench.session(id)
      t.same((await stores.sessions.findLive({ id: session.id }, at()))?.user.permissions, union)
      t.same(await announced(() => stores.roles.put({ name: 'reader', permissions: ['c:d'] })), [`user:${id}`])
      t.same((await stores.users.findById(id))?.permissions, ['c:d', 'reports:read', 'reports:write'])
      const listed = (await stores.roles.list()).filter(({ name }) => ['reader', 'writer'].includes(name))
      t.match(listed, [{ name: 'reader', permissions: ['c:d'] }, { name: 'writer' }])
      const remove = () => stores.roles.delete('writer')
      t.same(await announced(async () => t.same(await remove(), { deleted: true, holders: 1 })), [`user:${id}`])
      t.same((await stores.users.findById(id))?.permissions, ['c:d'])
      t.same(await remove(), { deleted: false, holders: 0 })
    })
    await t.test('roles of the file are replaced as one, and are changed by nothing else', async (t) => {
      const replace = (...roles: { name: string; permissions: string[] }[]) => stores.roles.replaceFileRoles(roles)
      const [one, two] = [
        { name: 'file-one', permissions: ['one:read'] },
        { name: 'file-two', permissions: [] },
      ]
      t.match(await replace(one, two), { kind: 'replaced', defined: [one, two], removed: [] })
      const { id } = await bench.user()
      t.equal(await stores.users.grantRole(id, 'file-one'), 'granted')
      t.same((await stores.users.findById(id))?.permissions, ['one:read'])
      t.same(await announced(async () => void (await replace(one, two))), [], 'what is so already is not told')
      t.same(await announced(async () => void (await replace({ ...one, permissions: ['x'] }, two))), [`user:${id}`])
      t.same((await stores.users.findById(id))?.permissions, ['x'])
      t.equal(await stores.roles.put({ name: 'file-one', permissions: ['y'] }), false)
      t.equal(await stores.roles.setPermissions('file-one', ['y']), false)
      t.equal(await stores.roles.create({ name: 'file-one', permissions: ['y'] }), false)
      t.same(await stores.roles.delete('file-one'), { deleted: false, holders: 0 })
      t.match(await stores.users.findById(id), { roles: ['file-one'], permissions: ['x'] })
      await stores.roles.put({ name: 'by-hand', permissions: ['hand'] })
      t.same(await replace(two, { name: 'by-hand', permissions: [] }), { kind: 'taken', names: ['by-hand'] })
      t.same((await stores.users.findById(id))?.permissions, ['x'], 'and nothing changed')
      t.match(await Promise.all([replace(two), second.roles.replaceFileRoles([two])]), [
        { kind: 'replaced' },
        { kind: 'replaced' },
      ])
      t.match(
        await stores.users.findById(id),
        { roles: ['file-one'], permissions: [] },
        'a role that is gone gives nothing',
      )
      t.equal(
        (await stores.roles.list()).find(({ name }) => name === 'file-one'),
        undefined,
      )
      t.match(await replace(), { kind: 'replaced', removed: ['file-two'] })
    })
    await t.test('roles: nobody gets one that is not there, nor keeps one that is deleted meanwhile', async (t) => {
      const user = await bench.user()
      t.equal(await stores.users.grantRole(user.id, 'never-made'), 'unknown_role')
      const other = { ...user, id: crypto.randomUUID(), email: `other-${user.email}`, roles: ['admin', 'never-made'] }
      t.equal(await stores.users.create(other), 'unknown_role')
      t.equal(await stores.users.findById(other.id), undefined)
      t.equal(await stores.users.grantRole(user.id, 'admin'), 'granted', 'which is there from the start')
      for (let round = 0; round < 5; round++) {
        const name = `brief-${round}`
        await stores.roles.put({ name, permissions: [] })
        await Promise.all([
          stores.roles.delete(name),
          ...times(10, (i) => [stores, second][i % 2]!.users.grantRole(user.id, name)),
        ])
      }
      t.same((await stores.users.findById(user.id))?.roles, ['admin'])
    })
    await t.test('no change of a person waits for another that waits for it', async (t) => {
      const people = await Promise.all(times(5, () => bench.user()))
      for (let round = 0; round < 3; round++) {
        const role = `crossing-${round}`
        await stores.roles.put({ name: role, permissions: [] })
        for (const { id } of people) await stores.users.grantRole(id, role)
        const keys = await Promise.all(
          people.map(async ({ id: owner }) => {
            const [id, hash] = [crypto.randomUUID(), hashSecret(crypto.randomUUID())]
            const key = { id, name: 'Job', scopes: [], createdAt: at(), expiresAt: null, lastUsedAt: null, hash }
            await stores.apiKeys.create({ ...key, owner: { kind: 'user', id: owner } }, { most: 10 })
            return id
          }),
        )
        await t.resolves(
          Promise.all([
            stores.roles.delete(role),
            second.apiKeys.revokeAll(at()),
            ...people.map(({ id }) => second.users.changeProfile(id, { name: `Ada ${round}` })),
            ...people.map(({ id }) => stores.users.setPassword(id, `${round}`, at(), { endApiKeys: true })),
            ...keys.map((id) => second.apiKeys.revoke(id, at())),
          ]),
        )
      }
    })
    const confirm = (token: string, passwordHash?: string, by = stores, time = at()) =>
      by.registrations.confirm({
        tokenHash: hashSecret(token),
        userId: crypto.randomUUID(),
        passwordHash,
        at: time,
      })
    await t.test('registrations: the account is made by the link that is opened, and by one call', async (t) => {
      const email = 'owner@example.test'
      const open = (name: string) => {
        const given = { email, name, passwordHash: `hash of ${name}`, tokenHash: hashSecret(name) }
        return stores.registrations.open(bench.registration(given))
      }
      await open('thief')
      await open('owner')
      await open('owner')
      t.equal(await stores.users.findByLogin(email), undefined, 'there is no account before')
      t.same(await stores.registrations.find(hashSecret('thief'), at()), { email, name: 'thief' })
      t.equal(await confirm('owner'), 'password_required', 'nobody knows whose mailbox it is')
      t.equal(await confirm('thief'), 'password_required')
      const opened = await Promise.all(
        times(50, (i) => confirm(i % 3 === 0 ? 'thief' : 'owner', 'hash of choice', [stores, second][i % 2])),
      )
      t.same(opened.toSorted(), ['confirmed', ...Array<string>(49).fill('invalid_token')])
      const owner = await stores.users.findByLogin(email)
      t.match(owner, { name: /^(thief|owner)$/, passwordHash: 'hash of choice', emailVerifiedAt: at(), roles: [] })
      for (const token of ['thief', 'owner']) {
        t.equal(await stores.registrations.find(hashSecret(token), at()), undefined, 'no other link is left')
      }
      await open('late')
      t.equal(await confirm('late', 'hash of the late one'), 'invalid_token')
      t.same(await stores.users.findByLogin(email), owner)
    })
    await t.test('registrations: the only one that is pending needs no other password', async (t) => {
      const [expired, only] = [bench.registration({ expiresAt: at(0) }), bench.registration()]
      await stores.registrations.open({ ...expired, email: only.email })
      await stores.registrations.open({ ...only, tokenHash: hashSecret('only'), passwordHash: 'its own' })
      t.equal(await confirm('only'), 'confirmed')
      t.match(await stores.users.findByLogin(only.email), { passwordHash: 'its own' })
    })
    await t.test('registrations: a further link is one for what was registered last, and no rival of it', async (t) => {
      const { email } = bench.registration()
      const again = async (name: string) => {
        const request = { id: uuidv7(at().getTime()), createdAt: at() }
        await stores.mailRequests.add({ ...request, sealed: 'again', recipient: 'somebody' })
        const link = { kind: 'registration_again', email, tokenHash: hashSecret(name), expiresAt: at(120) } as const
        return stores.mailRequests.answer(request, { mails: [], link })
      }
      t.equal(await again('nothing'), 'void')
      await stores.registrations.open(bench.registration({ email, passwordHash: 'old', expiresAt: at(-1) }))
      t.equal(await again('expired'), 'void')
      await stores.registrations.open(
        bench.registration({ email, name: 'Grace', passwordHash: 'its own', language: 'de' }),
      )
      t.equal(await again('again'), 'answered')
      t.match(await stores.registrations.find(hashSecret('again'), at()), { name: 'Grace' })
      t.equal(await confirm('again'), 'confirmed')
      t.match(await stores.users.findByLogin(email), { passwordHash: 'its own', locale: 'de' })
    })
    await t.test('mail requests: answered once, with the mails in one transaction', async (t) => {
      const request = { id: uuidv7(at().getTime()), sealed: 'what was asked', createdAt: at() }
      await stores.mailRequests.add({ ...request, recipient: 'somebody' })
      const claim = (i: number, seconds = 0) =>
        [stores, second][i % 2]!.mailRequests.claim(at(seconds), at(seconds + 60))
      const claims = (await Promise.all(times(20, (i) => claim(i)))).filter((claimed) => claimed !== undefined)
      t.same(claims, [request])
      t.same(await claim(0, 60), request, 'whoever had it has not answered')
      const ofNobody = exampleMail({ createdAt: at(), userId: uuidv7(at().getTime()) })
      await t.rejects(stores.mailRequests.answer(request, { mails: [ofNobody] }))
      const mail = exampleMail({ createdAt: at() })
      const answers = times(5, (i) =>
        [stores, second][i % 2]!.mailRequests.answer(request, { mails: [{ ...mail, id: uuidv7(i) }] }),
      )
      t.same((await Promise.all(answers)).toSorted(), ['answered', ...times(4, () => 'gone')])
      t.equal(await claim(0, 3_600), undefined)
      const queued = await stores.mails.claim(at(), at(60))
      t.match(queued, { kind: mail.kind })
      await stores.mails.settle(queued!, { state: 'sent' }, at())
      t.equal(await stores.mails.claim(at(), at(60)), undefined, 'of one answer')
    })
    await t.test('registrations: an expired link confirms nothing', async (t) => {
      const { email } = bench.registration()
      await stores.registrations.open(bench.registration({ email, tokenHash: hashSecret('old'), expiresAt: at(60) }))
      t.equal(await confirm('old', 'chosen', stores, at(60)), 'invalid_token')
      t.equal(await stores.registrations.find(hashSecret('old'), at(60)), undefined)
      t.equal(await stores.users.findByLogin(email), undefined)
      t.equal(await confirm('old', 'chosen', stores, at(59)), 'confirmed')
    })
    await t.test('registrations: an account that an operator makes, or gives a password, ends them', async (t) => {
      const { id, email } = await bench.user()
      const pending = bench.registration()
      await stores.registrations.open({ ...pending, tokenHash: hashSecret('before') })
      await stores.registrations.open(bench.registration({ email, tokenHash: hashSecret('of-the-taken') }))
      await stores.users.setPassword(id, 'set by an operator', at())
      await bench.user({ email: pending.email })
      for (const token of ['before', 'of-the-taken']) t.equal(await confirm(token, 'chosen'), 'invalid_token', token)
      const [racing, another] = [bench.registration(), await bench.user()]
      await stores.registrations.open({ ...racing, tokenHash: hashSecret('race-1') })
      await stores.registrations.open(bench.registration({ email: racing.email, tokenHash: hashSecret('race-2') }))
      const create = (by: Stores) => by.users.create({ ...another, id: crypto.randomUUID(), email: racing.email })
      const outcomes = await Promise.all([
        confirm('race-1', 'chosen'),
        create(stores),
        confirm('race-2', 'chosen', second),
        create(second),
      ])
      const made = outcomes.filter((outcome) => outcome === 'confirmed' || outcome === 'created')
      t.equal(made.length, 1, `one account, and nobody waits for the other: ${outcomes.join()}`)
    })
    await t.test('sessions: live until idle, expired, revoked, its token cut or its user disabled', async (t) => {
      const { id: userId } = await bench.user()
      const { secretHash, ...session } = await bench.session(userId)
      const live = (seconds = 0, ...tokenIds: string[]) =>
        stores.sessions.findLive({ id: session.id, ...(tokenIds.length > 0 && { tokenIds }) }, at(seconds))
      t.match(await live(), { session, user: { id: userId } })
      t.match(await stores.sessions.findLive({ secretHash }, at()), { session })
      t.equal(await stores.sessions.findLive({ secretHash: hashSecret('guess') }, at()), undefined)
      t.equal(await live(100), undefined, 'idle')
      await stores.sessions.touch(session.id, at(50), at(5_000))
      t.match(await live(999), { session: { lastSeenAt: at(50), idleExpiresAt: session.expiresAt } })
      t.equal(await live(1_000), undefined, 'no touch reaches past the absolute expiry')
      await stores.accessTokens.revoke('cut', at(300), at())
      t.equal(await live(0, 'cut'), undefined)
      t.equal(await live(0, 'other', 'cut'), undefined, 'one of them is enough')
      t.ok(await live(0, 'other'))
      t.ok(await live(0, 'other', 'another'))
      await stores.users.setStatus(userId, 'disabled', at())
      t.equal(await live(), undefined)
    })
    await t.test('sessions: revoked once, however many try, and announced once', async (t) => {
      const session = await bench.session((await bench.user()).id)
      const { hash } = await bench.refresh(session)
      const revoke = (i: number) => [stores, second][i % 2]!.sessions.revoke(session.id, 'test', at())
      const rows = await announced(async () =>
        t.same((await Promise.all(times(10, revoke))).filter(Boolean), [
          { userId: session.userId, clientId: 'gatehouse' },
        ]),
      )
      t.same(rows, [`session:${session.id}`])
      t.equal(await stores.sessions.findLive({ id: session.id }, at()), undefined)
      await stores.sessions.touch(session.id, at(), at(500))
      t.equal(await stores.sessions.findLive({ id: session.id }, at()), undefined, 'a touch revives nothing')
      t.match(await stores.refreshTokens.find(hash), { revoked: true })
    })
    await t.test('refresh tokens: of 20 parallel rotations one succeeds', async (t) => {
      const { id: userId } = await bench.user()
      const { secretHash: _, ...session } = await bench.session(userId)
      const { hash, family } = await bench.refresh(session)
      t.match(await stores.refreshTokens.find(hash), { family, session, user: { id: userId }, usedAt: null })
      const results = await Promise.all(times(20, (i) => rotate([stores, second][i % 2]!, bench, hash, `next-${i}`)))
      const winners = results.flatMap((won, i) => (won ? [i] : []))
      t.equal(winners.length, 1)
      t.match(await stores.refreshTokens.find(hash), { usedAt: at(), replay: `replay of next-${winners[0]}` })
      const successors = await Promise.all(times(20, (i) => stores.refreshTokens.find(hashSecret(`next-${i}`))))
      t.equal(successors.filter(Boolean).length, 1)
      t.match(successors[winners[0]!], { family, usedAt: null, replay: null, revoked: false })
      t.equal(await stores.refreshTokens.find(hashSecret('unknown')), undefined)
    })
    await t.test(
      'refresh tokens: nothing rotates once expired, revoked or disabled, or while something is unheard',
      async (t) => {
        const fresh = async () => {
          const session = await bench.session((await bench.user()).id)
          return { session, ...(await bench.refresh(session)) }
        }
        const idle = await fresh()
        t.equal(await rotate(stores, bench, idle.hash, 'a', 100), false, 'expired')
        t.equal(await rotate(stores, bench, idle.hash, 'b', 99), true)
        t.same((await stores.refreshTokens.find(hashSecret('b')))?.expiresAt, idle.family.expiresAt, 'never past it')
        const revoked = await fresh()
        await stores.sessions.revoke(revoked.session.id, 'test', at())
        t.equal(await rotate(stores, bench, revoked.hash, 'c'), false)
        const disabled = await fresh()
        await stores.users.setStatus(disabled.session.userId, 'disabled', at())
        t.equal(await rotate(stores, bench, disabled.hash, 'd'), false)
        const ended = await fresh()
        const stands = await stores.revocations.latest()
        await stores.sessions.revoke(ended.session.id, 'test', at())
        t.equal(await rotate(stores, bench, ended.hash, 'g', 0, stands), false, 'ended after it was read')
        const held = await fresh()
        const position = await stores.revocations.latest()
        t.equal(await rotate(stores, bench, held.hash, 'e', 0, position - 1), false, 'something was announced')
        t.equal(await rotate(stores, bench, held.hash, 'e', 0, position + 1), false, 'the database was set back')
        t.equal(await rotate(stores, bench, held.hash, 'f', 0, position), true)
        for (const token of ['a', 'c', 'd', 'e']) t.equal(await stores.refreshTokens.find(hashSecret(token)), undefined)
      },
    )
    const { databaseUrl } = bench.opened
    if (databaseUrl !== undefined) {
      await t.test('refresh tokens: a rotation that waits while its session ends stores no successor', async (t) => {
        const session = await bench.session((await bench.user()).id)
        const { hash } = await bench.refresh(session)
        const sql = postgres(databaseUrl, { max: 2, onnotice: () => {} })
        t.teardown(() => sql.end())
        const waiting = async () =>
          (
            await sql`select 1 from pg_stat_activity where wait_event_type = 'Lock'
          and datname = current_database()`
          ).length
        let rotation: Promise<boolean> | undefined
        await sql.begin(async (tx) => {
          await tx`update sessions set revoked_at = now() where id = ${session.id}`
          rotation = rotate(stores, bench, hash, 'late')
          while ((await waiting()) === 0);
        })
        t.equal(await rotation, false)
        t.equal(await stores.refreshTokens.find(hashSecret('late')), undefined)
      })
    }
    await t.test('clients and access tokens: kept, replaced, deleted and announced', async (t) => {
      const client = exampleClient('reports', at())
      t.equal(await stores.clients.create(client), 'created')
      t.equal(await stores.clients.create({ ...client, name: 'Other' }), 'id_taken')
      t.same(await stores.clients.find('reports'), client)
      t.same(await announced(async () => t.equal(await stores.clients.setSecret('reports', 'new'), true)), [
        'client:reports',
      ])
      t.equal(await stores.clients.setSecret('unknown', 'new'), false)
      t.same(await stores.clients.list(), [{ ...client, secretHash: 'new' }])
      const jwks = { keys: [{ kty: 'EC', kid: 'a', crv: 'P-256' }] }
      t.same(await announced(() => stores.clients.setJwks('reports', jwks)), ['client:reports'])
      t.equal(await stores.clients.setJwks('unknown', jwks), false)
      t.same((await second.clients.find('reports'))?.jwks, jwks)
      t.same(await announced(() => stores.clients.delete('reports')), ['client:reports'])
      t.same(await announced(async () => t.equal(await stores.clients.delete('reports'), false)), [])
      t.equal(await stores.clients.find('reports'), undefined)
      t.equal(await stores.accessTokens.isRevoked('jti'), false)
      const revoke = () => stores.accessTokens.revoke('jti', at(300), at())
      t.same(await announced(async () => t.equal(await revoke(), true)), ['token:jti'])
      t.same(await announced(async () => t.equal(await revoke(), false)), [], 'once is enough')
      t.equal(await second.accessTokens.isRevoked('jti'), true)
      t.equal(await second.accessTokens.isRevoked('other', 'jti'), true)
      t.equal(await second.accessTokens.isRevoked('other', 'another'), false)
    })
    await t.test('API keys: live until revoked, expired, or their owner disabled or gone', async (t) => {
      const user = await bench.user()
      const client = exampleClient('keyed', at())
      await stores.clients.create(client)
      const make = async (owner: ApiKeyOwner, expiresAt: Date | null = null) => {
        const [id, hash] = [crypto.randomUUID(), hashSecret(crypto.randomUUID())]
        const key = { id, name: 'Job', owner, scopes: ['a:b'], createdAt: at(), expiresAt, lastUsedAt: null }
        t.equal(await stores.apiKeys.create({ ...key, hash }, { most: 100 }), 'created')
        return { key, hash }
      }
      const theirs = { kind: 'user', id: user.id } as const
      const { key, hash } = await make(theirs, at(60))
      t.match(await second.apiKeys.findLive(hash, at(59)), {
        kind: 'user',
        key,
        user: { id: user.id, permissions: [] },
      })
      t.equal(await stores.apiKeys.findLive(hash, at(60)), undefined, 'expired')
      t.equal(await stores.apiKeys.findLive(hashSecret('guess'), at()), undefined)
      const program = await make({ kind: 'client', id: 'keyed' })
      t.same(await stores.apiKeys.findLive(program.hash, at(9_999)), { kind: 'client', key: program.key, client })
      t.same(await stores.apiKeys.listOf(theirs), [key])
      t.same(await stores.apiKeys.listOf({ kind: 'client', id: 'keyed' }), [program.key])

      await stores.apiKeys.markUsed(key.id, at(), at(-60))
      await stores.apiKeys.markUsed(key.id, at(30), at(-30))
      t.match(await stores.apiKeys.listOf(theirs), [{ lastUsedAt: at() }], 'noted already')
      await stores.apiKeys.markUsed(key.id, at(61), at(1))
      t.match(await stores.apiKeys.listOf(theirs), [{ lastUsedAt: at(61) }])

      const another = { kind: 'user', id: (await bench.user()).id } as const
      t.equal(await stores.apiKeys.revoke(key.id, at(), another), false, 'not theirs')
      const rows = await announced(async () => {
        const tries = times(10, (i) => [stores, second][i % 2]!.apiKeys.revoke(key.id, at(), theirs))
        t.equal((await Promise.all(tries)).filter(Boolean).length, 1)
      })
      t.same(rows, [`token:${key.id}`], 'once, and announced once')
      t.equal(await stores.apiKeys.findLive(hash, at()), undefined)
      t.same(await stores.apiKeys.listOf(theirs), [])

      const last = await make(theirs)
      await stores.users.setStatus(user.id, 'disabled', at())
      t.equal(await stores.apiKeys.findLive(last.hash, at()), undefined)
      await stores.clients.delete('keyed')
      t.equal(await stores.apiKeys.findLive(program.hash, at()), undefined)
    })
    await t.test('API keys: never more than the bound, by any number of parallel calls', async (t) => {
      const user = await bench.user()
      const client = `bounded-${user.id}`
      await stores.clients.create(exampleClient(client, at()))
      const make = (owner: ApiKeyOwner, i: number, expiresAt: Date | null, sessionId?: string) => {
        const [id, hash] = [crypto.randomUUID(), hashSecret(crypto.randomUUID())]
        const key = { id, name: 'Job', owner, scopes: [], createdAt: at(), expiresAt, lastUsedAt: null, hash }
        return [stores, second][i % 2]!.apiKeys.create(key, { most: 10, sessionId })
      }
      const owners: ApiKeyOwner[] = [
        { kind: 'user', id: user.id },
        { kind: 'client', id: client },
      ]
      for (const owner of owners) {
        t.equal(await make(owner, 0, at(-1)), 'created', 'one that has ended does not count')
        const outcomes = await Promise.all(times(50, (i) => make(owner, i, i % 3 === 0 ? null : at(60))))
        t.equal(outcomes.filter((outcome) => outcome === 'created').length, 10, owner.kind)
        t.equal(outcomes.filter((outcome) => outcome === 'too_many').length, 40, owner.kind)
      }
    })
    await t.test('API keys: none is made for an owner or within a session that is not there any more', async (t) => {
      const user = await bench.user()
      const session = await bench.session(user.id)
      const make = (owner: ApiKeyOwner, sessionId?: string) => {
        const [id, hash] = [crypto.randomUUID(), hashSecret(crypto.randomUUID())]
        const key = { id, name: 'Job', owner, scopes: [], createdAt: at(), expiresAt: null, lastUsedAt: null, hash }
        return stores.apiKeys.create(key, { most: 10, sessionId })
      }
      const theirs = { kind: 'user', id: user.id } as const
      t.equal(await make(theirs, session.id), 'created')
      t.equal(await make({ kind: 'user', id: crypto.randomUUID() }), 'no_owner')
      t.equal(await make({ kind: 'client', id: 'nobody' }), 'no_owner')
      await second.sessions.revoke(session.id, 'logged_out', at())
      t.equal(await make(theirs, session.id), 'no_owner')
      t.equal(await make(theirs), 'created')
      await second.users.setStatus(user.id, 'disabled', at())
      t.equal(await make(theirs), 'no_owner')
    })
    await t.test('API keys: a new password ends them where it is asked to, those under way included', async (t) => {
      const user = await bench.user()
      const other = await bench.user()
      const make = async (owner: string, i: number, expiresAt: Date | null = null, sessionId?: string) => {
        const [id, hash] = [crypto.randomUUID(), hashSecret(crypto.randomUUID())]
        const key = { id, name: 'Job', scopes: [], createdAt: at(), expiresAt, lastUsedAt: null, hash }
        const theirs = { ...key, owner: { kind: 'user', id: owner } as const }
        const outcome = await [stores, second][i % 2]!.apiKeys.create(theirs, { most: 100, sessionId })
        return { outcome, lives: async () => (await stores.apiKeys.findLive(hash, at())) !== undefined }
      }
      await make(user.id, 0, at(-1))
      const kept = await make(user.id, 0)
      const foreign = await make(other.id, 0)
      const left = { endedApiKeys: 0, apiKeysLeft: 1 }
      t.same(await stores.users.setPassword(user.id, 'one', at(), { endApiKeys: false }), left)
      t.ok(await kept.lives())
      const session = await bench.session(user.id)
      const [ended, ...made] = await Promise.all([
        stores.users.setPassword(user.id, 'two', at(), { endApiKeys: true }),
        ...times(20, (i) => make(user.id, i, at(60), session.id)),
      ])
      const created = made.filter(({ outcome }) => outcome === 'created')
      t.same(ended, { endedApiKeys: created.length + 1, apiKeysLeft: 0 })
      for (const { lives } of [kept, ...made]) t.notOk(await lives())
      t.ok(await foreign.lives())

      const program = exampleClient(`ended-${user.id}`, at())
      await stores.clients.create(program)
      const all = await Promise.all(times(5, (i) => make(user.id, i)))
      let count = 0
      const rows = await announced(async () => (count = await stores.apiKeys.revokeAll(at())))
      t.ok(count >= all.length + 1)
      t.same(rows, ['key:all'], 'on which every remembered key hangs')
      for (const { lives } of [foreign, ...all]) t.notOk(await lives())
      t.equal(await stores.apiKeys.revokeAll(at()), 0)
    })
    await t.test('assertions: an id is used once, by each client for itself', async (t) => {
      const use = (one: Stores, client: string) => one.usedJtis.use(client, 'id', at(300))
      const used = await Promise.all(times(20, (i) => use([stores, second][i % 2]!, 'reports')))
      t.equal(used.filter(Boolean).length, 1)
      t.equal(await use(second, 'reports'), false)
      t.equal(await use(stores, 'files'), true)
    })
    await t.test('signing keys: one replica at a time changes the ring, and every one is told', async (t) => {
      const nothing = { create: [], reschedule: [], compromised: [], reseal: [], remove: [] }
      const firstKey = (one: Stores, kid: string) =>
        one.signingKeys.change(async (keys) => ({
          ...nothing,
          create: keys.length > 0 ? [] : [exampleKey(kid, at())],
        }))
      const made = await Promise.all([stores, second].map((one, i) => firstKey(one, `key-${i}`)))
      const [key, ...others] = made.flat()
      t.same(others, [], 'two that start together share one first key')
      t.same(await second.signingKeys.list(), [key])

      const successor = exampleKey('successor', at(1))
      const reschedule = [{ kid: key!.kid, activatesAt: at(-5), retiresAt: at(600) }]
      const rotate = () => stores.signingKeys.change(async () => ({ ...nothing, create: [successor], reschedule }))
      t.same((await announced(rotate)).toSorted(), [`key:${key!.kid}`, 'key:successor'].toSorted())
      const rescheduled = { ...key, activatesAt: at(-5), retiresAt: at(600) }
      t.same(await stores.signingKeys.list(), [rescheduled, successor])
      const compromised = [{ kid: key!.kid, at: at(5) }]
      const reseal = [{ kid: 'successor', sealedPrivateKey: 'sealed again' }]
      const end = () => stores.signingKeys.change(async () => ({ ...nothing, compromised, reseal }))
      t.ok((await announced(end)).includes('key:all'), 'whatever was remembered is to be proven anew')
      const resealed = { ...successor, sealedPrivateKey: 'sealed again' }
      t.same(await stores.signingKeys.list(), [{ ...rescheduled, compromisedAt: at(5) }, resealed])
      t.same(await announced(() => stores.signingKeys.change(async () => nothing)), [])
      const remove = () => stores.signingKeys.change(async () => ({ ...nothing, remove: [key!.kid] }))
      t.same(await announced(remove), [`key:${key!.kid}`])
      t.same(await stores.signingKeys.list(), [resealed])
      await t.rejects(stores.signingKeys.change(() => Promise.reject(new Error('no decision'))))
      t.same(await stores.signingKeys.list(), [resealed], 'a decision that fails changes nothing')
    })
    await t.test('revocations: the latest are those of the time asked for', async (t) => {
      const position = await stores.revocations.latest()
      await stores.accessTokens.revoke('early', at(300), at(-600))
      await stores.accessTokens.revoke('late', at(300), at())
      const idsWithin = async (seconds: number) =>
        (await second.revocations.readLatest(seconds * 1_000))
          .filter(({ sequence }) => sequence > position)
          .map(({ id }) => id)
      t.same(await idsWithin(1_200), ['early', 'late'])
      t.same(await idsWithin(300), ['late'])
    })
    await t.test('revocations: no row appears below one that was readable, under 50 writers at once', async (t) => {
      let position = await stores.revocations.latest()
      const start = position
      const followed: Revocation[] = []
      let writing = true
      const follow = async () => {
        for (let last = false; !last;) {
          last = !writing
          const { rows } = await second.revocations.readAfter(position)
          followed.push(...rows)
          position = rows.at(-1)?.sequence ?? position
        }
      }
      const following = follow()
      const write = (i: number) => [stores, second][i % 2]!.accessTokens.revoke(`race-${i}`, at(300), at())
      for (let round = 0; round < 4; round++) await Promise.all(times(50, (i) => write(round * 50 + i)))
      writing = false
      await following
      t.equal(followed.length, 200)
      t.same(followed, (await stores.revocations.readAfter(start)).rows, 'nothing was missed')
      const numbers = followed.map(({ sequence }) => sequence)
      t.same(
        numbers,
        [...new Set(numbers)].toSorted((a, b) => a - b),
        'in order',
      )
      t.equal(await stores.revocations.latest(), numbers.at(-1))
    })
    await t.test('revocations: a row written through one replica wakes the other', async (t) => {
      const { promise: woken, resolve: wake } = Promise.withResolvers<void>()
      // An engine may also call when it begins to listen: it counts once the row is there.
      const check = async () => ((await stores.accessTokens.isRevoked('wakes')) ? wake() : undefined)
      const unlisten = await second.revocations.onWake(() => void check())
      await stores.accessTokens.revoke('wakes', at(300), at())
      await t.resolves(woken)
      await unlisten()
    })
    await t.test('mails: of 20 parallel claims one gets a mail, until its claim ends', async (t) => {
      const [first, later] = [exampleMail({ createdAt: at() }), exampleMail({ createdAt: at(1) })]
      await stores.mails.queue([later, first])
      const claim = (i: number, seconds = 0) => [stores, second][i % 2]!.mails.claim(at(seconds), at(seconds + 60))
      const claims = (await Promise.all(times(20, (i) => claim(i)))).filter((mail) => mail !== undefined)
      t.match(claims, [{ id: first.id, sealed: 'sealed', attempts: 1 }], 'the one that is due')
      t.match(await claim(0, 1), { id: later.id })
      const again = await claim(1, 60)
      t.match(again, { id: first.id, attempts: 2 }, 'whoever had it has not said what became of it')
      t.equal(await stores.mails.settle(claims[0]!, { state: 'sent' }, at()), false, 'and says so too late')
      t.equal(await stores.mails.settle(again!, { state: 'sent' }, at()), true)
      const last = await claim(0, 3_600)
      t.match(last, { id: later.id })
      t.equal(await claim(0, 3_600), undefined)
      t.equal(await stores.mails.settle(last!, { state: 'expired' }, at()), true)
    })
    await t.test('mails: what is tried again waits for its time, and a try that was none does not count', async (t) => {
      const mail = exampleMail({ createdAt: at() })
      await stores.mails.queue([mail])
      const claim = async (seconds: number) => (await stores.mails.claim(at(seconds), at(seconds + 60)))!
      const retry = { state: 'queued' as const, fault: 'ECONNREFUSED', isTry: true }
      t.ok(await stores.mails.settle(await claim(0), { ...retry, dueAt: at(10) }, at()))
      t.equal(await stores.mails.claim(at(9), at(69)), undefined)
      t.ok(await stores.mails.settle(await claim(10), { ...retry, dueAt: at(20), isTry: false }, at()))
      const last = await claim(20)
      t.match(last, { id: mail.id, attempts: 2 })
      t.ok(await stores.mails.settle(last, { state: 'dead', fault: 'EENVELOPE 550' }, at()))
      t.equal(await stores.mails.claim(at(86_400), at(86_460)), undefined)
    })
    await t.test('mails: queued with the change that causes them, or not at all', async (t) => {
      const session = await bench.session((await bench.user()).id)
      const mail = () => exampleMail({ createdAt: at(), userId: session.userId })
      const { promise: woken, resolve: wake } = Promise.withResolvers<void>()
      const unlisten = await second.mails.onQueued(wake)
      const ends = times(5, () => stores.sessions.revoke(session.id, 'test', at(), [mail()]))
      t.equal((await Promise.all(ends)).filter((ended) => ended !== undefined).length, 1)
      await t.resolves(woken, 'replicas are told')
      await unlisten()
      const claimed = await stores.mails.claim(at(), at(60))
      t.match(claimed, { userId: session.userId })
      t.equal(await stores.mails.claim(at(), at(60)), undefined, 'the one that ended the session has sent its mail')
      const unknown = [mail(), { ...mail(), userId: uuidv7(at().getTime()) }]
      await t.rejects(stores.mails.queue(unknown))
      t.equal(await stores.mails.claim(at(), at(60)), undefined)
    })
    await t.test('counters: a window begins with the first count and ends', async (t) => {
      const { counters } = stores
      t.same(await counters.increment('logins', 60), { count: 1, resetSeconds: 60 })
      const { count, resetSeconds } = await counters.increment('logins', 900)
      t.equal(count, 2)
      t.ok(resetSeconds > 0 && resetSeconds <= 60, 'later counts do not lengthen it')
      const many = await Promise.all(times(100, (i) => [stores, second][i % 2]!.counters.increment('parallel', 60)))
      t.same(
        many.map((one) => one.count).toSorted((a, b) => a - b),
        times(100, (i) => i + 1),
      )
      if (bench.opened.redisUrl === undefined) {
        bench.clock.advance(60)
        t.match(await counters.increment('parallel', 60), { count: 1 })
        return
      }
      const redis = new Redis(bench.opened.redisUrl)
      t.teardown(() => redis.disconnect())
      const ttl = await redis.pttl('parallel')
      t.ok(ttl > 50_000 && ttl <= 60_000, `the server itself forgets after ${ttl} ms`)
    })
    await t.test(
      'budgets: of parallel tries of all replicas no more than there is in any, or none is taken',
      async (t) => {
        const budget = (key: string, most: number) => ({ key, most, windowSeconds: 60 })
        const [narrow, wide] = [budget('narrow', 7), budget('wide', 10)]
        const take = (...asked: Budget[]) =>
          Promise.all(times(40, (i) => [stores, second][i % 2]!.budgets.spend(asked)))
        const spent = (all: Spending[]) => all.filter(({ kind }) => kind === 'spent').length
        t.equal(await stores.budgets.look([narrow, wide]), undefined)
        const first = await take(narrow, wide)
        t.equal(spent(first), 7)
        for (const one of first) if (one.kind === 'used_up') t.equal(one.budget.key, 'narrow')
        t.equal(spent(await take(wide)), 3, 'what was refused by one was not taken from the other')
        const usedUp = await second.budgets.look([budget('fresh', 1), wide])
        t.match(usedUp, { kind: 'used_up', budget: wide })
        t.ok(usedUp!.resetSeconds > 0 && usedUp!.resetSeconds <= 61)
        t.equal((await stores.budgets.spend([budget('fresh', 1), wide])).kind, 'used_up')
        t.equal((await stores.budgets.spend([budget('fresh', 1)])).kind, 'spent', 'nor from the first of them')
        t.equal((await stores.budgets.spend([])).kind, 'spent')
      },
    )
    await t.test('budgets: what is forgiven of one is put back into the others, and no more', async (t) => {
      const [own, others, wide] = ['own', 'others', 'wider'].map((key) => ({ key, most: 4, windowSeconds: 600 }))
      const taken = async (...asked: Budget[]) => {
        while ((await stores.budgets.spend(asked)).kind === 'spent');
      }
      for (let i = 0; i < 3; i++) await stores.budgets.spend([own!, wide!])
      t.equal((await second.budgets.spend([others!, wide!])).kind, 'spent')
      t.match(await stores.budgets.look([wide!]), { kind: 'used_up' })
      await Promise.all([stores.budgets.forgive([own!, wide!]), second.budgets.forgive([own!, wide!])])
      for (let i = 0; i < 3; i++) t.equal((await second.budgets.spend([own!, wide!])).kind, 'spent')
      t.equal((await stores.budgets.spend([wide!])).kind, 'used_up', 'what others have taken stays')
      await taken(own!)
      await stores.budgets.forgive([own!])
      t.equal(await second.budgets.look([own!]), undefined)
      await stores.budgets.forgive([{ ...own!, key: 'never seen' }, wide!])
      t.match(await stores.budgets.look([wide!]), { kind: 'used_up' })
    })
    await t.test('budgets: a window slides', async (t) => {
      // Redis knows no clock but its own, so its windows are short and really pass.
      const own = bench.opened.redisUrl !== undefined
      const windowSeconds = own ? 1 : 60
      const budget = { key: 'sliding', most: 3, windowSeconds }
      const began = Date.now()
      const usedUp = async () => (await stores.budgets.look([budget])) !== undefined
      if (own) {
        for (let i = 0; i < 3; i++) await stores.budgets.spend([budget])
        const redis = new Redis(bench.opened.redisUrl!)
        t.teardown(() => redis.disconnect())
        t.ok(await usedUp())
        await until('the window passes', async () => !(await usedUp()))
        t.ok(Date.now() - began >= 1_000, 'and not before its time')
        t.ok((await redis.pttl('budget:sliding')) <= 2_000, 'the server itself forgets')
        return
      }
      const spend = async () => (await stores.budgets.spend([budget])).kind
      const kinds: string[] = []
      // One at 0, two at 40: at 62 the first has left, and the others count on.
      for (const wait of [0, 40, 0, 1]) {
        bench.clock.advance(wait)
        kinds.push(await spend())
      }
      t.same(kinds, ['spent', 'spent', 'spent', 'used_up'])
      t.match(await stores.budgets.look([budget]), { resetSeconds: 20 })
      bench.clock.advance(18)
      t.ok(await usedUp())
      bench.clock.advance(2)
      t.same([await spend(), await spend()], ['spent', 'used_up'], 'a window that began later holds too')
      bench.clock.advance(40)
      t.same([await spend(), await spend(), await spend()], ['spent', 'spent', 'used_up'])
    })
    await t.test('ping resolves while every store answers', (t) => t.resolves(stores.ping()))
  })
}

if (hasServers) {
  void test('stores whose servers are gone reject with `unavailable`, within bounds', async (t) => {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
    const clock = createClock()
    const counters = await openRedisCounters(redis!.url, () => {})
    const stores = combineStores(await openPostgres(postgres!.url, clock), counters, counters)
    t.teardown(() => stores.close().catch(() => {}))
    await stores.ping()
    await stores.counters.increment('warm', 60)
    await Promise.all([postgres!.stop(), redis!.stop()])
    const at = new Date(clock.now())
    const id = crypto.randomUUID()
    const calls: Record<string, () => Promise<unknown>> = {
      'users.findByLogin': () => stores.users.findByLogin('ada@example.test'),
      'users.grantRole': () => stores.users.grantRole(id, 'admin'),
      'roles.list': () => stores.roles.list(),
      'registrations.confirm': () =>
        stores.registrations.confirm({ tokenHash: 'hash', userId: id, passwordHash: 'hash', at }),
      'registrations.find': () => stores.registrations.find('hash', at),
      'sessions.findLive': () => stores.sessions.findLive({ id }, at),
      'users.unlock': () => stores.users.unlock(id),
      'knownDevices.isKnown': () => stores.knownDevices.isKnown({ secretHash: 'hash', email: 'ada@example.test', at }),
      'sessions.revoke': () => stores.sessions.revoke(id, 'test', at),
      'refreshTokens.find': () => stores.refreshTokens.find('hash'),
      'clients.find': () => stores.clients.find('reports'),
      'clients.create': () => stores.clients.create(exampleClient('reports', at)),
      'apiKeys.findLive': () => stores.apiKeys.findLive('hash', at),
      'usedJtis.use': () => stores.usedJtis.use('reports', 'id', at),
      'apiKeys.revoke': () => stores.apiKeys.revoke(id, at),
      'accessTokens.isRevoked': () => stores.accessTokens.isRevoked('jti'),
      'signingKeys.list': () => stores.signingKeys.list(),
      'signingKeys.change': () => stores.signingKeys.change(() => Promise.reject(new Error('unreached'))),
      'revocations.readLatest': () => stores.revocations.readLatest(1_000),
      'revocations.readAfter': () => stores.revocations.readAfter(0),
      'refreshTokens.newestOf': () => stores.refreshTokens.newestOf(id),
      'audit.append': () => stores.audit.append([]).then(() => stores.audit.list({ limit: 1 })),
      'housekeeping.sweep': () => stores.housekeeping.sweep('sessions', at, 10),
      'counters.increment': () => stores.counters.increment('key', 60),
      'budgets.spend': () => stores.budgets.spend([{ key: 'key', most: 1, windowSeconds: 60 }]),
      'budgets.look': () => stores.budgets.look([{ key: 'key', most: 1, windowSeconds: 60 }]),
      'budgets.forgive': () => stores.budgets.forgive([{ key: 'key', most: 1, windowSeconds: 60 }]),
    }
    for (const [name, call] of Object.entries(calls)) {
      const began = startStopwatch()
      await t.rejects(call(), { name: 'GatehouseError', code: 'unavailable', retryAfterSeconds: Number }, name)
      t.ok(began.milliseconds() < 3_000, `${name} does not hang`)
    }
    await t.rejects(stores.ping())
  })
}

void test('a fault of ours is not called `unavailable`', async (t) => {
  const clock = createClock()
  const opened = await backends[0]!.open(clock)
  t.teardown(() => opened.close())
  await t.rejects(opened.stores.sessions.findLive({ id: 'not a uuid' }, new Date(clock.now())), {
    name: /^(?!GatehouseError)/,
  })
})

void test('memory counters stay bounded: the least recently used key goes first', async (t) => {
  const counters = createMemoryCounters(createClock())
  await counters.increment('first', 60)
  for (let i = 0; i < 100_000; i++) await counters.increment(`key-${i}`, 60)
  t.match(await counters.increment('first', 60), { count: 1 })
  t.match(await counters.increment('key-99999', 60), { count: 2 })
})

async function rotate(
  stores: Stores,
  { at }: Bench,
  hash: string,
  successor: string,
  seconds = 0,
  whileFeedStandsAt?: number,
): Promise<boolean> {
  return stores.refreshTokens.rotate({
    hash,
    successorHash: hashSecret(successor),
    successorExpiresAt: at(5_000),
    sessionIdleExpiresAt: at(5_000),
    replay: `replay of ${successor}`,
    at: at(seconds),
    whileFeedStandsAt: whileFeedStandsAt ?? (await stores.revocations.latest()),
  })
}
