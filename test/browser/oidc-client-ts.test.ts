/** oidc-client-ts, unmodified, in pages of an origin that has no more to do with the service than its registration. */
import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { hasChromium, startBrowser } from '../support/browser.ts'
import { registerProgram } from '../support/openid.ts'
import { hasProxy } from '../support/proxies.ts'
import { apiAudience, setGrounds } from '../support/relying-parties.ts'
import { freePort } from '../support/servers.ts'
import { listen } from '../support/single-page-app.ts'

const library = new URL('../browser/oidc-client-ts.min.js', import.meta.resolve('oidc-client-ts'))

if (hasChromium && hasProxy('nginx')) {
  void test('oidc-client-ts in Chromium', async (t) => {
    const { service, ada, callApi } = await setGrounds(t)
    const port = await freePort()
    const app = `http://127.0.0.1:${port}`
    const { client_id } = await registerProgram(service, {
      ...{ public: true, redirect_uris: [`${app}/callback`], post_logout_redirect_uris: [`${app}/`] },
      ...{ audiences: [apiAudience], cors_origins: [app] },
    })
    const settings = {
      ...{ authority: service.issuer, client_id, redirect_uri: `${app}/callback`, loadUserInfo: true },
      ...{ scope: 'openid profile email offline_access', post_logout_redirect_uri: `${app}/` },
    }
    const script = `
      window.manager = new oidc.UserManager(${JSON.stringify(settings)})
      if (location.pathname === '/callback') manager.signinCallback().then(
        (user) => { document.title = user.profile.name }, (error) => { document.title = String(error) })`
    await listen(t, port, (request, response) => {
      const isLibrary = request.url === '/library.js'
      response.writeHead(200, { 'content-type': isLibrary ? 'text/javascript' : 'text/html' })
      response.end(isLibrary ? readFileSync(library) : `<script src="/library.js"></script><script>${script}</script>`)
    })
    const { page, errors } = await (await startBrowser(t, ['*.example.test'])).open()
    const user = () => page.evaluate<any>('manager.getUser()')

    await t.test('signs somebody in, with what userinfo says', async (t) => {
      await page.goto(app)
      await page.evaluate('void manager.signinRedirect()')
      await page.getByLabel('Email').fill(ada.email)
      await page.getByLabel('Password').fill(ada.password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('button', { name: 'Let it in', exact: true }).click()
      await page.waitForURL(`${app}/callback**`)
      await page.waitForFunction('document.title')
      t.equal(await page.title(), 'Ada Lovelace')
      const { profile, refresh_token } = await user()
      t.match(profile, { sub: ada.id, email: ada.email, email_verified: true, preferred_username: ada.email })
      t.type(refresh_token, 'string')
    })
    await t.test('gets a new token, by which a guarded host is called', async (t) => {
      const before = await user()
      const after = await page.evaluate<any>('manager.signinSilent()')
      t.not(after.access_token, before.access_token)
      t.match(after.profile, { sub: ada.id, name: 'Ada Lovelace' }, 'who it is stays known')
      t.equal(await callApi(after.access_token), ada.id)
    })
    await t.test('signs out, and comes back', async (t) => {
      const { access_token } = await user()
      await page.evaluate('void manager.signoutRedirect()')
      await page.waitForURL(`${app}/`)
      t.equal(await user(), null)
      t.equal(await callApi(access_token), 401)
      t.same(errors, [])
    })
  })
}
