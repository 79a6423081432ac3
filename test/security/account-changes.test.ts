/** What a change of an account or role must reach, also when something else is under way at that moment. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { atTheEdge, beginFamily, claimsOf, dead, grant, introspect, refuses, register } from '../support/oauth.ts'
import { asks, bearer, startService } from '../support/service.ts'

const strong = (index: number) => `seven quiet otters juggle lanterns ${index}`

for (const backend of backends) {
  void test(`account changes on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })

    await t.test('a sign-in under way does not survive a change of the password', async (t) => {
      const user = await service.createUser()
      const known = (await service.stores.users.findById(user.id))!
      const session = {
        id: crypto.randomUUID(),
        userId: user.id,
        clientId: 'gatehouse',
        methods: ['pwd'],
        level: 'aal1' as const,
        authenticatedAt: new Date(service.clock.now()),
        idleExpiresAt: new Date(service.clock.now() + 60_000),
        expiresAt: new Date(service.clock.now() + 60_000),
        lastSeenAt: new Date(service.clock.now()),
        remembered: true,
        ip: '',
        userAgent: '',
        secretHash: crypto.randomUUID(),
      }
      // The hash was verified; before the session begins, the owner changes the password.
      await service.operate('PUT', `/users/${user.id}/password`, { password: strong(1) })
      t.equal(await service.stores.sessions.create(session, known.passwordHash), undefined)
      const changed = (await service.stores.users.findById(user.id))!
      t.same(await service.stores.sessions.create(session, changed.passwordHash), { ended: [] })
      await service.operate('PUT', `/users/${user.id}/status`, { status: 'disabled' })
      t.equal(
        await service.stores.sessions.create({ ...session, id: crypto.randomUUID() }),
        undefined,
        'nor a disabled user',
      )
    })

    await t.test('a deleted role opens nothing any more, also when it is made again', async (t) => {
      const user = await service.createUser({ roles: ['editor', 'guest'] })
      const { accessToken } = await service.signIn(user)
      const edits = async () =>
        (
          await service.call('/forward-auth', {
            headers: { ...asks({ path: '/read-only/x', method: 'POST' }), ...bearer(accessToken) },
          })
        ).status
      await service.operate('PUT', '/roles/editor', { permissions: ['all'] })
      t.equal(await edits(), 200)
      await service.operate('DELETE', '/roles/editor')
      t.equal(await edits(), 403)
      await service.operate('PUT', '/roles/editor', { permissions: ['all'] })
      t.equal(await edits(), 403)
      t.same((await service.operate('GET', `/users/${user.id}`)).roles, ['guest'])
    })

    await t.test('no token of a deleted client comes back when its id is made again', async (t) => {
      const user = await service.createUser()
      const signedIn = await service.signIn(user)
      const exchanging = 'urn:ietf:params:oauth:grant-type:token-exchange'
      const again = { id: 'reports', grants: ['client_credentials', 'refresh_token', exchanging] }
      const first = await register(service, again)
      const reader = await register(service)
      const tokenOf = async (change: Record<string, string>, client = first): Promise<string> =>
        (await grant(service, client, change)).json().access_token
      const refresh_token = await beginFamily(service, user, first.client_id, [], claimsOf(signedIn.accessToken).sid)
      const unused = await beginFamily(service, user, first.client_id, [], claimsOf(signedIn.accessToken).sid)
      const subject_token_type = 'urn:ietf:params:oauth:token-type:access_token'
      const asUser = { grant_type: exchanging, subject_token: signedIn.accessToken, subject_token_type }
      const wanted = { client: first.client_id, name: 'Key', scopes: [] }
      const tokens = {
        'its own': await tokenOf({}),
        'one of a person that let it in': await tokenOf({ grant_type: 'refresh_token', refresh_token }),
        'one with which it acts for a person': await tokenOf(asUser),
        'an API key': (await service.operate('POST', '/api-keys', wanted)).key as string,
      }
      for (const [what, token] of Object.entries(tokens)) {
        t.equal(await atTheEdge(service, token), 200, what)
        t.match(await introspect(service, reader, token), [200, { active: true }], what)
      }
      const areDead = async (when: string) => {
        for (const [what, token] of Object.entries(tokens)) {
          t.equal(await atTheEdge(service, token), 401, `${what}, ${when}`)
          t.same(await introspect(service, reader, token), dead, `${what}, ${when}`)
        }
      }
      service.clock.advance(0.1)
      await service.operate('DELETE', `/clients/${first.client_id}`)
      await areDead('deleted')
      service.clock.advance(0.1)
      const second = await register(service, again)
      await areDead('made again')
      t.same(await introspect(service, second, unused), dead)
      const late = await grant(service, second, { grant_type: 'refresh_token', refresh_token: unused })
      refuses(t, late, 400, 'invalid_grant')
      t.equal(await atTheEdge(service, await tokenOf({}, second)), 200, 'those of the new one count')
      t.equal(await atTheEdge(service, signedIn.accessToken), 200, 'and so does what never was the client’s')
    })

    await t.test('a session that went idle is not revived by its refresh token', async (t) => {
      const user = await service.createUser()
      const signedIn = await service.signIn(user)
      const idle = await service.stores.sessions.findLive(
        { id: JSON.parse(atob(signedIn.accessToken.split('.')[1]!)).sid },
        new Date(service.clock.now()),
      )
      await service.stores.sessions.touch(
        idle!.session.id,
        new Date(service.clock.now()),
        new Date(service.clock.now() + 60_000),
      )
      service.clock.advance(61)
      const json = { refresh_token: signedIn.refreshToken }
      t.equal((await service.call('/api/auth/refresh', { method: 'POST', json })).status, 401)
      const cookie = { ...asks({ path: '/' }), cookie: signedIn.cookie }
      t.equal((await service.call('/forward-auth', { headers: cookie })).status, 401)
    })

    await t.test('nobody’s mailbox is flooded, and the answer does not tell', async (t) => {
      const email = 'victim@example.test'
      const answers = new Set<string>()
      for (let index = 0; index < 8; index++) {
        const json = { name: 'Victim', email, password: strong(index) }
        const { status, body } = await service.call('/api/auth/register', { method: 'POST', json })
        answers.add(`${status} ${body}`)
      }
      t.same([...answers], ['202 {"status":"check_your_email"}'])
      t.equal((await service.mails()).filter((mail) => mail.includes(`To: ${email}`)).length, 5)
    })

    await t.test('a page sign-in leaves no refresh cookie of somebody else, a probe leaves the session', async (t) => {
      const user = await service.createUser()
      const page = await service.call('/login')
      const csrf = /name="csrf_token" value="([^"]+)"/.exec(page.body)![1]!
      const answer = await service.call('/login', {
        method: 'POST',
        headers: { cookie: `gatehouse_csrf=${page.cookies['gatehouse_csrf']}; gatehouse_refresh=of-somebody-else` },
        form: { csrf_token: csrf, email: user.email, password: user.password },
      })
      t.equal(answer.status, 303)
      t.equal(answer.cookies['gatehouse_refresh'], '')
      const probe = await service.call('/api/auth/refresh', {
        method: 'POST',
        headers: { cookie: `gatehouse=${answer.cookies['gatehouse']}` },
      })
      t.equal(probe.status, 401)
      t.notOk('gatehouse' in probe.cookies)
    })
  })
}

void test('an address that names ever new clients is limited too', async (t) => {
  const service = await startService(t)
  const guess = (index: number) =>
    service.call('/oauth/token', {
      method: 'POST',
      form: { grant_type: 'client_credentials', client_id: `c${index}`, client_secret: 'x' },
    })
  for (let index = 0; index < 300; index++) await guess(index)
  t.equal((await guess(300)).status, 429)
})
