/** The authorization endpoint: what a program gets of a person, and what nobody gets. */
import { test } from 'tap'
import { nextCode, setUpTotp } from '../support/factors.ts'
import {
  browserOf,
  callback,
  hiddenOf,
  letIn,
  redeem,
  registerProgram,
  requestOf,
  startProvider,
  toldBy,
} from '../support/openid.ts'
import { claimsOf } from '../support/oauth.ts'
import type { TestUser } from '../support/service.ts'

void test('the authorization endpoint', async (t) => {
  const yaml = {
    hosts: { 'app.example.test': { audience: 'app', rules: [{ allow: 'signed-in' }] } },
    cors: { origins: ['https://spa.example.test'] },
  }
  const service = await startProvider(t, { yaml })
  const { issuer } = service
  const ada = await service.createUser()
  const wiki = await registerProgram(service)
  const own = await registerProgram(service, { first_party: true })
  const signedIn = async (user: TestUser = ada) => {
    const browser = browserOf(service)
    await browser.signIn(user)
    return browser
  }
  const ask = requestOf.bind(undefined, service)

  await t.test(
    'statement 44: an unknown client or redirect URI gets a page, and nothing is sent anywhere',
    async (t) => {
      const browser = await signedIn()
      const wrong = [
        ask({ client_id: 'nobody' }),
        ask({ client_id: 'a b' }),
        `${issuer}/oauth/authorize`,
        ask(wiki, { redirect_uri: 'https://evil.example.test/callback' }),
        `${ask(wiki)}&client_id=${own.client_id}`,
        `${ask(wiki)}&redirect_uri=https%3A%2F%2Fevil.example.test`,
        ask({ client_id: 'nobody' }, { prompt: 'none' }),
        ask(wiki, { redirect_uri: 'https://evil.example.test/', response_type: 'token' }),
      ]
      for (const url of wrong) {
        const answer = await browser.ask(url)
        t.match([answer.status, answer.headers['location'], answer.body], [400, undefined, /role="alert"/], url)
      }
    },
  )
  await t.test('whoever signs in reads to which program, and where that leads, as it is registered', async (t) => {
    const named = await registerProgram(service, { name: '<b>Wiki</b>' })
    const browser = browserOf(service)
    const told = async (url: string) => (await browser.visit(url)).answer.body
    t.match(
      await told(ask(named)),
      /to continue to\s*<strong><bdi>&#60;b&#62;Wiki&#60;\/b&#62;<\/bdi><\/strong> \(<bdi>wiki\.example\.test/,
    )
    const login = (path: string) => `${issuer}/login?return_to=${encodeURIComponent(path)}`
    const strange = `/oauth/authorize?client_id=${named.client_id}&redirect_uri=https%3A%2F%2Fevil.example.test`
    t.notMatch(await told(login(strange)), '<bdi>evil')
    for (const path of ['/oauth/authorize?client_id=nobody', '/oauth/authorize?client_id=%00', '/account', '/device']) {
      t.notMatch(await told(login(path)), 'to continue to', path)
    }
  })
  await t.test('statement 45: the redirect URI is compared byte for byte', async (t) => {
    const browser = await signedIn()
    const others = [
      ...[`${callback}?a=b`, `${callback}/`, `${callback}#x`, callback.toUpperCase(), callback.replace('wiki', 'Wiki')],
      'https://wiki.example.test@evil.example.test/callback',
      'https://user@wiki.example.test/callback',
      'https://wiki.example.test/%2e%2e/callback',
      'https://wiki.example.test:443/callback',
      'https://wiki.example.test\\@evil.example.test/callback',
      'javascript:alert(1)',
    ]
    for (const redirect_uri of others)
      t.equal((await browser.ask(ask(wiki, { redirect_uri }))).status, 400, redirect_uri)
  })
  await t.test('statement 46: of a native program’s loopback address the port alone is free', async (t) => {
    const registered = ['http://127.0.0.1/cb', 'http://[::1]:9000/cb', 'com.example.app:/cb', 'http://localhost/cb']
    const native = await registerProgram(service, { public: true, redirect_uris: registered })
    const confidential = await registerProgram(service, { redirect_uris: registered })
    const browser = await signedIn()
    const status = async (redirect_uri: string, program = native) =>
      (await browser.ask(ask(program, { redirect_uri }))).status
    for (const uri of ['http://127.0.0.1:4711/cb', 'http://[::1]:1/cb', 'http://127.0.0.1/cb', 'com.example.app:/cb']) {
      t.equal(await status(uri), 303, uri)
    }
    const others = ['http://127.0.0.1:4711/cb/', 'http://127.0.0.1:4711/CB', 'http://127.0.0.2:4711/cb']
    const more = ['http://localhost:4711/cb', 'https://127.0.0.1:4711/cb', 'http://127.0.0.1:4711@evil.example/cb']
    for (const uri of [...others, ...more]) t.equal(await status(uri), 400, uri)
    t.equal(await status('http://127.0.0.1:4711/cb', confidential), 400, 'of any other program byte for byte')
  })
  await t.test(
    'statement 47: every other error and every success goes to the program, with state and iss',
    async (t) => {
      const browser = await signedIn()
      const wrong: Record<string, Record<string, string | undefined>[]> = {
        unsupported_response_type: [{ response_type: 'token' }, { response_type: 'code id_token' }],
        invalid_request: [
          ...[{ response_type: undefined }, { response_mode: 'fragment' }, { max_age: '-1' }, { claims: '[]' }],
          { nonce: 'n'.repeat(1_001) },
        ],
        invalid_scope: [{ scope: 'openid reports:read' }, { scope: 'OpenID' }],
        invalid_target: [{ resource: 'https://elsewhere.example.test' }],
        invalid_request_object: [{ request: 'e30.e30.' }],
        request_uri_not_supported: [{ request_uri: 'https://wiki.example.test/request' }],
        registration_not_supported: [{ registration: '{}' }],
        invalid_authorization_details: [{ authorization_details: '[]' }],
      }
      for (const [error, changes] of Object.entries(wrong)) {
        for (const change of changes) {
          const { status, headers } = await browser.ask(ask(wiki, change))
          t.equal(status, 303)
          const told = toldBy({ url: String(headers['location']) } as never)
          t.match(told, { error, state: 'a state', iss: issuer }, JSON.stringify(change))
          t.notMatch(told['error_description'], /[^\x20\x21\x23-\x5b\x5d-\x7e]/)
        }
      }
      const unregistered = await registerProgram(service, { grants: ['client_credentials'] })
      t.match(toldBy(await browser.visit(ask(unregistered))), { error: 'unauthorized_client', state: 'a state' })
      const twice = toldBy(await browser.visit(`${ask(wiki)}&scope=openid`))
      t.match(twice, { error: 'invalid_request', state: 'a state', iss: issuer }, 'a parameter that comes twice')
      t.match(await letIn(browser, ask(wiki)), { code: /^[\w-]{43}$/, state: 'a state', iss: issuer })
    },
  )
  await t.test('statement 48: the way from the password to the program is led by 303 alone', async (t) => {
    const browser = browserOf(service)
    const form = await browser.visit(ask(own))
    t.equal(new URL(form.url).pathname, '/login')
    const { origin } = new URL(issuer)
    const body = { ...hiddenOf(form.answer), email: ada.email, password: ada.password }
    let answer = await browser.ask(form.url, { method: 'POST', form: body, headers: { origin } })
    let steps = 0
    for (let at = form.url; !at.startsWith(callback); steps++) {
      t.equal(answer.status, 303, at)
      at = new URL(String(answer.headers['location']), at).href
      if (!at.startsWith(callback)) answer = await browser.ask(at)
    }
    t.equal(steps, 2, 'from the form to the request, and from there to the program')
  })
  await t.test(
    'statement 49: a public program must send an S256 challenge, any other one if it sends one',
    async (t) => {
      const open = await registerProgram(service, { public: true })
      const strict = await registerProgram(service, { pkce: 'required' })
      const browser = await signedIn()
      const none = { code_challenge: undefined, code_challenge_method: undefined }
      const refused = async (program: typeof wiki, change: Record<string, string | undefined>) =>
        t.match(toldBy(await browser.visit(ask(program, change))), { error: 'invalid_request' }, JSON.stringify(change))
      for (const program of [open, strict]) await refused(program, none)
      for (const program of [open, strict, wiki]) {
        await refused(program, { code_challenge_method: undefined })
        await refused(program, { code_challenge_method: 'plain' })
        await refused(program, { code_challenge: 'short' })
        await refused(program, { code_challenge: undefined })
      }
      t.match(await letIn(browser, ask(wiki, none)), { code: String }, 'a program with a secret need not')
    },
  )
  await t.test('statement 50: prompt=none shows nothing, and is alone', async (t) => {
    const silent = async (browser: ReturnType<typeof browserOf>, program = own, change = {}) =>
      toldBy({
        url: String((await browser.ask(ask(program, { prompt: 'none', ...change }))).headers['location']),
      } as never)
    const browser = await signedIn()
    t.match(await silent(browserOf(service)), { error: 'login_required', state: 'a state', iss: issuer })
    t.match(await silent(browser), { code: String })
    const stranger = await registerProgram(service)
    t.match(await silent(browser, stranger), { error: 'consent_required' })
    await letIn(browser, ask(stranger))
    t.match(await silent(browser, stranger), { code: String })
    t.match(await silent(browser, stranger, { scope: 'openid profile email groups' }), { error: 'consent_required' })
    t.match(await silent(browser, own, { acr_values: 'aal2' }), { error: 'unmet_authentication_requirements' })
    service.clock.advance(60)
    t.match(await silent(browser, own, { max_age: '30' }), { error: 'login_required' })
    for (const prompt of ['none login', 'consent none']) {
      t.match(await silent(browser, own, { prompt }), { error: 'invalid_request' }, prompt)
    }
  })
  await t.test(
    'statement 51: max_age and prompt=login ask for a proof that is younger than the request, once',
    async (t) => {
      for (const [change, age] of [
        [{ prompt: 'login' }, 1],
        [{ max_age: '30' }, 31],
      ] as const) {
        const browser = await signedIn()
        service.clock.advance(age)
        const page = await browser.visit(ask(own, change))
        t.equal(new URL(page.url).pathname, '/step-up')
        const arrivedAt = Math.floor(service.clock.now() / 1000)
        service.clock.advance(100)
        const { code } = toldBy(await browser.fillIn(page, { password: ada.password }))
        const { id_token } = (await redeem(service, own, { code })).json()
        t.equal(claimsOf(id_token)['auth_time'], arrivedAt + 100)
        const moment = new URL(page.url).searchParams.get('return_to')!
        service.clock.advance(3_601)
        await browser.signIn(ada)
        service.clock.advance(31)
        const late = await browser.visit(`${issuer}${moment}`)
        t.equal(new URL(late.url).pathname, '/step-up', 'the moment is good for an hour')
        const forged = new URL(ask(own, change))
        forged.searchParams.set('arrived', new URL(moment, issuer).searchParams.get('arrived')!)
        forged.searchParams.set('state', 'another')
        t.equal(new URL((await browser.visit(forged.href)).url).pathname, '/step-up', 'and for this request alone')
      }
      const browser = browserOf(service)
      const form = await browser.visit(ask(own, { prompt: 'login' }))
      t.match(toldBy(await browser.submit(form, { email: ada.email, password: ada.password })), { code: String })
    },
  )
  await t.test('statement 52: GET and POST are one, and no script of another origin reads either', async (t) => {
    const browser = await signedIn()
    const { searchParams } = new URL(ask(own))
    const headers = { origin: 'https://spa.example.test' }
    const form = Object.fromEntries(searchParams)
    const posted = await browser.ask(`${issuer}/oauth/authorize`, { method: 'POST', form, headers })
    t.equal(posted.status, 303)
    t.equal(new URL(String(posted.headers['location']), issuer).pathname, '/oauth/authorize')
    const asked = await browser.ask(ask(own), { headers })
    for (const answer of [posted, asked]) {
      t.same(
        Object.keys(answer.headers).filter((name) => name.startsWith('access-control')),
        [],
      )
    }
    const way = await browser.visit(`${issuer}/oauth/authorize`, { method: 'POST', form })
    t.match(toldBy(way), { code: String, state: 'a state' })
  })
  await t.test('statement 53: no page of it is framed, or told of as a referrer', async (t) => {
    const browser = await signedIn()
    const { answer } = await browser.visit(ask(await registerProgram(service)))
    t.match(answer.headers['content-security-policy'], /frame-ancestors 'none'/)
    t.equal(answer.headers['referrer-policy'], 'no-referrer')
    t.equal(answer.headers['cache-control'], 'no-store')
  })
  await t.test('statement 54: nobody but the browser that was asked agrees, and only as who was asked', async (t) => {
    const browser = await signedIn()
    const page = await browser.visit(ask(await registerProgram(service)))
    t.match(page.answer.body, 'The wiki')
    const fields = { ...hiddenOf(page.answer), answer: 'allow' }
    const post = (by: ReturnType<typeof browserOf>, headers: Record<string, string>) =>
      by.ask(`${issuer}/consent`, { method: 'POST', form: fields, headers })
    const { origin } = new URL(issuer)
    const nobody = await post(browserOf(service), { origin })
    t.equal(new URL(String(nobody.headers['location']), issuer).pathname, '/login')
    t.equal((await post(browser, { origin: 'https://evil.example.test' })).status, 403)
    const other = await post(await signedIn(await service.createUser()), { origin })
    t.match([other.status, other.body], [200, 'somebody else'])
    t.equal((await post(browser, { origin })).headers['location']?.slice(0, callback.length), callback)
  })
  await t.test('a person is asked once, again when it is more, and can say no', async (t) => {
    const program = await registerProgram(service)
    const browser = await signedIn(await service.createUser())
    const pathOf = async (change = {}) => new URL((await browser.visit(ask(program, change))).url).pathname
    const page = await browser.visit(ask(program))
    t.match(page.answer.body, /know that it is you[\s\S]*see your name[\s\S]*see your email address/)
    const denied = toldBy(await browser.fillIn(page, { answer: 'deny' }))
    t.same(denied, {
      error: 'access_denied',
      error_description: denied['error_description'],
      state: 'a state',
      iss: issuer,
    })
    t.equal(await pathOf(), '/consent', 'a no is not remembered')
    await letIn(browser, ask(program))
    t.equal(await pathOf(), '/callback')
    t.equal(await pathOf({ scope: 'openid' }), '/callback', 'less was allowed with more')
    t.equal(await pathOf({ scope: 'openid groups' }), '/consent')
    await letIn(browser, ask(program, { scope: 'openid groups' }))
    t.equal(await pathOf({ scope: 'openid groups email' }), '/callback', 'what was allowed before is allowed still')
    t.equal(await pathOf({ prompt: 'consent' }), '/consent')
  })
  await t.test(
    'a program of one’s own is let in without a question, unless another one could take its place',
    async (t) => {
      const browser = await signedIn(await service.createUser())
      const first = { first_party: true }
      const app = await registerProgram(service, { ...first, public: true })
      const uri = 'com.example.app:/cb'
      const native = await registerProgram(service, { ...first, public: true, redirect_uris: [uri] })
      t.match(toldBy(await browser.visit(ask(app))), { code: String })
      const page = await browser.visit(ask(native, { redirect_uri: uri }))
      t.match([new URL(page.url).pathname, page.answer.body], ['/consent', 'com.example.app'])
      const { answer } = await browser.fillIn(page, { answer: 'allow' }).catch(() => ({ answer: undefined }))
      t.ok(answer)
      t.equal(new URL((await browser.visit(ask(native, { redirect_uri: uri }))).url).pathname, '/consent', 'each time')
    },
  )
  await t.test('three tabs at once all arrive, and the back button asks anew', async (t) => {
    const browser = browserOf(service)
    const [one, two, three] = [
      await browser.visit(ask(own, { state: '1' })),
      await browser.visit(ask(own, { state: '2' })),
      await browser.visit(ask(own, { state: '3' })),
    ]
    const login = { email: ada.email, password: ada.password }
    t.match(toldBy(await browser.submit(two, login)), { code: String, state: '2' })
    for (const [tab, state] of [
      [one, '1'],
      [three, '3'],
    ] as const) {
      t.match(toldBy(await browser.visit(tab.url)), { code: String, state }, 'loaded anew')
      t.match(toldBy(await browser.submit(tab, login)), { code: String, state }, 'and by its form')
    }
    const back = await browser.visit(ask(own, { state: '2' }))
    t.match(toldBy(back), { code: String, state: '2' })
  })
  await t.test('form_post hands the answer over by a form, and leaks nothing in an address', async (t) => {
    const browser = await signedIn()
    const { answer, url } = await browser.visit(ask(own, { response_mode: 'form_post', state: '"><script>' }))
    t.equal(new URL(url).pathname, '/oauth/authorize')
    t.match(answer.body, `<form method="post" action="${callback}"`)
    t.match(hiddenOf(answer), { code: String, state: '"><script>', iss: issuer })
    const failed = await browser.visit(ask(own, { response_mode: 'form_post', scope: 'none' }))
    t.match(hiddenOf(failed.answer), { error: 'invalid_scope', state: 'a state', iss: issuer })
  })
  await t.test(
    'select_account asks as whom to go on, create leads to the page for it, and hints are passed on',
    async (t) => {
      const browser = await signedIn()
      const chosen = await browser.visit(ask(own, { prompt: 'select_account' }))
      t.match([new URL(chosen.url).pathname, chosen.answer.body], ['/login', ada.email])
      const onwards = new URL(chosen.url)
      onwards.searchParams.set('continue', 'yes')
      t.match(toldBy(await browser.visit(onwards.href)), { code: String })
      const stranger = browserOf(service)
      t.equal(new URL((await stranger.visit(ask(own, { prompt: 'create' }))).url).pathname, '/register')
      const hinted = await stranger.visit(ask(own, { login_hint: 'ada@example.test', ui_locales: 'de' }))
      t.match(hinted.answer.body, /lang="de"[\s\S]*value="ada@example.test"/)
    },
  )
  await t.test('an ID token as a hint is held against who is signed in', async (t) => {
    const browser = await signedIn()
    const { code } = await letIn(browser, ask(own))
    const { id_token } = (await redeem(service, own, { code })).json()
    service.clock.advance(1_000)
    t.match(toldBy(await browser.visit(ask(own, { id_token_hint: id_token }))), { code: String }, 'expired as it is')
    const other = await signedIn(await service.createUser())
    t.match(toldBy(await other.visit(ask(own, { id_token_hint: id_token }))), { error: 'login_required' })
    t.match(toldBy(await browser.visit(ask(own, { id_token_hint: `${id_token}x` }))), { error: 'invalid_request' })
  })
  await t.test('acr_values=aal2 asks for the second factor, and the ID token says so', async (t) => {
    const user = await service.createUser()
    const { secret } = await setUpTotp(service, await service.signIn(user))
    const browser = browserOf(service)
    const form = await browser.visit(ask(own, { acr_values: 'aal2' }))
    const second = await browser.submit(form, { email: user.email, password: user.password })
    const { code } = toldBy(await browser.fillIn(second, { code: nextCode(service, secret) }))
    t.match(claimsOf((await redeem(service, own, { code })).json().id_token), {
      acr: 'aal2',
      amr: ['pwd', 'otp', 'mfa'],
    })
  })
  await t.test(
    'statement 21: a resource is an audience of the program, by its name or by the address of its host',
    async (t) => {
      const program = await registerProgram(service, {
        audiences: ['app', 'https://api.example.test'],
        first_party: true,
      })
      const browser = await signedIn()
      const audience = async (resource: string) => {
        const { code } = toldBy(await browser.visit(ask(program, { resource })))
        return claimsOf((await redeem(service, program, { code })).json().access_token)['aud']
      }
      const userinfo = `${issuer}/oauth/userinfo`
      t.same(await audience('http://app.example.test/somewhere'), ['app', userinfo])
      t.same(await audience('https://api.example.test'), ['https://api.example.test', userinfo])
      for (const resource of [issuer, 'https://other.example.test', 'http://other.example.test/', 'nonsense']) {
        t.match(toldBy(await browser.visit(ask(program, { resource }))), { error: 'invalid_target' }, resource)
      }
    },
  )
  await t.test('a request that is too long is refused at once', async (t) => {
    const browser = await signedIn()
    t.equal((await browser.ask(ask(own, { scope: 'x'.repeat(7_000) }))).status, 400)
    const form = { client_id: own.client_id, scope: 'x'.repeat(7_000) }
    t.equal((await browser.ask(`${issuer}/oauth/authorize`, { method: 'POST', form })).status, 400)
  })
})
