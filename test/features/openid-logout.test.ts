/** Signing out at the wish of a program (OpenID Connect RP-Initiated Logout 1.0), and what the metadata says below a path. */
import * as client from 'openid-client'
import { test } from 'tap'
import { browserOf, hiddenOf, letIn, redeem, registerProgram, requestOf, startProvider } from '../support/openid.ts'

void test('a program asks that somebody is signed out', async (t) => {
  const service = await startProvider(t)
  const { issuer } = service
  const ada = await service.createUser()
  const after = 'https://wiki.example.test/bye'
  const wiki = await registerProgram(service, { post_logout_redirect_uris: [after], first_party: true })
  const other = await registerProgram(service)
  const signIn = async () => {
    const browser = browserOf(service)
    await browser.signIn(ada)
    const { code } = await letIn(browser, requestOf(service, wiki))
    const { id_token } = (await redeem(service, wiki, { code })).json()
    return { browser, id_token_hint: id_token as string }
  }
  const ask = (parameters: Record<string, string>) =>
    `${issuer}/oauth/logout?${String(new URLSearchParams(parameters))}`
  const isSignedIn = async (browser: ReturnType<typeof browserOf>) =>
    new URL((await browser.visit(`${issuer}/account`)).url).pathname === '/account'

  await t.test(
    'statements 61 and 62: with an ID token of the session at once, expired as it may be, with the state',
    async (t) => {
      for (const method of ['GET', 'POST']) {
        const { browser, id_token_hint } = await signIn()
        service.clock.advance(1_000)
        const parameters = { id_token_hint, post_logout_redirect_uri: after, state: 'x y' }
        const visited =
          method === 'GET'
            ? await browser.visit(ask(parameters))
            : await browser.visit(`${issuer}/oauth/logout`, { method, form: parameters })
        t.equal(visited.url, `${after}?state=x+y`)
        t.equal(await isSignedIn(browser), false, method)
      }
    },
  )
  await t.test('statement 61: without one the person is asked', async (t) => {
    const { browser } = await signIn()
    const stranger = (await signIn()).id_token_hint
    for (const parameters of [
      { client_id: wiki.client_id, post_logout_redirect_uri: after, state: 's' },
      { id_token_hint: stranger, post_logout_redirect_uri: after, state: 's' },
    ]) {
      const page = await browser.visit(ask(parameters))
      t.match([new URL(page.url).pathname, page.answer.body], ['/end-session', 'The wiki'])
      t.equal(await isSignedIn(browser), true)
      const form = hiddenOf(page.answer)
      const evil = { origin: 'https://evil.example.test' }
      t.equal((await browser.ask(page.url, { method: 'POST', form, headers: evil })).status, 403)
      t.equal((await browser.fillIn(page, {})).url, `${after}?state=s`)
      t.equal(await isSignedIn(browser), false)
      await browser.signIn(ada)
    }
    const bare = await browser.visit(`${issuer}/oauth/logout`)
    t.equal((await browser.fillIn(bare, {})).url, `${issuer}/signed-out`)
  })
  await t.test('statement 62: nobody is led to an address that is not the program’s', async (t) => {
    const { browser, id_token_hint } = await signIn()
    const wrong: Record<string, string>[] = [
      { id_token_hint, post_logout_redirect_uri: `${after}/` },
      { id_token_hint, post_logout_redirect_uri: 'https://evil.example.test' },
      { id_token_hint: `${id_token_hint}x`, post_logout_redirect_uri: after },
      { id_token_hint, client_id: other.client_id, post_logout_redirect_uri: after },
      { client_id: other.client_id, post_logout_redirect_uri: after },
      { post_logout_redirect_uri: after },
    ]
    for (const parameters of wrong) {
      const answer = await browser.ask(ask(parameters))
      t.match([answer.status, answer.headers['location']], [400, undefined], JSON.stringify(parameters))
    }
    t.equal(await isSignedIn(browser), true)
  })
})

void test('statement 41: below a path the issuer is found and says its own name', async (t) => {
  const service = await startProvider(t, { path: '/auth' })
  const ada = await service.createUser()
  const wiki = await registerProgram(service, { first_party: true })
  const insecure = { execute: [client.allowInsecureRequests] }
  for (const algorithm of ['oidc', 'oauth2'] as const) {
    const issuer = new URL(service.issuer)
    const config = await client.discovery(issuer, wiki.client_id, wiki.client_secret, undefined, {
      ...insecure,
      algorithm,
    })
    t.equal(config.serverMetadata().issuer, service.issuer)
  }
  const found = ['/auth/.well-known/openid-configuration', '/.well-known/openid-configuration/auth']
  for (const path of found) t.equal((await service.call(path)).json().issuer, service.issuer)
  const browser = browserOf(service)
  const form = await browser.visit(requestOf(service, wiki))
  const { url } = await browser.submit(form, { email: ada.email, password: ada.password })
  const { code, iss } = Object.fromEntries(new URL(url).searchParams)
  t.equal(iss, service.issuer)
  const { id_token } = (await redeem(service, wiki, { code })).json()
  t.equal(JSON.parse(Buffer.from(id_token.split('.')[1], 'base64url').toString()).iss, service.issuer)
  const page = await browser.visit(requestOf(service, await registerProgram(service)))
  t.match(await browser.fillIn(page, { answer: 'allow' }), { url: /\?code=/ })
})

void test('statement 42: ID tokens are signed by RS256 from the first program on, and every replica’s key set has the key', async (t) => {
  const service = await startProvider(t)
  const algorithms = async () => {
    const { keys } = (await service.call('/.well-known/jwks.json')).json<{ keys: { alg: string }[] }>()
    return keys.map(({ alg }) => alg).toSorted()
  }
  t.same(await algorithms(), ['ES256', 'ES256'])
  const { id_token_signing_alg_values_supported: named } = (
    await service.call('/.well-known/openid-configuration')
  ).json()
  t.same(named, ['RS256', 'ES256', 'PS256', 'EdDSA'])
  await registerProgram(service)
  t.same(await algorithms(), ['ES256', 'ES256', 'RS256', 'RS256'])
})
