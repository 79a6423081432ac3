/** Roles that stand in gatehouse.yaml, under version control. */
import { test } from 'tap'
import { unknownRoles } from '../../src/cli/named-roles.ts'
import { compileAccessRules } from '../../src/features/forward-auth/access-rules.ts'
import { unknownNames } from '../../src/features/forward-auth/unknown-names.ts'
import { type Backend, backends } from '../support/backends.ts'
import { asks, bearer, startService } from '../support/service.ts'

const host = 'app.example.test'
const hosts = { [host]: { rules: [{ allow: { permissions: ['reports:read'] } }] } }

void test('a role of the file', async (t) => {
  const service = await startService(t, { yaml: { hosts, roles: { editor: ['reports:read'], guest: [] } } })
  const ada = await service.createUser({ roles: ['editor'] })
  const { accessToken } = await service.signIn(ada)
  const passes = async () => {
    const headers = { ...asks({ path: '/', host }), ...bearer(accessToken) }
    return (await service.call('/forward-auth/traefik', { headers })).status
  }

  await t.test('gives what stands there, and is explained', async (t) => {
    t.equal(await passes(), 200)
    t.match(await service.list('/roles'), [
      { name: 'admin', source: 'built-in' },
      { name: 'editor', permissions: ['reports:read'], source: 'file' },
      { name: 'guest', source: 'file' },
    ])
    const explained = await service.operate('POST', '/access/explain', { url: `http://${host}/`, roles: ['editor'] })
    t.equal(explained.decision, 'allow')
  })
  await t.test('is changed in the file alone', async (t) => {
    const refused = { message: /409 .*stands in gatehouse\.yaml/ }
    await t.rejects(service.operate('PUT', '/roles/editor', { permissions: [] }), refused)
    await t.rejects(service.operate('PUT', '/roles/editor/permissions', { permissions: [] }), refused)
    await t.rejects(service.operate('DELETE', '/roles/editor'), refused)
    await t.rejects(service.operate('POST', '/roles', { name: 'editor', permissions: [] }), { message: /409/ })
    t.equal(await passes(), 200)
  })
  await t.test('acts at once when the file changes, also when it is gone', async (t) => {
    await service.gatehouse.replaceRoles({ editor: [] })
    t.equal(await passes(), 403)
    await service.gatehouse.replaceRoles({ editor: ['reports:read'] })
    t.equal(await passes(), 200)
    await service.gatehouse.replaceRoles({})
    t.equal(await passes(), 403)
    t.match(await service.list('/roles'), [{ name: 'admin' }])
  })
  await t.test('that an operator has made as well is refused by name, and nothing changes', async (t) => {
    await service.operate('POST', '/roles', { name: 'clerk', permissions: ['x'] })
    await t.rejects(service.gatehouse.replaceRoles({ editor: ['reports:read'], clerk: [] }), {
      message: /^roles\.clerk: there is a role of this name in the database; end it with `role delete`/,
    })
    t.equal(await passes(), 403)
    const backend: Backend = {
      name: 'embedded',
      async open(clock) {
        const opened = await backends[0]!.open(clock)
        await opened.stores.roles.put({ name: 'clerk', permissions: ['x'] })
        return opened
      },
    }
    const start = startService(t, { yaml: { hosts, roles: { clerk: [] } }, backend })
    await t.rejects(start, { message: /^roles\.clerk: / }, 'at the start too')
  })
})

void test('names that rules ask for and nobody defined are told, with the rule', async (t) => {
  const rules = compileAccessRules(
    {
      [host]: {
        rules: [
          { paths: ['/a'], allow: { roles: ['admin', 'ghost'], permissions: ['read', 'haunt'] } },
          { paths: ['/b'], allow: { clients: ['job', 'gone'] } },
          { allow: 'signed-in' },
        ],
      },
    },
    (_, position) => 4 + position,
  )
  const defined = { roles: new Set(['admin']), permissions: new Set(['read']), clients: new Set(['job']) }
  t.same(unknownNames(rules, defined), [
    `rule 1 (line 4) of ${host} asks for the role ghost, which is not defined`,
    `rule 1 (line 4) of ${host} asks for the permission haunt, which is not defined`,
    `rule 2 (line 5) of ${host} asks for the client gone, which is not defined`,
  ])
})

void test('roles that other settings name and nobody defined are told, with the setting', (t) => {
  const roles = { staff: ['editor', 'ghost'] }
  const named = {
    sign_in: { factors: { required_for: { roles: ['admin', 'spirit'] } } },
    providers: [{ name: 'acme', roles }],
    directories: [{ name: 'corp', roles }],
  }
  t.same(unknownRoles(named as never, new Set(['admin', 'editor'])), [
    'sign_in.factors.required_for names the role spirit, which is not defined',
    'sign_in.providers.acme.roles.staff names the role ghost, which is not defined',
    'directories.corp.roles.staff names the role ghost, which is not defined',
  ])
  const everybody = { sign_in: { factors: { required_for: 'all' } }, providers: [], directories: [] }
  t.same(unknownRoles(everybody as never, new Set()), [])
  t.end()
})
