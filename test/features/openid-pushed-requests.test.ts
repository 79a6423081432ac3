/** Requests that programs hand over themselves (RFC 9126): good for one answer, for one program, and never in an address. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { basic, claimsOf, post, refuses } from '../support/oauth.ts'
import {
  browserOf,
  callback,
  letIn,
  type Program,
  redeem,
  registerProgram,
  requestOf,
  startProvider,
  toldBy,
} from '../support/openid.ts'

for (const backend of backends) {
  void test(`pushed requests on ${backend.name} stores`, async (t) => {
    const yaml = { hosts: { 'app.example.test': { audience: 'app', rules: [{ allow: 'signed-in' }] } } }
    const service = await startProvider(t, { backend, yaml })
    const { issuer } = service
    const ada = await service.createUser()
    const wiki = await registerProgram(service, { audiences: ['app'] })
    const other = await registerProgram(service)
    const browser = browserOf(service)
    await browser.signIn(ada)

    const formOf = (program: Program, change: Record<string, string | undefined> = {}): Record<string, string> => ({
      ...Object.fromEntries(new URL(requestOf(service, program, change)).searchParams),
      ...(program.client_secret !== undefined && { client_secret: program.client_secret }),
    })
    const push = (program: Program, change: Record<string, string | undefined> = {}, more = '') =>
      post(service, '/oauth/par', String(new URLSearchParams(formOf(program, change))) + more)
    const nameOf = async (program: Program = wiki, change: Record<string, string | undefined> = {}) => {
      const answer = await push(program, change)
      t.equal(answer.status, 201, answer.body)
      return answer.json<{ request_uri: string }>().request_uri
    }
    const addressOf = (request_uri: string, { client_id }: Pick<Program, 'client_id'> = wiki) =>
      `${issuer}/oauth/authorize?${String(new URLSearchParams({ client_id, request_uri }))}`
    const isOver = async (url: string, what: string, by = browser) => {
      const { status, headers, body } = await by.ask(url)
      t.match([status, headers['location'], body], [400, undefined, /answered already, or is too old/], what)
    }

    await t.test('statement 64: what is pushed is kept for a while under a name that nobody guesses', async (t) => {
      const answer = await push(wiki)
      t.match(answer.headers, { 'cache-control': 'no-store', 'content-type': /^application\/json/ })
      t.equal(answer.status, 201)
      t.match(answer.json(), { request_uri: /^urn:ietf:params:oauth:request_uri:[\w-]{43}$/, expires_in: 90 })
      const by = basic(wiki.client_id, wiki.client_secret!)
      const { client_id: _, client_secret: _s, ...form } = formOf(wiki)
      t.equal((await post(service, '/oauth/par', form, by)).status, 201, 'the name stands in the header')
      const read = await service.call('/oauth/par')
      t.match([read.status, read.headers['allow']], [405, /POST/])
      refuses(t, await push(wiki, { request_uri: 'urn:ietf:params:oauth:request_uri:x' }), 400, 'invalid_request')
      const { pushed_authorization_request_endpoint, require_pushed_authorization_requests } = (
        await service.call('/.well-known/openid-configuration')
      ).json()
      t.same(
        [pushed_authorization_request_endpoint, require_pushed_authorization_requests],
        [`${issuer}/oauth/par`, false],
      )
    })
    await t.test('statement 64: a client proves itself as at the token endpoint', async (t) => {
      refuses(t, await push({ ...wiki, client_secret: 'wrong' }), 401, 'invalid_client')
      refuses(t, await push({ client_id: wiki.client_id }), 401, 'invalid_client')
      refuses(t, await push({ client_id: 'nobody', client_secret: 'x' }), 401, 'invalid_client')
      const by = basic(other.client_id, other.client_secret!)
      const { client_secret: _, ...form } = formOf(wiki)
      refuses(t, await post(service, '/oauth/par', form, by), 400, 'invalid_request', 'somebody else’s request')
    })
    await t.test('statement 64: what is wrong with a request is told to the program at once', async (t) => {
      const job = await registerProgram(service, { grants: ['client_credentials'] })
      const wrong: [string, Record<string, string | undefined>, Program?][] = [
        ['invalid_request', { redirect_uri: 'https://evil.example.test/callback' }],
        ['invalid_request', { redirect_uri: `${callback}/` }],
        ['invalid_request', { response_type: undefined }],
        ['invalid_request', { code_challenge_method: 'plain' }],
        ['invalid_request', { prompt: 'none login' }],
        ['invalid_request', { state: 'x'.repeat(17_000) }],
        ['unsupported_response_type', { response_type: 'token' }],
        ['invalid_scope', { scope: 'openid reports:read' }],
        ['invalid_target', { resource: 'https://elsewhere.example.test' }],
        ['invalid_authorization_details', { authorization_details: '[]' }],
        ['registration_not_supported', { registration: '{}' }],
        ['unauthorized_client', {}, job],
      ]
      for (const [error, change, program = wiki] of wrong) {
        refuses(t, await push(program, change), 400, error, JSON.stringify(change).slice(0, 80))
      }
      refuses(t, await push(wiki, {}, '&scope=openid'), 400, 'invalid_request', 'a parameter that comes twice')
      const json = { headers: { 'content-type': 'application/json' }, body: '{}' }
      refuses(t, await service.call('/oauth/par', { method: 'POST', ...json }), 400, 'invalid_request')
      refuses(t, await push(wiki, { scope: 'x'.repeat(1_048_576) }), 413, 'invalid_request')
      t.equal((await push(wiki, { nothing_known: 'x', login_hint: '' }, '&resource=app&resource=')).status, 201)
    })
    await t.test('a program gets its tokens by it, and nothing beside it counts', async (t) => {
      const extra = '&scope=openid+groups&state=other&redirect_uri=https%3A%2F%2Fevil.example.test&response_type=token'
      const told = await letIn(browser, addressOf(await nameOf(wiki, { resource: 'app' })) + extra)
      t.match(told, { code: String, state: 'a state', iss: issuer })
      const { access_token, scope } = (await redeem(service, wiki, { code: told['code'] })).json()
      t.equal(scope, 'openid profile email')
      t.match(claimsOf(access_token), { client_id: wiki.client_id, aud: ['app', `${issuer}/oauth/userinfo`] })
    })
    await t.test('statement 65: a name is looked at again until it is answered, and never after that', async (t) => {
      const url = addressOf(await nameOf(other), other)
      const page = await browser.visit(url)
      t.equal(new URL(page.url).pathname, '/consent')
      const second = await browser.visit(url)
      t.equal(new URL(second.url).pathname, '/consent', 'loaded again, or in a second tab')
      t.match(toldBy(await browser.fillIn(page, { answer: 'allow' })), { code: String })
      await isOver(url, 'the name')
      await isOver(page.url, 'the address of the page')
      const late = await browser.fillIn(second, { answer: 'allow' }).catch((error: Error) => error)
      t.match(late, { answer: { status: 400, headers: { location: undefined } } }, 'the other tab')
    })
    await t.test('statement 65: a no, or an error, is an answer too', async (t) => {
      const stranger = await registerProgram(service)
      const url = addressOf(await nameOf(stranger), stranger)
      const page = await browser.visit(url)
      t.match(toldBy(await browser.fillIn(page, { answer: 'deny' })), { error: 'access_denied', state: 'a state' })
      await isOver(url, 'after a no')
      const silent = addressOf(await nameOf(stranger, { prompt: 'none' }), stranger)
      t.match(toldBy(await browser.visit(silent)), { error: 'consent_required' })
      await isOver(silent, 'after an error')
    })
    await t.test('statement 65: a name is one program’s, and expires', async (t) => {
      const name = await nameOf()
      await isOver(addressOf(name, other), 'another program')
      await isOver(addressOf(`${name.slice(0, -1)}_`), 'a name of nothing')
      await isOver(addressOf('urn:ietf:params:oauth:request_uri:x'), 'no name')
      for (const twice of [`&client_id=${other.client_id}`, `&request_uri=${encodeURIComponent(name)}`]) {
        t.equal((await browser.ask(addressOf(name) + twice)).status, 400, twice)
      }
      service.clock.advance(89)
      t.match(toldBy(await browser.visit(addressOf(name))), { code: String })
      const late = await nameOf()
      service.clock.advance(90)
      await isOver(addressOf(late), 'after its time')
    })
    await t.test('who has come in time may take an hour to sign in', async (t) => {
      const late = browserOf(service)
      const form = await late.visit(addressOf(await nameOf()))
      t.equal(new URL(form.url).pathname, '/login')
      service.clock.advance(3_000)
      const told = toldBy(await late.submit(form, { email: ada.email, password: ada.password }))
      t.match(told, { code: String, state: 'a state' })
      const slow = browserOf(service)
      const again = await slow.visit(addressOf(await nameOf()))
      service.clock.advance(3_700)
      await slow.signIn(ada)
      await isOver(new URL(new URL(again.url).searchParams.get('return_to')!, issuer).href, 'after an hour', slow)
    })
    await t.test('CVE-2024-4540: nothing of it stands in an address or a cookie', async (t) => {
      const secret = { state: 'secret-state', nonce: 'secret-nonce', login_hint: 'secret@example.test' }
      const someone = browserOf(service)
      let url = addressOf(await nameOf(wiki, { ...secret, prompt: 'login' }))
      for (let steps = 0; steps < 5; steps++) {
        const { headers, status } = await someone.ask(url)
        t.notMatch(JSON.stringify(headers), 'secret')
        if (status !== 303) break
        url = new URL(String(headers['location']), url).href
      }
      t.equal(new URL(url).pathname, '/login')
    })
    await t.test('parallel answers to one request bring one code', async (t) => {
      await browser.signIn(ada)
      await letIn(browser, requestOf(service, wiki))
      const url = addressOf(await nameOf())
      const answers = await Promise.all(Array.from({ length: 20 }, () => browser.ask(url)))
      const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b)
      t.same(statuses, [303, ...Array.from({ length: 19 }, () => 400)])
    })
    await t.test('a program that must push its requests is let in by no other one', async (t) => {
      const strict = await registerProgram(service, { require_pushed_authorization_requests: true })
      t.match(toldBy(await browser.visit(requestOf(service, strict))), { error: 'invalid_request', state: 'a state' })
      t.match(await letIn(browser, addressOf(await nameOf(strict), strict)), { code: String })
    })
    await t.test('a program that proves nothing has no more kept than it can use', async (t) => {
      const app = await registerProgram(service, { public: true })
      for (let i = 0; i < 60; i++) t.equal((await push(app)).status, 201)
      const answer = await push(app)
      refuses(t, answer, 429, 'slow_down')
      t.ok(answer.headers['retry-after'])
    })
    await t.test('a request ends with its program, and is swept away when nobody can answer it any more', async (t) => {
      const gone = await registerProgram(service)
      const name = await nameOf(gone)
      await service.operate('DELETE', `/clients/${gone.client_id}`)
      t.equal((await browser.ask(addressOf(name, gone))).status, 400)
      const at = new Date(service.clock.now() + 3_690_000)
      const sweep = () => service.stores.housekeeping.sweep('pushed requests', at, 500)
      t.ok(await sweep())
      t.equal(await sweep(), 0)
    })
  })
}
