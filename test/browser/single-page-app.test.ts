/** The browser client in a real browser: the application of docs/single-page-app/ in three tabs. */
import { test } from 'tap'
import { hasChromium } from '../support/browser.ts'
import { refreshes } from '../support/browser-client.ts'
import { shows, startSinglePageApp } from '../support/single-page-app.ts'

/** In a tab: asks for the profile, and resolves to what is shown then. */
const press = `document.querySelector('pre').textContent = ''; document.getElementById('profile').click()`
const shown = `new Promise((done) => {
  const box = document.querySelector('pre')
  const look = () => box.textContent !== '' && done(box.textContent)
  new MutationObserver(look).observe(box, { childList: true })
  look()
})`

if (hasChromium) {
  void test('three tabs of an application', async (t) => {
    const { service, app, user, asked, pass, tab, signIn } = await startSinglePageApp(t)
    const tabs = [await tab(), await tab(), await tab()] as const
    // A refresh is on its way until every tab has asked for what needs it.
    let allHaveAsked = Promise.resolve()
    await tabs[0].context().route(`**/api/auth/refresh`, async (route) => {
      await allHaveAsked
      await route.continue()
    })
    const profiles = async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      allHaveAsked = promise
      for (const page of tabs) await page.evaluate(press)
      resolve()
      t.match(await Promise.all(tabs.map((page) => page.evaluate(shown))), [user.id, user.id, user.id])
    }

    await t.test('all learn of a sign-in in one of them', async () => {
      for (const page of tabs) await shows(page, 'You are not signed in.')
      await signIn(tabs[0])
      for (const page of tabs) await shows(page, 'You are signed in as Ada Lovelace.')
    })
    await t.test('stay signed in over fifty expiries, with one refresh for each', async (t) => {
      asked()
      for (let times = 0; times < 50; times++) {
        await pass(300)
        await profiles()
        t.equal(refreshes(asked()), 1)
      }
    })
    await t.test('use one token until it ends', async (t) => {
      await profiles()
      await pass(200)
      await profiles()
      t.equal(refreshes(asked()), 0)
    })
    await t.test('keep no token anywhere but in memory', async (t) => {
      const kept = await tabs[0].evaluate(async () => {
        const page = globalThis as any
        return [
          ...[JSON.stringify(page.localStorage), JSON.stringify(page.sessionStorage), page.document.cookie],
          ...[
            page.location.href,
            JSON.stringify(await page.indexedDB.databases()),
            JSON.stringify(await page.caches.keys()),
          ],
        ]
      })
      t.same(kept, ['{}', '{}', '', `${app}/board`, '[]', '[]'])
    })
    await t.test('all learn of a sign-out in one of them', async (t) => {
      await tabs[1].getByRole('button', { name: 'Sign out' }).click()
      for (const page of tabs) await shows(page, 'You are not signed in.')
      const { items } = await service.operate('GET', `/sessions?user=${user.id}`)
      t.same(items, [], 'and the session has ended')
    })
  })

  void test('the application signs people in at a service below a path', async (t) => {
    const { pass, tab, signIn, asked } = await startSinglePageApp(t, { path: '/auth' })
    const page = await tab()
    await shows(page, 'You are not signed in.')
    await signIn(page)
    await shows(page, 'You are signed in as Ada Lovelace.')
    await pass(300)
    asked()
    await page.getByRole('button', { name: 'Show my profile' }).click()
    await page.locator('pre').getByText('"email"').waitFor()
    t.ok(asked().includes('POST /auth/api/auth/refresh'))
    const kept = (await page.context().cookies()).find(({ name }) => name === 'gatehouse_refresh')
    t.equal(kept?.path, '/auth')
  })
}
