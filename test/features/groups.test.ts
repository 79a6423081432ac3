/** Groups of people: what identities bring and operators give counts in rules, and is told to upstreams, from the next request on. */
import { test } from 'tap'
import { addedRows, auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { asks, bearer, newClient, startService } from '../support/service.ts'

const rules = [{ paths: ['/staff/**'], allow: { groups: ['staff', 'board'] } }, { allow: 'signed-in' as const }]
const yaml = {
  hosts: {
    'app.example.test': { headers: 'remote', rules },
    'proxy.example.test': { headers: 'oauth2-proxy', rules },
    'own.example.test': { headers: { groups: 'X-Groups', assertion: 'X-Assertion' }, rules },
    'few.example.test': { headers: 'remote', identity: { groups: ['staff-*'] }, rules },
  },
}
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())

for (const backend of backends) {
  void test(`groups on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend, yaml })
    await service.operate('PUT', '/roles/editor', { permissions: [] })
    const ada = await service.createUser({ roles: ['editor'] })
    const { accessToken } = await service.signIn(ada)
    const ask = (path: string, host = 'app.example.test', token = accessToken) =>
      service.call('/forward-auth/traefik', { headers: { ...asks({ path, host }), ...bearer(token) } })
    const at = (group: string) => `/users/${ada.id}/groups/${encodeURIComponent(group)}`

    await t.test('somebody who is in none is told by their roles, and passes no rule that asks for one', async (t) => {
      t.equal((await ask('/staff/')).status, 403)
      t.equal((await ask('/')).headers['remote-groups'], 'editor')
      t.equal((await ask('/', 'proxy.example.test')).headers['x-auth-request-groups'], 'editor')
    })
    await t.test('a group of an operator counts from the next request on, and until it is taken away', async (t) => {
      t.same((await service.operate('PUT', at('staff'))).groups, ['staff'])
      t.same((await service.operate('PUT', at('staff'))).groups, ['staff'], 'once')
      const events = (await auditRows(service)).map(({ event, details }) => [event, details['group']])
      t.match(events.at(-1), ['group.added', 'staff'])
      const passed = await ask('/staff/')
      t.equal(passed.status, 200)
      t.equal(passed.headers['remote-groups'], 'staff', 'in place of the roles')
      t.equal((await ask('/', 'proxy.example.test')).headers['x-auth-request-groups'], 'staff')
      const removed = await addedRows(service, async () => {
        t.same((await service.operate('DELETE', at('staff'))).groups, [])
      })
      t.match(removed, [{ event: 'group.removed', subject: ada.id, details: { group: 'staff' } }])
      t.equal((await ask('/staff/')).status, 403)
    })
    await t.test('a name with a comma or other letters is one name to the upstream', async (t) => {
      for (const group of ['board,admins', 'Büro / Süd']) await service.operate('PUT', at(group))
      const { headers } = await ask('/', 'own.example.test')
      t.equal(headers['x-groups'], 'board%2Cadmins,B%C3%BCro / S%C3%BCd')
      t.same(claimsOf(String(headers['x-assertion'])).groups, ['board,admins', 'Büro / Süd'])
      t.equal((await ask('/staff/')).status, 403, 'and not two')
    })
    await t.test('a host is told those of its pattern alone, and no role in the place of a group', async (t) => {
      t.equal((await ask('/', 'few.example.test')).headers['remote-groups'], '')
      await service.operate('PUT', at('staff-north'))
      t.equal((await ask('/', 'few.example.test')).headers['remote-groups'], 'staff-north')
    })
    await t.test('a token holds them, and introspection leaves out those that somebody has left', async (t) => {
      const { accessToken: token } = await service.signIn(ada)
      const { client_id, client_secret } = await service.operate('POST', '/clients', { ...newClient })
      t.same(claimsOf(token).groups, ['board,admins', 'Büro / Süd', 'staff-north'])
      await service.operate('DELETE', at('staff-north'))
      const form = { client_id, client_secret, token }
      const told = (await service.call('/oauth/introspect', { method: 'POST', form })).json()
      t.same(told.groups, ['board,admins', 'Büro / Süd'], 'in the order of the token')
    })
    await t.test('explaining imagines somebody in a group', async (t) => {
      const url = 'http://app.example.test/staff/'
      t.equal((await service.operate('POST', '/access/explain', { url, groups: ['board'] })).decision, 'allow')
      const denied = await service.operate('POST', '/access/explain', { url, groups: ['others'] })
      t.match(denied, { decision: 'forbidden', reason: 'The condition `groups` does not hold.' })
      await t.rejects(service.operate('POST', '/access/explain', { url, groups: ['board'], user: ada.id }))
    })
    await t.test('a name with control characters is refused by name, and nothing changes', async (t) => {
      await t.rejects(service.operate('PUT', at('a\nb')), { message: /400|422/ })
      await t.rejects(service.operate('PUT', at('x'.repeat(256))), { message: /400|422/ })
      t.same((await service.operate('GET', `/users/${ada.id}`)).groups, ['Büro / Süd', 'board,admins'])
    })
  })
}
