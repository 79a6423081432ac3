/** The ways of people who have no account yet, or no second factor, and come back to what a program has asked for. */
import { test } from 'tap'
import { keyOn, nextCode } from '../support/factors.ts'
import { tokenOf } from '../support/mails.ts'
import { claimsOf } from '../support/oauth.ts'
import { browserOf, callback, redeem, registerProgram, requestOf, startProvider, toldBy } from '../support/openid.ts'
import type { Visited } from '../support/visitor.ts'

type Browser = ReturnType<typeof browserOf>
const password = 'a heron, a lantern and a map'
const cookieName = 'gatehouse_way_back'

void test('people who make an account, or set up a second factor, go on where they were', async (t) => {
  const service = await startProvider(t)
  const { issuer } = service
  const program = await registerProgram(service, { first_party: true })
  const ask = requestOf.bind(undefined, service, program)
  let count = 0
  const newAddress = () => `newcomer-${++count}@example.test`
  /** The address behind the link of a page with these words. */
  const linkOf = ({ url, answer }: Visited, words: string) => {
    const [, href = ''] = new RegExp(`href="([^"]*)"[^>]*>\\s*${words}`).exec(answer.body) ?? []
    return new URL(href.replaceAll('&#38;', '&').replaceAll('&amp;', '&'), url).href
  }
  const register = async (browser: Browser, email: string, url = ask({ prompt: 'create' })) =>
    browser.fillIn(await browser.visit(url), { name: 'Grace', email })
  /** Opens the newest link in the mails to an address, and chooses a password; resolves to the page after that. */
  const choose = async (browser: Browser, email: string, page = 'verify-email', more = {}) => {
    const form = await browser.visit(`${issuer}/${page}?token=${await tokenOf(service, email, page)}`)
    return browser.fillIn(form, { password, ...more })
  }
  const signInAt = async (browser: Browser, page: Visited, email: string, words = 'Sign in') =>
    browser.fillIn(await browser.visit(linkOf(page, words)), { email, password })
  const isWayBack = (page: Visited, words = 'Sign in') => linkOf(page, words).includes('return_to=')
  const bare = `${issuer}/login`

  await t.test('whoever makes an account for a program gets there, an hour later too', async (t) => {
    const pushed = async () => {
      const { searchParams } = new URL(ask({ prompt: 'create' }))
      const form = { ...Object.fromEntries(searchParams), client_secret: program.client_secret! }
      const { request_uri } = (await service.call('/oauth/par', { method: 'POST', form })).json()
      return `${issuer}/oauth/authorize?${String(new URLSearchParams({ client_id: program.client_id, request_uri }))}`
    }
    for (const [url, seconds] of [
      [async () => ask({ prompt: 'create' }), 10],
      [async () => ask({ prompt: 'create' }), 3_700],
      [pushed, 3_500],
    ] as const) {
      const [browser, email] = [browserOf(service), newAddress()]
      const mailed = await register(browser, email, await url())
      t.equal(new URL(mailed.url).pathname, '/check-your-mail')
      service.clock.advance(seconds)
      const done = await choose(browser, email)
      t.equal(browser.jarOf(new URL(issuer).host)[cookieName], undefined, 'the way back is used up')
      const form = await browser.visit(linkOf(done, 'Sign in'))
      t.match(form.answer.body, /to continue to\s*<strong><bdi>The wiki/)
      const told = toldBy(await browser.fillIn(form, { email, password }))
      t.match(told, { code: String, state: 'a state' }, `after ${seconds} s`)
      t.equal((await redeem(service, program, told)).status, 200)
    }
  })
  await t.test(
    'the mail leads another browser to the page for signing in, and the first one still goes on',
    async (t) => {
      const [browser, other, email] = [browserOf(service), browserOf(service), newAddress()]
      const mailed = await register(browser, email)
      t.notMatch((await service.mails()).join('\n'), 'return_to')
      t.equal(linkOf(await choose(other, email), 'Sign in'), bare)
      t.match(toldBy(await signInAt(browser, mailed, email, 'To the sign-in page')), { code: String })
    },
  )
  await t.test(
    'it is good for the address that was typed in this browser alone, and for nothing planted there',
    async (t) => {
      const { host } = new URL(issuer)
      const [browser, mine, others] = [browserOf(service), newAddress(), newAddress()]
      await browser.visit(`${issuer}/register?return_to=${encodeURIComponent('/account')}`)
      t.equal(browser.jarOf(host)[cookieName], undefined, 'a link that was followed leaves nothing')
      const headers = { origin: 'https://evil.example.test' }
      const forged = await browser.ask(`${issuer}/register?return_to=%2Faccount`, {
        ...{ method: 'POST', headers, form: { name: 'Eve', email: mine } },
      })
      t.same([forged.status, forged.cookies[cookieName]], [403, undefined])
      await register(browser, mine)
      const kept = browser.jarOf(host)[cookieName]!
      t.notMatch(Buffer.from(kept, 'base64url').toString('latin1'), program.client_id, 'nobody reads it')
      await register(browserOf(service), others)
      t.equal(linkOf(await choose(browser, others), 'Sign in'), bare, 'another address')
      for (const value of ['nonsense', kept.slice(0, -2), `${kept}; ${cookieName}=${kept.slice(1)}`]) {
        const [victim, email] = [browserOf(service), newAddress()]
        await register(victim, email, `${issuer}/register`)
        victim.jarOf(host)[cookieName] = value
        t.equal(linkOf(await choose(victim, email), 'Sign in'), bare, value.slice(0, 20))
      }
      t.ok(isWayBack(await choose(browser, mine)), 'its own')
    },
  )
  await t.test('nobody is led where the page for signing in would not lead them', async (t) => {
    for (const wanted of [
      'https://evil.example.test/',
      '//evil.example.test',
      '/\\evil.example.test',
      'javascript:1',
    ]) {
      const [browser, email] = [browserOf(service), newAddress()]
      await register(browser, email, `${issuer}/register?return_to=${encodeURIComponent(wanted)}`)
      const { url } = await signInAt(browser, await choose(browser, email), email)
      t.equal(url, `${issuer}/`, wanted)
    }
    const [browser, email] = [browserOf(service), newAddress()]
    const long = await register(browser, email, ask({ prompt: 'create', state: 'x'.repeat(3_000) }))
    t.ok(isWayBack(long, 'To the sign-in page'))
    t.equal(linkOf(await choose(browser, email), 'Sign in'), bare, 'what no cookie holds is not kept')
  })
  await t.test('a forgotten password, another link and an invitation lead on as well', async (t) => {
    const user = await service.createUser()
    const browser = browserOf(service)
    const form = await browser.visit(ask())
    const asked = await browser.fillIn(await browser.visit(linkOf(form, 'Forgot')), { email: user.email })
    t.ok(isWayBack(asked, 'To the sign-in page'))
    const chosen = await choose(browser, user.email, 'reset-password')
    t.match(toldBy(await signInAt(browser, chosen, user.email)), { code: String })

    const [late, email] = [browserOf(service), newAddress()]
    await register(browserOf(service), email)
    const wrong = await register(late, newAddress(), linkOf(form, 'Make'))
    await late.fillIn(await late.visit(linkOf(wrong, 'Ask for')), { email })
    t.match(toldBy(await signInAt(late, await choose(late, email), email)), { code: String })

    const [invited, guest] = [newAddress(), browserOf(service)]
    await service.operate('POST', '/invitations', { email: invited })
    await register(guest, invited)
    const accepted = await choose(guest, invited, 'invitation', { name: 'Grace' })
    t.match(toldBy(await signInAt(guest, accepted, invited)), { code: String })
  })
  await t.test('whoever has an account already signs in, and what the program knows is filled in', async (t) => {
    const user = await service.createUser()
    const browser = browserOf(service)
    const form = await browser.visit(ask({ prompt: 'create', login_hint: user.email, ui_locales: 'de' }))
    t.match(form.answer.body, /<html lang="de"/)
    t.match(form.answer.body, `value="${user.email}"`)
    const signIn = await browser.visit(linkOf(form, 'Melden Sie sich an'))
    const { url } = await browser.fillIn(signIn, { email: user.email, password: user.password })
    t.equal(url.slice(0, callback.length), callback)
  })
  await t.test('the page for making an account says which program has sent somebody, and where that is', async (t) => {
    const browser = browserOf(service)
    const form = await browser.visit(ask({ prompt: 'create' }))
    t.equal(new URL(form.url).pathname, '/register')
    const { host } = new URL(callback)
    const told = new RegExp(`to continue to\\s*<strong><bdi>[^<]+</bdi></strong> \\(<bdi>${host}</bdi>\\)`)
    t.match(form.answer.body, told)
    const refused = await browser.fillIn(form, { name: 'Ada', email: 'no address' })
    t.match([refused.answer.status, refused.answer.body], [422, told], 'also when something was wrong')
    const [plain, elsewhere] = ['', '?return_to=https://elsewhere.example/'].map(
      (query) => `${service.issuer}/register${query}`,
    )
    for (const url of [plain!, elsewhere!]) t.notMatch((await browser.visit(url)).answer.body, 'to continue to')
  })
  await t.test('whoever has no second factor sets one up where a program asks for it, and goes on', async (t) => {
    const user = await service.createUser()
    const browser = browserOf(service)
    const form = await browser.visit(ask({ acr_values: 'aal2' }))
    const stronger = await browser.fillIn(form, { email: user.email, password: user.password })
    t.match(stronger.answer.body, 'A stronger sign-in is needed')
    service.clock.advance(3_000)
    const factors = await browser.visit(linkOf(stronger, 'Set up a second factor'))
    t.match(linkOf(factors, 'Add a passkey'), /add-passkey\?return_to=/)
    const proof = await browser.visit(linkOf(factors, 'Set up'))
    t.equal(new URL(proof.url).pathname, '/step-up', 'by a fresh proof')
    const setUp = await browser.fillIn(proof, { password: user.password })
    t.equal(new URL(setUp.url).pathname, '/authenticator')
    t.match(linkOf(setUp, 'Cancel'), /factors\?return_to=/)
    const wrong = await browser.fillIn(setUp, { code: '000000' })
    const codes = await browser.fillIn(wrong, { code: nextCode(service, keyOn(wrong.answer)) })
    const told = toldBy(await browser.visit(linkOf(codes, 'I have kept them')))
    const { id_token } = (await redeem(service, program, told)).json()
    t.match(claimsOf(id_token), { acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] })
    t.match(toldBy(await browser.visit(ask({ acr_values: 'aal2' }))), { code: String }, 'and the next time at once')
    const foreign = await browser.visit(`${issuer}/login?return_to=https%3A%2F%2Fevil.example.test&continue=yes`)
    t.equal(foreign.url, `${issuer}/`)
  })
})
