/** Accounts elsewhere, on every backend: found by issuer and subject alone, and what they bring stands beside what operators grant. */
import { test } from 'tap'
import { uuidv7 } from '../../src/core/ids.ts'
import { backends } from '../support/backends.ts'
import { exampleIdentity, examplePasskey, openBench } from './contract.ts'

for (const backend of backends) {
  void test(`identities in the ${backend.name} stores`, async (t) => {
    const bench = await openBench(t, backend)
    const { stores, second, at, clock } = bench
    const either = (index: number) => [stores, second][index % 2]!
    const rightsOf = async (id: string) => {
      const user = await second.users.findById(id)
      return { roles: user?.roles, groups: user?.groups }
    }
    const newUser = (change = {}) => {
      const id = uuidv7(clock.now())
      const dates = { emailVerifiedAt: at(), createdAt: at() }
      return { id, email: `${id}@example.test`, name: 'Ada', passwordHash: null, roles: [], ...dates, ...change }
    }
    const linked = async (change = {}, user = {}) => {
      const { id: userId } = await bench.user(user)
      const identity = exampleIdentity(userId, at(), change)
      t.equal(await stores.identities.link(identity, { provenHash: 'a hash' }), 'linked')
      return identity
    }

    await t.test('one is found with its account by issuer and subject together', async (t) => {
      const identity = await linked()
      const found = await second.identities.find(identity.issuer, identity.subject)
      t.match(found, { identity, user: { id: identity.userId } })
      t.equal(await stores.identities.find('https://other.test', identity.subject), undefined)
      t.equal(await stores.identities.find(identity.issuer, `${identity.subject} `), undefined)
      t.equal(await stores.identities.find(identity.issuer, 'a\0b'), undefined)
      t.same(
        (await second.identities.of(identity.userId)).map(({ id }) => id),
        [identity.id],
      )
    })
    await t.test('of parallel links of one identity one account gets it', async (t) => {
      const subject = uuidv7(clock.now())
      const users = await Promise.all([bench.user(), bench.user(), bench.user()])
      const outcomes = await Promise.all(
        users.map(({ id }, i) =>
          either(i).identities.link(exampleIdentity(id, at(), { subject }), { provenHash: 'a hash' }),
        ),
      )
      t.same(outcomes.toSorted(), ['linked', 'taken', 'taken'])
    })
    await t.test('of parallel first sign-ins of one identity one makes an account', async (t) => {
      const subject = uuidv7(clock.now())
      const made = await Promise.all(
        [0, 1, 2].map((i) => {
          const user = newUser()
          return either(i).identities.create(user, exampleIdentity(user.id, at(), { subject }))
        }),
      )
      t.same(made.toSorted(), ['created', 'taken', 'taken'])
    })
    await t.test('no account is made with an address that somebody has, nor anything kept of it', async (t) => {
      const { email } = await bench.user()
      const user = newUser({ email })
      const identity = exampleIdentity(user.id, at())
      t.equal(await stores.identities.create(user, identity), 'email_taken')
      t.equal(await stores.identities.find(identity.issuer, identity.subject), undefined)
    })
    await t.test(
      'nothing is linked to an account that changed since its owner proved it, or is disabled',
      async (t) => {
        const { id } = await bench.user()
        t.equal(await stores.identities.link(exampleIdentity(id, at()), { provenHash: 'before' }), 'account_changed')
        await stores.users.setStatus(id, 'disabled', at())
        t.equal(await stores.identities.link(exampleIdentity(id, at()), { provenHash: 'a hash' }), 'account_changed')
        t.same(await stores.identities.of(id), [])
      },
    )
    await t.test('what a source brings is added and withdrawn, and what an operator granted stays', async (t) => {
      for (const name of ['editor', 'auditor']) await stores.roles.put({ name, permissions: [`${name}:x`] })
      const identity = await linked({ roles: ['editor', 'undefined'], groups: ['b', 'a', 'a'] }, { roles: ['auditor'] })
      const { id, userId } = identity
      t.same(await rightsOf(userId), { roles: ['auditor', 'editor'], groups: ['a', 'b'] })
      t.same((await second.users.findById(userId))?.permissions, ['editor:x'])
      await stores.users.addToGroup(userId, 'own')
      t.equal(await stores.users.revokeRole(userId, 'editor'), 'brought')
      t.equal(await stores.users.removeFromGroup(userId, 'a'), 'brought')
      t.same(await rightsOf(userId), { roles: ['auditor', 'editor'], groups: ['a', 'b', 'own'] })
      const facts = { label: 'ada', groups: ['c'], roles: ['auditor'] }
      t.equal(await second.identities.note(id, facts, { at: at(5), isUsed: false }), true)
      t.same(await rightsOf(userId), { roles: ['auditor'], groups: ['c', 'own'] })
      t.match((await stores.identities.of(userId))[0], { label: 'ada', checkedAt: at(5), lastUsedAt: at() })
      await stores.identities.note(id, { ...facts, roles: [], groups: [] }, { at: at(6), isUsed: true })
      t.same(await rightsOf(userId), { roles: ['auditor'], groups: ['own'] })
      t.equal(await stores.users.revokeRole(userId, 'auditor'), 'revoked')
      t.equal(await stores.users.removeFromGroup(userId, 'own'), 'removed')
      t.same(await rightsOf(userId), { roles: [], groups: [] })
      t.equal(await stores.identities.note(uuidv7(clock.now()), facts, { at: at(), isUsed: true }), false)
    })
    await t.test('a role that is deleted is brought by nobody any more, also where it is made again', async (t) => {
      await stores.roles.put({ name: 'passing', permissions: [] })
      const { userId } = await linked({ roles: ['passing'] })
      t.match(await stores.roles.delete('passing'), { deleted: true, holders: 1 })
      await stores.roles.put({ name: 'passing', permissions: [] })
      await stores.users.addToGroup(userId, 'x')
      await stores.users.removeFromGroup(userId, 'x')
      t.same(await rightsOf(userId), { roles: [], groups: [] })
    })
    await t.test('an identity goes with what it brought, and never as the last way in', async (t) => {
      const first = await linked({ groups: ['first'] })
      t.equal(await stores.identities.unlink((await bench.user()).id, first.id, at()), 'not_found')
      t.equal(await stores.identities.unlink(first.userId, first.id, at()), 'unlinked')
      t.same(await rightsOf(first.userId), { roles: [], groups: [] })

      const user = newUser()
      const only = exampleIdentity(user.id, at())
      t.equal(await stores.identities.create(user, only), 'created')
      const further = exampleIdentity(user.id, at(), { source: 'directory:corp', issuer: 'directory:corp' })
      t.equal(await stores.identities.link(further, { provenHash: null }), 'linked')
      const outcomes = await Promise.all(
        [only, further].map(({ id }, i) => either(i).identities.unlink(user.id, id, at())),
      )
      t.same(outcomes.toSorted(), ['last_way', 'unlinked'], 'of two at once one is left')
      const [left] = await stores.identities.of(user.id)
      await stores.passkeys.add(examplePasskey(user.id, at()))
      t.equal(await stores.identities.unlink(user.id, left!.id, at()), 'last_way', 'a passkey is no way by itself')
    })
    await t.test('those are due for a check whose people have live sessions, the longest ago first', async (t) => {
      const source = 'directory:due' as const
      const one = await linked({ source, createdAt: at(-20) })
      const other = await linked({ source, createdAt: at(-30) })
      await linked({ source, createdAt: at(-30) })
      for (const { userId } of [one, other]) await bench.session(userId)
      const due = async (checkedBefore: Date, at: Date, limit = 10) =>
        (await second.identities.dueForCheck(source, { checkedBefore, at, limit })).map(({ identity }) => identity.id)
      t.same(await due(at(-10), at()), [other.id, one.id])
      t.same(await due(at(-25), at()), [other.id])
      t.same(await due(at(-10), at(), 1), [other.id])
      t.same(await due(at(-10), at(2_000)), [], 'no session is live any more')
      t.same(await due(at(-10), at()), [], 'nor is anybody asked about until one begins')
      await bench.session(one.userId)
      t.same(await due(at(-10), at()), [one.id])

      const keyed = await linked({ source: 'directory:keyed', createdAt: at(-20) })
      const key = {
        id: crypto.randomUUID(),
        name: 'Job',
        scopes: [],
        createdAt: at(),
        expiresAt: null,
        lastUsedAt: null,
      }
      const owner = { kind: 'user', id: keyed.userId } as const
      t.equal(await stores.apiKeys.create({ ...key, owner, hash: crypto.randomUUID() }, { most: 10 }), 'created')
      const asked = { checkedBefore: at(-10), at: at(), limit: 10 }
      const found = await second.identities.dueForCheck('directory:keyed', asked)
      t.match(found, [{ identity: { id: keyed.id } }], 'and those who have API keys')
      t.equal(await stores.apiKeys.revoke(key.id, at()), true)
      t.same(await second.identities.dueForCheck('directory:keyed', asked), [])
    })
  })
}
