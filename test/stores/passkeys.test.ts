/** Passkeys on every backend: a challenge is answered once, a counter counts up, and a passkey is a factor like others. */
import { test } from 'tap'
import { uuidv7 } from '../../src/core/ids.ts'
import { backends } from '../support/backends.ts'
import { examplePasskey, openBench } from './contract.ts'

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

for (const backend of backends) {
  void test(`passkeys in the ${backend.name} stores`, async (t) => {
    const bench = await openBench(t, backend)
    const { stores, second, at } = bench
    const either = (index: number) => [stores, second][index % 2]!.passkeys
    const withPasskey = async (change: object = {}) => {
      const { id: userId } = await bench.user()
      const passkey = examplePasskey(userId, at(), change)
      t.equal(await stores.passkeys.add(passkey), 'first')
      return passkey
    }
    const hasFactor = async (userId: string) => (await second.users.findById(userId))!.hasSecondFactor

    await t.test('a challenge is used once, within its time, and for what it was made', async (t) => {
      const { id: userId } = await bench.user()
      const challenge = { challengeHash: 'one', purpose: 'step_up' as const, userId, holder: uuidv7(bench.clock.now()) }
      await stores.passkeys.openChallenge({ ...challenge, expiresAt: at(300) })
      const wrong = [
        { challengeHash: 'two' },
        { purpose: 'registration' as const },
        { userId: null },
        { userId: uuidv7(bench.clock.now()) },
        { holder: null },
        { holder: userId },
      ]
      for (const change of wrong) t.equal(await either(1).useChallenge({ ...challenge, ...change }, at()), false)
      t.equal(await stores.passkeys.useChallenge(challenge, at(300)), false, 'it is too old')
      const uses = await Promise.all(times(20, (i) => either(i).useChallenge(challenge, at(299))))
      t.equal(uses.filter(Boolean).length, 1)
      const anybodys = { challengeHash: 'open', purpose: 'sign_in' as const, userId: null, holder: null }
      await stores.passkeys.openChallenge({ ...anybodys, expiresAt: at(300) })
      t.equal(await second.passkeys.useChallenge(anybodys, at()), true)
    })
    await t.test(
      'the first one counts as a factor and brings the recovery codes, a further one leaves them',
      async (t) => {
        const { id: userId } = await bench.user()
        t.equal(await hasFactor(userId), false)
        const first = examplePasskey(userId, at())
        const added = await Promise.all(times(4, (i) => either(i).add({ ...first, id: uuidv7(bench.clock.now()) })))
        t.same(added.toSorted(), ['first', 'refused', 'refused', 'refused'], 'one of parallel ones')
        t.equal(await hasFactor(userId), true)
        t.match(await second.factors.of(userId), {
          factors: [{ kind: 'passkey', confirmedAt: at(), lastUsedAt: null }],
          recoveryCodes: 2,
        })
        bench.clock.advance(1)
        const another = examplePasskey(userId, at(), { isFirst: false, codeHashes: ['three'], name: 'Key' })
        t.equal(await stores.passkeys.add({ ...another, credentialId: first.credentialId }), 'refused', 'known already')
        t.equal(await stores.passkeys.add(another), 'another')
        t.equal((await stores.factors.of(userId)).recoveryCodes, 2)
        t.match(await second.passkeys.listOf(userId), [{ name: 'Phone' }, { name: 'Key', transports: ['internal'] }])
        t.equal(await stores.passkeys.add(examplePasskey(userId, at(), { isFirst: false })), 'another')
        t.equal(await stores.passkeys.add(examplePasskey(userId, at(), { isFirst: false })), 'too_many')
        const found = await second.passkeys.find(another.credentialId)
        t.match(found, { passkey: { id: another.id, publicKey: 'a-key' }, user: { id: userId, hasSecondFactor: true } })
        t.equal(await stores.passkeys.find('unknown'), undefined)
      },
    )
    await t.test('a counter counts up, for one of parallel uses; one that stays at 0 says nothing', async (t) => {
      const { id, userId } = await withPasskey({ counter: 4 })
      const use = (counter: number, backedUp = false) => ({ counter, backedUp, at: at(60) })
      const uses = await Promise.all(times(10, (i) => either(i).use(id, use(5, true))))
      t.equal(uses.filter(Boolean).length, 1)
      for (const counter of [5, 4, 0]) t.equal(await stores.passkeys.use(id, use(counter)), false)
      t.match(await second.passkeys.listOf(userId), [{ counter: 5, backedUp: true, lastUsedAt: at(60) }])
      t.equal(await stores.passkeys.use(id, use(4_294_967_295)), true)
      const other = await withPasskey()
      t.same([await either(0).use(other.id, use(0)), await either(1).use(other.id, use(0))], [true, true])
      t.same([await either(0).use(other.id, use(1)), await either(1).use(other.id, use(0))], [true, false])
    })
    await t.test('it is renamed and removed by its person alone, and the codes go with the last factor', async (t) => {
      const { id, userId } = await withPasskey()
      const { userId: stranger } = await withPasskey()
      bench.clock.advance(1)
      const another = examplePasskey(userId, at(), { isFirst: false })
      await stores.passkeys.add(another)
      t.equal(await stores.passkeys.rename(stranger, id, 'Mine'), false)
      t.equal(await stores.passkeys.remove(stranger, id, at(), {}), false)
      t.equal(await stores.passkeys.rename(userId, id, 'Old phone'), true)
      t.match(await second.passkeys.listOf(userId), [{ name: 'Old phone' }, { name: 'Phone' }])
      const device = { userId, shownHash: undefined, at: at(), expiresAt: at(900), userAgent: 'a browser' }
      const secretHash = `device of ${userId}`
      await stores.knownDevices.remember({ ...device, secretHash, rememberedUntil: at(600) }, 'a hash')
      t.equal(await stores.passkeys.remove(userId, id, at(), {}), true)
      t.equal(await second.knownDevices.isRemembered({ secretHash, userId, at: at() }), false)
      t.same([await stores.passkeys.counts(id), await stores.passkeys.counts(another.id)], [false, true])
      t.match(await stores.factors.of(userId), { recoveryCodes: 2 })
      t.equal(await stores.passkeys.remove(userId, another.id, at(), {}), true)
      t.match(await stores.factors.of(userId), { factors: [], recoveryCodes: 0 })
      t.equal(await hasFactor(userId), false)
    })
    await t.test('the end of the app leaves passkeys and their codes, and an operator’s reset takes all', async (t) => {
      const { userId } = await withPasskey()
      const id = uuidv7(bench.clock.now())
      await stores.factors.propose({ id, userId, sealedKey: 'sealed', by: userId, at: at(), expiresAt: at(60) })
      const app = { id, userId, step: 1, codeHashes: ['three'], at: at(), isFirst: false, mailboxTokenHash: undefined }
      t.equal(await stores.factors.confirm(app), true)
      t.equal(await stores.factors.removeTotp(userId, at(), {}), true)
      t.match(await stores.factors.of(userId), { factors: [{ kind: 'passkey' }], recoveryCodes: 1 })
      const link = { userId, tokenHash: `link of ${userId}`, expiresAt: at(600), at: at() }
      t.equal(await stores.factors.reset(link), true)
      t.match(await stores.factors.of(userId), { factors: [], recoveryCodes: 0, mailboxNeeded: true })
      t.same(await stores.passkeys.listOf(userId), [])
      const next = examplePasskey(userId, at())
      t.equal(await stores.passkeys.add(next), 'refused', 'the next one needs the link')
      t.equal(await stores.passkeys.add({ ...next, mailboxTokenHash: link.tokenHash }), 'first')
      t.match(await stores.factors.of(userId), { mailboxNeeded: false })
    })
    await t.test('challenges leave that nobody answered', async (t) => {
      const challenge = { challengeHash: 'left', purpose: 'sign_in' as const, userId: null, holder: null }
      await stores.passkeys.openChallenge({ ...challenge, expiresAt: at(-1) })
      t.ok(Number(await stores.housekeeping.sweep('passkeyChallenges', at(), 500)) > 0)
    })
  })
}
