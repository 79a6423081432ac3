/** A refresh token that is used twice: who is told, what is written down, and what the grace window allows. */
import { test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { atTheEdge, beginFamily, claimsOf, post, refuses, register } from '../support/oauth.ts'
import { asks, bearer, type Service, startService } from '../support/service.ts'

const refresh = (service: Service, refreshToken: string) =>
  service.call('/api/auth/refresh', { method: 'POST', json: { refresh_token: refreshToken } })

for (const backend of backends) {
  void test(`reuse of a refresh token on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const replica = service.backend.replica && (await startService(t, { beside: service }))
    // They are told of each new device too.
    const mailsTo = async (email: string) =>
      (await service.mails()).filter((mail) => mail.includes(`To: ${email}`) && !mail.includes('A new sign-in'))
    const trail = () => auditRows(service, ...(replica ? [replica] : []))
    const reuseOf = async (userId: string) =>
      (await trail()).filter(({ event, subject }) => event === 'refresh.reused' && subject === userId)

    await t.test(
      'its user is told by one mail, however many tries and replicas, and the mail signs nobody in',
      async (t) => {
        const user = await service.createUser()
        const { refreshToken } = await service.signIn(user)
        await refresh(service, refreshToken)
        service.clock.advance(11)
        const tries = Array.from({ length: 10 }, (_, i) => refresh((i % 2 && replica) || service, refreshToken))
        for (const { status } of await Promise.all(tries)) t.equal(status, 401)
        service.clock.advance(11)
        t.equal((await refresh(service, refreshToken)).status, 401)
        const mails = await mailsTo(user.email)
        t.equal(mails.length, 1)
        t.match(mails[0], 'Subject: One of your sessions was ended')
        t.match(mails[0], '127.0.0.1')
        t.notMatch(mails[0], /token|\?|login/)
        t.notMatch(mails[0], refreshToken)
        t.equal((await reuseOf(user.id)).length, 1)
      },
    )
    await t.test('the trail tells a lost answer from an old copy', async (t) => {
      for (const [rotations, subtype] of [
        [1, 'previous'],
        [3, 'stale'],
      ] as const) {
        const user = await service.createUser()
        const { refreshToken } = await service.signIn(user)
        let live = refreshToken
        for (let i = 0; i < rotations; i++) {
          live = (await refresh(service, live)).json().refresh_token
          service.clock.advance(600)
        }
        t.equal((await refresh(service, refreshToken)).status, 401)
        t.match(await reuseOf(user.id), [{ details: { subtype, age_seconds: rotations * 600 } }])
        const ends = (await trail()).filter(({ event, subject }) => event === 'session.revoked' && subject === user.id)
        t.match(ends, [{ details: { reason: 'refresh_token_reused' } }])
      }
    })
    await t.test('the session of another sign-in of the same person goes on', async (t) => {
      const user = await service.createUser()
      const [stolen, other] = [await service.signIn(user), await service.signIn(user)]
      await refresh(service, stolen.refreshToken)
      service.clock.advance(11)
      await refresh(service, stolen.refreshToken)
      const edge = async (token: string) =>
        (await service.call('/forward-auth', { headers: { ...asks({ path: '/reports' }), ...bearer(token) } })).status
      t.same([await edge(stolen.accessToken), await edge(other.accessToken)], [401, 200])
      t.equal((await refresh(service, other.refreshToken)).status, 200)
    })
  })

  void test(`the grace window on ${backend.name} stores`, async (t) => {
    await t.test(
      'is for the same request: another client, scope or resource is refused, and ends nothing',
      async (t) => {
        const service = await startService(t, { backend })
        const own = await register(service, { grants: ['refresh_token'] })
        const foreign = await register(service, { grants: ['refresh_token'] })
        const use = (refresh_token: string, change: Record<string, string> = {}) =>
          post(service, '/oauth/token', { grant_type: 'refresh_token', ...own, refresh_token, ...change })
        const others: [change: Record<string, string>, error: string][] = [
          [foreign, 'invalid_grant'],
          [{ client_id: 'gatehouse', client_secret: '' }, 'invalid_grant'],
          [{ scope: 'reports:read' }, 'invalid_grant'],
          [{ scope: 'reports:read reports:write admin' }, 'invalid_grant'],
          [{ resource: 'https://elsewhere.example.test' }, 'invalid_target'],
        ]
        const user = await service.createUser()
        const token = await beginFamily(service, user, own.client_id, ['reports:read', 'reports:write'])
        const first = await use(token)
        for (const [change, error] of others) refuses(t, await use(token, change), 400, error, JSON.stringify(change))
        t.equal((await refresh(service, token)).status, 401, 'nor is it for the JSON API')
        t.equal((await use(token)).body, first.body, 'the same request gets the same answer still')
        t.equal(await atTheEdge(service, first.json().access_token), 200)
        const next = await use(first.json().refresh_token, { scope: 'reports:read' })
        t.equal(next.json().scope, 'reports:read', 'and the family lives')
        refuses(t, await use(first.json().refresh_token), 400, 'invalid_grant', 'more than the first use asked for')
        t.equal((await use(next.json().refresh_token)).json().scope, 'reports:read reports:write')
        const events = (await auditRows(service)).filter(({ subject }) => subject === user.id).map(({ event }) => event)
        t.notOk(events.includes('refresh.reused'))
      },
    )
    await t.test('once over, a use of the token ends its session, whatever scope it asks for', async (t) => {
      const service = await startService(t, { backend })
      const own = await register(service, { grants: ['refresh_token'] })
      for (const scope of ['', 'reports:read', 'reports:read admin']) {
        const user = await service.createUser()
        const token = await beginFamily(service, user, own.client_id, ['reports:read', 'reports:write'])
        const form = { grant_type: 'refresh_token', ...own, refresh_token: token }
        const { access_token, refresh_token } = (await post(service, '/oauth/token', form)).json()
        service.clock.advance(10)
        refuses(t, await post(service, '/oauth/token', { ...form, scope }), 400, 'invalid_grant', scope)
        t.equal(await atTheEdge(service, access_token), 401, scope)
        refuses(t, await post(service, '/oauth/token', { ...form, refresh_token }), 400, 'invalid_grant', scope)
        const reuse = (await auditRows(service)).find(
          ({ event, subject }) => event === 'refresh.reused' && subject === user.id,
        )
        t.match(reuse, { clientId: own.client_id, sessionId: claimsOf(access_token).sid }, scope)
      }
    })
    await t.test('of 0 seconds makes every second use a reuse', async (t) => {
      const service = await startService(t, { backend, yaml: { tokens: { refresh_grace_seconds: 0 } } })
      const { refreshToken, cookie } = await service.signIn(await service.createUser())
      const { refresh_token } = (await refresh(service, refreshToken)).json()
      t.equal((await refresh(service, refreshToken)).status, 401)
      t.equal((await refresh(service, refresh_token)).status, 401)
      t.equal((await service.call('/api/users/me', { headers: { cookie } })).status, 401)
    })
    await t.test('of 60 seconds lasts a minute, and ends', async (t) => {
      const service = await startService(t, { backend, yaml: { tokens: { refresh_grace_seconds: 60 } } })
      const { refreshToken } = await service.signIn(await service.createUser())
      const first = await refresh(service, refreshToken)
      service.clock.advance(59)
      await service.gatehouse.maintain()
      t.equal((await refresh(service, refreshToken)).body, first.body)
      service.clock.advance(1)
      t.equal((await refresh(service, refreshToken)).status, 401)
    })
  })
}
