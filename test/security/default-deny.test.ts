/** Nothing is open by accident: routes without an access level, and calls that nobody declared. */
import { pino } from 'pino'
import { test } from 'tap'
import { buildApp } from '../../src/gatehouse.ts'
import { createBase } from '../../src/base.ts'
import { loadConfig } from '../../src/config.ts'
import { requireAccessLevels } from '../../src/http/guard.ts'
import { type App, createServer } from '../../src/http/server.ts'
import { backends } from '../support/backends.ts'
import { scratchFolder } from '../support/servers.ts'
import { createClock, startService } from '../support/service.ts'

const logger = pino({ level: 'silent' })

const start = async (app: App): Promise<unknown> => app.ready()

void test('a route without an access level stops the start', async (t) => {
  const server = () => {
    const app = createServer({ trustedPeer: () => false })
    requireAccessLevels(app)
    t.teardown(() => app.close())
    return app
  }
  await t.test('at the root, and in a plugin within a plugin', async (t) => {
    const plain = server()
    plain.get('/open-by-accident', async () => 'x')
    await t.rejects(start(plain), { message: /without their access level: .*GET.* \/open-by-accident/ })

    const nested = server()
    await nested.register(async (outer) => {
      outer.get('/declared', { config: { access: 'public' } }, async () => 'x')
      await outer.register(async (inner) => void inner.post('/deep', async () => 'x'), { prefix: '/inner' })
    })
    await t.rejects(start(nested), { message: /POST \/inner\/deep/ })
  })
  await t.test('each is named, and those that are declared are not', async (t) => {
    const app = server()
    app.get('/one', async () => 'x')
    app.delete('/two', { config: {} }, async () => 'x')
    app.get('/three', { config: { access: 'user' } }, async () => 'x')
    app.route({ method: ['POST', 'PUT'], url: '/four', handler: async () => 'x' })
    await t.rejects(start(app), {
      message: 'routes without their access level: GET /one; HEAD /one; DELETE /two; POST,PUT /four',
    })
  })
  await t.test('nor may administration stand there without its permission, or what is the operator’s', async (t) => {
    for (const config of [{ access: 'admin' }, { access: 'operator' }] as const) {
      const app = server()
      app.get('/not-here', { config }, async () => 'x')
      await t.rejects(start(app), { message: /GET \/not-here/ }, config.access)
    }
  })
  await t.test('with every level declared it starts', async (t) => {
    const app = server()
    for (const access of ['public', 'user', 'client', 'proxy'] as const)
      app.get(`/${access}`, { config: { access } }, async () => access)
    await t.resolves(start(app))
  })
  await t.test('the service itself is built under that rule', async (t) => {
    const clock = createClock()
    const backend = await backends[0]!.open(clock)
    const config = loadConfig({ GATEHOUSE_DATA_DIR: scratchFolder(t), GATEHOUSE_CONFIG: '/dev/null' })
    const gatehouse = await buildApp(createBase({ config, stores: backend.stores, clock, logger }), config, '0.0.0')
    t.teardown(async () => {
      await gatehouse.close()
      await backend.close()
    })
    gatehouse.app.get('/forgotten', async () => 'x')
    await t.rejects(start(gatehouse.app), { message: /GET \/forgotten/ })
  })
})

void test('calls that nobody declared', async (t) => {
  const service = await startService(t)

  await t.test('every documented call of a signed-in person refuses everybody else', async (t) => {
    const document = (await service.call('/openapi.json')).json()
    let seen = 0
    for (const [path, calls] of Object.entries<Record<string, { security?: object[] }>>(document.paths)) {
      for (const [method, { security }] of Object.entries(calls)) {
        const anybody =
          security === undefined || security.length === 0 || security.some((one) => Object.keys(one).length === 0)
        if (anybody) continue
        seen++
        const answer = await service.call(path, { method: method.toUpperCase(), json: {} })
        t.equal(answer.status, 401, `${method} ${path}`)
        t.match(answer.headers['www-authenticate'], /^Bearer /)
      }
    }
    t.ok(seen >= 2, `${seen} calls`)
  })
  await t.test('unknown paths are 404, known paths under another method 405 with Allow', async (t) => {
    for (const path of [
      '/nowhere',
      '/api',
      '/api/users',
      '/api/users/me/x',
      '/api/users/me/',
      '/.env',
      '/users',
      '/clients',
      '/roles',
    ]) {
      const answer = await service.call(path)
      t.match(answer.json(), { status: 404, code: 'not_found' }, path)
    }
    const answer = await service.call('/api/users/me', { method: 'PUT' })
    t.match(answer.json(), { status: 405, code: 'method_not_allowed' })
    t.match(answer.headers['allow'], 'DELETE, GET, HEAD, OPTIONS, PATCH')
    t.match(await service.call('/oauth/token'), { status: 405, headers: { allow: 'POST' } })
  })
  await t.test('a method override changes nothing', async (t) => {
    const headers = { 'x-http-method-override': 'PATCH', 'x-method-override': 'PATCH' }
    t.equal(
      (await service.call('/api/users/me?_method=PATCH', { method: 'POST', json: { name: 'x' }, headers })).status,
      405,
    )
  })
})
