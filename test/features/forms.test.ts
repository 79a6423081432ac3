/** The forms of the pages for people: how long one works, and what becomes of one that does not. */
import { test } from 'tap'
import { createMemoryCounters } from '../../src/stores/memory/counters.ts'
import { combineStores } from '../../src/stores/open.ts'
import { openPostgres } from '../../src/stores/sql/open.ts'
import { type Backend, backends } from '../support/backends.ts'
import { linkIn } from '../support/mails.ts'
import { fieldsOf } from '../support/pages.ts'
import { testSecret } from '../support/secrets.ts'
import { findProgram, startPostgres } from '../support/servers.ts'
import { type Answer, type Service, startService } from '../support/service.ts'

const origin = 'http://auth.example.test'
/** What browsers say of a form that one of our own pages has sent. */
const ownPages: Record<string, Record<string, string>> = {
  'with fetch metadata': { origin, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' },
  'on plain http, where there are none': { origin },
  'where something hides the origin': { origin: 'null', 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' },
  'where something takes it away': { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' },
}
const own = ownPages['on plain http, where there are none']!
const wanted = 'http://app.example.test/reports?a=1&b=%26%2B+%23&b=x%20y'

/** A form of each kind, how it is filled in, and how its work shows. */
async function formsOf(service: Service) {
  const user = await service.createUser()
  let addresses = 0
  const back = `?return_to=${encodeURIComponent(wanted)}`
  async function signedIn() {
    return { cookie: (await service.signIn(user)).cookie }
  }
  return {
    user,
    kinds: {
      async 'sign-in'() {
        const typed = { email: user.email, password: user.password }
        // Of a browser that shows no cookie it turns out on the way whether it keeps the session's.
        const ways = new Set([wanted, `login?continue=after-sign-in&return_to=${encodeURIComponent(wanted)}`])
        const isDone = ({ headers, cookies }: Answer) => ways.has(String(headers['location'])) && 'gatehouse' in cookies
        return { path: `/login${back}`, cookie: '', typed, isDone, keeps: { return_to: wanted, email: user.email } }
      },
      async 'step-up'() {
        const isDone = (answer: Answer) => answer.headers['location'] === wanted && 'gatehouse' in answer.cookies
        const typed = { password: user.password }
        return { path: `/step-up${back}`, ...(await signedIn()), typed, isDone, keeps: { return_to: wanted } }
      },
      async 'sign-out'() {
        const isDone = (answer: Answer) => answer.headers['location'] === wanted && answer.cookies['gatehouse'] === ''
        return { path: `/logout${back}`, ...(await signedIn()), typed: {}, isDone, keeps: { return_to: wanted } }
      },
      async 'confirmation of an address'() {
        const email = `new-${++addresses}@example.test`
        const typed = { password: 'nine calm otters by the river' }
        await service.call('/api/auth/register', { method: 'POST', json: { name: 'Eve', email, ...typed } })
        const [, token] = /verify-email\?token=([\w-]+)/.exec((await service.mails()).at(-1)!)!
        const isDone = (answer: Answer) => answer.status === 200 && /address confirmed/.test(answer.body)
        return { path: `/verify-email?token=${token}`, cookie: '', typed, isDone, keeps: { token } }
      },
    },
  }
}

for (const backend of backends) {
  void test(`forms on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const { kinds } = await formsOf(service)
    for (const [kind, begin] of Object.entries(kinds)) {
      const fill = async () => {
        const form = await begin()
        const page = await service.call(form.path, { headers: { cookie: form.cookie } })
        t.equal(page.status, 200)
        const csrf = `gatehouse_csrf=${page.cookies['gatehouse_csrf']}`
        const send = (shown: Answer, headers: Record<string, string>, cookies: string, typed: object = form.typed) =>
          service.call(form.path, {
            method: 'POST',
            headers: { ...headers, cookie: [form.cookie, cookies].filter(Boolean).join('; ') },
            form: { ...fieldsOf(shown), ...typed },
          })
        return { ...form, page, csrf, send }
      }

      await t.test(`${kind}: works in any tab, whatever became of the cookie`, async (t) => {
        for (const [how, headers] of Object.entries(ownPages)) {
          for (const cookie of ['', 'gatehouse_csrf=of-another-tab', 'gatehouse_csrf=a; gatehouse_csrf=b']) {
            const { page, send, isDone } = await fill()
            t.ok(isDone(await send(page, headers, cookie)), `${how}: ${cookie || 'no cookie'}`)
          }
        }
      })
      await t.test(`${kind}: works for an hour, with the cookie and without`, async (t) => {
        for (const [headers, withCookie] of [
          [own, false],
          [own, true],
          [{}, true],
        ] as const) {
          const { page, csrf, send, isDone } = await fill()
          service.clock.advance(3_600)
          t.ok(isDone(await send(page, headers, withCookie ? csrf : '')))
        }
      })
      await t.test(`${kind}: an older one does nothing, and is shown again with all but the password`, async (t) => {
        for (const withCookie of [true, false]) {
          const { page, csrf, send, typed, isDone, keeps } = await fill()
          const cookie = withCookie ? csrf : ''
          service.clock.advance(3_601)
          const again = await send(page, own, cookie)
          t.notOk(isDone(again))
          t.equal(again.status, 422)
          t.match(again.headers, { 'content-type': /^text\/html/, 'cache-control': 'no-store' })
          t.match(again.body, /role="status">This page had been open for a while/)
          t.notMatch(again.body, /role="alert"/, 'nobody is blamed')
          t.match(fieldsOf(again), keeps)
          if ('password' in typed) t.notMatch(again.body, typed.password)
          t.ok(isDone(await send(again, own, cookie)), 'what is shown works')
        }
      })
      await t.test(`${kind}: what is no form of ours is shown again too`, async (t) => {
        const { page, send, isDone, typed, keeps } = await fill()
        const { csrf_token = '' } = fieldsOf(page)
        let last = page
        const odd = ['', 'x', 'x'.repeat(94), csrf_token.slice(1), `${csrf_token}x`, `z${csrf_token.slice(1)}`]
        for (const token of [...odd, csrf_token.replace(/.$/, (last) => (last === 'A' ? 'E' : 'A'))]) {
          const again = await send(page, own, '', { ...typed, csrf_token: token })
          t.equal(again.status, 422, token)
          t.match(fieldsOf(again), keeps)
          last = again
        }
        t.ok(isDone(await send(last, own, '')), 'and works then')
      })
      await t.test(`${kind}: a script is told so in JSON`, async (t) => {
        const { page, send } = await fill()
        service.clock.advance(3_601)
        for (const headers of [
          { ...own, accept: 'application/json' },
          { ...own, accept: 'application/problem+json, text/html;q=0.5' },
          { ...own, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', accept: '*/*' },
          { ...own, 'x-requested-with': 'XMLHttpRequest' },
        ]) {
          const answer = await send(page, headers, '')
          t.equal(answer.headers['content-type'], 'application/problem+json')
          t.match(answer, { status: 422, headers: { 'cache-control': 'no-store' } })
          t.equal(answer.json().code, 'outdated_form')
        }
      })
    }
  })
}

void test('a form that replicas with other secrets have shown', async (t) => {
  const [old, current] = [testSecret(1).toString('base64'), testSecret(2).toString('base64')]
  const before = await startService(t, { environment: { GATEHOUSE_SECRET: old } })
  const page = await before.call('/login')
  const sendTo = async (environment: Record<string, string>) => {
    const service = await startService(t, { environment })
    const { email, password } = await service.createUser()
    return service.call('/login', { method: 'POST', headers: own, form: { ...fieldsOf(page), email, password } })
  }
  const known = await sendTo({ GATEHOUSE_SECRET: current, GATEHOUSE_SECRET_PREVIOUS: old })
  t.equal(known.status, 303, 'works while their secret is known')
  t.equal((await sendTo({ GATEHOUSE_SECRET: current })).status, 422, 'is shown again when it is gone')
})

if (findProgram('postgres') !== undefined) {
  void test('what was typed survives what is nobody’s fault', async (t) => {
    const server = await startPostgres()
    if (server === undefined) throw new Error('PostgreSQL did not start')
    let stopped: Promise<void> | undefined
    const stop = () => (stopped ??= server.stop())
    t.teardown(stop)
    const backend: Backend = {
      name: 'clustered',
      async open(clock) {
        const stores = combineStores(await openPostgres(server.url, clock), createMemoryCounters(clock))
        return { stores, close: () => stores.close().catch(() => {}) }
      },
    }
    const service = await startService(t, { backend, yaml: { limits: { secret_tests_per_minute: 2 } } })
    const user = await service.createUser()
    const { cookie } = await service.signIn(user)
    await service.operate('POST', '/invitations', { email: 'invited@example.test', roles: [] })
    const token = linkIn((await service.mails()).at(-1)!, service.issuer, 'invitation')!
    const { email, password } = user
    const next = 'next@example.test'
    const forms = [
      { path: `/login?return_to=${encodeURIComponent(wanted)}`, typed: { email }, submit: 'Sign in', password },
      { path: '/register', typed: { name: 'Grace "G" Hopper', email: next }, submit: 'Make an account' },
      { path: '/forgot-password', typed: { email: next }, submit: 'Send the link' },
      { path: `/invitation?token=${token}`, typed: { name: 'Grace', token }, submit: 'Make the account', password },
      { path: '/change-email', typed: { email: next }, submit: 'Continue', password, cookie },
      { path: '/profile', typed: { name: 'Rear Admiral' }, submit: 'Save', cookie },
    ]
    const shown = await Promise.all(
      forms.map(async ({ path, cookie = '' }) => fieldsOf(await service.call(path, { headers: { cookie } }))),
    )
    await stop()
    for (const [at, { path, typed, submit, password, cookie = '' }] of forms.entries()) {
      const send = (more: Record<string, string> = {}) =>
        service.call(path, {
          method: 'POST',
          headers: { ...own, cookie, ...more },
          form: { ...shown[at], ...typed, ...(password && { password }) },
        })
      const isShownAgain = (answer: Answer, status: number) => {
        t.equal(answer.status, status, path)
        t.match(answer.headers, { 'content-type': /^text\/html/, 'retry-after': /^\d+$/ })
        t.match(fieldsOf(answer), typed, path)
        t.match(answer.body, `<button type="submit">${submit}<`)
        t.match(answer.body, /role="alert"[^>]*>[^<]* Try again in a moment\./)
        if (password !== undefined) t.notMatch(answer.body, password)
        if (path.startsWith('/login')) t.equal(fieldsOf(answer)['return_to'], wanted)
      }
      isShownAgain(await send(), 503)
      t.match((await send({ accept: 'application/json' })).json(), { code: 'unavailable', status: 503 })
      if (path === '/profile') continue
      isShownAgain(await send(), 429)
      t.match((await send({ accept: 'application/json' })).json(), { code: 'too_many_requests', status: 429 })
      const broken = await service.call(path, { method: 'POST', headers: { ...own, cookie }, form: '%ff=&x' })
      t.equal(broken.status, 429, 'what is no form is answered alike')
      const long = await service.call(path, { method: 'POST', headers: own, form: { email: 'x'.repeat(20_000) } })
      t.equal(long.status, 429)
      t.notMatch(long.body, 'xxx')
    }
  })
}

void test('a page that could not be served says how to go on, with the way back', async (t) => {
  const service = await startService(t)
  for (const [path, form] of [
    ['/login', 'csrf_token=a&csrf_token=b'],
    ['/step-up', '%ff='],
    ['/logout', '%ff='],
  ] as const) {
    const url = `${path}?return_to=${encodeURIComponent(wanted)}`
    const answer = await service.call(url, { method: 'POST', headers: own, form })
    t.equal(answer.status, 400, path)
    t.match(answer.body, /<form method="get">/)
    t.equal(fieldsOf(answer)['return_to'], wanted, path)
    const foreign = await service.call(`${path}?return_to=//evil.test`, { method: 'POST', headers: own, form })
    t.equal(fieldsOf(foreign)['return_to'], '/', path)
  }
})

void test('whoever is signed in already goes on by one button', async (t) => {
  const service = await startService(t)
  const { cookie } = await service.signIn(await service.createUser())
  const path = `/login?return_to=${encodeURIComponent(wanted)}`
  const page = await service.call(path, { headers: { cookie } })
  t.match(page.body, /<form method="get">.*<button type="submit" name="continue" value="yes">Continue</s)
  const on = await service.call(`${path}&continue=yes`, { headers: { cookie } })
  t.match(on, { status: 303, headers: { location: wanted } })
  const foreign = await service.call('/login?return_to=//evil.test&continue=yes', { headers: { cookie } })
  t.equal(foreign.headers['location'], '/')
  const nobody = await service.call(`${path}&continue=yes`)
  t.equal(nobody.status, 200, 'and whoever is not any more is asked')
  t.equal(fieldsOf(nobody)['return_to'], wanted)
})
