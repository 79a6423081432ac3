/** Administration over HTTP: the operator's own routes, for people who hold the permission that each names. */
import { decodeJwt } from 'jose'
import { test } from 'tap'
import { ownPermissions } from '../../src/core/permissions.ts'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { grant, register } from '../support/oauth.ts'
import { freePort } from '../support/servers.ts'
import { type Call, bearer, newClient, startService } from '../support/service.ts'

/** Every route, with what it is asked by who may; `:name` stands for what the calls before have made. */
const calls: [route: string, expected: number, body?: object][] = [
  ['POST /users', 201, { email: 'bob@example.test', name: 'Bob', roles: [] }],
  ['GET /users', 200],
  ['GET /users/:user', 200],
  ['PUT /users/:user/password', 200, { password: 'a horse, a battery and a staple' }],
  ['POST /users/:user/reset', 200],
  ['POST /users/:user/reset-factors', 200],
  ['PUT /users/:user/status', 200, { status: 'disabled' }],
  ['POST /users/:user/unlock', 200],
  ['PUT /users/:user/username', 200, { username: 'ada' }],
  ['POST /invitations', 201, { email: 'guest@example.test', roles: [] }],
  ['GET /invitations', 200],
  ['DELETE /invitations/:invitation', 200],
  ['GET /mails?state=queued', 200],
  ['POST /mails/:mail/retry', 200],
  ['GET /mail-templates/invitation', 200],
  ['GET /users/:user/sessions', 200],
  ['DELETE /users/:user/sessions', 200],
  ['GET /sessions', 200],
  ['DELETE /sessions/01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f', 404],
  ['POST /roles', 201, { name: 'clerk', permissions: ['a:b'] }],
  ['GET /roles', 200],
  ['PUT /users/:user/roles/clerk', 200],
  ['DELETE /users/:user/roles/clerk', 200],
  ['GET /users/:user/identities', 200],
  ['DELETE /users/:user/identities/01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f', 404],
  ['PUT /users/:user/groups/staff', 200],
  ['DELETE /users/:user/groups/staff', 200],
  ['PUT /roles/clerk', 200, { permissions: ['c:d'] }],
  ['PUT /roles/clerk/permissions', 200, { permissions: ['e:f'] }],
  ['DELETE /roles/clerk', 200],
  ['POST /client-registration-tokens', 201, { uses: 1, expires_in: 60 }],
  ['POST /clients', 201, { ...newClient, id: 'job', scopes: ['a:b'] }],
  ['GET /clients', 200],
  ['GET /clients/job', 200],
  ['PUT /clients/job', 200, { name: 'Another job' }],
  ['GET /users/:user/grants', 200],
  ['DELETE /users/:user/grants/job', 404],
  ['POST /clients/job/secret', 200],
  ['PUT /clients/job/jwks', 400, { jwks: { keys: [] } }],
  ['POST /api-keys', 201, { client: 'job', name: 'Nightly', scopes: ['a:b'] }],
  ['GET /api-keys?client=job', 200],
  ['DELETE /api-keys/:key', 200],
  ['DELETE /clients/job', 200],
  ['GET /keys', 200],
  ['POST /keys/rotate', 200, {}],
  ['POST /keys/rewrap', 200],
  ['GET /audit', 200],
  ['POST /access/explain', 200, { url: 'http://app.example.test/' }],
  ['DELETE /users/:user', 200],
]
/** Whose id an answer tells; that of the first one where it tells of several. */
const named: Record<string, string> = {
  'POST /users': 'user',
  'POST /invitations': 'invitation',
  'GET /mails?state=queued': 'mail',
  'POST /api-keys': 'key',
}

for (const backend of backends) {
  void test(`administration over HTTP on ${backend.name} stores`, async (t) => {
    // No mail server is there, so that mails wait.
    const environment = { SMTP_URL: `smtp://127.0.0.1:${await freePort()}` }
    const service = await startService(t, { backend, environment })
    const admin = await service.createUser({ roles: ['admin'] })
    const staff = await service.createUser({ roles: ['staff'] })
    const [atAdmin, atStaff] = [await service.signIn(admin), await service.signIn(staff)]
    const ask = (route: string, headers: Call['headers'] = {}, json?: object) => {
      const [method = '', path = ''] = route.split(' ')
      return service.call(`/api/admin${path}`, { method, headers: { ...headers }, ...(json && { json }) })
    }
    const { paths } = (await service.gatehouse.documentation()).swagger()
    const documented = paths as Record<string, Record<string, { description: string }>>

    await t.test('is open to nobody but people with the permission that a route names', async (t) => {
      for (const [route, , body] of calls) {
        t.equal((await ask(route, {}, body)).status, 401, `nobody: ${route}`)
        const forbidden = await ask(route, bearer(atStaff.accessToken), body)
        t.match([forbidden.status, forbidden.json().code], [403, 'forbidden'], `somebody else: ${route}`)
        t.equal((await ask(route, { cookie: atStaff.cookie }, body)).status, 403, `by cookie: ${route}`)
      }
    })
    await t.test('programs of an administrator may do nothing of it', async (t) => {
      const made = await service.call('/api/users/me/api-keys', {
        method: 'POST',
        headers: bearer(atAdmin.accessToken),
        json: { name: 'CI', scopes: [] },
      })
      t.equal((await ask('GET /users', bearer(made.json().key))).status, 403, 'an API key')
      const client = await register(service, { grants: ['client_credentials'] })
      const token = (await grant(service, client)).json().access_token
      t.equal((await ask('GET /users', bearer(token))).status, 403, 'a client')
    })
    await t.test('a page of another site cannot use the cookie of an administrator', async (t) => {
      const headers = { cookie: atAdmin.cookie, origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }
      const answer = await ask('POST /roles', headers, { name: 'evil', permissions: [] })
      t.match([answer.status, answer.json().code], [403, 'cross_site_request'])
    })
    await t.test('does what the command line does, and every route is documented with its permission', async (t) => {
      const ids: Record<string, string> = {}
      const asked = new Set<string>()
      for (const [route, expected, body] of calls) {
        const filled = route.replaceAll(/:(user|key|invitation|mail)\b/g, (_, name: string) => ids[name]!)
        const answer = await ask(filled, bearer(atAdmin.accessToken), body)
        t.equal(answer.status, expected, `${route}: ${answer.body}`)
        t.equal(answer.headers['cache-control'], 'no-store', route)
        const { id, items } = answer.json()
        if (named[route] !== undefined) ids[named[route]] = id ?? items[0].id
        const [method = '', path = ''] = route.split(/[ ?]/)
        asked.add(
          `${method} ${path
            .replace('/job', '/:client')
            .replace('/staff', '/:group')
            .replace(/\/identities\/.+/, '/identities/:identity')
            .replace('/clerk', path.startsWith('/users') ? '/:role' : '/:name')
            .replace(/:(key|invitation|mail)\b/, ':id')
            .replace(/^(\/mail-templates)\/.+/, '$1/:kind')
            .replace(/^\/sessions\/.+/, '/sessions/:id')}`,
        )
      }
      const routes = Object.entries(documented)
        .filter(([path]) => path.startsWith('/api/admin/'))
        .flatMap(([path, operations]) =>
          Object.entries(operations).map(([method, { description }]) => ({
            name: `${method.toUpperCase()} ${path.slice('/api/admin'.length).replaceAll(/\{(\w+)\}/g, ':$1')}`,
            permission: /Needs `(gatehouse:[a-z:-]+)`\.$/.exec(description)?.[1],
          })),
        )
      t.same(routes.map(({ name }) => name).toSorted(), [...asked].toSorted(), 'none is left out')
      t.ok(routes.every(({ permission }) => ownPermissions.some((one) => one === permission)))
      t.same(
        new Set(routes.map(({ permission }) => permission)),
        new Set(ownPermissions),
        'each permission is for something',
      )
    })
    await t.test('says in the trail which administrator it was', async (t) => {
      const rows = await auditRows(service)
      const refused = rows.filter(({ event }) => event === 'administration.refused')
      t.match(refused[0], { subject: staff.id, ip: '127.0.0.1', details: { permission: 'gatehouse:users:write' } })
      t.equal(refused.filter(({ subject }) => subject === staff.id).length, 2 * calls.length, 'and who may not')
      t.equal(refused.length, 2 * calls.length + 2, 'programs as well')
      const created = rows.find(({ event, details }) => event === 'role.defined' && details['role'] === 'clerk')
      t.match(created, { actor: admin.id, ip: '127.0.0.1' })
      t.ok(created?.requestId)
    })
    await t.test('ends for whom the role is taken from, at once', async (t) => {
      const other = await service.createUser({ roles: ['admin'] })
      const { accessToken } = await service.signIn(other)
      t.equal((await ask('GET /users', bearer(accessToken))).status, 200)
      t.equal((await ask(`DELETE /users/${other.id}/roles/admin`, bearer(atAdmin.accessToken))).status, 200)
      t.equal((await ask('GET /users', bearer(accessToken))).status, 403)
    })
    await t.test('a change that is refused says what is wrong, and changes nothing', async (t) => {
      const headers = bearer(atAdmin.accessToken)
      const twice = await ask('POST /users', headers, { email: staff.email, name: 'Again', roles: [] })
      t.match([twice.status, twice.json().code], [409, 'conflict'])
      const unknown = await ask('POST /users', headers, { email: 'x@example.test', name: 'X', roles: ['ghost'] })
      t.match([unknown.status, unknown.json().detail], [400, /No such role can be granted/])
      t.equal((await ask('GET /users/x@example.test', headers)).status, 404)
      const extra = await ask('PUT /roles/clerk', headers, { permissions: [], source: 'file' })
      t.match([extra.status, extra.json().errors], [400, [{ path: '/body/source' }]])
    })
    await t.test('the operator’s own routes are on no network', async (t) => {
      for (const path of ['/probes', '/mail/check']) {
        t.equal((await ask(`POST ${path}`, bearer(atAdmin.accessToken), {})).status, 404)
        t.equal(
          (await service.call(path, { method: 'POST', headers: bearer(atAdmin.accessToken), json: {} })).status,
          404,
        )
      }
      t.equal((await service.call('/users', { headers: bearer(atAdmin.accessToken) })).status, 404)
    })
  })

  void test(`names of the service’s own on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const reserved = ['gatehouse:users:write', 'Gatehouse:anything', 'gatehouse:']

    await t.test('no role, scope or key of anybody else can have one', async (t) => {
      for (const name of reserved) {
        const refused = { message: /400 .*those that begin with .*gatehouse:.* belong to the service itself/ }
        await t.rejects(service.operate('POST', '/roles', { name: 'clerk', permissions: ['a', name] }), refused)
        await t.rejects(service.operate('PUT', '/roles/clerk', { permissions: [name] }), refused)
        await t.rejects(service.operate('POST', '/roles', { name, permissions: [] }), refused)
        await t.rejects(service.operate('PUT', `/roles/${name}`, { permissions: [] }), refused)
        await t.rejects(service.operate('POST', '/clients', { ...newClient, scopes: ['a', name] }), refused)
      }
      t.match(await service.list('/roles'), [{ name: 'admin' }])
      t.same(await service.list('/clients'), [])
    })
    await t.test('lists come page by page, each item once, also while items are made and removed', async (t) => {
      for (let n = 1; n <= 5; n++) {
        await service.operate('PUT', `/roles/role-${n}`, { permissions: [] })
        const client = await service.operate('POST', '/clients', { ...newClient, id: `job-${n}` })
        await service.operate('POST', '/api-keys', { client: client.client_id, name: 'Key', scopes: [] })
        await service.operate('POST', '/invitations', { email: `guest-${n}@example.test` })
        await service.createUser()
      }
      const lists: [path: string, key: string, sorted: 'up' | 'down'][] = [
        ['/users', 'id', 'down'],
        ['/invitations', 'id', 'down'],
        ['/api-keys', 'id', 'down'],
        ['/mails', 'id', 'down'],
        ['/audit', 'id', 'down'],
        ['/clients', 'client_id', 'up'],
        ['/roles', 'name', 'up'],
      ]
      const pageOf = (path: string, cursor?: string) =>
        service.operate<{ items: Record<string, string>[]; next_cursor: string | null }>(
          'GET',
          `${path}?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`,
        )
      // What was noted before is written by then.
      await auditRows(service)
      for (const [path, key, sorted] of lists) {
        const whole = (await service.operate('GET', `${path}?limit=1000`)).items.map(
          (item: Record<string, string>) => item[key],
        )
        t.ok(whole.length >= 5, path)
        t.same(sorted === 'up' ? whole.toSorted() : whole.toSorted().toReversed(), whole, `${path}: in order`)
        const found: (string | undefined)[] = []
        let page = await pageOf(path)
        for (;;) {
          t.ok(page.items.length === 2 || page.next_cursor === null, `${path}: full pages`)
          found.push(...page.items.map((item) => item[key]))
          if (page.next_cursor === null) break
          page = await pageOf(path, page.next_cursor)
        }
        t.same(found, whole, `${path}: all of it, and nothing twice`)
      }
      const { next_cursor } = await pageOf('/roles')
      await service.operate('DELETE', `/roles/${next_cursor}`)
      t.match(await pageOf('/roles', next_cursor!), { items: [{ name: 'role-2' }, { name: 'role-3' }] })
      t.match(await service.operate('GET', '/keys'), { items: [{}], next_cursor: null })
      for (let n = 1; n <= 5; n++) {
        if (n > 1) await service.operate('DELETE', `/roles/role-${n}`)
        await service.operate('DELETE', `/clients/job-${n}`)
      }
    })
    await t.test('the role that opens them is there from the start, and cannot be changed', async (t) => {
      const [admin] = await service.list<{ name: string }>('/roles')
      t.same(admin, { name: 'admin', permissions: [...ownPermissions], source: 'built-in' })
      const refused = { message: /409 .*built in/ }
      await t.rejects(service.operate('POST', '/roles', { name: 'admin', permissions: [] }), refused)
      await t.rejects(service.operate('PUT', '/roles/admin', { permissions: [] }), refused)
      await t.rejects(service.operate('PUT', '/roles/admin/permissions', { permissions: [] }), refused)
      await t.rejects(service.operate('DELETE', '/roles/admin'), refused)
    })
    await t.test('a permission of the service that a database holds from elsewhere opens nothing', async (t) => {
      await service.stores.roles.put({ name: 'sneaky', permissions: [...ownPermissions] })
      const { accessToken } = await service.signIn(await service.createUser({ roles: ['sneaky'] }))
      t.ok((decodeJwt(accessToken)['permissions'] as string[]).includes('gatehouse:users:write'))
      t.equal((await service.call('/api/admin/users', { headers: bearer(accessToken) })).status, 403)
    })
  })
}
