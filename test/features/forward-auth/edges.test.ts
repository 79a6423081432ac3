/** Which proxies may ask. */
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'tap'
import { asks, startService } from '../../support/service.ts'

void test('an edge that has to show a secret', async (t) => {
  const [current, next] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')]
  const digests = [current, next].map((secret) => createHash('sha256').update(secret).digest('hex'))
  const service = await startService(t, {
    yaml: { proxies: { edges: [{ networks: ['127.0.0.0/8'], secret_sha256: digests }] } },
  })
  const ask = (headers: Record<string, string | string[]>) =>
    service.call('/forward-auth/traefik', { headers: { ...asks({ path: '/public/x' }), ...headers } })

  await t.test('is answered with either of its secrets, while one replaces the other', async (t) => {
    t.equal((await ask({ 'x-edge-secret': current })).status, 200)
    t.equal((await ask({ 'x-edge-secret': next })).status, 200)
  })
  await t.test('is refused without one, with a wrong one, with its digest, and with two', async (t) => {
    for (const secret of [
      undefined,
      '',
      `${current} `.slice(1),
      digests[0]!,
      [current, current],
      current.toUpperCase(),
    ]) {
      const answer = await ask(secret === undefined ? {} : { 'x-edge-secret': secret })
      t.equal(answer.status, 403)
      t.equal(answer.json().code, 'untrusted_peer')
      t.equal(answer.headers['x-auth-subject'], undefined)
    }
  })
  await t.test('is not known by the underscore spelling that some proxies pass on', async (t) => {
    t.equal((await ask({ x_edge_secret: current })).status, 403)
  })
  t.match(service.logged(), /"reason":"secret"/)
  t.notOk(
    [current, next].some((secret) => service.logged().includes(secret)),
    'no secret is logged',
  )
})

void test('a secret does not make up for an address that is not trusted', async (t) => {
  const secret = randomBytes(32).toString('hex')
  const digest = createHash('sha256').update(secret).digest('hex')
  const edges = [{ networks: ['127.0.0.0/8'], secret_sha256: [digest] }]
  const service = await startService(t, { yaml: { proxies: { trusted: ['192.0.2.1'], edges } } })
  const headers = { ...asks({ path: '/public/x' }), 'x-edge-secret': secret }
  t.equal((await service.call('/forward-auth/traefik', { headers })).status, 403)
  t.match(service.logged(), /"reason":"address"/)
})
