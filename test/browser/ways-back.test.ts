/** However somebody comes to sign in, it ends at the page that was wanted, with the whole of its address. */
import type { Page } from 'playwright-core'
import { test } from 'tap'
import { hasChromium, startBrowser, startProfile, takeShots } from '../support/browser.ts'
import { hasProxy, type ProxyName, startProxy } from '../support/proxies.ts'
import { freePort, scratchFolder } from '../support/servers.ts'
import { startService, type TestUser } from '../support/service.ts'
import { startUpstream } from '../support/upstream.ts'

const address = '/board?x=1&q=a%26b%2Bc%25d+e&r=%23x&q=%C3%A9#/card/42?a=1&b=%2F'

// One for all proxies, one after the other: to a browser their origins are the same, so that it need not be started again.
const port = await freePort()
const [auth, app] = [`http://auth.example.test:${port}`, `http://app.example.test:${port}`]

async function setScene(t: Parameters<typeof startService>[0], proxy: ProxyName) {
  const upstream = await startUpstream(t)
  const hosts = { [`app.example.test:${port}`]: { rules: [{ allow: 'signed-in' }] } }
  const environment = { GATEHOUSE_ISSUER: auth, GATEHOUSE_COOKIE_DOMAIN: 'example.test' }
  const service = await startService(t, { yaml: { hosts }, environment })
  await startProxy(t, proxy, { port, servicePort: service.port, upstreamPort: upstream.port, hosts, issuer: auth })
  return { wanted: app + address, upstream, service, user: await service.createUser() }
}

async function signIn(page: Page, { email, password }: TestUser): Promise<void> {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

for (const proxy of ['nginx', 'haproxy', 'caddy'] as const) {
  if (!hasChromium || !hasProxy(proxy)) continue
  void test(`behind ${proxy}, the whole address survives the sign-in, its fragment included`, async (t) => {
    const { wanted, upstream, service, user } = await setScene(t, proxy)
    const { open } = await startBrowser(t)
    const strict = await startBrowser(t, [auth, app])

    for (const [how, browser, javaScriptEnabled] of [
      ['on plain http', open, true],
      ['without scripts', open, false],
      ['with fetch metadata', strict.open, true],
    ] as const) {
      await t.test(how, async (t) => {
        const { page } = await browser({ javaScriptEnabled })
        await page.goto(wanted)
        t.equal(new URL(page.url()).pathname, '/login')
        await signIn(page, { ...user, password: 'not the password at all' })
        await page.getByRole('alert').waitFor()
        await signIn(page, user)
        await page.waitForURL(wanted)
        t.equal(page.url(), wanted)
        t.ok(upstream.arrived.some(({ url }) => url === address.split('#')[0]))

        // Signed in already, as another tab may have brought about.
        await page.goto(`${auth}/login?return_to=${encodeURIComponent(app + '/x?y=%26')}#/there`)
        await page.getByRole('button', { name: 'Continue' }).click()
        await page.waitForURL(`${app}/x?y=%26#/there`)

        await page.goto(`${auth}/step-up?return_to=${encodeURIComponent(app + '/x?y=%26')}#/proven`)
        await page.getByLabel('Password').fill('not the password at all')
        await page.getByRole('button', { name: 'Confirm' }).click()
        await page.getByRole('alert').waitFor()
        await page.getByLabel('Password').fill(user.password)
        await page.getByRole('button', { name: 'Confirm' }).click()
        await page.waitForURL(`${app}/x?y=%26#/proven`)
        await page.context().close()
      })
    }

    await t.test('also where a session ends before its step-up, and where the form was too old', async (t) => {
      const { page } = await open()
      await page.goto(`${auth}/step-up?return_to=${encodeURIComponent(app + '/x')}#/after-all`)
      t.equal(new URL(page.url()).pathname, '/login')
      service.clock.advance(3_601)
      await signIn(page, user)
      await page.getByRole('status').waitFor()
      t.equal(await page.getByLabel('Email').inputValue(), user.email, 'what was typed is kept')
      t.equal(await page.getByLabel('Password').inputValue(), '', 'but the password')
      t.equal(await page.locator(':focus').getAttribute('name'), 'password')
      await takeShots(page, 'sign-in-again')
      await signIn(page, user)
      await page.waitForURL(`${app}/x#/after-all`)
    })

    await t.test('a query of four thousand characters', async (t) => {
      const { page } = await open()
      const long = `${app}/search?q=${'%C3%A9+x%26'.repeat(400)}#/end`
      await page.goto(long)
      await signIn(page, user)
      await page.waitForURL(long)
      t.equal(page.url(), long)
    })

    await t.test('a form that was sent after the session ended: back to its page, and sent once by hand', async (t) => {
      for (const browser of [open, strict.open]) {
        const { page } = await browser()
        const form = `${app}/orders/new?of=42`
        await page.goto(form)
        await signIn(page, user)
        await page.waitForURL(form)
        const send = async () => {
          await page.evaluate(`
            document.body.innerHTML = '<form method="post" action="/orders"><input name="left" value="right"></form>'
            document.forms[0].submit()`)
        }
        await page.context().clearCookies({ name: 'gatehouse' })
        upstream.arrived.length = 0
        await send()
        await page.getByText('what you just sent has not arrived').waitFor()
        await takeShots(page, 'sign-in-unsent')
        await signIn(page, { ...user, password: 'not the password at all' })
        await page.getByRole('alert').waitFor()
        await signIn(page, user)
        await page.waitForURL(form)
        t.same(
          upstream.arrived.filter(({ url }) => url.startsWith('/orders')).map(({ method, url }) => [method, url]),
          [['GET', '/orders/new?of=42']],
        )
        await send()
        await page.waitForURL(`${app}/orders`)
        const sent = upstream.arrived.filter(({ method }) => method === 'POST')
        t.same(
          sent.map(({ url }) => url),
          ['/orders'],
        )
        await page.context().close()
      }
    })
  })
}

if (hasChromium && hasProxy('nginx')) {
  void test('tabs, cookies and restarts on the way through the sign-in', async (t) => {
    const { wanted, service, user } = await setScene(t, 'nginx')
    const browser = await startBrowser(t)
    const strict = await startBrowser(t, [auth, app])

    /** The first tab shows the form for what is wanted when somebody has signed in by the second one. */
    async function signInElsewhere(open: typeof browser.open) {
      const { page: first } = await open()
      const second = await first.context().newPage()
      await first.goto(wanted)
      await second.goto(`${app}/other`)
      await signIn(second, user)
      await second.waitForURL(`${app}/other`)
      return { first, second }
    }

    for (const [how, { open }] of [
      ['on plain http', browser],
      ['with fetch metadata', strict],
    ] as const) {
      await t.test(`a deleted cookie, ${how}`, async (t) => {
        const { page } = await open()
        await page.goto(wanted)
        await page.context().clearCookies()
        await signIn(page, user)
        await page.waitForURL(wanted)
        t.equal(page.url(), wanted)
        await page.context().close()
      })

      await t.test(`two tabs that were opened at once, ${how}`, async (t) => {
        const { page: first } = await open()
        const second = await first.context().newPage()
        const other = `${app}/other?y=2#/second`
        // Neither has a cookie yet, and the browser keeps the last one.
        await Promise.all([first.goto(wanted), second.goto(other)])
        await first.context().clearCookies()
        await second.reload()
        await signIn(first, user)
        await first.waitForURL(wanted)
        await signIn(second, user)
        await second.waitForURL(other)
        t.same([first.url(), second.url()], [wanted, other])
        await first.goto(`${app}/x`)
        t.equal(first.url(), `${app}/x`, 'both are signed in')
        await first.context().close()
      })

      await t.test(`a sign-in in another tab, ${how}`, async (t) => {
        const { first, second } = await signInElsewhere(open)
        const waiting = await first.context().newPage()
        await waiting.goto(`${auth}/login?return_to=${encodeURIComponent(app + '/third')}#/waits`)
        await signIn(first, user)
        await first.waitForURL(wanted)
        t.equal(first.url(), wanted, 'the old form works')
        await waiting.getByRole('button', { name: 'Continue' }).click()
        await waiting.waitForURL(`${app}/third#/waits`)
        await second.reload()
        t.equal(second.url(), `${app}/other`, 'and the other tab goes on')
        await first.context().close()
      })

      await t.test(`the old form, loaded anew, ${how}`, async (t) => {
        const { first } = await signInElsewhere(open)
        await first.reload()
        await first.getByRole('button', { name: 'Continue' }).click()
        await first.waitForURL(wanted)
        t.equal(first.url(), wanted)
        await first.context().close()
      })

      await t.test(`the back button after the sign-in leads on again, ${how}`, async (t) => {
        const { page } = await open()
        await page.goto(`${auth}/assets/gatehouse.css`)
        await page.goto(wanted)
        await signIn(page, user)
        await page.waitForURL(wanted)
        await page.goBack()
        t.equal(new URL(page.url()).pathname, '/login')
        await page.getByRole('button', { name: 'Continue' }).click()
        await page.waitForURL(wanted)
        t.equal(page.url(), wanted)
        await page.context().close()
      })
    }

    await t.test('a browser that was restarted, with its tabs and without', async (t) => {
      const folder = scratchFolder(t)
      const before = await startProfile(t, folder)
      const page = before.pages()[0] ?? (await before.newPage())
      await page.goto(wanted)
      await page.getByLabel('Email').fill(user.email)
      await before.close()

      const after = await startProfile(t, folder)
      // What a browser without its tabs forgets is forgotten here too.
      await after.clearCookies()
      const restored = after.pages()[0] ?? (await after.waitForEvent('page'))
      await restored.waitForURL(/\/login\?/)
      await signIn(restored, user)
      await restored.waitForURL(wanted)
      t.equal(restored.url(), wanted)
      await after.close()

      const last = await startProfile(t, folder)
      const again = await last.newPage()
      await again.goto(`${app}/x`)
      t.equal(again.url(), `${app}/x`, 'the sign-in outlives the browser')
    })

    await t.test('a form that is sent while the service is being replaced by one with another secret', async (t) => {
      const { page } = await browser.open()
      await page.goto(wanted)
      await page.evaluate(`document.forms[0].elements.csrf_token.value = 'of-before'`)
      await signIn(page, user)
      await page.getByRole('status').waitFor()
      t.equal(service.logged().includes('of-before'), false)
      await signIn(page, user)
      await page.waitForURL(wanted)
      t.equal(page.url(), wanted)
    })
  })
}
