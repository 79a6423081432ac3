/** People of directories sign in with their password of there, and are here what they are there. */
import { test } from 'tap'
import { auditRows, eventsOfDirectories } from '../support/audit.ts'
import { directorySettings, type Directory, startDirectory } from '../support/directories.ts'
import { type Answer, asks, bearer, type Service, startService, type TestUser } from '../support/service.ts'
import { groupDn, hasSlapd, person, personDn } from '../support/slapd.ts'

const skip = hasSlapd() ? false : 'slapd is not installed'
const passwordOf = (uid: string) => `password of ${uid}`

async function logIn(service: Service, email: string, password: string, more: object = {}) {
  const json = { email, password, token_delivery: 'body' }
  return service.call('/api/auth/login', { method: 'POST', json, ...more })
}
async function submit(service: Service, email: string, password: string) {
  const page = await service.call('/login')
  const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(page.body)![1]!
  const headers = { cookie: `gatehouse_csrf=${page.cookies['gatehouse_csrf']}` }
  return service.call('/login', { method: 'POST', headers, form: { csrf_token, email, password } })
}
/** The session cookie of a sign-in. */
const cookieOf = ({ cookies }: Answer) => Object.entries(cookies)[0]!.join('=')
/** Who somebody is, by that cookie; the status where they are nobody. */
async function whoIs(service: Service, signedIn: Answer) {
  const answer = await service.call('/api/users/me', { headers: { cookie: cookieOf(signedIn) } })
  return answer.status === 200 ? answer.json() : answer.status
}
/** The page where somebody connects accounts of directories. */
async function formOf(service: Service, user: TestUser) {
  const { cookie } = await service.signIn(user)
  const page = await service.call('/directory-accounts', { headers: { cookie } })
  const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(page.body)![1]!
  const headers = { cookie: `${cookie}; gatehouse_csrf=${page.cookies['gatehouse_csrf']}` }
  return {
    show: () => service.call('/directory-accounts', { headers }),
    post: (form: Record<string, string>) =>
      service.call('/directory-accounts', { method: 'POST', headers, form: { csrf_token, ...form } }),
  }
}
/** Every event that was seen. */
const told = new Set<string>()
async function eventsOf(service: Service, ...names: string[]) {
  const rows = await auditRows(service)
  for (const { event } of rows) told.add(event)
  return rows.filter(({ event }) => names.includes(event))
}

async function start(
  t: Parameters<typeof startService>[0],
  directory: Directory,
  more: object = {},
  yaml: object = {},
) {
  return startService(t, {
    yaml: {
      roles: { editor: ['reports:write'], reader: [] },
      directories: [directorySettings(directory, more)],
      ...yaml,
    },
    environment: directory.environment,
  })
}

void test('a person of a directory', { skip }, async (t) => {
  const directory = await startDirectory(t)
  for (const uid of ['ada', 'bob', 'eve']) await directory.add(personDn(uid), person(uid, passwordOf(uid)))
  await directory.add(groupDn('writers'), { objectClass: 'groupOfNames', cn: 'writers', member: personDn('ada') })
  await directory.add(groupDn('staff'), { objectClass: 'groupOfNames', cn: 'staff', member: groupDn('writers') })
  const roles = { Staff: ['editor'], nobody: ['reader'] }
  const service = await start(t, directory, { roles, trust_email_for: ['example.test'] })

  await t.test('signs in with name or address, and has an account from then on', async (t) => {
    const first = await logIn(service, 'ada', passwordOf('ada'))
    t.equal(first.status, 200)
    const ada = await whoIs(service, first)
    t.match(ada, { email: 'ada@example.test', username: 'ada', name: 'Person ada', email_verified: true })
    t.same([ada.roles, ada.groups], [['editor'], ['staff', 'writers']], 'groups of groups, and what follows from them')
    const again = await logIn(service, 'ADA@Example.test', passwordOf('ada'))
    t.equal((await whoIs(service, again)).id, ada.id)
    t.equal((await submit(service, 'ada', passwordOf('ada'))).status, 303)
    const created = await eventsOf(service, 'directory.account_created')
    t.match(created, [{ subject: ada.id, details: { directory: 'staff' } }])
  })
  await t.test('is nobody with another password', async (t) => {
    for (const [name, password] of [
      ['ada', 'another'],
      ['nobody', passwordOf('ada')],
      ['ada', `${passwordOf('ada')} `],
    ]) {
      t.equal((await logIn(service, name!, password!)).status, 401)
    }
    t.equal((await logIn(service, 'ada', '')).status, 400)
    const { id } = await whoIs(service, await logIn(service, 'ada', passwordOf('ada')))
    await service.operate('PUT', `/users/${id}/status`, { status: 'disabled' })
    t.equal((await logIn(service, 'ada', passwordOf('ada'))).status, 401, 'nor while the account is disabled here')
    await service.operate('PUT', `/users/${id}/status`, { status: 'active' })
    t.equal((await logIn(service, 'ada', passwordOf('ada'))).status, 200)
  })
  await t.test('keeps the account under another name, and whoever gets the name has another', async (t) => {
    const before = await logIn(service, 'eve', passwordOf('eve'))
    const eve = await whoIs(service, before)
    await directory.rename(personDn('eve'), personDn('evelyn'))
    await directory.add(personDn('eve'), person('eve', 'password of another', { mail: 'another@example.test' }))
    const renamed = await logIn(service, 'evelyn', passwordOf('eve'))
    t.equal((await whoIs(service, renamed)).id, eve.id)
    // The name belongs to the account that has it here, whose password the newcomer does not know.
    t.equal((await logIn(service, 'eve', 'password of another')).status, 401)
    const other = await logIn(service, 'another@example.test', 'password of another')
    const newcomer = await whoIs(service, other)
    t.not(newcomer.id, eve.id)
    t.equal(newcomer.username, null, 'which somebody else has')
  })
  await t.test('loses a role within refresh_seconds of leaving the group', async (t) => {
    const token = await logIn(service, 'ada', passwordOf('ada'))
    t.same((await whoIs(service, token)).roles, ['editor'])
    await directory.add(personDn('somebody'), person('somebody', 'a password'))
    await directory.set(groupDn('writers'), { member: personDn('somebody') })
    service.clock.advance(200)
    await service.gatehouse.maintain()
    t.same((await whoIs(service, token)).roles, ['editor'], 'it was looked up less than that ago')
    service.clock.advance(60)
    await service.gatehouse.maintain()
    const { roles, groups } = await whoIs(service, token)
    t.same([roles, groups], [[], []])
    t.match(await eventsOf(service, 'directory.rights_changed'), [
      { details: { directory: 'staff', added: [], withdrawn: ['editor'] } },
    ])
  })
  await t.test('is signed out within it when disabled or gone there, with API keys', async (t) => {
    const signedIn = await logIn(service, 'bob', passwordOf('bob'))
    const { access_token: token, refresh_token } = signedIn.json()
    const made = await service.call('/api/users/me/api-keys', {
      ...{ method: 'POST', headers: bearer(token) },
      json: { name: 'job', scopes: [] },
    })
    t.equal(made.status, 201, made.body)
    const asksBy = (secret: string) =>
      service.call('/forward-auth', { headers: { ...asks({ path: '/' }), ...bearer(secret) } })
    t.equal((await asksBy(made.json().key)).status, 200)
    await directory.set(personDn('bob'), { pwdAccountLockedTime: '000001010000Z' })
    service.clock.advance(300)
    await service.gatehouse.maintain()
    t.equal(await whoIs(service, signedIn), 401)
    const refreshed = await service.call('/api/auth/refresh', { method: 'POST', json: { refresh_token } })
    t.equal(refreshed.status, 401)
    t.equal((await asksBy(made.json().key)).status, 401)
    t.match(await eventsOf(service, 'directory.account_ended'), [
      { details: { directory: 'staff', reason: 'disabled', api_keys: 1 } },
    ])
    t.equal((await logIn(service, 'bob', passwordOf('bob'))).status, 401, 'a lock is told as a wrong password')

    const other = await logIn(service, 'evelyn', passwordOf('eve'))
    await directory.remove(personDn('evelyn'))
    service.clock.advance(300)
    await service.gatehouse.maintain()
    t.equal(await whoIs(service, other), 401)
  })
  await t.test('keeps session and rights while the directory is away, and nobody has failed then', async (t) => {
    const token = await logIn(service, 'somebody', 'a password')
    await directory.halt()
    service.clock.advance(300)
    await service.gatehouse.maintain()
    t.equal((await whoIs(service, token)).username, 'somebody')
    for (let tries = 0; tries < 12; tries++) t.equal((await logIn(service, 'somebody', 'a password')).status, 503)
    const page = await submit(service, 'somebody', 'a password')
    t.equal(page.status, 503)
    t.match(page.body, 'not possible right now')
    const local = await service.createUser()
    t.equal((await logIn(service, local.email, local.password)).status, 200, 'others sign in')
    t.equal((await service.call('/health/ready')).status, 200)
    t.equal((await eventsOf(service, 'directory.unreachable')).length, 1, 'told once')
    await directory.resume()
    t.equal((await logIn(service, 'somebody', 'a password')).status, 200)
    t.equal((await eventsOf(service, 'directory.recovered')).length, 1)
  })
  await t.test('is told where a password is changed, and gets none here', async (t) => {
    const { access_token: token } = (await logIn(service, 'ada', passwordOf('ada'))).json()
    const change = await service.call('/api/users/me/password', {
      ...{ method: 'POST', headers: bearer(token) },
      json: { current_password: passwordOf('ada'), password: 'a password of one’s own, and long' },
    })
    t.match([change.status, change.json().code], [409, 'password_kept_elsewhere'])
    const proof = { password: passwordOf('ada') }
    const raised = await service.call('/api/auth/step-up', { method: 'POST', headers: bearer(token), json: proof })
    t.equal(raised.status, 200, 'and proves itself anew by the one of there')
    const cookie = cookieOf(await submit(service, 'ada', passwordOf('ada')))
    const page = await service.call('/change-password', { headers: { cookie } })
    t.match(page.body, 'https://password.example.test')
    t.notMatch(page.body, 'type="password"')
    await service.call('/api/auth/forgot-password', { method: 'POST', json: { email: 'ada@example.test' } })
    const mail = (await service.mails()).at(-1)!
    t.match(mail, 'https://password.example.test')
    t.notMatch(mail, 'reset-password')
    await directory.set(personDn('ada'), { pwdReset: 'TRUE' })
    const expired = await logIn(service, 'ada', passwordOf('ada'))
    t.match([expired.status, expired.json().code], [403, 'password_must_change'])
    t.match((await submit(service, 'ada', passwordOf('ada'))).body, 'https://password.example.test')
  })
})

void test('an account that is there with the address', { skip }, async (t) => {
  const directory = await startDirectory(t)
  for (const uid of ['ada', 'bob', 'eve']) await directory.add(personDn(uid), person(uid, passwordOf(uid)))

  await t.test('is not joined by it', async (t) => {
    const service = await start(t, directory)
    const ada = await service.createUser({ email: 'ada@example.test' })
    const refused = await logIn(service, 'ada', passwordOf('ada'))
    t.match([refused.status, refused.json().code], [403, 'account_refused'])
    t.equal((await submit(service, 'ada', passwordOf('ada'))).status, 422)
    t.match((await eventsOf(service, 'directory.not_admitted'))[0], { details: { reason: 'address_taken' } })
    t.equal((await logIn(service, 'ada@example.test', passwordOf('ada'))).status, 401)
    t.equal((await logIn(service, 'ada@example.test', ada.password)).status, 200)

    // Its owner proves both.
    const mine = await formOf(service, ada)
    t.equal((await mine.post({ login: 'ada', password: 'another' })).status, 422)
    t.match((await mine.post({ login: 'ada', password: passwordOf('ada') })).headers, {
      location: 'directory-accounts?done=connected',
    })
    const joined = await logIn(service, 'ada', passwordOf('ada'))
    t.equal((await whoIs(service, joined)).id, ada.id)
    t.match((await service.mails()).join(''), 'Another account opens yours')
    const theirs = await formOf(service, await service.createUser())
    const taken = await theirs.post({ login: 'ada', password: passwordOf('ada') })
    t.equal(taken.status, 422, 'it opens one account')
    t.match(taken.body, 'opens another account')

    const [, id] = /name="disconnect" value="([\w-]+)"/.exec((await mine.show()).body)!
    t.match((await mine.post({ disconnect: id! })).headers, { location: 'directory-accounts?done=disconnected' })
    t.equal((await logIn(service, 'ada', passwordOf('ada'))).status, 403)

    // Disabled there, the account goes on by its own password, without what the directory brought.
    await mine.post({ login: 'ada', password: passwordOf('ada') })
    await directory.set(personDn('ada'), { pwdAccountLockedTime: '000001010000Z' })
    service.clock.advance(300)
    await service.gatehouse.maintain()
    t.equal(await whoIs(service, joined), 401)
    const own = await logIn(service, 'ada@example.test', ada.password)
    service.clock.advance(300)
    await service.gatehouse.maintain()
    t.equal((await whoIs(service, own)).id, ada.id)
    await directory.set(personDn('ada'), { pwdAccountLockedTime: [] })
    t.equal((await eventsOf(service, 'directory.account_ended')).length, 1)
  })
  await t.test('is joined where the directory is believed about its domain, and it is verified', async (t) => {
    const service = await start(t, directory, { trust_email_for: ['example.test'] })
    const bob = await service.createUser({ email: 'bob@example.test' })
    const joined = await logIn(service, 'bob', passwordOf('bob'))
    t.equal((await whoIs(service, joined)).id, bob.id)
    t.match((await service.mails()).join(''), 'Another account opens yours')
    await directory.set(personDn('eve'), { mail: 'bob@example.test' })
    t.equal((await logIn(service, 'eve', passwordOf('eve'))).status, 403, 'it has its person there')
  })
  await t.test('without an address, and where first_sign_in refuses, there is none', async (t) => {
    await directory.set(personDn('eve'), { mail: [] })
    const service = await start(t, directory)
    t.equal((await logIn(service, 'eve', passwordOf('eve'))).status, 403)
    const strict = await start(t, directory, { first_sign_in: 'refuse' })
    t.equal((await logIn(strict, 'ada', passwordOf('ada'))).status, 403)
    const told = [
      ...(await eventsOf(service, 'directory.not_admitted')),
      ...(await eventsOf(strict, 'directory.not_admitted')),
    ]
    t.match(told, [{ details: { reason: 'no_address' } }, { details: { reason: 'first_sign_in' } }])
    const unverified = await logIn(service, 'ada', passwordOf('ada'))
    t.equal((await whoIs(service, unverified)).email_verified, false)
  })
})

void test('the trail is told of all of it', { skip }, async (t) => {
  t.same(
    Object.keys(eventsOfDirectories).filter((event) => !told.has(event)),
    [],
  )
})

void test('a directory without its password, or with a file that is none, stops the start', async (t) => {
  const directories = [directorySettings({ url: 'ldaps://localhost:1', ca: '/nowhere/ca.pem' })]
  await t.rejects(startService(t, { yaml: { directories } }), {
    message: 'GATEHOUSE_DIRECTORY_STAFF_PASSWORD: expected the password of bind_dn of directories: staff',
  })
  const environment = { GATEHOUSE_DIRECTORY_STAFF_PASSWORD: 'secret' }
  await t.rejects(startService(t, { yaml: { directories }, environment }), {
    message: 'directories: staff: ca_file: the file cannot be read (ENOENT)',
  })
})
