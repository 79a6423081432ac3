/** In which language people are told what. */
import { test } from 'tap'
import { languageNames } from '../../src/core/language.ts'
import { loadConfig } from '../../src/config.ts'
import { de } from '../../src/i18n/de.ts'
import { en } from '../../src/i18n/en.ts'
import { linkTokenIn, readMail } from '../support/mails.ts'
import { type Answer, asks, type Call, type Service, startService } from '../support/service.ts'

const german = { 'accept-language': 'de-DE,de;q=0.9,en;q=0.5' }
const own = { origin: 'http://auth.example.test' }
const wanted = 'http://app.example.test/reports?a=1&b=x%20y'
const titleOf = ({ body }: Answer) => /<h1>(.*)<\/h1>/.exec(body)?.[1]
const alertOf = ({ body }: Answer) => /role="alert" id="fault">([^<]*)</.exec(body)?.[1]
const unescape = (text: string) => text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))

/** The form at the foot of a page: what it sends along, and the languages of its buttons. */
function switchOf({ body }: Answer) {
  const footer = /<footer>.*<\/footer>/s.exec(body)?.[0]
  if (footer === undefined) return undefined
  const sent = [...footer.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)]
  return {
    fields: Object.fromEntries(sent.map(([, name, value]) => [name, unescape(value!)])),
    languages: [...footer.matchAll(/name="language" value="(\w+)"/g)].map(([, language]) => language),
  }
}

/** Sends the form of a page, and whatever else is given. */
async function submit(service: Service, path: string, fields: Record<string, string>, headers: Call['headers'] = {}) {
  const page = await service.call(path, { headers })
  const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(page.body)![1]!
  return service.call(path, { method: 'POST', headers: { ...headers, ...own }, form: { csrf_token, ...fields } })
}

void test('pages are in the language that was chosen, or that the browser wants, and say so', async (t) => {
  const service = await startService(t)
  const cases: [headers: Record<string, string>, language: string, title: string][] = [
    [{}, 'en', 'Sign in'],
    [german, 'de', 'Anmelden'],
    [{ 'accept-language': 'fr' }, 'en', 'Sign in'],
    [{ ...german, cookie: 'gatehouse_language=en' }, 'en', 'Sign in'],
    [{ cookie: 'gatehouse_language=de' }, 'de', 'Anmelden'],
    [{ ...german, cookie: 'gatehouse_language=tlh' }, 'de', 'Anmelden'],
    [{ cookie: 'gatehouse_language=de; gatehouse_language=en' }, 'de', 'Anmelden'],
  ]
  for (const [headers, language, title] of cases) {
    const page = await service.call('/login', { headers })
    t.equal(titleOf(page), title, JSON.stringify(headers))
    t.match(page.body, `<html lang="${language}">`)
    t.match(page.headers, { 'content-language': language, 'cache-control': 'no-store' })
    t.match(page.headers['vary'], /Accept-Language, Cookie$/)
    t.notMatch(page.body, 'several different cookies', 'a language proves nothing, so two of them mislead nobody')
  }
})

void test('an application may say what its people read, where they have not chosen themselves', async (t) => {
  const service = await startService(t)
  const titleAt = async (path: string, headers: Record<string, string> = {}) =>
    titleOf(await service.call(path, { headers }))
  t.equal(await titleAt('/login?ui_locales=fr%20de-AT%20en'), 'Anmelden')
  t.equal(
    await titleAt('/login?ui_locales=de', { 'accept-language': 'en' }),
    'Anmelden',
    'it counts before the browser',
  )
  t.equal(await titleAt('/login?ui_locales=de', { cookie: 'gatehouse_language=en' }), 'Sign in', 'and after the person')
  t.equal(await titleAt('/login?ui_locales=tlh', german), 'Anmelden')
  for (const odd of [
    'ui_locales=',
    'ui_locales=%00%2C%3B',
    'ui_locales=de&ui_locales=en',
    `ui_locales=${'x'.repeat(2_000)}`,
  ]) {
    t.equal(await titleAt(`/login?${odd}`), 'Sign in', odd.slice(0, 40))
  }
  const path = '/login?ui_locales=de&return_to=%2Faccount'
  const faulty = await submit(service, path, { email: 'ada@example.test', password: 'wrong' })
  t.equal(titleOf(faulty), 'Anmelden', 'also after a fault')
})

void test('each page has a switch, which keeps what its address holds and sets a cookie', async (t) => {
  const service = await startService(t)
  const { cookie } = await service.signIn(await service.createUser())
  await service.call('/api/auth/register', {
    method: 'POST',
    json: { name: 'Ada', email: 'new@example.test', password: 'seven quiet herons at dawn' },
  })
  const [, token = ''] = /verify-email\?token=([\w-]+)/.exec((await service.mails()).at(-1)!)!
  const back = `return_to=${encodeURIComponent(wanted)}`
  const pages: [path: string, headers: Record<string, string>, fields: object][] = [
    [`/login?${back}&acr_values=aal2&unsent=yes`, {}, { return_to: wanted, acr_values: 'aal2', unsent: 'yes' }],
    [`/login?${back}`, { cookie }, { return_to: wanted }],
    [`/login?return_to=//evil.test`, {}, { return_to: '/' }],
    ['/', { cookie }, {}],
    [`/logout?${back}`, { cookie }, { return_to: wanted }],
    [`/logout?${back}`, {}, { return_to: wanted }],
    [`/step-up?${back}`, { cookie }, { return_to: wanted }],
    [`/verify-email?token=${token}`, {}, { token }],
    ['/verify-email?token=unknown', {}, { token: 'unknown' }],
  ]
  for (const [path, headers, fields] of pages) {
    const page = await service.call(path, { headers })
    t.same(switchOf(page), { fields, languages: ['de'] }, path)
    const chosen = await service.call(`${path}${path.includes('?') ? '&' : '?'}language=de`, { headers })
    t.equal(chosen.status, 303)
    const location = new URL(String(chosen.headers['location']), `http://auth.example.test${path}`)
    const asked = new URL(path, 'http://auth.example.test')
    t.same([location.origin, location.pathname], [asked.origin, asked.pathname], 'the same page')
    t.same([...location.searchParams], [...asked.searchParams], 'with all that was asked')
    t.equal(chosen.cookies['gatehouse_language'], 'de')
    const cookies = [headers['cookie'], 'gatehouse_language=de'].filter(Boolean).join('; ')
    const shown = await service.call(location.pathname + location.search, { headers: { cookie: cookies } })
    t.match(shown.body, '<html lang="de">')
    t.same(switchOf(shown), { fields, languages: ['en'] }, 'and back')
  }
})

void test('a form that is shown again can be read in another language too', async (t) => {
  const service = await startService(t)
  const user = await service.createUser()
  const back = `?return_to=${encodeURIComponent(wanted)}`
  const failed = await submit(service, `/login${back}`, { return_to: wanted, email: user.email, password: 'wrong' })
  t.equal(failed.status, 422)
  t.same(switchOf(failed)?.fields, { return_to: wanted })
  // Without the address in the query, as the form to sign out is sent from other pages.
  const { cookie } = await service.signIn(user)
  const outdated = await service.call('/logout', {
    method: 'POST',
    headers: { ...own, cookie },
    form: { csrf_token: 'old', return_to: wanted },
  })
  t.same([outdated.status, switchOf(outdated)?.fields], [422, { return_to: wanted }])
})

void test('what is not offered, or no choice at all, changes nothing and leads nowhere else', async (t) => {
  const service = await startService(t)
  for (const language of ['fr', 'DE', '', 'de%0d%0aSet-Cookie:x=y', '__proto__']) {
    const answer = await service.call(`/login?language=${language}&return_to=%2F`)
    t.match(answer, { status: 303, headers: { location: './login?return_to=%2F' } }, language)
    t.equal(answer.headers['set-cookie'], undefined)
  }
  t.equal((await service.call('/login?language=de&language=en')).status, 200)
  for (const path of ['//evil.test/login', '/login/..//evil.test', 'http://evil.test/login']) {
    const { headers } = await service.call(`${path}?language=de`)
    t.notMatch(headers['location'] ?? '', /evil/, path)
  }
})

void test('pages say in the language of their reader what was wrong', async (t) => {
  const service = await startService(t, { yaml: { limits: { failures_per_account: 2 } } })
  const user = await service.createUser()
  const logIn = (email: string, password: string) => submit(service, '/login', { email, password }, german)
  t.equal(alertOf(await logIn('@', 'x')), 'Die E-Mail-Adresse muss so aussehen wie ada@example.com.')
  t.equal(alertOf(await logIn('ada lovelace', 'x')), de.signIn.noLogin)
  t.equal(alertOf(await logIn(user.email, 'x')), 'Die E-Mail-Adresse oder das Passwort ist falsch.')
  await logIn(user.email, 'x')
  t.match(alertOf(await logIn(user.email, 'x')), /^Das waren zu viele Fehlversuche\./)

  const other = await service.createUser()
  const { cookie } = await service.signIn(other)
  const wrong = await submit(service, '/step-up', { password: 'wrong' }, { ...german, cookie })
  t.equal(alertOf(wrong), 'Das Passwort ist falsch.')

  const json = { name: 'Ada', email: 'new@example.test', password: 'seven quiet herons at dawn' }
  await service.call('/api/auth/register', { method: 'POST', json })
  const [path = ''] = /\/verify-email\?token=[\w-]+/.exec((await service.mails()).at(-1)!)!
  const [, token = ''] = path.split('=')
  t.equal(alertOf(await submit(service, path, { token }, german)), 'Geben Sie ein Passwort ein.')
  const short = await submit(service, path, { token, password: 'short' }, german)
  t.equal(alertOf(short), 'Das Passwort muss mindestens 12 Zeichen haben.')
  const guessable = await submit(service, path, { token, password: 'password1234' }, german)
  t.equal(alertOf(guessable), 'Das Passwort ist eines der häufigsten.')
  const confirmed = await submit(service, path, { token, password: json.password }, german)
  t.equal(titleOf(confirmed), 'E-Mail-Adresse bestätigt')
  t.equal(switchOf(confirmed), undefined, 'its address would say that the link is used')

  const twice = { method: 'POST', headers: { ...german, ...own }, form: 'csrf_token=a&csrf_token=b' }
  const problem = await service.call('/login', twice)
  t.match(
    [problem.status, titleOf(problem), alertOf(problem)],
    [400, 'Das hat nicht geklappt', 'Die Anfrage ist ungültig.'],
  )
  const outdated = await submit(service, '/login', { csrf_token: 'old' }, german)
  t.match(outdated.body, 'Diese Seite war eine Weile offen.')
})

void test('the API is in English for everybody', async (t) => {
  const service = await startService(t)
  const json = { email: 'nobody@example.test', password: 'wrong' }
  const answer = await service.call('/api/auth/login', { method: 'POST', headers: german, json })
  t.match(answer.json(), { detail: 'The email address or the password is wrong.' })
  const script = { method: 'POST', headers: { ...german, ...own, accept: 'application/json' }, form: 'a=b&a=b' }
  t.match((await service.call('/login', script)).json(), { detail: 'A parameter was sent more than once.' })
})

void test('a mail is in the language of the request that caused it, and its link is whole', async (t) => {
  const service = await startService(t)
  const register = async (email: string, headers: Record<string, string>) => {
    const json = { name: 'Ada', email, password: 'seven quiet herons at dawn' }
    t.equal((await service.call('/api/auth/register', { method: 'POST', headers, json })).status, 202)
    return (await service.mails()).at(-1)!
  }
  const mail = await register('ada@example.test', german)
  t.match(mail, /^Content-Language: de\r$/m)
  t.match(mail, /^Subject: =\?UTF-8\?/m)
  t.match(readMail(mail), /^Öffnen Sie diesen Link/m)
  const token = linkTokenIn(mail, service.issuer)
  t.equal((await service.call('/api/auth/verify-email', { method: 'POST', json: { token } })).status, 204)

  const english = { ...german, cookie: 'gatehouse_language=en' }
  const other = await register('grace@example.test', english)
  t.match(other, /^Content-Language: en\r$/m)
  t.match(readMail(other), /^Open this link/m)
  t.match(
    readMail(await register('ada@example.test', english)),
    /^Es gibt schon eines\./m,
    'an account keeps the language in which it was asked for, whoever asks',
  )
})

void test('a mail that nobody’s request caused is in the first language', async (t) => {
  const service = await startService(t, { yaml: { pages: { languages: ['de', 'en'] } } })
  const { refreshToken } = await service.signIn(await service.createUser())
  const refresh = () =>
    service.call('/api/auth/refresh', {
      method: 'POST',
      headers: { 'accept-language': 'en' },
      json: { refresh_token: refreshToken },
    })
  await refresh()
  service.clock.advance(20)
  t.equal((await refresh()).status, 401)
  const mail = (await service.mails()).at(-1)!
  t.match(mail, /^Content-Language: de\r$/m)
  t.match(readMail(mail), /^Sie begann am \d+\. \p{L}+ \d{4} um \d\d:\d\d \(UTC\) von der Adresse 127\.0\.0\.1\./mu)
})

void test('who may not open a page is told so in their language, where the service itself answers', async (t) => {
  const service = await startService(t)
  const { cookie } = await service.signIn(await service.createUser())
  const ask = (headers: Record<string, string>) =>
    service.call('/forward-auth/traefik', {
      headers: { ...asks({ path: '/nobody/x' }), cookie, accept: 'text/html', ...headers },
    })
  const denied = await ask(german)
  t.match([denied.status, titleOf(denied)], [403, 'Nicht erlaubt'])
  t.match(denied.headers, { 'content-language': 'de', vary: 'Accept-Language, Cookie' })
  t.equal(switchOf(denied), undefined, 'what is chosen under another host would be forgotten there')
  t.equal(titleOf(await ask({})), 'Not allowed')
})

void test('pages.languages says which languages there are, and which one comes first', async (t) => {
  const one = await startService(t, { yaml: { pages: { languages: ['de'] } } })
  const page = await one.call('/login', { headers: { 'accept-language': 'en', cookie: 'gatehouse_language=en' } })
  t.equal(titleOf(page), 'Anmelden')
  t.equal(switchOf(page), undefined)
  t.equal(page.headers['content-language'], 'de')
  t.notMatch(page.headers['vary'] ?? '', /Accept-Language/)
  t.equal((await one.call('/login?language=en')).headers['set-cookie'], undefined)

  const both = await startService(t, { yaml: { pages: { languages: ['de', 'en'] } } })
  t.equal(titleOf(await both.call('/login')), 'Anmelden')
  t.equal(titleOf(await both.call('/login', { headers: { 'accept-language': 'en' } })), 'Sign in')
  t.same(Object.keys(languageNames), loadConfig({}).pages.languages, 'left out: all of them')
})

/** Every text of a catalogue that is made with something in it, told with one of whatever it is. */
function* textsOfOne(catalogue: object, place: string): Generator<[place: string, text: string]> {
  for (const [name, text] of Object.entries(catalogue)) {
    const at = `${place}.${name}`
    if (typeof text === 'object' && text !== null) yield* textsOfOne(text, at)
    if (typeof text !== 'function') continue
    try {
      const told = text(...Array(text.length).fill(1))
      if (typeof told === 'object' && told.constructor === Object) yield* textsOfOne(told, at)
      else yield [at, String(told)]
    } catch {
      // It tells no number.
    }
  }
}

void test('one hour, one day and one minute are no hours, days and minutes, in every language', async (t) => {
  const manyOfOne = /\b1 (hours|days|minutes|seconds|keys|sessions|Stunden|Tage|Minuten|Sekunden|Sitzungen)\b/
  const texts = [...textsOfOne(en, 'en'), ...textsOfOne(de, 'de')]
  t.ok(texts.length > 40)
  t.same(
    texts.filter(([, text]) => manyOfOne.test(text)),
    [],
  )
})
