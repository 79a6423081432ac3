/** The device flow (RFC 8628): a program on a device without a browser is let in elsewhere, by a code that the person compares. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { addedRows, auditRows, eventsOfDevices } from '../support/audit.ts'
import { nextCode, setUpTotp } from '../support/factors.ts'
import { mailsTo, readMail } from '../support/mails.ts'
import { claimsOf, introspect, refuses } from '../support/oauth.ts'
import { type Browser, browserOf, hiddenOf, type Program, registerProgram, startProvider } from '../support/openid.ts'
import { bearer, startService, type TestUser } from '../support/service.ts'

/** Where what does not depend on the stores is shown. */
const lastBackend = backends.at(-1)
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
const yaml = {
  hosts: { 'app.example.test': { audience: 'app', rules: [{ allow: 'signed-in' }] } },
  proxies: { trusted: ['127.0.0.1/32'] },
}
const device = {
  name: 'The television',
  grants: [deviceGrant, 'refresh_token'],
  redirect_uris: [],
  public: true,
}

for (const backend of backends) {
  void test(`the device flow on ${backend.name} stores`, async (t) => {
    const service = await startProvider(t, { backend, yaml })
    const { issuer } = service
    const ada = await service.createUser()
    const tv = await registerProgram(service, device)

    const ask = (form: Record<string, string> = {}, program: Program = tv, headers = {}) =>
      service.call('/oauth/device_authorization', { method: 'POST', form: { ...program, ...form }, headers })
    const begin = async (form: Record<string, string> = {}, program: Program = tv) => {
      return (await ask(form, program)).json<{
        device_code: string
        user_code: string
        verification_uri: string
        verification_uri_complete: string
      }>()
    }
    const poll = (device_code: string, form: Record<string, string> = {}, program: Program = tv, by = service) =>
      by.call('/oauth/token', {
        method: 'POST',
        form: { grant_type: deviceGrant, device_code, ...program, ...form } as Record<string, string>,
      })
    /** Whose tries, and those of the network, count from the beginning. */
    const signedIn = async (user: TestUser = ada) => {
      for (const key of [`device-tries:${user.id}`, 'device-tries:of:127.0.0.1', 'device-codes:of:127.0.0.1']) {
        await service.budgets.forgive([{ key, most: 1, windowSeconds: 600 }])
      }
      const browser = browserOf(service)
      await browser.signIn(user)
      return browser
    }
    const enter = async (browser: Browser, user_code: string) =>
      browser.fillIn(await browser.visit(`${issuer}/device`), { user_code })
    const decide = async (browser: Browser, user_code: string, answer = 'allow') =>
      browser.fillIn(await enter(browser, user_code), { answer })
    const tokensOf = async (form: Record<string, string> = {}, browser?: Browser) => {
      const { device_code, user_code } = await begin(form)
      await decide(browser ?? (await signedIn()), user_code)
      return (await poll(device_code)).json<{
        access_token: string
        refresh_token: string
        id_token: string
        scope: string
      }>()
    }
    const refresh = (refresh_token: string) =>
      service.call('/oauth/token', {
        method: 'POST',
        form: { grant_type: 'refresh_token', refresh_token, ...tv } as Record<string, string>,
      })
    const userinfo = async (token: string) => (await service.call('/oauth/userinfo', { headers: bearer(token) })).status

    const once: typeof t.test = backend === lastBackend ? t.test.bind(t) : ((async () => {}) as never)

    await once('statement 55: a client authenticates as at the token endpoint, and is told what to show', async (t) => {
      const answer = await ask({ scope: 'openid profile' })
      t.match(answer.headers, { 'cache-control': 'no-store', 'content-type': /^application\/json/ })
      const told = answer.json()
      t.match(told, { device_code: /^[\w-]{43}$/, user_code: /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/ })
      const { user_code } = told
      t.match(told, {
        ...{ verification_uri: `${issuer}/device`, expires_in: 600, interval: 5 },
        verification_uri_complete: `${issuer}/device?user_code=${user_code}`,
      })
      const confidential = await registerProgram(service, { ...device, public: false })
      t.equal((await ask({}, confidential)).status, 200)
      refuses(t, await ask({ client_secret: 'wrong' }, confidential), 401, 'invalid_client')
      refuses(t, await ask({}, { client_id: confidential.client_id }), 401, 'invalid_client')
      refuses(t, await ask({}, { client_id: 'nobody' }), 401, 'invalid_client')
      const other = await registerProgram(service)
      refuses(t, await ask({}, other), 400, 'unauthorized_client')
      refuses(t, await ask({ scope: 'reports:read' }), 400, 'invalid_scope')
      refuses(t, await ask({ resource: 'https://app.example.test/' }), 400, 'invalid_target')
      const json = await service.call('/oauth/device_authorization', { method: 'POST', json: { ...tv } })
      refuses(t, json, 400, 'invalid_request')
      t.equal((await service.call('/oauth/device_authorization')).status, 405)
      const metadata = (await service.call('/.well-known/openid-configuration')).json()
      t.equal(metadata.device_authorization_endpoint, `${issuer}/oauth/device_authorization`)
      t.ok(metadata.grant_types_supported.includes(deviceGrant))
    })
    await t.test(
      'statement 56: it waits, slows down for good on every replica, and is told how it ended',
      async (t) => {
        const replica = service.backend.replica ? await startService(t, { beside: service, yaml }) : service
        const { device_code, user_code } = await begin()
        refuses(t, await poll(device_code), 400, 'authorization_pending')
        refuses(t, await poll(device_code, {}, tv, replica), 400, 'slow_down')
        service.clock.advance(6)
        refuses(t, await poll(device_code), 400, 'slow_down', 'ten seconds by now')
        service.clock.advance(14)
        refuses(t, await poll(device_code), 400, 'slow_down', 'fifteen')
        service.clock.advance(20)
        refuses(t, await poll(device_code, {}, tv, replica), 400, 'authorization_pending')
        await decide(await signedIn(), user_code, 'deny')
        refuses(t, await poll(device_code), 400, 'access_denied')
        refuses(t, await poll(device_code), 400, 'access_denied')
        const late = await begin()
        service.clock.advance(600)
        refuses(t, await poll(late.device_code), 400, 'expired_token')
        const page = await enter(await signedIn(), late.user_code)
        t.match([page.answer.status, page.answer.body], [422, 'No device waits with this code'])
        refuses(t, await poll('nothing'), 400, 'invalid_grant')
        refuses(t, await poll(''), 400, 'invalid_request')
      },
    )
    await t.test('statement 57: of 20 parallel questions one gets tokens, and the others end nothing', async (t) => {
      const { device_code, user_code } = await begin({ scope: 'openid offline_access' })
      await decide(await signedIn(), user_code)
      const answers = await Promise.all(Array.from({ length: 20 }, () => poll(device_code)))
      const [won, ...more] = answers.filter(({ status }) => status === 200)
      t.equal(more.length, 0)
      for (const answer of answers.filter((one) => one !== won)) refuses(t, answer, 400, 'invalid_grant')
      t.equal((await refresh(won!.json().refresh_token)).status, 200)
    })
    await t.test('statement 8: the code of another program is refused, and stays good for its own', async (t) => {
      const { device_code, user_code } = await begin()
      const other = await registerProgram(service, device)
      refuses(t, await poll(device_code, {}, other), 400, 'invalid_grant')
      await decide(await signedIn(), user_code)
      refuses(t, await poll(device_code, {}, other), 400, 'invalid_grant')
      const asCode = { grant_type: 'authorization_code', code: device_code, redirect_uri: '', ...other }
      const exchanged = await service.call('/oauth/token', { method: 'POST', form: asCode as Record<string, string> })
      refuses(t, exchanged, 400, 'unauthorized_client')
      t.equal((await poll(device_code)).status, 200)
    })
    await once('a person signs in first and is led back, also by the link, and then compares the code', async (t) => {
      const { user_code, verification_uri_complete } = await begin()
      const browser = browserOf(service)
      const form = await browser.visit(verification_uri_complete)
      t.equal(new URL(form.url).pathname, '/login')
      const compare = await browser.submit(form, { email: ada.email, password: ada.password })
      t.equal(compare.url, verification_uri_complete)
      t.match(compare.answer.body, `<code>${user_code}</code>`)
      const page = await browser.fillIn(compare, {})
      t.equal(new URL(page.url).pathname, '/let-in-device', 'and decides on a page of its own')
      t.match(page.answer.headers['content-security-policy'], /frame-ancestors 'none'/)
    })
    await once('the page names program, scopes, address and time, warns of another network, and mails', async (t) => {
      const far = { 'x-forwarded-for': '203.0.113.9' }
      const { user_code } = (await ask({ scope: 'openid email' }, tv, far)).json()
      const browser = await signedIn()
      const page = await enter(browser, user_code.toLowerCase().replace('-', ' '))
      for (const told of ['The television', 'see your email address', '203.0.113.9', '127.0.0.1', user_code]) {
        t.match(page.answer.body, told)
      }
      t.match(page.answer.body, /<p role="alert">The device is in another network/)
      t.match(page.answer.body, new Date(service.clock.now()).toISOString().slice(0, 16))
      const rows = await addedRows(service, () => browser.fillIn(page, { answer: 'allow' }))
      t.match(
        rows.find(({ event }) => event === 'device.let_in'),
        { subject: ada.id, clientId: tv.client_id, details: { device_ip: '203.0.113.9' } },
      )
      const mail = readMail((await mailsTo(service, ada.email)).at(-1)!)
      for (const told of ['The television', '203.0.113.9', `${issuer}/grants`]) t.match(mail, told)
      const near = await begin()
      t.notMatch((await enter(browser, near.user_code)).answer.body, 'another network')
    })
    await once(
      'nobody is let in without being asked, whatever they agreed to and whoever the program is',
      async (t) => {
        const own = await registerProgram(service, { ...device, first_party: true, public: false })
        const browser = await signedIn()
        for (let times = 0; times < 2; times++) {
          const { device_code, user_code } = await begin({}, own)
          const page = await enter(browser, user_code)
          t.match(page.answer.body, 'name="answer" value="allow"')
          refuses(t, await poll(device_code, {}, own), 400, 'authorization_pending')
          await browser.fillIn(page, { answer: 'allow' })
          t.equal((await poll(device_code, {}, own)).status, 200)
        }
      },
    )
    await once('a code that was entered is worth something to that person in that browser alone', async (t) => {
      const { user_code, device_code } = await begin()
      const browser = await signedIn()
      const page = await enter(browser, user_code)
      const eve = await service.createUser()
      const another = await signedIn(eve)
      t.equal((await another.visit(page.url)).url, `${issuer}/device?done=over`)
      const elsewhere = await signedIn()
      t.equal((await elsewhere.visit(page.url)).url, `${issuer}/device?done=over`, 'nor in another browser of theirs')
      const csrf_token = hiddenOf((await elsewhere.visit(`${issuer}/device`)).answer)['csrf_token']!
      const forged = { method: 'POST', form: { csrf_token, answer: 'allow' }, headers: { origin: issuer } } as const
      t.equal((await elsewhere.visit(page.url, forged)).url, `${issuer}/device?done=over`)
      const strange = await browser.ask(page.url, {
        ...{
          method: 'POST',
          form: { answer: 'allow' },
          headers: { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' },
        },
      })
      t.equal(strange.status, 403)
      refuses(t, await poll(device_code), 400, 'authorization_pending')
    })
    await t.test('of several that decide one does', async (t) => {
      const { user_code } = await begin()
      const eve = await service.createUser()
      const [mine, hers] = [await signedIn(), await signedIn(eve)]
      const pages = [await enter(mine, user_code), await enter(hers, user_code)] as const
      const ends = await Promise.all([
        mine.fillIn(pages[0], { answer: 'allow' }),
        hers.fillIn(pages[1], { answer: 'allow' }),
        mine.fillIn(pages[0], { answer: 'deny' }),
      ])
      t.equal(ends.filter(({ url }) => /done=(allowed|denied)/.test(url)).length, 1)
      t.equal(ends.filter(({ url }) => url.endsWith('done=over')).length, 2)
    })
    await once('letting in asks for a fresh proof, which leads back', async (t) => {
      const eve = await service.createUser()
      const browser = await signedIn(eve)
      service.clock.advance(301)
      const { user_code, device_code } = await begin()
      const proof = await enter(browser, user_code)
      t.equal(new URL(proof.url).pathname, '/step-up')
      t.match(proof.answer.body, /to continue to\s*<strong><bdi>The television/)
      const page = await browser.fillIn(proof, { password: eve.password })
      t.equal(new URL(page.url).pathname, '/let-in-device')
      service.clock.advance(301)
      const again = await browser.fillIn(page, { answer: 'allow' })
      t.equal(new URL(again.url).pathname, '/step-up', 'also when the page was open for long')
      const back = await browser.fillIn(again, { password: eve.password })
      t.equal(new URL(back.url).pathname, '/let-in-device')
      await browser.fillIn(back, { answer: 'allow' })
      t.equal((await poll(device_code)).status, 200)
      const strong = await service.createUser()
      const bySecond = await signedIn(strong)
      const { secret } = await setUpTotp(service, await service.signIn(strong))
      const more = await begin()
      const code = await enter(bySecond, more.user_code)
      t.equal(new URL(code.url).pathname, '/step-up', 'and for the second factor of whoever has one')
      const shown = await bySecond.fillIn(code, { code: nextCode(service, secret) })
      t.equal(new URL(shown.url).pathname, '/let-in-device')
    })
    await t.test('what a program wants of people by default is wanted before its device is let in', async (t) => {
      const strict = await registerProgram(service, { ...device, default_acr_values: ['aal2'], scopes: ['openid'] })
      const eve = await service.createUser()
      const browser = await signedIn(eve)
      const weak = await begin({ scope: 'openid' }, strict)
      const asked = await enter(browser, weak.user_code)
      t.not(new URL(asked.url).pathname, '/let-in-device', 'one factor does not do')
      refuses(t, await poll(weak.device_code, {}, strict), 400, 'authorization_pending')
      const { secret } = await setUpTotp(service, await service.signIn(eve))
      const again = await browser.visit(asked.url)
      t.match(again.answer.body, /name="code"/)
      const shown = await browser.fillIn(again, { code: nextCode(service, secret) })
      t.equal(new URL(shown.url).pathname, '/let-in-device')
      await browser.fillIn(shown, { answer: 'allow' })
      const { id_token } = (await poll(weak.device_code, {}, strict)).json<{ id_token: string }>()
      t.match(claimsOf(id_token), { acr: 'aal2' })
    })
    await t.test('a proof that is older than a program wants by default is not enough, a newer one is', async (t) => {
      const young = await registerProgram(service, { ...device, default_max_age: 60, scopes: ['openid'] })
      const eve = await service.createUser()
      const browser = await signedIn(eve)
      service.clock.advance(1)
      const early = await begin({ scope: 'openid' }, young)
      const open = await enter(browser, early.user_code)
      t.equal(new URL(open.url).pathname, '/let-in-device', 'the proof is young')
      service.clock.advance(61)
      const { device_code, user_code } = await begin({ scope: 'openid' }, young)
      const asked = await enter(browser, user_code)
      t.not(new URL(asked.url).pathname, '/let-in-device', 'the proof is too old')
      refuses(t, await poll(device_code, {}, young), 400, 'authorization_pending')
      const late = await browser.fillIn(open, { answer: 'allow' })
      t.not(new URL(late.url).pathname, '/device', 'also where the page was open before')
      refuses(t, await poll(early.device_code, {}, young), 400, 'authorization_pending')
      const back = await browser.fillIn(asked, { password: eve.password })
      t.equal(new URL(back.url).pathname, '/let-in-device')
      service.clock.advance(100)
      await browser.fillIn(back, { answer: 'allow' })
      t.equal((await poll(device_code, {}, young)).status, 200, 'what was proven since the device asked does')
    })
    await once('tries are limited, those with the right code too', async (t) => {
      const eve = await service.createUser()
      const browser = await signedIn(eve)
      const { user_code } = await begin()
      for (let tries = 0; tries < 9; tries++) {
        const page = await enter(browser, 'BBBB-BBBB')
        t.match([page.answer.status, page.answer.body], [422, 'No device waits'])
      }
      t.equal((await enter(browser, user_code)).answer.status, 200)
      const rows = await addedRows(service, async () => {
        const page = await enter(browser, user_code)
        t.match([page.answer.status, page.answer.headers['retry-after']], [429, /^\d+$/])
      })
      t.match(rows, [{ event: 'device.limited', subject: eve.id }])
    })
    await t.test(
      'what a device gets says who it is, and hangs on a session of its own with offline_access',
      async (t) => {
        const browser = await signedIn()
        const kept = await tokensOf({ scope: 'openid profile offline_access' }, browser)
        const bare = await tokensOf({ scope: 'openid profile' }, browser)
        t.notOk(bare.refresh_token)
        t.match(claimsOf(kept.id_token), { iss: issuer, sub: ada.id, aud: tv.client_id, acr: 'aal1', sid: String })
        t.match(claimsOf(kept.access_token), { client_id: tv.client_id, grant_id: String })
        t.equal(claimsOf(kept.id_token).sid, claimsOf(kept.access_token).sid)
        const headers = bearer((await service.signIn(ada)).accessToken)
        const sessions = async () =>
          (await service.call('/api/users/me/sessions', { headers })).json<{ id: string; program: string | null }[]>()
        t.match(
          (await sessions()).find(({ id }) => id === claimsOf(kept.access_token).sid),
          { program: 'The television', current: false, ip: '127.0.0.1' },
        )
        await browser.fillIn(await browser.visit(`${issuer}/logout`), {})
        t.same([await userinfo(kept.access_token), await userinfo(bare.access_token)], [200, 401])
        const refreshed = await refresh(kept.refresh_token)
        t.equal(refreshed.status, 200)
        const { sid } = claimsOf(kept.access_token)
        t.equal((await service.call(`/api/users/me/sessions/${sid}`, { method: 'DELETE', headers })).status, 204)
        t.equal(await userinfo(refreshed.json().access_token), 401)
        refuses(t, await refresh(refreshed.json().refresh_token), 400, 'invalid_grant')
      },
    )
    await t.test(
      'statement 27: shutting the program out, revoking, disabling and a new program end all of it',
      async (t) => {
        const ends: Record<string, (user: TestUser, tokens: { refresh_token: string }) => Promise<unknown>> = {
          'shut out': (user) => service.operate('DELETE', `/users/${user.id}/grants/${tv.client_id}`),
          revoked: (_user, { refresh_token }) =>
            service.call('/oauth/revoke', {
              method: 'POST',
              form: { ...tv, token: refresh_token } as Record<string, string>,
            }),
          disabled: (user) => service.operate('PUT', `/users/${user.id}/status`, { status: 'disabled' }),
        }
        for (const [name, end] of Object.entries(ends)) {
          const user = await service.createUser()
          const tokens = await tokensOf({ scope: 'openid offline_access' }, await signedIn(user))
          const { sid } = claimsOf(tokens.access_token)
          t.equal(await userinfo(tokens.access_token), 200)
          await end(user, tokens)
          t.equal(await userinfo(tokens.access_token), 401, name)
          refuses(t, await refresh(tokens.refresh_token), 400, 'invalid_grant', name)
          const { items } = await service.operate('GET', `/sessions?user=${user.id}`)
          t.notOk(
            items.some(({ id }: { id: string }) => id === sid),
            `${name}: the session is gone`,
          )
        }
        const user = await service.createUser()
        const browser = await signedIn(user)
        const gone = await registerProgram(service, device)
        const { device_code, user_code } = await begin({ scope: 'openid offline_access' }, gone)
        await decide(browser, user_code)
        const { access_token } = (await poll(device_code, {}, gone)).json()
        await service.operate('DELETE', `/clients/${gone.client_id}`)
        t.equal(await userinfo(access_token), 401)
        const { items } = await service.operate('GET', `/sessions?user=${user.id}`)
        t.equal(items.length, 1, 'but that of the browser')
      },
    )
    await t.test('whoever signs out, or takes it back, before the device has asked lets nothing in', async (t) => {
      const user = await service.createUser()
      const browser = await signedIn(user)
      const one = await begin({ scope: 'openid offline_access' })
      await decide(browser, one.user_code)
      await service.operate('DELETE', `/users/${user.id}/grants/${tv.client_id}`)
      refuses(t, await poll(one.device_code), 400, 'invalid_grant')
      const other = await begin({ scope: 'openid offline_access' })
      await decide(browser, other.user_code)
      await browser.fillIn(await browser.visit(`${issuer}/logout`), {})
      refuses(t, await poll(other.device_code), 400, 'invalid_grant')
    })
    await once('a device asks for a resource, and its tokens are for nothing else', async (t) => {
      const program = await registerProgram(service, { ...device, audiences: ['app'] })
      const { device_code, user_code } = await begin(
        { scope: 'openid', resource: 'https://app.example.test/' },
        program,
      )
      await decide(await signedIn(), user_code)
      refuses(t, await poll(device_code, { resource: 'https://elsewhere.test/' }, program), 400, 'invalid_target')
      const { access_token } = (await poll(device_code, {}, program)).json()
      t.same(claimsOf(access_token).aud, ['app', `${issuer}/oauth/userinfo`])
      t.match(await introspect(service, program as never, access_token), [401])
    })
    await once('the trail is told of all of it, and neither code stands in the log', async (t) => {
      const { device_code, user_code } = await begin()
      await decide(await signedIn(), user_code, 'deny')
      await poll(device_code)
      const told = new Set((await auditRows(service)).map(({ event }) => event))
      t.same(
        eventsOfDevices.filter((event) => !told.has(event)),
        [],
      )
      t.notMatch(service.logged(), device_code)
    })
    await once('a public client gets so many codes from one address', async (t) => {
      let last = await ask()
      for (let asked = 0; asked < 61 && last.status === 200; asked++) last = await ask()
      refuses(t, last, 429, 'slow_down')
      t.match(last.headers['retry-after'], /^\d+$/)
    })
  })
}
