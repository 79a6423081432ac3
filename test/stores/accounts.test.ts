/** How accounts come, change and go, on every backend: what is decided in one transaction, whoever comes second. */
import { test } from 'tap'
import { uuidv7 } from '../../src/core/ids.ts'
import type { AnsweringLink } from '../../src/core/records/mail-request.ts'
import type { Invitation } from '../../src/core/records/invitation.ts'
import { hashSecret, randomSecret } from '../../src/core/secrets.ts'
import { backends } from '../support/backends.ts'
import { exampleMail, openBench } from './contract.ts'

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

for (const backend of backends) {
  void test(`accounts in the ${backend.name} stores`, async (t) => {
    const bench = await openBench(t, backend)
    const { stores, second, at, clock } = bench
    const recipientsOf = (email: string) => [hashSecret(email)]

    /** Keeps a request for a link, and resolves to what answers it. */
    async function asked(link: (token: string) => AnsweringLink) {
      const request = { id: uuidv7(clock.now()), createdAt: at() }
      const token = randomSecret()
      await stores.mailRequests.add({ ...request, sealed: 'what was asked', recipient: 'somebody' })
      const answer = (by = stores) =>
        by.mailRequests.answer(request, { mails: [exampleMail({ createdAt: at() })], link: link(hashSecret(token)) })
      return { tokenHash: hashSecret(token), answer }
    }
    const resetOf = ({ id: userId, email }: { id: string; email: string }) => {
      const expiresAt = at(3_600)
      return asked((tokenHash) => ({ kind: 'reset', reset: { tokenHash, userId, email, expiresAt } }))
    }
    const isLive = async (tokenHash: string) => (await stores.passwordResets.find(tokenHash, at())) !== undefined
    /** How many mails wait, which are taken away. */
    async function mailsThatWait() {
      for (let count = 0; ; count++) {
        const mail = await stores.mails.claim(at(), at(60))
        if (mail === undefined) return count
        await stores.mails.settle(mail, { state: 'sent' }, at())
      }
    }

    await t.test('a used link does not come back to life by a worker that was thought dead', async (t) => {
      const { answer, tokenHash } = await resetOf(await bench.user())
      t.equal(await answer(), 'answered')
      t.ok(await stores.passwordResets.use({ tokenHash, passwordHash: 'another', at: at() }))
      t.equal(await answer(second), 'gone')
      t.equal(await isLive(tokenHash), false)
      t.equal(await mailsThatWait(), 1, 'nor is its mail sent twice')
      const pending = bench.registration()
      const registered = await asked((link) => ({
        kind: 'registration',
        registration: { ...pending, tokenHash: link },
      }))
      t.equal(await registered.answer(), 'answered')
      const use = { tokenHash: registered.tokenHash, userId: crypto.randomUUID(), passwordHash: 'h', at: at() }
      t.equal(await stores.registrations.confirm(use), 'confirmed')
      t.equal(await registered.answer(second), 'gone')
      t.equal(await stores.registrations.find(registered.tokenHash, at()), undefined)
      t.equal(await mailsThatWait(), 1)
    })
    await t.test('requests of one address are answered in their order, and hold up nobody else', async (t) => {
      const ask = async (recipient: string, seconds: number) => {
        const request = { id: uuidv7(clock.now() + seconds * 1_000), createdAt: at(seconds) }
        await stores.mailRequests.add({ ...request, sealed: recipient, recipient })
        return request
      }
      const [first, then, other] = [await ask('ada', 0), await ask('ada', 1), await ask('grace', 2)]
      const claim = async (seconds: number, by = stores) =>
        (await by.mailRequests.claim(at(seconds), at(seconds + 60)))?.id
      t.same(await Promise.all([claim(2), claim(2, second), claim(2)]).then((ids) => ids.toSorted()), [
        ...[first.id, other.id].toSorted(),
        undefined,
      ])
      await stores.mailRequests.answer(first, { mails: [] })
      t.equal(await claim(2, second), then.id)
      for (const request of [then, other]) await stores.mailRequests.answer(request, { mails: [] })
      const stuck = await ask('ada', 10)
      const late = await ask('ada', 200)
      t.equal(await claim(305), stuck.id)
      t.equal(await claim(309), undefined)
      t.equal(await claim(310), late.id, 'one that cannot be answered does so for five minutes')
      for (const request of [stuck, late]) await stores.mailRequests.answer(request, { mails: [] })
    })
    await t.test('where the answer fails nothing of it is there, and the request waits still', async (t) => {
      const user = await bench.user()
      const { answer, tokenHash } = await resetOf({ ...user, id: user.id })
      const request = await stores.mailRequests.claim(at(), at(60))
      const reset = { tokenHash, userId: user.id, email: user.email, expiresAt: at(3_600) }
      const mails = [exampleMail({ createdAt: at(), userId: crypto.randomUUID() })]
      await t.rejects(stores.mailRequests.answer(request!, { mails, link: { kind: 'reset', reset } }))
      t.equal(await isLive(tokenHash), false, 'no link without its mail')
      t.equal(await answer(), 'answered')
      t.equal(await isLive(tokenHash), true)
      await mailsThatWait()
    })
    await t.test('an older request replaces no newer link, and opens none that was ended since', async (t) => {
      const user = await bench.user()
      const older = await resetOf(user)
      clock.advance(10)
      const newer = await resetOf(user)
      t.equal(await newer.answer(), 'answered')
      t.equal(await older.answer(second), 'void')
      t.same([await isLive(older.tokenHash), await isLive(newer.tokenHash)], [false, true])

      const changes: Record<string, (id: string) => Promise<unknown>> = {
        'a password': (id) => stores.users.setPassword(id, 'another', at()),
        'a status': (id) => stores.users.setStatus(id, 'disabled', at()),
        'a deletion': (userId) =>
          stores.deletions.request({ userId, provenHash: 'a hash', deletesAt: at(9), at: at() }),
      }
      for (const [what, change] of Object.entries(changes)) {
        const owner = await bench.user()
        const before = await resetOf(owner)
        clock.advance(1)
        await change(owner.id)
        if (what === 'a status') await stores.users.setStatus(owner.id, 'active', at())
        t.equal(await before.answer(), 'void', what)
        t.equal(await (await resetOf(owner)).answer(), 'answered', `after ${what}`)
      }
      await mailsThatWait()
    })
    await t.test(
      'links of one account that are asked for at once: one is left, and nobody waits for ever',
      async (t) => {
        const user = await bench.user()
        const requests = []
        for (let n = 0; n < 12; n++) requests.push(await resetOf(user))
        const answers = await Promise.all(requests.map(({ answer }, n) => answer([stores, second][n % 2])))
        t.ok(answers.every((answer) => answer === 'answered'))
        const live = await Promise.all(requests.map(({ tokenHash }) => isLive(tokenHash)))
        t.equal(live.filter(Boolean).length, 1)
        await mailsThatWait()
      },
    )

    const invitation = (change: Partial<Invitation> = {}) => ({
      id: uuidv7(clock.now()),
      email: `${uuidv7(clock.now())}@example.test`,
      username: null,
      roles: [],
      language: 'en' as const,
      createdAt: at(),
      expiresAt: at(86_400),
      tokenHash: hashSecret(randomSecret()),
      ...change,
    })
    /** Gives an account another address. */
    async function move(userId: string, fromEmail: string, toEmail: string) {
      const [confirmHash, stopHash, undoHash] = times(3, () => hashSecret(randomSecret())) as [string, string, string]
      const asked = { id: uuidv7(clock.now()), userId, fromEmail, toEmail, confirmHash, stopHash }
      await stores.emailChanges.open({ ...asked, requestedAt: at(), expiresAt: at(60) }, 'a hash')
      const use = { confirmHash, undoHash, undoUntil: at(100), formerRecipients: recipientsOf(fromEmail), at: at() }
      t.equal(await stores.emailChanges.confirm(use), true)
      return undoHash
    }
    await t.test('an invitation is refused that nobody could accept', async (t) => {
      const { open } = stores.invitations
      const [user, mover] = [await bench.user(), await bench.user()]
      await stores.users.setUsername(user.id, 'claimed', at())
      await stores.users.setUsername(user.id, null, at())
      t.equal(await open(invitation({ email: user.email })), 'email_taken')
      t.equal(await open(invitation({ username: 'claimed' })), 'username_taken', 'that of an account, or one it had')
      t.equal(await open(invitation({ username: 'pending' })), 'opened')
      t.equal(await open(invitation({ username: 'pending' })), 'username_taken', 'that of another invitation')
      await move(mover.id, mover.email, 'elsewhere@example.test')
      t.equal(await open(invitation({ email: mover.email })), 'email_taken', 'kept for who may take it back')
      clock.advance(100)
      t.equal(await open(invitation({ email: mover.email })), 'opened')
      t.equal(await open(invitation({ email: mover.email, username: 'own' })), 'opened')
      t.equal(await open(invitation({ email: mover.email, username: 'own' })), 'opened', 'in place of its own')
    })
    await t.test('an account of the address ends its invitation, by whichever way it comes', async (t) => {
      const ways: Record<string, (email: string) => Promise<unknown>> = {
        'an operator': (email) => bench.user({ email }),
        'a registration': async (email) => {
          const { tokenHash, ...pending } = bench.registration({ email })
          await stores.registrations.open({ ...pending, tokenHash })
          await stores.registrations.confirm({ tokenHash, userId: crypto.randomUUID(), passwordHash: 'h', at: at() })
        },
        'another address': async (email) => {
          const user = await bench.user()
          await move(user.id, user.email, email)
        },
      }
      for (const [way, make] of Object.entries(ways)) {
        const { tokenHash, ...invited } = invitation()
        await stores.invitations.open({ ...invited, tokenHash })
        await make(invited.email)
        t.equal((await stores.users.findByLogin(invited.email))?.email, invited.email)
        t.equal(await stores.invitations.find(tokenHash, at()), undefined, way)
      }
    })
    await t.test('a deletion that was asked for goes on, whatever becomes of the account meanwhile', async (t) => {
      const user = await bench.user()
      const deletesAt = at(86_400)
      await stores.deletions.request({ userId: user.id, provenHash: 'a hash', deletesAt, at: at() })
      const status = async () => (await stores.users.findById(user.id))?.status
      await stores.users.setStatus(user.id, 'active', at())
      t.equal(await status(), 'deleting', 'enabling brings nobody back')
      await stores.users.setStatus(user.id, 'disabled', at())
      t.equal(await stores.deletions.keep({ userId: user.id, deletesAt, at: at() }), false, 'nor while it is disabled')
      await stores.users.setStatus(user.id, 'active', at())
      t.match(await stores.users.findById(user.id), { status: 'deleting', deletesAt })
      await stores.users.setStatus(user.id, 'disabled', at())
      const remove = (dueBy: Date) => stores.deletions.remove({ userId: user.id, at: at(), dueBy, recipientsOf })
      t.equal(await remove(at(86_399)), 'not_there')
      t.ok((await stores.deletions.due(at(86_400), 10)).includes(user.id))
      t.equal(await remove(at(86_400)), 'removed')
      t.equal(await status(), undefined)
    })
    await t.test('a deletion and a change of address at once leave nothing of either address', async (t) => {
      for (let round = 0; round < 10; round++) {
        const user = await bench.user()
        const next = `next-${round}@example.test`
        const [confirmHash, stopHash, undoHash] = times(3, () => hashSecret(randomSecret())) as [string, string, string]
        const asked = { id: uuidv7(clock.now()), userId: user.id, fromEmail: user.email, toEmail: next }
        const times_ = { requestedAt: at(), expiresAt: at(60) }
        await stores.emailChanges.open({ ...asked, confirmHash, stopHash, ...times_ }, 'a hash')
        await stores.registrations.open(bench.registration({ email: next, tokenHash: hashSecret(next) }))
        const use = { confirmHash, undoHash, undoUntil: at(100), formerRecipients: recipientsOf(user.email), at: at() }
        const [, removed] = await Promise.all([
          stores.emailChanges.confirm(use),
          second.deletions.remove({ userId: user.id, at: at(), recipientsOf }),
        ])
        t.equal(removed, 'removed')
        const again = { ...user, id: crypto.randomUUID() }
        t.equal(await stores.users.create(again), 'created', 'nothing keeps the address')
      }
    })
    await t.test('of administrators who are taken away at once, by any way, one is left', async (t) => {
      const guarded = { keepsAdministrator: true }
      for (let round = 0; round < 4; round++) {
        const ids = await Promise.all(times(6, async () => (await bench.user({ roles: ['admin'] })).id))
        const ways: ((id: string) => Promise<string>)[] = [
          (id) => stores.users.revokeRole(id, 'admin', guarded),
          (id) => second.users.setStatus(id, 'disabled', at(), guarded),
          (userId) => stores.deletions.remove({ userId, at: at(), recipientsOf, ...guarded }),
          (userId) => second.deletions.request({ userId, provenHash: 'a hash', deletesAt: at(9), at: at() }),
        ]
        const outcomes = await Promise.all(ids.map((id, n) => ways[(n + round) % 4]!(id)))
        t.equal(outcomes.filter((outcome) => outcome === 'last_administrator').length, 1, outcomes.join())
        const [left, ...more] = (await stores.users.list({ before: undefined, limit: 1_000 })).filter(
          ({ roles, status }) => roles.includes('admin') && status === 'active',
        )
        t.same(more, [])
        t.equal(await stores.users.revokeRole(left!.id, 'editor', guarded), 'revoked', 'another role is none of it')
        t.equal(await stores.users.revokeRole(left!.id, 'admin'), 'revoked', 'an operator may')
      }
    })
  })
}
