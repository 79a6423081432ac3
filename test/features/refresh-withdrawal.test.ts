/** What is withdrawn while refresh tokens live: the next refresh knows it. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { beginFamily, claimsOf, post, register } from '../support/oauth.ts'
import { type Answer, type Service, startService } from '../support/service.ts'

const refresh = (service: Service, refreshToken: string) =>
  service.call('/api/auth/refresh', { method: 'POST', json: { refresh_token: refreshToken } })
const exchange = (service: Service, form: Record<string, string>) =>
  post(service, '/oauth/token', { grant_type: 'refresh_token', ...form })

for (const backend of backends) {
  void test(`refresh tokens of what was withdrawn on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })

    await t.test('a refresh brings the roles and permissions of now: what was withdrawn is gone', async (t) => {
      await service.operate('PUT', '/roles/editor', { permissions: ['reports:read', 'reports:write'] })
      const user = await service.createUser({ roles: ['admin', 'editor'] })
      const client = await register(service, { grants: ['refresh_token'] })
      const first = { ...client, refresh_token: await beginFamily(service, user, client.client_id, ['reports:read']) }
      const told = (answer: Answer) => {
        const { sub, roles = [], permissions = [] } = claimsOf(answer.json().access_token)
        return { sub, roles, permissions }
      }
      let { refreshToken } = await service.signIn(user)
      const changes: [change: () => Promise<unknown>, roles: string[], permissions: string[]][] = [
        [async () => {}, ['admin', 'editor'], ['reports:read', 'reports:write']],
        [
          () => service.operate('DELETE', `/users/${user.id}/roles/admin`),
          ['editor'],
          ['reports:read', 'reports:write'],
        ],
        [
          () => service.operate('PUT', '/roles/editor', { permissions: ['reports:read'] }),
          ['editor'],
          ['reports:read'],
        ],
        [() => service.operate('DELETE', `/users/${user.id}/roles/editor`), [], []],
      ]
      for (const [change, roles, permissions] of changes) {
        await change()
        const [own, ofClient] = [await refresh(service, refreshToken), await exchange(service, first)]
        for (const answer of [own, ofClient]) t.same(told(answer), { sub: user.id, roles, permissions })
        t.equal(ofClient.json().scope, 'reports:read')
        refreshToken = own.json().refresh_token
        first.refresh_token = ofClient.json().refresh_token
      }
    })
    await t.test('what ends a sign-in ends its refresh tokens, of every client: invalid_grant', async (t) => {
      const client = await register(service, { grants: ['refresh_token'] })
      type Held = { id: string; cookie: string; refreshToken: string }
      const ends: Record<string, (held: Held) => Promise<unknown>> = {
        'signing out': ({ cookie }) => service.call('/api/auth/logout', { method: 'POST', headers: { cookie } }),
        'a new password': ({ id }) =>
          service.operate('PUT', `/users/${id}/password`, { password: 'another long passphrase' }),
        'disabling the user': ({ id }) => service.operate('PUT', `/users/${id}/status`, { status: 'disabled' }),
      }
      for (const [what, end] of Object.entries(ends)) {
        const user = await service.createUser()
        const held = await service.signIn(user)
        const used = (await refresh(service, held.refreshToken)).json().refresh_token
        const { sid } = claimsOf(held.accessToken)
        const ofClient = await beginFamily(service, user, client.client_id, [], sid)
        await end({ id: user.id, ...held })
        // The second stands for a retry within the grace window.
        for (const refresh_token of [used, held.refreshToken]) {
          const answer = await exchange(service, { client_id: 'gatehouse', refresh_token })
          t.match([answer.status, answer.json()], [400, { error: 'invalid_grant' }], what)
        }
        const answer = await exchange(service, { ...client, refresh_token: ofClient })
        t.match([answer.status, answer.json()], [400, { error: 'invalid_grant' }], what)
      }
    })
    await t.test('a disabled user refreshes nothing, not even again once enabled', async (t) => {
      const user = await service.createUser()
      const { refreshToken } = await service.signIn(user)
      await service.operate('PUT', `/users/${user.id}/status`, { status: 'disabled' })
      t.equal((await refresh(service, refreshToken)).status, 401)
      const answer = await exchange(service, { client_id: 'gatehouse', refresh_token: refreshToken })
      t.match([answer.status, answer.json()], [400, { error: 'invalid_grant' }])
      await service.operate('PUT', `/users/${user.id}/status`, { status: 'active' })
      t.equal((await refresh(service, refreshToken)).status, 401)
    })
    await t.test('a client’s refresh token dies with it', async (t) => {
      const client = await register(service, { grants: ['refresh_token'] })
      const refresh_token = await beginFamily(service, await service.createUser(), client.client_id, [])
      await service.operate('DELETE', `/clients/${client.client_id}`)
      const answer = await exchange(service, { ...client, refresh_token })
      t.match([answer.status, answer.json()], [401, { error: 'invalid_client' }])
    })
  })
}
