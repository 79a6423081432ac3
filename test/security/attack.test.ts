/** What is left of a way in, or of a right, once what it hangs on is gone; and who else gets at an account by its address. */
import tap from 'tap'
import { directorySettings, startDirectory } from '../support/directories.ts'
import { hasSlapd, person, personDn } from '../support/slapd.ts'
import { addPasskey, signInByPasskey } from '../support/passkeys.ts'
import { type Answer, type Service, startService } from '../support/service.ts'
import { labSecrets, labSettings, startLabProvider } from '../support/providers.ts'
import { createClock, defineRoles } from '../support/service.ts'
import { submit } from '../support/pages.ts'

/** Signs a browser of its own in by a provider, and tells where that ends. */
async function signInBy(service: Service, provider = 'lab'): Promise<{ cookie: string; to: string; answer: Answer }> {
  const page = await service.call('/login')
  const jar: Record<string, string> = { ...page.cookies }
  const cookie = () =>
    Object.entries(jar)
      .map(([name, value]) => `${name}=${value}`)
      .join('; ')
  const led = await submit(service, '/login-with', { provider, remember: 'yes' }, cookie(), '/login')
  Object.assign(jar, led.cookies)
  const asked = await fetch(String(led.headers['location']), { redirect: 'manual' })
  const back = new URL(asked.headers.get('location')!)
  const answer = await service.call(back.pathname + back.search, { headers: { cookie: cookie() } })
  Object.assign(jar, answer.cookies)
  return { cookie: cookie(), to: String(answer.headers['location']), answer }
}
const me = async (service: Service, cookie: string) => {
  const answer = await service.call('/api/users/me', { headers: { cookie } })
  return answer.status === 200 ? answer.json() : { status: answer.status }
}

void tap.test(
  'an address that passed on to another person of a provider opens no account of the one before',
  async (t) => {
    const lab = await startLabProvider(t, { clock: createClock() })
    const providers = [labSettings(lab, { first_sign_in: 'create', trust_email_for: ['example.test'] })]
    const service = await startService(t, { yaml: { sign_in: { providers } }, environment: labSecrets('lab') })
    lab.person = { sub: 'ada', email: 'desk@example.test', email_verified: true, name: 'Ada' }
    const ada = await me(service, (await signInBy(service)).cookie)
    t.equal(ada.email, 'desk@example.test')
    lab.person = { sub: 'eve', email: 'desk@example.test', email_verified: true, name: 'Eve' }
    const eve = await signInBy(service)
    t.match(eve.to, '/provider-account?arrival=')
    t.same(await me(service, eve.cookie), { status: 401 })
    const { items } = await service
      .operate('GET', `/users/${ada.id}/identities`)
      .then((all) => ({ items: all.items ?? all }))
    t.equal(items.length, 1)
  },
)

void tap.test('whoever a provider lets in no more has none of the roles that its groups brought', async (t) => {
  const lab = await startLabProvider(t, { clock: createClock() })
  const more = {
    first_sign_in: 'create',
    groups_claim: 'groups',
    allow: { groups: ['staff'] },
    roles: { editors: ['editor'] },
  }
  const providers = [labSettings(lab, more)]
  const service = await startService(t, { yaml: { sign_in: { providers } }, environment: labSecrets('lab') })
  await defineRoles(service, ['editor'])
  lab.person = {
    sub: 'ada',
    email: 'ada@example.test',
    email_verified: true,
    name: 'Ada',
    groups: ['staff', 'editors'],
  }
  const { cookie } = await signInBy(service)
  t.same((await me(service, cookie)).roles, ['editor'])
  lab.person = { ...lab.person, groups: [] }
  t.match((await signInBy(service)).to, 'problem=not_allowed')
  const after = await me(service, cookie)
  t.same([after.roles, after.groups], [[], []])
})

void tap.test(
  'whoever is gone from their directory is not let in by a passkey',
  { skip: !hasSlapd() && 'no slapd' },
  async (t) => {
    const directory = await startDirectory(t)
    await directory.add(personDn('ada'), person('ada', 'the password of ada'))
    const yaml = { accounts: { registration: 'closed' }, directories: [directorySettings(directory)] }
    const service = await startService(t, { yaml, environment: directory.environment })
    const login = { email: 'ada', password: 'the password of ada' }
    const signedIn = await service.call('/api/auth/login', { method: 'POST', json: login })
    const cookie = `gatehouse=${signedIn.cookies['gatehouse']}`
    const { passkey, answer } = await addPasskey(service, { cookie })
    t.equal(answer.status, 201)
    t.equal((await signInByPasskey(service, passkey)).status, 200)
    await directory.halt()
    t.equal((await signInByPasskey(service, passkey)).status, 503, 'nobody knows whether they are there')
    await directory.resume()
    await directory.remove(personDn('ada'))
    t.equal((await signInByPasskey(service, passkey)).status, 401)
    service.clock.advance(600)
    await service.gatehouse.maintain?.()
    t.equal((await signInByPasskey(service, passkey)).status, 401, 'nor once the directory was looked at')
  },
)

void tap.test(
  'a session that the password of a directory began ends when the account of there is unlinked',
  { skip: !hasSlapd() && 'no slapd' },
  async (t) => {
    const directory = await startDirectory(t)
    await directory.add(personDn('ada'), person('ada', 'the password of ada'))
    const yaml = { directories: [directorySettings(directory, { trust_email_for: ['example.test'] })] }
    const service = await startService(t, { yaml, environment: directory.environment })
    const user = await service.createUser({ email: 'ada@example.test' })
    const { id } = user
    const login = { email: 'ada', password: 'the password of ada' }
    const byDirectory = async () => {
      const signedIn = await service.call('/api/auth/login', { method: 'POST', json: login })
      const cookie = `gatehouse=${signedIn.cookies['gatehouse']}`
      t.equal((await me(service, cookie)).id, id)
      const { items } = await service.operate('GET', `/users/${id}/identities`)
      return { cookie, linked: items[0].id as string }
    }
    const first = await byDirectory()
    await service.operate('DELETE', `/users/${id}/identities/${first.linked}`)
    t.same(await me(service, first.cookie), { status: 401 }, 'by an operator')

    const second = await byDirectory()
    const { cookie } = await service.signIn(user)
    const path = `/api/users/me/identities/${second.linked}`
    t.equal((await service.call(path, { method: 'DELETE', headers: { cookie } })).status, 204)
    t.same(await me(service, second.cookie), { status: 401 }, 'by its person')
    t.equal((await me(service, cookie)).id, id, 'but the session that asks')

    const third = await byDirectory()
    const done = await submit(service, '/directory-accounts', { disconnect: third.linked }, cookie)
    t.match(done.headers['location'], /done=disconnected/)
    t.same(await me(service, third.cookie), { status: 401 }, 'and by the page')
    t.equal((await me(service, cookie)).id, id)
  },
)

void tap.test('no provider makes an account for an address that another one is trusted with', async (t) => {
  const [work, other] = [
    await startLabProvider(t, { clock: createClock() }),
    await startLabProvider(t, { clock: createClock() }),
  ]
  const providers = [
    labSettings(work, { name: 'work', first_sign_in: 'create', trust_email_for: ['example.test'] }),
    labSettings(other, { name: 'other', first_sign_in: 'create' }),
  ]
  const environment = labSecrets('work', 'other')
  const service = await startService(t, { yaml: { sign_in: { providers } }, environment })
  other.person = { sub: 'eve', email: 'ada@example.test', email_verified: true, name: 'Eve' }
  const eve = await signInBy(service, 'other')
  t.match(eve.to, '/provider-account?arrival=')
  const arrival = new URL(eve.to, service.issuer).searchParams.get('arrival')!
  const made = await submit(service, '/provider-account', { arrival, act: 'create' }, eve.cookie, eve.to)
  t.equal(made.status, 409)
  t.same(await me(service, eve.cookie), { status: 401 })
  work.person = { sub: 'ada', email: 'ada@example.test', email_verified: true, name: 'Ada' }
  const ada = await me(service, (await signInBy(service, 'work')).cookie)
  t.same([ada.email, ada.name], ['ada@example.test', 'Ada'])
  other.person = { sub: 'bob', email: 'bob@elsewhere.test', email_verified: true, name: 'Bob' }
  t.equal((await me(service, (await signInBy(service, 'other')).cookie)).name, 'Bob', 'other domains are as they were')
})
