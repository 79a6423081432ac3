/** Probes, with which the operator's doctor sees its own requests arrive: they open nothing, and cost nobody anything. */
import { test } from 'tap'
import { startService } from '../../support/service.ts'

void test('a probe', async (t) => {
  const service = await startService(t)
  const { cookie } = await service.signIn(await service.createUser())
  const url = 'http://app.example.test/reports'
  const question = (headers: Record<string, string | string[]> = {}) =>
    service.call('/forward-auth/traefik', {
      headers: {
        ...{ 'x-forwarded-method': 'GET', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'app.example.test' },
        ...{ 'x-forwarded-uri': '/reports' },
        ...headers,
      },
    })
  const open = async () => (await service.operate('POST', '/probes', { url })).id as string
  const read = async (id: string) => (await service.operate('GET', `/probes/${id}`)).observations

  await t.test('notes what was asked and answered, and lets nobody pass', async (t) => {
    const id = await open()
    t.match(id, /^[\w-]{43}$/)
    t.equal((await question({ 'x-gatehouse-probe': id })).status, 401)
    t.equal((await question({ 'x-gatehouse-probe': id, cookie })).status, 200)
    t.equal((await question({ 'x-gatehouse-probe': id, 'x-forwarded-uri': '/a/../b', cookie })).status, 400)
    const [denied, allowed, refused] = await read(id)
    t.match(denied, {
      dialect: 'traefik',
      peer: '127.0.0.1',
      edge: 'trusted',
      target: { method: 'GET', url },
      status: 401,
    })
    t.match(allowed, { status: 200 })
    t.ok(allowed.filled.includes('X-Auth-Subject'))
    t.notOk(allowed.filled.includes('X-Auth-Scopes'), 'empty ones are not filled')
    t.match(refused, { status: 400, target: undefined })
    t.notMatch(JSON.stringify([denied, allowed, refused]), cookie.split('=')[1]!)
    await service.operate('DELETE', `/probes/${id}`)
    await t.rejects(read(id), { message: /404/ })
  })
  await t.test('that is unknown, expired, closed or doubled changes nothing', async (t) => {
    const [expired, closed, other] = [await open(), await open(), await open()]
    for (const id of [expired, closed, other]) await service.operate('PUT', `/probes/${id}`, { behaviour: 'vanish' })
    await service.operate('DELETE', `/probes/${closed}`)
    const plain = async (value: string | string[]) =>
      t.equal((await question({ 'x-gatehouse-probe': value, cookie })).status, 200)
    await plain(closed)
    await plain([other, other])
    await plain('x')
    await plain('')
    t.equal((await question({ cookie })).status, 200, 'and those without an id are answered while one is open')
    t.same(await read(other), [])
    await t.rejects(question({ 'x-gatehouse-probe': other, cookie }), 'while its own requests get no answer')
    service.clock.advance(60)
    await plain(expired)
    await plain(other)
    await t.rejects(read(other), { message: /404/ })
  })
  await t.test('is one of five at most, and not to be had over the network', async (t) => {
    const fresh = await startService(t)
    const request = () => fresh.operate('POST', '/probes', { url })
    for (let count = 0; count < 5; count++) await request()
    await t.rejects(request(), { message: /409/ })
    fresh.clock.advance(60)
    await t.resolves(request())
    for (const path of ['/probes', '/api/admin/probes']) {
      t.equal((await fresh.call(path, { method: 'POST', json: { url } })).status, 404)
    }
    await t.rejects(fresh.operate('POST', '/probes', { url: 'http://unknown.example.test/' }), { message: /400/ })
    await t.rejects(fresh.operate('POST', '/probes', { url: 'http://app.example.test/a//b' }), { message: /400/ })
  })
})
