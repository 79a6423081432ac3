/** Sign-ins under way and second factors, on every backend: what is used once is used by one statement, whoever asks. */
import { test } from 'tap'
import { uuidv7 } from '../../src/core/ids.ts'
import { backends } from '../support/backends.ts'
import { exampleWishes, openBench } from './contract.ts'

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

for (const backend of backends) {
  void test(`sign-ins under way and factors in the ${backend.name} stores`, async (t) => {
    const bench = await openBench(t, backend)
    const { stores, second, at, clock } = bench
    const either = (index: number) => [stores, second][index % 2]!

    const begun = async (userId: string, secretHash: string, provenHash = 'a hash') =>
      stores.interactions.open(
        {
          ...{ id: uuidv7(clock.now()), userId, secretHash, expiresAt: at(600) },
          ...{ proofs: [{ method: 'pwd', at: clock.now() }], wishes: exampleWishes },
        },
        provenHash,
      )
    const isOpen = async (secretHash: string) => (await second.interactions.find(secretHash, at())) !== undefined
    const proposed = async (userId: string) => {
      const id = uuidv7(clock.now())
      await stores.factors.propose({
        id,
        userId,
        sealedKey: `sealed ${id}`,
        by: userId,
        at: at(),
        expiresAt: at(3_600),
      })
      return id
    }
    const confirm = (by: typeof stores, id: string, userId: string, codeHashes: string[] = [], isFirst = true) =>
      by.factors.confirm({ id, userId, step: 1, codeHashes, at: at(), isFirst, mailboxTokenHash: undefined })
    const withTotp = async (codeHashes: string[] = []) => {
      const { id: userId } = await bench.user()
      const id = await proposed(userId)
      await confirm(stores, id, userId, codeHashes)
      return { userId, id }
    }

    await t.test('a sign-in is found with its person and what they proved, until its time is over', async (t) => {
      const { id: userId } = await bench.user()
      t.equal(await begun(userId, 'open'), true)
      const found = await second.interactions.find('open', at(599))
      t.match(found, {
        user: { id: userId, hasSecondFactor: false },
        interaction: { userId, wishes: exampleWishes, proofs: [{ method: 'pwd', at: clock.now() }] },
      })
      t.equal(await stores.interactions.find('open', at(600)), undefined)
      t.equal(await stores.interactions.consume('open', at(600)), false)
      t.equal(await stores.interactions.find('another', at()), undefined)
    })
    await t.test('no more tries find it than it has, and one use ends it', async (t) => {
      const { id: userId } = await bench.user()
      await begun(userId, 'tried')
      const tries = await Promise.all(times(20, (i) => either(i).interactions.countTry('tried', at(), 5)))
      t.equal(tries.filter((found) => found !== undefined).length, 5)
      const uses = await Promise.all(times(20, (i) => either(i).interactions.consume('tried', at())))
      t.equal(uses.filter(Boolean).length, 1)
      t.equal(await isOpen('tried'), false)
    })
    await t.test('it is not begun with a password that is none any more, and ends with it', async (t) => {
      const { id: userId } = await bench.user()
      t.equal(await begun(userId, 'stale', 'the hash before'), false)
      t.equal(await isOpen('stale'), false)
      const ends: Record<string, () => Promise<unknown>> = {
        'a new password': () => stores.users.setPassword(userId, 'a hash', at()),
        'the end of all sessions': () => stores.sessions.revokeAll(userId, 'test', at()),
        disabling: () => stores.users.setStatus(userId, 'disabled', at()),
      }
      for (const [what, end] of Object.entries(ends)) {
        await begun(userId, what)
        t.equal(await isOpen(what), true)
        await end()
        t.equal(await isOpen(what), false, what)
      }
      t.equal(await begun(userId, 'disabled'), false)
    })
    await t.test('a factor counts from its confirmation on, which happens once', async (t) => {
      const { id: userId } = await bench.user()
      const former = await proposed(userId)
      const id = await proposed(userId)
      t.same(
        await stores.factors.findProposed(userId, userId, at()),
        { id, sealedKey: `sealed ${id}` },
        'the later one',
      )
      const another = crypto.randomUUID()
      t.equal(
        await stores.factors.findProposed(userId, another, at()),
        undefined,
        'nobody is shown what others proposed',
      )
      t.equal(await stores.factors.findTotp(userId), undefined)
      t.equal((await stores.users.findById(userId))!.hasSecondFactor, false)
      t.equal(await confirm(stores, former, userId), false)
      const confirmed = await Promise.all(times(10, (i) => confirm(either(i), id, userId, ['one', 'two'])))
      t.equal(confirmed.filter(Boolean).length, 1)
      t.same(await second.factors.of(userId), {
        ...{ askedAt: null, recoveryCodes: 2, mailboxNeeded: false },
        factors: [{ id, kind: 'totp', confirmedAt: at(), lastUsedAt: at() }],
      })
      t.equal((await stores.users.findById(userId))!.hasSecondFactor, true)
      t.equal(
        (await stores.users.list({ before: undefined, limit: 100 })).filter(({ hasSecondFactor }) => hasSecondFactor)
          .length,
        1,
        'and nobody else',
      )
    })
    await t.test('nobody confirms what is not theirs, what is too old, or a second one as the first', async (t) => {
      const [mine, theirs] = [await bench.user(), await bench.user()]
      const id = await proposed(mine.id)
      t.equal(await confirm(stores, id, theirs.id), false)
      t.equal(await confirm(stores, id, mine.id), true)
      const next = await proposed(mine.id)
      t.equal(await confirm(stores, next, mine.id), false)
      t.equal(await confirm(stores, next, mine.id, ['code'], false), true, 'in place of it')
      t.match(await stores.factors.of(mine.id), { factors: [{ id: next }], recoveryCodes: 1 })
      t.equal(await stores.factors.useStep(id, 9, at()), false, 'codes of the former key count no more')
      const late = await proposed(theirs.id)
      clock.advance(3_600)
      t.equal(await confirm(stores, late, theirs.id), false)
      t.equal(await stores.factors.findProposed(theirs.id, theirs.id, at()), undefined)
    })
    await t.test('of each step one use counts, and none of an earlier step', async (t) => {
      const { id } = await withTotp()
      const uses = await Promise.all(times(20, (i) => either(i).factors.useStep(id, 5, at())))
      t.equal(uses.filter(Boolean).length, 1)
      t.same([await stores.factors.useStep(id, 4, at()), await stores.factors.useStep(id, 6, at())], [false, true])
    })
    await t.test('a recovery code is used once, by its person alone, and new ones void it', async (t) => {
      const { userId } = await withTotp(['a', 'b', 'c'])
      const other = await withTotp(['x'])
      t.equal(await stores.factors.useRecoveryCode(other.userId, 'a', () => []), undefined)
      const uses = await Promise.all(times(20, (i) => either(i).factors.useRecoveryCode(userId, 'a', () => [])))
      t.same(
        uses.filter((left) => left !== undefined),
        [2],
      )
      const both = await Promise.all(
        ['b', 'c'].map((code, i) => either(i).factors.useRecoveryCode(userId, code, () => [])),
      )
      t.same(
        both.toSorted((a, b) => Number(a) - Number(b)),
        [0, 1],
        'each is told what is left',
      )
      t.equal(await stores.factors.replaceRecoveryCodes(userId, ['d', 'e'], {}), true)
      t.equal(await stores.factors.replaceRecoveryCodes(other.userId, ['y'], {}), true)
      t.equal(await stores.factors.useRecoveryCode(other.userId, 'x', () => []), undefined)
      t.equal(await stores.factors.replaceRecoveryCodes((await bench.user()).id, ['z'], {}), false, 'without a factor')
    })
    await t.test('removing the app takes the recovery codes along, and every change asks devices again', async (t) => {
      const { userId } = await withTotp(['a'])
      const device = { userId, shownHash: undefined, at: at(), expiresAt: at(900), userAgent: 'a browser' }
      const isRemembered = (secretHash: string) => second.knownDevices.isRemembered({ secretHash, userId, at: at() })
      const changes: Record<string, () => Promise<unknown>> = {
        'new codes': () => stores.factors.replaceRecoveryCodes(userId, ['b'], {}),
        'another key': async () => confirm(stores, await proposed(userId), userId, ['c'], false),
        'the end of it': () => stores.factors.removeTotp(userId, at(), {}),
      }
      for (const [what, change] of Object.entries(changes)) {
        const remembered = { ...device, secretHash: what, rememberedUntil: at(600) }
        t.equal(await stores.knownDevices.remember(remembered, 'a hash'), 'added')
        t.equal(await isRemembered(what), true)
        t.match(await stores.knownDevices.listRemembered(userId, at()), [{ userAgent: 'a browser' }])
        await change()
        t.equal(await isRemembered(what), false, what)
      }
      t.match(await stores.factors.of(userId), { factors: [], recoveryCodes: 0 })
      t.equal(await stores.factors.removeTotp(userId, at(), {}), false)
      const shown = { ...device, secretHash: 'unused', shownHash: 'new codes' }
      t.equal(await stores.knownDevices.remember(shown, 'a hash'), 'renewed', 'and they stay known')
      await stores.knownDevices.remember({ ...shown, rememberedUntil: at(600) }, 'a hash')
      await stores.knownDevices.remember(shown, 'a hash')
      t.equal(await isRemembered('new codes'), true, 'a later sign-in changes nothing')
      t.same([await second.knownDevices.forgetRemembered(userId, at()), await isRemembered('new codes')], [1, false])
    })
    await t.test('after a reset the next factor needs the link, once, whoever has the password', async (t) => {
      const { userId } = await withTotp(['a'])
      const session = await bench.session(userId)
      await begun(userId, 'under way')
      const link = { userId, tokenHash: 'link', expiresAt: at(600), at: at() }
      t.equal(await stores.factors.reset(link), true)
      t.equal(await stores.factors.reset(link), false, 'there is nothing to reset')
      t.equal(await stores.sessions.findLive({ id: session.id }, at()), undefined)
      t.equal(await isOpen('under way'), false)
      t.match(await stores.factors.of(userId), { factors: [], recoveryCodes: 0, mailboxNeeded: true })
      const id = await proposed(userId)
      const by = (mailboxTokenHash: string | undefined, seconds = 0) =>
        stores.factors.confirm({
          ...{ id, userId, step: 1, codeHashes: [], at: at(seconds), isFirst: true, mailboxTokenHash },
        })
      t.same([await by(undefined), await by('another'), await by('link', 600)], [false, false, false])
      t.equal(await stores.factors.renewMailboxLink({ userId, tokenHash: 'again', expiresAt: at(900) }), true)
      const isLink = (tokenHash: string) => stores.factors.isMailboxLink(userId, tokenHash, at())
      t.same([await isLink('link'), await isLink('again')], [false, true])
      t.equal(await by('link'), false)
      t.equal(await by('again'), true)
      t.match(await stores.factors.of(userId), { factors: [{ id }], mailboxNeeded: false })
      t.equal(await stores.factors.renewMailboxLink({ userId, tokenHash: 'more', expiresAt: at(900) }), false)
    })
    await t.test('since when somebody is asked for a factor is noted once', async (t) => {
      const { id: userId } = await bench.user()
      t.same(await stores.factors.noteAsked(userId, at(-60)), at(-60))
      t.same(await second.factors.noteAsked(userId, at()), at(-60))
      t.match(await stores.factors.of(userId), { askedAt: at(-60) })
    })
    await t.test('what ended leaves', async (t) => {
      const { id: userId } = await bench.user()
      await begun(userId, 'old')
      await proposed(userId)
      const sweep = (name: string) => stores.housekeeping.sweep(name, at(3_601), 500)
      t.ok(Number(await sweep('interactions')) > 0)
      t.ok(Number(await sweep('proposedFactors')) > 0)
      t.equal(await stores.interactions.find('old', at()), undefined)
      t.equal(await stores.factors.findProposed(userId, userId, at()), undefined)
      t.equal(await stores.factors.useStep((await withTotp()).id, 3, at()), true, 'and what counts stays')
    })
  })
}
