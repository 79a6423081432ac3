/** Server programs by which people sign in, unmodified and with their defaults: the recipes of docs/openid.md. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import express from 'express'
import session from 'express-session'
import { Passport } from 'passport'
import { Strategy } from 'passport-openidconnect'
import { type Test, test } from 'tap'
import { hasRelyingParty, nextAuthFolder } from './relying-parties/install.ts'
import { hasApache } from './support/debian.ts'
import { registerProgram } from './support/openid.ts'
import { hasProxy } from './support/proxies.ts'
import {
  apiAudience,
  type Grounds,
  filledIn,
  recipeOf,
  setGrounds,
  startProgram,
  wanderer,
} from './support/relying-parties.ts'
import { findProgram, freePort, scratchFolder } from './support/servers.ts'
import { listen } from './support/single-page-app.ts'
import { startUpstream, valuesOf } from './support/upstream.ts'

async function register({ service }: Grounds, app: string, callback: string) {
  return registerProgram(service, {
    ...{ first_party: true, redirect_uris: [`${app}${callback}`], post_logout_redirect_uris: [`${app}/bye`] },
    audiences: [apiAudience],
  })
}

async function authJs(t: Test, grounds: Grounds) {
  const [port, base] = [await freePort(), '/auth']
  const app = `http://localhost:${port}`
  const { client_id, client_secret } = await register(grounds, app, `${base}/callback/gatehouse`)
  const script = fileURLToPath(new URL('support/auth-js-app.mjs', import.meta.url))
  const told = {
    PORT: String(port),
    ISSUER: grounds.service.issuer,
    CLIENT_ID: client_id,
    CLIENT_SECRET: client_secret!,
  }
  await startProgram(t, port, [process.execPath, script], told)
  await useAuthJs(t, grounds, { app, base, nobody: null })
}

/** The same before Auth.js was called so, as the recipe has it. */
async function nextAuth(t: Test, grounds: Grounds) {
  const [port, folder] = [await freePort(), scratchFolder(t)]
  const [app, base] = [`http://localhost:${port}`, '/api/auth']
  const { client_id, client_secret } = await register(grounds, app, `${base}/callback/gatehouse`)
  const { issuer } = grounds.service
  const recipe = filledIn(recipeOf('next-auth', 'js'), {
    'https://auth.example.com': issuer,
    "clientId: 'shop'": `clientId: '${client_id}'`,
  })
  writeFileSync(join(folder, 'recipe.mjs'), `export const ${recipe.replace('providers:', 'providers =')}`)
  const script = fileURLToPath(new URL('support/next-auth-app.mjs', import.meta.url))
  await startProgram(t, port, [process.execPath, script], {
    ...{ PORT: String(port), ISSUER: issuer, CLIENT_ID: client_id, AUTH_GATEHOUSE_SECRET: client_secret! },
    ...{
      NEXTAUTH_URL: app,
      NEXTAUTH_SECRET: 'a secret of the application',
      FOLDER: `${nextAuthFolder()}/`,
      RECIPE: join(folder, 'recipe.mjs'),
    },
  })
  await useAuthJs(t, grounds, { app, base, nobody: {} })
}

async function useAuthJs(
  t: Test,
  { service: { issuer }, ada, callApi }: Grounds,
  { app, base, nobody }: { app: string; base: string; nobody: object | null },
) {
  const browser = wanderer()
  const post = async (path: string) => {
    const { csrfToken } = (await browser.visit(`${app}${base}/csrf`)).answer.json()
    return browser.visit(`${app}${base}${path}`, { method: 'POST', form: { csrfToken, callbackUrl: `${app}/` } })
  }
  const look = async () => (await browser.visit(`${app}${base}/session`)).answer.json()

  const form = await post('/signin/gatehouse')
  const back = await browser.submit(form, { email: ada.email, password: ada.password })
  t.equal(back.url, `${app}/`)
  t.ok(
    form.way.some((url) => url.includes('code_challenge_method=S256')),
    'it uses PKCE',
  )
  const { user, token } = await look()
  t.match(user, { name: 'Ada Lovelace', email: ada.email })
  const renewed = await look()
  t.not(renewed.token, token)
  t.equal(await callApi(renewed.token), ada.id)
  await post('/signout')
  t.same(await look(), nobody)
  await leave(t, { browser, issuer, app, hint: renewed.hint })
  t.equal(await callApi(renewed.token), 401)
}

/** Signs out at the service, as an application leads there. */
async function leave(
  t: Test,
  { browser, issuer, app, hint }: { browser: ReturnType<typeof wanderer>; issuer: string; app: string; hint: string },
) {
  const query = new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: `${app}/bye` })
  t.equal((await browser.visit(`${issuer}/oauth/logout?${String(query)}`)).url, `${app}/bye`)
}

async function passportJs(t: Test, grounds: Grounds) {
  const { service, ada, callApi } = grounds
  const port = await freePort()
  const app = `http://localhost:${port}`
  const { client_id, client_secret } = await register(grounds, app, '/callback')
  const { issuer } = service
  const strategy = new Strategy(
    {
      ...{ issuer, authorizationURL: `${issuer}/oauth/authorize`, tokenURL: `${issuer}/oauth/token` },
      ...{ userInfoURL: `${issuer}/oauth/userinfo`, clientID: client_id, clientSecret: client_secret! },
      ...{ callbackURL: `${app}/callback`, scope: 'profile email offline_access' },
    },
    (
      _issuer: string,
      profile: object,
      _context: object,
      hint: string | object,
      token: string | object,
      refreshToken: string,
      done: (error: null, user: object) => void,
    ) => done(null, { profile, hint, token, refreshToken }),
  )
  const passport = new Passport()
  passport.use(strategy)
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((user: object, done) => done(null, user))
  const server = express()
  server.use(session({ secret: 'of the application', resave: false, saveUninitialized: false }))
  server.use(passport.session())
  server.get('/login', passport.authenticate('openidconnect'))
  server.get('/callback', passport.authenticate('openidconnect', { successRedirect: '/', failureRedirect: '/failed' }))
  server.get('/logout', (request, response, next) => request.logout((error) => (error ? next(error) : response.end())))
  server.get('/', (request, response) => void response.json(request.user ?? null))
  server.get('/bye', (_request, response) => void response.end())
  await listen(t, port, server)
  const browser = wanderer()

  const form = await browser.visit(`${app}/login`)
  const back = await browser.submit(form, { email: ada.email, password: ada.password })
  t.equal(back.url, `${app}/`)
  const { profile, token, hint, refreshToken } = back.answer.json()
  t.match(profile, { id: ada.id, displayName: 'Ada Lovelace', emails: [{ value: ada.email }] })
  t.equal(await callApi(token), ada.id)
  const oauth2 = (strategy as unknown as { _oauth2: OAuth2 })._oauth2
  const renewed = await new Promise<string>((done, fail) =>
    oauth2.getOAuthAccessToken(refreshToken, { grant_type: 'refresh_token' }, (error, again) =>
      error ? fail(new Error(JSON.stringify(error))) : done(again),
    ),
  )
  t.equal(await callApi(renewed), ada.id)
  await browser.visit(`${app}/logout`)
  t.equal((await browser.visit(`${app}/`)).answer.json(), null)
  await leave(t, { browser, issuer, app, hint })
  t.equal(await callApi(renewed), 401)
}

/** What the strategy asks the token endpoint by, and others refresh by. */
interface OAuth2 {
  getOAuthAccessToken(
    code: string,
    parameters: object,
    done: (error: unknown, accessToken: string, refreshToken: string) => void,
  ): void
}

const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'auth_openidc', 'proxy', 'proxy_http']

/** Apache before an application, as the recipe has it. */
async function apache(t: Test, grounds: Grounds) {
  const { service, ada, callApi } = grounds
  const [port, folder, upstream] = [await freePort(), scratchFolder(t), await startUpstream(t)]
  const app = `http://localhost:${port}`
  const { client_id, client_secret } = await register(grounds, app, '/oidc')
  const { issuer } = service
  const recipe = filledIn(recipeOf('Apache', 'apache'), {
    'https://auth.example.com': issuer,
    'https://intranet.example.com': app,
    'http://127.0.0.1:8080': `http://127.0.0.1:${upstream.port}`,
    'OIDCClientID intranet': `OIDCClientID ${client_id}`,
    'the secret of the client': client_secret!,
    'a long random text': 'a pass phrase of the test',
  })
  const lines = [
    ...modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
    ...[`Listen 127.0.0.1:${port}`, `ServerName localhost`, `ServerRoot ${folder}`, `PidFile ${folder}/pid`],
    ...[`ErrorLog ${folder}/error.log`, 'User www-data', 'Group www-data', `DefaultRuntimeDir ${folder}`],
    ...['StartServers 1', recipe],
  ]
  writeFileSync(join(folder, 'apache.conf'), lines.join('\n'))
  await startProgram(t, port, [findProgram('apache2')!, '-D', 'FOREGROUND', '-f', join(folder, 'apache.conf')], {})
  const browser = wanderer()
  const seen = (name: string) => valuesOf(upstream.arrived.at(-1)!, name)[0]

  const form = await browser.visit(`${app}/reports?of=may`)
  t.ok(
    form.way.some((url) => url.includes('code_challenge_method=S256')),
    'PKCE is switched on',
  )
  const back = await browser.submit(form, { email: ada.email, password: ada.password })
  t.match([back.url, back.answer.status], [`${app}/reports?of=may`, 200])
  t.match([seen('OIDC_CLAIM_sub'), seen('OIDC_CLAIM_email')], [ada.id, ada.email])
  t.equal(seen('OIDC_CLAIM_name'), 'Ada Lovelace')
  const token = seen('OIDC_access_token')!
  const again = new URLSearchParams({ refresh: `${app}/again`, access_token: token })
  t.equal((await browser.visit(`${app}/oidc?${String(again)}`)).url, `${app}/again`)
  const renewed = seen('OIDC_access_token')!
  t.not(renewed, token)
  t.equal(await callApi(renewed), ada.id)
  await browser.visit(`${app}/oidc?logout=${encodeURIComponent(`${app}/bye`)}`)
  t.equal(await callApi(renewed), 401)
  t.match((await browser.visit(`${app}/reports`)).url, `${issuer}/login`)
}

if (hasProxy('nginx')) {
  void test('programs by which people sign in', async (t) => {
    const grounds = await setGrounds(t)
    await t.test('Auth.js signs somebody in, refreshes, calls a guarded host and signs out', (t) => authJs(t, grounds))
    if (hasRelyingParty('next-auth')) await t.test('and so does next-auth', (t) => nextAuth(t, grounds))
    await t.test('and so does passport-openidconnect', (t) => passportJs(t, grounds))
    if (hasApache()) await t.test('and so does Apache with mod_auth_openidc', (t) => apache(t, grounds))
  })
}
