/** What a refresh asks of the stores, and that what is remembered in between is never older than they are. */
import { decodeJwt } from 'jose'
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { type Service, startService } from '../support/service.ts'

async function refresh(
  service: Service,
  refreshToken: string,
): Promise<{ status: number; token: string; roles: unknown }> {
  const json = { refresh_token: refreshToken }
  const answer = await service.call('/api/auth/refresh', { method: 'POST', json })
  const { access_token, refresh_token: token } = answer.json()
  // Nobody's roles are left out of a token.
  return { status: answer.status, token, roles: access_token && (decodeJwt(access_token)['roles'] ?? []) }
}

/** Counts the calls of the store's methods from now on. */
function countCalls(service: Service): () => string[] {
  const store = service.stores.refreshTokens
  const made: string[] = []
  for (const name of ['find', 'rotate', 'newestOf'] as const) {
    const method = store[name] as (argument: never) => Promise<never>
    store[name] = (argument: never) => {
      made.push(name)
      return method(argument)
    }
  }
  return () => made.splice(0)
}

for (const backend of backends) {
  void test(`what a refresh asks of ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const calls = countCalls(service)

    await t.test('one round trip, the first time and each time after, where the token was issued', async (t) => {
      let { refreshToken: token } = await service.signIn(await service.createUser())
      for (let i = 0; i < 3; i++) {
        const answer = await refresh(service, token)
        t.equal(answer.status, 200)
        t.same(calls(), ['rotate'])
        token = answer.token
      }
    })
    if (service.backend.replica) {
      await t.test('a look-up more where another replica issued it, and from then on one', async (t) => {
        const replica = await startService(t, { beside: service })
        const asked = countCalls(replica)
        const { refreshToken } = await service.signIn(await service.createUser())
        const { token } = await refresh(replica, refreshToken)
        t.same(asked(), ['find', 'rotate'])
        t.equal((await refresh(replica, token)).status, 200)
        t.same(asked(), ['rotate'])
        calls()
      })
    }
    await t.test('a role that was withdrawn a moment ago, unheard as yet, is in no refreshed token', async (t) => {
      const user = await service.createUser({ roles: ['admin', 'editor'] })
      const { refreshToken } = await service.signIn(user)
      const { token } = await refresh(service, refreshToken)
      calls()
      const { revocations } = service.stores
      const others = await service.backend.replica?.()
      t.teardown(() => others?.close())
      const { readAfter } = revocations
      let arrive = () => {}
      const news = new Promise<void>((done) => (arrive = done))
      revocations.readAfter = (sequence) => news.then(() => readAfter(sequence))
      await (others ?? service.stores).users.revokeRole(user.id, 'admin')
      t.match(await refresh(service, token), { status: 200, roles: ['editor'] })
      // A replica that could not read of a change of its own remembers nothing until it can.
      t.same(calls(), others === undefined ? ['find', 'rotate'] : ['rotate', 'find', 'rotate'])
      revocations.readAfter = readAfter
      arrive()
    })
    await t.test('nor is one that was withdrawn between a look-up and the statement', async (t) => {
      const user = await service.createUser({ roles: ['admin'] })
      const { refreshToken } = await service.signIn(user)
      // So that what was remembered does not hold, and there is a look-up.
      await service.operate('PUT', '/roles/editor', { permissions: [] })
      await service.operate('PUT', `/users/${user.id}/roles/editor`)
      const { refreshTokens, users } = service.stores
      const { find } = refreshTokens
      refreshTokens.find = async (hash) => {
        refreshTokens.find = find
        const presented = await find(hash)
        await users.revokeRole(user.id, 'admin')
        return presented
      }
      calls()
      t.match(await refresh(service, refreshToken), { status: 200, roles: ['editor'] })
      t.same(calls(), ['find', 'rotate', 'find', 'rotate'])
    })
    await t.test(
      'what changes with each look-up is given up after five of them, and the token stays good',
      async (t) => {
        const user = await service.createUser()
        const { refreshToken } = await service.signIn(user)
        const { refreshTokens, users } = service.stores
        const { find } = refreshTokens
        let looks = 0
        const rename = () => users.changeProfile(user.id, { name: `Ada the ${++looks}th` })
        await rename()
        refreshTokens.find = async (hash) => {
          const presented = await find(hash)
          await rename()
          return presented
        }
        calls()
        t.equal((await refresh(service, refreshToken)).status, 503)
        t.same(calls(), Array.from({ length: 5 }, () => ['find', 'rotate']).flat())
        refreshTokens.find = find
        t.equal((await refresh(service, refreshToken)).status, 200)
      },
    )
    await t.test(
      'nothing is remembered beyond a change of the person, of the session, or a sign-in amid one',
      async (t) => {
        const user = await service.createUser({ roles: ['admin'] })
        const { refreshToken } = await service.signIn(user)
        await service.operate('DELETE', `/users/${user.id}/roles/admin`)
        const second = await service.signIn(user)
        calls()
        t.match(await refresh(service, refreshToken), { status: 200, roles: [] })
        t.same(calls(), ['find', 'rotate'])
        t.match(await refresh(service, second.refreshToken), { status: 200, roles: [] })
        t.same(calls(), ['find', 'rotate'])
      },
    )
  })
}
