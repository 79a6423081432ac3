/** A sign-in by page gives the browser the refresh cookie too, so that an application's script gets tokens after it. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { codeOf, keyOn, nextCode, setUpTotp } from '../support/factors.ts'
import { fieldsOf, own, submit, titleOf } from '../support/pages.ts'
import { type Answer, asks, bearer, type Service, startService, type TestUser } from '../support/service.ts'

const named = (answer: Pick<Answer, 'cookies'>, ...names: string[]) =>
  names.map((name) => `${name}=${answer.cookies[name]}`).join('; ')
const lineOf = ({ headers }: Answer, name: string) =>
  [headers['set-cookie'] ?? []].flat().findLast((line) => line.startsWith(`${name}=`)) ?? ''

/** `cookie`: of somebody who is signed in, whose sign-in page has no form; so the proof is that of another one. */
const signIn = (service: Service, { email, password }: TestUser, more: Record<string, string> = {}, cookie?: string) =>
  submit(service, '/login', { email, password, ...more }, cookie ?? 'a=b', cookie && '/logout')
const refresh = ({ call }: Service, cookie: string) =>
  call('/api/auth/refresh', { method: 'POST', headers: { ...own, cookie } })
const claimsOf = (answer: Answer) =>
  JSON.parse(Buffer.from(answer.json().access_token.split('.')[1], 'base64url').toString())

for (const backend of backends) {
  void test(`tokens after a sign-in by page on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const replica = service.backend.replica && (await startService(t, { beside: service }))
    const ada = await service.createUser()
    const isLive = async (token: string) =>
      (await service.call('/forward-auth', { headers: { ...asks({ path: '/x' }), ...bearer(token) } })).status === 200

    await t.test('the refresh cookie is the one that the API sets, and gives tokens of the same session', async (t) => {
      const page = await signIn(service, ada, { remember: 'on' })
      const json = { email: ada.email, password: ada.password }
      const api = await service.call('/api/auth/login', { method: 'POST', json })
      const attributes = (answer: Answer) => lineOf(answer, 'gatehouse_refresh').split('; ').slice(1)
      t.equal(page.status, 303)
      t.same(attributes(page), attributes(api))
      const answer = await refresh(replica ?? service, named(page, 'gatehouse_refresh'))
      t.match([answer.status, answer.json().user.id], [200, ada.id])
      const sessions = await service.call('/api/users/me/sessions', { headers: { cookie: named(page, 'gatehouse') } })
      const current = sessions.json<{ id: string; current: boolean }[]>().find((session) => session.current)
      t.equal(claimsOf(answer).sid, current?.id)
      t.equal((await refresh(service, named(answer, 'gatehouse_refresh'))).status, 200, 'and its successor goes on')
    })
    await t.test('it lasts as long as the session cookie is meant to', async (t) => {
      t.match(lineOf(await signIn(service, ada, { remember: 'on' }), 'gatehouse_refresh'), 'Expires=')
      const short = await signIn(service, ada)
      t.notMatch(lineOf(short, 'gatehouse_refresh'), 'Expires=')
      t.notMatch(lineOf(await refresh(service, named(short, 'gatehouse_refresh')), 'gatehouse_refresh'), 'Expires=')
    })
    await t.test('a sign-in of somebody else replaces it, and ends what the former stood for', async (t) => {
      const [first, eve] = [await signIn(service, ada), await service.createUser()]
      const before = (await refresh(service, named(first, 'gatehouse_refresh'))).json().access_token
      const second = await signIn(service, eve, {}, named(first, 'gatehouse', 'gatehouse_refresh'))
      t.notOk(await isLive(before))
      t.equal((await refresh(service, named(first, 'gatehouse_refresh'))).status, 401)
      t.equal((await refresh(service, named(second, 'gatehouse_refresh'))).json().user.id, eve.id)
    })
    await t.test('a wrong password gives none', async (t) => {
      t.notOk('gatehouse_refresh' in (await signIn(service, { ...ada, password: 'a wrong guess' })).cookies)
    })
    await t.test('a step-up by page leaves it, and tokens of it say so from then on', async (t) => {
      const page = await signIn(service, ada)
      service.clock.advance(600)
      const proven = await submit(service, '/step-up', { password: ada.password }, named(page, 'gatehouse'))
      t.same([proven.status, Object.keys(proven.cookies)], [303, ['gatehouse']])
      const claims = claimsOf(await refresh(service, named(page, 'gatehouse_refresh')))
      t.equal(claims.auth_time, Math.floor(service.clock.now() / 1000))
    })
    await t.test('each way to a second factor by page gives one, in place of the one that ended', async (t) => {
      const eve = await service.createUser()
      const first = await signIn(service, eve)
      const before = named(first, 'gatehouse', 'gatehouse_refresh')
      const shown = await service.call('/authenticator', { headers: { cookie: before } })
      const secret = keyOn(shown)
      const setUp = await submit(service, '/authenticator', { code: codeOf(service, secret) }, before)
      const stronger = claimsOf(await refresh(service, named(setUp, 'gatehouse_refresh')))
      t.equal(stronger.acr, 'aal2', 'where an authenticator app is set up')
      t.equal((await refresh(service, before)).status, 401, 'and what stood at the lower level has ended')

      const asked = await signIn(service, eve)
      t.notOk('gatehouse_refresh' in asked.cookies, 'not yet by the password')
      const waiting = named(asked, 'gatehouse_interaction')
      const entered = await submit(service, '/second-factor', { code: nextCode(service, secret) }, waiting)
      t.equal(claimsOf(await refresh(service, named(entered, 'gatehouse_refresh'))).acr, 'aal2', 'by its code')

      const bob = await service.createUser()
      const weaker = await signIn(service, bob)
      const other = await service.signIn(bob)
      const app = await setUpTotp(service, other)
      const weak = named(weaker, 'gatehouse', 'gatehouse_refresh')
      const raised = await submit(service, '/step-up', { code: nextCode(service, app.secret) }, weak)
      t.equal(claimsOf(await refresh(service, named(raised, 'gatehouse_refresh'))).acr, 'aal2', 'by a step-up')
      t.equal((await refresh(service, weak)).status, 401)
    })
    await t.test('a sign-out by page clears it, and what it stood for ends on every replica', async (t) => {
      const page = await signIn(service, ada)
      const all = named(page, 'gatehouse', 'gatehouse_refresh')
      const { access_token } = (await refresh(service, all)).json()
      const out = await submit(service, '/logout', {}, all)
      t.match(out.cookies, { gatehouse: '', gatehouse_refresh: '' })
      for (const each of replica ? [service, replica] : [service]) t.equal((await refresh(each, all)).status, 401)
      t.notOk(await isLive(access_token))
    })
  })
}

void test('below a path the refresh cookie of a sign-in by page counts in that browser alone', async (t) => {
  const service = await startService(t, { environment: { GATEHOUSE_ISSUER: 'https://example.com/auth' } })
  const [ada, headers] = [await service.createUser(), { origin: 'https://example.com' }]
  const signInHere = async () => {
    const { csrf_token } = fieldsOf(await service.call('/auth/login'))
    const form = { csrf_token: csrf_token!, email: ada.email, password: ada.password }
    return service.call('/auth/login', { method: 'POST', headers, form })
  }
  const [first, second] = [await signInHere(), await signInHere()]
  t.match(lineOf(first, '__Secure-gatehouse_refresh'), 'Path=/auth')
  const [token, browser] = ['__Secure-gatehouse_refresh', '__Host-gatehouse_device']
  const status = async (cookie: string) =>
    (await service.call('/auth/api/auth/refresh', { method: 'POST', headers: { ...headers, cookie } })).status
  t.equal(await status(named(first, token)), 401)
  t.equal(await status(`${named(first, token)}; ${named(second, browser)}`), 401)
  t.equal(await status(named(first, token, browser)), 200)
})

void test('whoever is signed in without a refresh cookie gets one by the way that a script sends them', async (t) => {
  const spa = 'http://spa.example.test:5173'
  const service = await startService(t, { yaml: { cors: { origins: [spa] } } })
  const ada = await service.createUser()
  const signedIn = await signIn(service, ada)
  const titleAt = async (return_to: string, cookie: string, more = '') => {
    const path = `/login?return_to=${encodeURIComponent(return_to)}${more}`
    return titleOf(await service.call(path, { headers: { cookie } }))
  }
  const [session, both] = [named(signedIn, 'gatehouse'), named(signedIn, 'gatehouse', 'gatehouse_refresh')]
  const asked = titleOf(await service.call('/login'))
  t.equal(await titleAt(`${spa}/board`, session), asked, 'they sign in anew')
  t.not(await titleAt(`${spa}/board`, both), asked, 'who has one goes on')
  t.not(await titleAt('http://app.example.test/', session), asked, 'nor does anybody on the way to another application')
  t.not(await titleAt(`${spa}/board`, session, '&acr_values=aal2'), asked, 'nor who is to prove more')
  const bodyAt = async (return_to: string) =>
    (await service.call(`/login?return_to=${encodeURIComponent(return_to)}`, { headers: { cookie: both } })).body
  t.match(await bodyAt('http://app.example.test/'), 'Your sign-in does not reach')
  t.notMatch(await bodyAt(`${spa}/`), 'Your sign-in does not reach', 'which is no fault where tokens do')

  const again = await signIn(service, ada, { return_to: `${spa}/board` }, session)
  t.match([again.status, again.headers['location']], [303, `${spa}/board`])
  t.equal((await refresh(service, named(again, 'gatehouse_refresh'))).status, 200)
  t.equal((await service.call('/api/users/me', { headers: { cookie: session } })).status, 401, 'the former has ended')
})
