/** What a change of an account or role must reach, also when something else is under way at that moment. */
import postgres from 'postgres'
import { type Test, test } from 'tap'
import { advisoryLocks } from '../../src/stores/sql/database.ts'
import { type Backend, backends, hasServers } from '../support/backends.ts'
import { atTheEdge, beginFamily, claimsOf, dead, grant, introspect, refuses, register } from '../support/oauth.ts'
import { until } from '../support/patience.ts'
import { cheapHasher } from '../support/passwords.ts'
import { type Answer, asks, bearer, type Service, startService, type TestUser } from '../support/service.ts'

const strong = (index: number) => `seven quiet otters juggle lanterns ${index}`

const logIn = ({ call }: Service, { email, password }: TestUser) =>
  call('/api/auth/login', { method: 'POST', json: { email, password } })
const openSessions = async ({ operate }: Service, user: TestUser) =>
  (await operate<{ items: object[] }>('GET', `/users/${user.id}/sessions`)).items.length

/** The password was verified, and before its session begins, something changes. */
async function changesWhileProven(t: Test, backend: Backend, most: number): Promise<void> {
  /** Whom the next verification keeps waiting once it is done. */
  let holds: ((proven: () => void) => void) | undefined
  const hasher = {
    ...cheapHasher,
    async verify(...given: Parameters<typeof cheapHasher.verify>) {
      const opens = await cheapHasher.verify(...given)
      const hold = holds
      holds = undefined
      if (hold !== undefined) await new Promise<void>(hold)
      return opens
    },
  }
  const service = await startService(t, { backend, hasher, yaml: { sessions: { max_per_user: most } } })
  /** Makes a change between the proof that somebody has asked for and what follows from it. */
  async function meanwhile(prove: () => Promise<Answer>, change: () => Promise<unknown>): Promise<Answer> {
    const proven = new Promise<() => void>((held) => (holds = held))
    const answer = prove()
    const goOn = await proven
    await change()
    goOn()
    return answer
  }
  const submit = async ({ email, password }: TestUser) => {
    const page = await service.call('/login')
    const csrf_token = /name="csrf_token" value="([^"]+)"/.exec(page.body)![1]!
    const headers = { cookie: `gatehouse_csrf=${page.cookies['gatehouse_csrf']}` }
    return service.call('/login', { method: 'POST', headers, form: { csrf_token, email, password } })
  }
  const doors = [
    { door: 'the API', prove: (user: TestUser) => logIn(service, user), refused: 401 },
    { door: 'the page', prove: submit, refused: 422 },
  ]
  const changes: Record<string, (user: TestUser) => Promise<unknown>> = {
    'another password': ({ id }) => service.operate('PUT', `/users/${id}/password`, { password: strong(1) }),
    'a disabled account': ({ id }) => service.operate('PUT', `/users/${id}/status`, { status: 'disabled' }),
  }
  for (const { door, prove, refused } of doors) {
    for (const [what, change] of Object.entries(changes)) {
      const user = await service.createUser()
      const answer = await meanwhile(
        () => prove(user),
        () => change(user),
      )
      t.equal(answer.status, refused, `${door}, ${what}`)
      t.notOk('gatehouse' in answer.cookies, `${door}, ${what}`)
      t.equal(await openSessions(service, user), 0, `${door}, ${what}`)
    }
    const user = await service.createUser()
    const answer = await meanwhile(
      () => prove(user),
      async () => {},
    )
    t.match(answer.cookies, { gatehouse: /^[\w-]{43}$/ }, `${door}, nothing`)
    t.equal(await openSessions(service, user), 1)
  }
  // Of one's own password: the session goes on, which the former password does not prove again.
  const user = await service.createUser()
  const { accessToken } = await service.signIn(user)
  const post = (path: string, json: object) =>
    service.call(path, { method: 'POST', headers: bearer(accessToken), json })
  const changesOwn = async () => {
    const json = { current_password: user.password, password: strong(2) }
    t.equal((await post('/api/users/me/password', json)).status, 204)
  }
  const stepUp = await meanwhile(() => post('/api/auth/step-up', { password: user.password }), changesOwn)
  t.equal(stepUp.status, 401, 'a step-up')
  t.notOk('gatehouse' in stepUp.cookies, 'a step-up')
  t.equal((await service.call('/api/users/me', { headers: bearer(accessToken) })).status, 200)
}

for (const backend of backends) {
  void test(`account changes on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })

    for (const most of [0, 10]) {
      await t.test(`a proof under way does not survive a change, of at most ${most || 'any number of'} sessions`, (t) =>
        changesWhileProven(t, backend, most),
      )
    }

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
      t.match(answer.cookies['gatehouse_refresh'], /^[\w-]{43}$/, 'it has one of its own in place of that')
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

if (hasServers) {
  const clustered = backends[1]!

  /**
   * Keeps the last lock that a change of an account takes, so that it is made and not yet committed; who asks for that lock
   * gets it in turn.
   */
  async function keepFeedLock(t: Test, { databaseUrl }: { databaseUrl?: string }) {
    const sql = postgres(databaseUrl!, { max: 4, onnotice: () => {} })
    t.teardown(() => sql.end())
    const waiting = async () =>
      (await sql`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`).length
    /** Resolves when it has the lock; `release` gives it back. */
    const take = async () => {
      const connection = await sql.reserve()
      await connection`select pg_advisory_lock(${advisoryLocks.revocationFeed})`
      return async () => {
        await connection`select pg_advisory_unlock(${advisoryLocks.revocationFeed})`
        connection.release()
      }
    }
    /** Resolves when so many wait for a lock, or one of them has done what it should have waited with. */
    const waitFor = (count: number, early?: Promise<unknown>) => {
      let isDone = false
      const note = () => void (isDone = true)
      early?.then(note, note)
      return until(`${count} wait`, async () => isDone || (await waiting()) === count)
    }
    return { take, waitFor }
  }

  for (const most of [0, 10]) {
    void test(`a sign-in waits for a change under way, of at most ${most || 'any number of'} sessions`, async (t) => {
      const service = await startService(t, { backend: clustered, yaml: { sessions: { max_per_user: most } } })
      const { take, waitFor } = await keepFeedLock(t, service.backend)
      const changes: Record<string, (user: TestUser) => Promise<unknown>> = {
        'of the password': ({ id }) => service.operate('PUT', `/users/${id}/password`, { password: strong(1) }),
        'of the status': ({ id }) => service.operate('PUT', `/users/${id}/status`, { status: 'disabled' }),
      }
      for (const [what, change] of Object.entries(changes)) {
        const user = await service.createUser()
        const release = await take()
        const changed = change(user)
        await waitFor(1)
        // Whoever reads the account now finds the password that is about to go.
        const answer = logIn(service, user)
        await waitFor(2, answer)
        await release()
        await changed
        const { status, cookies } = await answer
        t.equal(status, 401, what)
        t.same(cookies, {}, what)
        t.equal(await openSessions(service, user), 0, what)
      }
    })
  }

  void test('a browser does not come to be known while the password changes', async (t) => {
    const service = await startService(t, { backend: clustered })
    const { take, waitFor } = await keepFeedLock(t, service.backend)
    const user = await service.createUser()
    const { passwordHash, email } = (await service.stores.users.findById(user.id))!
    const release = await take()
    const changed = service.operate('PUT', `/users/${user.id}/password`, { password: strong(1) })
    await waitFor(1)
    // The session of this sign-in has begun before: the change ends it.
    const at = new Date(service.clock.now())
    const device = { userId: user.id, secretHash: 'of-its-cookie', at, expiresAt: new Date(at.getTime() + 60_000) }
    const remembered = service.stores.knownDevices.remember(
      { ...device, userAgent: '', shownHash: undefined },
      passwordHash,
    )
    await waitFor(2, remembered)
    await release()
    await changed
    t.equal(await remembered, 'refused')
    t.notOk(await service.stores.knownDevices.isKnown({ secretHash: device.secretHash, email, at }))
  })

  void test('who gets a role while it changes has what it comes to give', async (t) => {
    const edits = { paths: ['/edits/**'], allow: { permissions: ['edit'] } }
    const yaml = { hosts: { 'app.example.test': { rules: [edits, { allow: 'signed-in' }] } } }
    const service = await startService(t, { backend: clustered, yaml })
    const { take, waitFor } = await keepFeedLock(t, service.backend)
    const changes: Record<string, (role: string) => Promise<unknown>> = {
      put: (role) => service.operate('PUT', `/roles/${role}`, { permissions: [] }),
      'set-permissions': (role) => service.operate('PUT', `/roles/${role}/permissions`, { permissions: [] }),
    }
    for (const [what, change] of Object.entries(changes)) {
      const role = `role-${what}`
      await service.operate('PUT', `/roles/${role}`, { permissions: ['edit'] })
      await service.createUser({ roles: [role] })
      const user = await service.createUser()
      const { accessToken } = await service.signIn(user)
      const mayEdit = async () =>
        (await service.call('/forward-auth', { headers: { ...asks({ path: '/edits/x' }), ...bearer(accessToken) } }))
          .status
      t.equal(await mayEdit(), 403)
      const release = await take()
      const granted = service.operate('PUT', `/users/${user.id}/roles/${role}`)
      await waitFor(1)
      const between = take()
      await waitFor(2)
      const changed = change(role)
      await waitFor(3, changed)
      await release()
      // The role is granted and in use, before what it gives has changed.
      const goOn = await between
      await granted
      t.equal(await mayEdit(), 200)
      await goOn()
      await changed
      t.equal(await mayEdit(), 403, what)
    }
  })
}
