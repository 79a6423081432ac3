/** What pages of the service do for people, asked as browsers without scripts ask. */
import { test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { linkTokenIn } from '../support/mails.ts'
import { faultAt, fieldsOf, own, submit, titleOf, wordsOf } from '../support/pages.ts'
import { startService } from '../support/service.ts'

const hosts = {
  'wiki.example.test': { title: 'Wiki <1>', description: 'Of everybody', rules: [{ allow: 'signed-in' }] },
  'open.example.test': { title: 'Open', rules: [{ allow: 'anyone' }] },
  'staff.example.test': { title: 'Staff', rules: [{ allow: { roles: ['staff'] } }] },
  'safe.example.test': { title: 'Safe', rules: [{ allow: { level: 'aal2' } }] },
  'deep.example.test': { title: 'Deep', rules: [{ paths: ['/deep/**'], allow: 'signed-in' }] },
  'near.example.test': { title: 'Near', rules: [{ allow: { networks: ['127.0.0.0/8'] } }] },
  'far.example.test': { title: 'Far', rules: [{ allow: { networks: ['10.0.0.0/8'] } }] },
  'bearer.example.test': { title: 'Programs', credentials: ['bearer'], rules: [{ allow: 'signed-in' }] },
  'unnamed.example.test': { rules: [{ allow: 'signed-in' }] },
}

void test('the root shows each person the applications that the rules let them open, and nobody else any', async (t) => {
  const service = await startService(t, { yaml: { hosts } })
  const [ada, staff] = [await service.createUser(), await service.createUser({ roles: ['staff'] })]
  const shown = async (cookie: string) => {
    const page = await service.call('/', { headers: { cookie } })
    t.equal(page.status, 200)
    t.equal(page.headers['cache-control'], 'no-store')
    return [...page.body.matchAll(/<a href="(http:\/\/\w+\.example\.test\/)">/g)].map(([, url]) => url)
  }
  const everybodys = ['wiki', 'open', 'safe', 'near']
  const urls = (names: string[]) => names.map((name) => `http://${name}.example.test/`)
  const { cookie } = await service.signIn(ada)
  t.same(await shown(cookie), urls(everybodys))
  t.same(await shown((await service.signIn(staff)).cookie), urls(['wiki', 'open', 'staff', 'safe', 'near']))
  const page = await service.call('/', { headers: { cookie } })
  t.match(page.body, '<bdi>Wiki &#60;1&#62;</bdi>', 'what an operator writes is text')
  t.match(wordsOf(page), 'You are signed in as Ada Lovelace')

  const nobody = await service.call('/')
  t.match([nobody.status, nobody.headers['location']], [303, '/login'])

  const without = await startService(t)
  const user = await without.createUser()
  const empty = await without.call('/', { headers: { cookie: (await without.signIn(user)).cookie } })
  t.match(wordsOf(empty), 'There is no application here that you may open.')
})

void test('the sign-in page says which service has sent somebody, and which ways are open', async (t) => {
  const service = await startService(t, { yaml: { hosts } })
  const sentFrom = async (url: string) => wordsOf(await service.call(`/login?return_to=${encodeURIComponent(url)}`))
  t.match(await sentFrom('http://wiki.example.test/x?y=1'), 'to continue to Wiki <1> (wiki.example.test)')
  t.match(await sentFrom('http://unnamed.example.test/'), 'to continue to unnamed.example.test')
  for (const elsewhere of ['http://evil.example/', '//wiki.example.test/', '/account']) {
    t.notMatch(await sentFrom(elsewhere), 'to continue', elsewhere)
  }
  t.match((await service.call('/login')).body, '<a href="register">')
  const closed = await startService(t, { yaml: { accounts: { registration: 'invite' } } })
  t.notMatch((await closed.call('/login')).body, 'register')

  const { cookie } = await service.signIn(await service.createUser())
  const back = await service.call('/login?return_to=http://wiki.example.test/x', { headers: { cookie } })
  t.match(wordsOf(back), 'to continue to Wiki <1> (wiki.example.test)', 'who is signed in is asked once')
  const on = await service.call('/login?return_to=http://wiki.example.test/x&continue=yes', { headers: { cookie } })
  t.match([on.status, on.headers['location']], [303, 'http://wiki.example.test/x'])
  const root = await service.call('/login', { headers: { cookie } })
  t.match([root.status, root.headers['location']], [303, '/'], 'with nothing to go on to, the root says all')
})

void test('a sign-in by a browser that keeps no cookie says so, and by one that does it just goes on', async (t) => {
  const service = await startService(t, { yaml: { hosts } })
  const { email, password } = await service.createUser()
  const wanted = 'http://wiki.example.test/x?y=1'
  const path = `/login?return_to=${encodeURIComponent(wanted)}`
  const page = await service.call(path)
  const form = { ...fieldsOf(page), email, password }
  const send = (cookie?: string) =>
    service.call(path, { method: 'POST', headers: { ...own, ...(cookie && { cookie }) }, form })
  t.equal((await send(`gatehouse_csrf=${page.cookies['gatehouse_csrf']}`)).headers['location'], wanted)

  const unknown = await send()
  const way = `/${String(unknown.headers['location'])}`
  t.match(way, /^\/login\?continue=after-sign-in&/)
  const kept = await service.call(way, { headers: { cookie: `gatehouse=${unknown.cookies['gatehouse']}` } })
  t.match([kept.status, kept.headers['location']], [303, wanted], 'its first cookie leads on')
  const lost = await service.call(way)
  t.equal(lost.status, 200)
  t.match(wordsOf(lost), 'Your password was right, but your browser has kept no cookie')
  t.match(wordsOf(lost), 'Allow cookies for auth.example.test')
  t.equal(fieldsOf(lost)['return_to'], wanted, 'and the way back is not lost')
  const german = await service.call(way, { headers: { 'accept-language': 'de' } })
  t.match(wordsOf(german), 'Ihr Passwort war richtig, aber Ihr Browser hat kein Cookie behalten')
  for (const other of [path, `${path}&continue=yes`]) t.notMatch(wordsOf(await service.call(other)), 'no cookie')
  const later = await service.call(way, { headers: { cookie: 'gatehouse_csrf=x' } })
  t.notMatch(wordsOf(later), 'no cookie', 'nor is it said once there is one')
})

for (const backend of backends) {
  void test(`an account is made by page: asked for, confirmed and signed in to, on ${backend.name}`, async (t) => {
    const service = await startService(t, { backend })
    const asked = await submit(service, '/register', { name: ' Grace Hopper ', email: 'Grace@Example.test' })
    t.match([asked.status, asked.headers['location']], [303, 'check-your-mail'])
    const said = await service.call('/check-your-mail')
    t.equal(titleOf(said), 'Look into your mail')
    t.notMatch(said.body, /grace/i)
    const token = linkTokenIn((await service.mails()).at(-1)!, service.issuer)
    const password = 'nine calm otters by the river'
    const confirmed = await submit(service, `/verify-email?token=${token}`, { token, password })
    t.equal(titleOf(confirmed), 'Email address confirmed')
    const { cookie } = await service.signIn({ id: '', email: 'grace@example.test', password })
    t.match(wordsOf(await service.call('/', { headers: { cookie } })), 'signed in as Grace Hopper (grace@example.test)')

    const taken = await submit(service, '/register', { name: 'Eve', email: 'grace@example.test' })
    t.same(
      [taken.status, taken.headers['location']],
      [asked.status, asked.headers['location']],
      'a taken address is told alike',
    )
    t.match((await service.mails()).at(-1), 'You have an account already')
  })
}

void test('a form names each fault at its field, keeps what was typed, and asks for no mail', async (t) => {
  const service = await startService(t, { yaml: { accounts: { registration: 'open', domains: ['example.test'] } } })
  const faulty = await submit(service, '/register', { name: '\u202e', email: 'ada"<b>' })
  t.equal(faulty.status, 422)
  t.match(faulty.body, /id="name"[^>]*aria-invalid="true"[^>]*aria-describedby="name-error"/s)
  t.match(faulty.body, /id="email"[^>]*value="ada&#34;&#60;b&#62;"[^>]*aria-describedby="email-error"/s)
  t.match(faulty.body, 'role="alert"')
  const other = await submit(service, '/register', { name: 'Ada', email: 'ada@example.com' })
  t.equal(other.status, 422)
  t.match(wordsOf(other), 'Addresses of this domain cannot register here.')
  t.match((await submit(service, '/register', { name: 'x'.repeat(201), email: 'a@example.test' })).status, 422)
  const forged = await service.call('/register', {
    method: 'POST',
    headers: { origin: 'https://evil.example' },
    form: { name: 'Ada', email: 'ada@example.test' },
  })
  t.equal(forged.status, 403)
  const old = await service.call('/register', {
    method: 'POST',
    headers: own,
    form: { name: 'Ada', email: 'ada@example.test' },
  })
  t.equal(old.status, 422)
  t.match(old.body, 'value="ada@example.test"')
  t.same(await service.mails(), [])

  const closed = await startService(t, { yaml: { accounts: { registration: 'closed' } } })
  t.equal((await closed.call('/register')).status, 403)
})

void test('whoever signs out reads that they have, and from there signs in again', async (t) => {
  const service = await startService(t, { yaml: { hosts } })
  const { cookie } = await service.signIn(await service.createUser())
  const page = (path: string, signedIn = '') => service.call(path, { headers: { cookie: signedIn } })
  const inside = await page('/signed-out', cookie)
  t.match([inside.status, inside.headers['location']], [303, '/'], 'nobody is told so who is signed in')
  const forged = await service.call('/logout', {
    method: 'POST',
    headers: { cookie, origin: 'https://evil.example' },
    form: {},
  })
  t.equal(forged.status, 403)
  t.equal((await page('/', cookie)).status, 200)
  const left = await submit(service, '/logout', {}, cookie)
  t.match([left.status, left.headers['location'], left.cookies['gatehouse']], [303, '/signed-out', ''])
  const outside = await page('/signed-out', cookie)
  t.equal(titleOf(outside), 'Signed out', 'also while the browser has kept the cookie')
  t.match(outside.body, '<a role="button" href="login">Sign in</a>')
  const application = await page('/logout?return_to=http://wiki.example.test/x')
  t.equal(titleOf(application), 'Signed out')
  t.match(application.body, '<a role="button" href="http://wiki.example.test/x">Continue</a>')
})

void test('whoever is not signed in is led to the sign-in and back, and a form that was sent meanwhile is told of', async (t) => {
  const service = await startService(t)
  for (const [path, method, location] of [
    ['/account', 'GET', './login?return_to=%2Faccount'],
    ['/account?done=profile', 'GET', './login?return_to=%2Faccount%3Fdone%3Dprofile'],
    ['/profile', 'POST', './login?return_to=%2Fprofile&unsent=yes'],
  ] as const) {
    const answer = await service.call(path, { method, headers: own, ...(method === 'POST' && { form: { name: 'x' } }) })
    t.match([answer.status, answer.headers['location']], [303, location], `${method} ${path}`)
  }
  const script = await service.call('/account', { headers: { accept: 'application/json' } })
  t.match([script.status, script.json().code], [401, 'unauthorized'], 'a script gets no page')
})

for (const backend of backends) {
  void test(`people change their name and the language of mails by page, on ${backend.name}`, async (t) => {
    const service = await startService(t, { backend })
    const { cookie } = await service.signIn(await service.createUser({ email: 'ada@example.test' }))
    const saved = await submit(service, '/profile', { name: ' Ada <King> ', locale: 'de' }, cookie)
    t.match([saved.status, saved.headers['location']], [303, 'account?done=profile'])
    const page = await service.call('/account?done=profile', { headers: { cookie } })
    t.match(wordsOf(page), /Your profile is saved\. .* Ada <King> Name .*ada@example\.test Email .*Deutsch/)
    t.match((await service.call('/api/users/me', { headers: { cookie } })).json(), { name: 'Ada <King>', locale: 'de' })
    t.notMatch((await service.call('/account?done=constructor', { headers: { cookie } })).body, 'role="status"')

    const faulty = await submit(service, '/profile', { name: ' ', locale: 'tlh' }, cookie)
    t.equal(faulty.status, 422)
    t.match(faulty.body, /id="name"[^>]*aria-describedby="name-error"/s)
    const forged = await service.call('/profile', {
      method: 'POST',
      headers: { cookie, origin: 'https://evil.example' },
      form: { name: 'Eve', locale: '' },
    })
    t.equal(forged.status, 403)
    t.match((await service.call('/api/users/me', { headers: { cookie } })).json(), { name: 'Ada <King>', locale: 'de' })
  })
}

for (const backend of backends) {
  void test(`people choose their user name by page where a setting lets them, on ${backend.name}`, async (t) => {
    const service = await startService(t, {
      backend,
      yaml: { accounts: { registration: 'open', usernames: 'person' } },
    })
    const [ada, eve] = [await service.createUser(), await service.createUser()]
    const [{ cookie }, other] = [await service.signIn(ada), await service.signIn(eve)]
    const choose = (username: string, name = 'Ada', by = cookie) => submit(service, '/profile', { name, username }, by)
    const told = async () => (await service.call('/api/users/me', { headers: { cookie } })).json()
    t.match(wordsOf(await service.call('/account', { headers: { cookie } })), 'None User name')

    const bad = await choose('ada@home', 'Ada <King>')
    t.equal(bad.status, 422)
    t.equal(faultAt(bad, 'username'), 'A user name has up to 64 letters from a to z, digits, and . _ - between them.')
    t.match(fieldsOf(bad), { username: 'ada@home', name: 'Ada <King>' })
    t.same(titleOf(await choose('ada', ' ')), 'Profile', 'a bad name gives no user name either')
    t.equal((await told()).username, null)
    t.equal((await choose(' Ada ')).status, 303)
    t.match(await told(), { username: 'ada', name: 'Ada' })

    const taken = await choose('ADA', 'Eve the second', other.cookie)
    t.equal(taken.status, 409)
    t.equal(faultAt(taken, 'username'), 'This user name is taken.')
    const [eves] = [await service.call('/api/users/me', { headers: { cookie: other.cookie } })]
    t.equal(eves.json().name, 'Ada Lovelace', 'nothing is done by halves')
    t.equal((await choose('ada', 'Ada King')).status, 303, 'it stays while something else changes')
    t.equal((await choose('')).status, 303)
    t.equal((await told()).username, null, 'and can be given up')

    const without = await startService(t, { backend })
    const user = await without.createUser()
    const signedIn = await without.signIn(user)
    t.notMatch((await without.call('/profile', { headers: { cookie: signedIn.cookie } })).body, 'username')
    const sent = await submit(without, '/profile', { name: 'Ada', username: 'ada' }, signedIn.cookie)
    t.equal(sent.status, 303)
    const after = await without.call('/api/users/me', { headers: { cookie: signedIn.cookie } })
    t.equal(after.json().username, null, 'where operators give it, nobody else does')
  })
}

for (const backend of backends) {
  void test(`people make, see and revoke API keys by page, on ${backend.name}`, async (t) => {
    const service = await startService(t, { backend })
    await service.operate('PUT', '/roles/editor', { permissions: ['reports:read', 'reports:write'] })
    const { cookie } = await service.signIn(await service.createUser({ roles: ['editor'] }))
    const form = { name: 'Export <1>', days: '30', 'scope:reports:read': 'yes', 'scope:gatehouse:users:write': 'yes' }
    const made = await submit(service, '/new-api-key', form, cookie)
    t.equal(made.status, 200)
    t.equal(made.headers['cache-control'], 'no-store')
    const [key = ''] = /ghk_[\w-]+/.exec(made.body)!
    const me = await service.call('/api/users/me', { headers: { authorization: `Bearer ${key}` } })
    t.equal(me.status, 200)
    const [{ id, scopes, expires_at }] = (await service.call('/api/users/me/api-keys', { headers: { cookie } })).json()
    t.same(scopes, ['reports:read'], 'of the rights of the person alone')
    t.equal(Math.round((Date.parse(expires_at) - service.clock.now()) / 86_400_000), 30)

    const list = await service.call('/api-keys', { headers: { cookie } })
    t.match(wordsOf(list), /Export <1> May: reports:read/)
    t.notMatch(list.body, key)
    t.equal((await submit(service, '/new-api-key', { name: '', days: '1' }, cookie)).status, 422)
    const other = await service.signIn(await service.createUser())
    t.equal(
      (await submit(service, '/api-keys', { id }, other.cookie, '/profile')).status,
      404,
      "nobody revokes another's",
    )
    const revoked = await submit(service, '/api-keys', { id }, cookie)
    t.match([revoked.status, revoked.headers['location']], [303, 'api-keys?done=revoked'])
    t.equal((await service.call('/api/users/me', { headers: { authorization: `Bearer ${key}` } })).status, 401)
    t.equal((await submit(service, '/api-keys', { id }, cookie, '/profile')).status, 404)

    service.clock.advance(3_600)
    const stale = await service.call('/new-api-key', { headers: { cookie } })
    t.match(
      [stale.status, stale.headers['location']],
      [303, './step-up?return_to=%2Fnew-api-key'],
      'a key wants a new proof',
    )
  })

  void test(`people see what has happened to their account, page by page, and nothing of others, on ${backend.name}`, async (t) => {
    const service = await startService(t, { backend })
    const [ada, eve] = [await service.createUser({ email: 'ada@example.test' }), await service.createUser()]
    const { cookie } = await service.signIn(ada)
    await service.signIn(eve)
    await service.operate('PUT', `/users/${ada.id}/status`, { status: 'active' })
    for (let name = 0; name < 30; name++) {
      await service.call('/api/users/me', {
        method: 'PATCH',
        headers: { cookie, ...own },
        json: { name: `Ada ${name}` },
      })
    }
    const read = async (query = '') =>
      (await service.call(`/api/users/me/activity${query}`, { headers: { cookie } })).json<{
        items: { id: string; event: string; by: string; ip: string | null }[]
        next_cursor: string | null
      }>()
    await auditRows(service)
    const all = (await read()).items
    const first = await read('?limit=20')
    t.equal(first.items.length, 20)
    const second = await read(`?limit=20&cursor=${first.next_cursor}`)
    t.same([...first.items, ...second.items], all, 'pages follow each other without a gap')
    t.equal(second.next_cursor, null)
    t.match(
      all.find(({ event }) => event === 'user.enabled'),
      { by: 'operator', ip: null },
      'who an operator is, and where, is not told',
    )
    t.match(
      all.find(({ event }) => event === 'sign_in.succeeded'),
      { by: 'person', ip: '127.0.0.1' },
    )
    t.equal((await service.call('/api/users/me/activity?cursor=x', { headers: { cookie } })).status, 400)
    t.equal((await service.call('/api/users/me/activity')).status, 401)

    const page = await service.call('/activity', { headers: { cookie } })
    t.match(wordsOf(page), 'The profile was changed')
    const older = /href="(activity\?cursor=[\w-]+)"/.exec(page.body)?.[1]
    t.match(wordsOf(await service.call(`/${older}`, { headers: { cookie } })), /Signed in .* From 127\.0\.0\.1/)
    t.equal(
      (await service.call('/activity?cursor=x', { headers: { cookie } })).status,
      200,
      'a broken link begins anew',
    )
  })
}

for (const backend of backends) {
  void test(`people see and end their sessions by page, on ${backend.name}`, async (t) => {
    const service = await startService(t, { backend })
    const [ada, eve] = [await service.createUser(), await service.createUser()]
    const [mine, second, third] = [await service.signIn(ada), await service.signIn(ada), await service.signIn(ada)]
    const evil = await service.signIn(eve)
    const lives = async ({ cookie }: { cookie: string }) =>
      (await service.call('/api/users/me', { headers: { cookie } })).status === 200
    const list = async () =>
      (await service.call('/api/users/me/sessions', { headers: { cookie: mine.cookie } })).json<
        { id: string; current: boolean }[]
      >()
    const page = await service.call('/sessions', { headers: { cookie: mine.cookie } })
    t.match(wordsOf(page), 'This one')
    t.equal(page.body.match(/name="id"/g)?.length, 2, 'each other one can be ended')

    const { id } = (await list()).find(({ current }) => !current)!
    t.equal((await submit(service, '/sessions', { id }, evil.cookie, '/profile')).status, 404, "nobody ends another's")
    const ended = await submit(service, '/sessions', { id }, mine.cookie)
    t.match([ended.status, ended.headers['location']], [303, 'sessions?done=one'])
    t.not(await lives(second), await lives(third), 'one of them has ended')
    t.equal((await submit(service, '/sessions', { id }, mine.cookie)).status, 404)
    await submit(service, '/sessions', { all: 'yes' }, mine.cookie)
    t.same([await lives(mine), await lives(second), await lives(third), await lives(evil)], [true, false, false, true])
    const told = await service.call('/sessions?done=others', { headers: { cookie: mine.cookie } })
    t.match(wordsOf(told), 'All other sessions are ended.')
  })
}
