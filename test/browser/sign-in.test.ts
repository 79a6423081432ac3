import { test } from 'tap'
import { hasChromium, startBrowser, takeShots } from '../support/browser.ts'
import { hasProxy, startProxy } from '../support/proxies.ts'
import { freePort } from '../support/servers.ts'
import { startService } from '../support/service.ts'
import { startUpstream } from '../support/upstream.ts'

if (hasChromium && hasProxy('nginx')) {
  void test('signing in with a browser, through nginx with the printed configuration', async (t) => {
    const port = await freePort()
    const [auth, app] = [`http://auth.example.test:${port}`, `http://app.example.test:${port}`]
    const upstream = await startUpstream(t)
    const rules = [{ paths: ['/nobody/**'], allow: { roles: ['nobody-has-this'] } }, { allow: 'signed-in' }]
    const hosts = { [`app.example.test:${port}`]: { rules } }
    const service = await startService(t, {
      yaml: { hosts },
      environment: { GATEHOUSE_ISSUER: auth, GATEHOUSE_COOKIE_DOMAIN: 'example.test' },
    })
    const ports = { port, servicePort: service.port, upstreamPort: upstream.port }
    await startProxy(t, 'nginx', { ...ports, hosts, issuer: auth })
    const user = await service.createUser({ email: 'ada@example.test', name: 'Ada <b>Lovelace</b>' })
    const browser = await startBrowser(t)
    const strictBrowser = await startBrowser(t, [auth, app])
    const wanted = `${app}/reports?year=2026&q=a%26b`

    for (const [variant, { open }, javaScriptEnabled] of [
      ['on plain http', browser, true],
      ['with fetch metadata, as on https', strictBrowser, true],
      ['with scripts turned off', browser, false],
    ] as const) {
      await t.test(`the whole story, ${variant}`, async (t) => {
        const { page, errors } = await open({ javaScriptEnabled })
        const shots = (name: string) => (open === browser.open ? takeShots(page, name) : undefined)
        const modes = new Set<string | undefined>()
        page.on('request', (request) => {
          // One for an icon may be under way still when the page closes.
          const note = (all: Record<string, string>) => void modes.add(all['sec-fetch-mode'])
          void request.allHeaders().then(note, () => {})
        })

        const first = await page.goto(wanted)
        t.equal(first?.status(), 200)
        t.equal(page.url().split('?')[0], `${auth}/login`)
        t.equal(new URL(page.url()).searchParams.get('return_to'), wanted)
        t.equal(await page.title(), 'Sign in · Gatehouse')
        t.equal(await page.locator(':focus').getAttribute('name'), 'email', 'typing can start at once')
        await shots('sign-in')

        await page.getByLabel('Email').fill(user.email)
        await page.getByLabel('Password').fill('not the password at all')
        await page.getByRole('button', { name: 'Sign in' }).click()
        t.equal(await page.getByRole('alert').textContent(), 'The email address or the password is wrong.')
        t.equal(await page.getByLabel('Email').inputValue(), user.email, 'the email address is kept')
        t.equal(await page.getByLabel('Password').inputValue(), '', 'the password is not')
        t.equal(await page.locator(':focus').getAttribute('name'), 'password')
        await shots('sign-in-error')
        t.same(upstream.arrived, [], 'the application has not seen any of this')

        await page.getByLabel('Password').fill(user.password)
        await page.getByLabel('Password').press('Enter')
        await page.waitForURL(wanted)
        const shown = JSON.parse(await page.locator('pre').innerText())
        t.match(new Map(shown.headers), new Map([['X-Auth-Email', user.email]]))
        t.equal(new Map(shown.headers).get('X-Auth-Subject'), user.id)
        t.equal(shown.url, '/reports?year=2026&q=a%26b')

        await page.goto(`${auth}/login?return_to=${encodeURIComponent(wanted)}`)
        t.match(await page.getByRole('main').innerText(), `You are signed in as Ada <b>Lovelace</b> (${user.email}).`)
        await page.getByRole('button', { name: 'Continue' }).click()
        await page.waitForURL(wanted)

        await page.goto(auth)
        await shots('signed-in')
        await page.goto(`${auth}/logout?return_to=${encodeURIComponent(wanted)}`)
        await shots('sign-out')
        await page.getByRole('link', { name: 'Stay signed in' }).click()
        await page.waitForURL(wanted)
        await page.goto(`${auth}/logout?return_to=${encodeURIComponent(wanted)}`)
        const sessionCookie = async () =>
          (await page.context().cookies()).find((cookie) => cookie.name === 'gatehouse')?.name
        t.equal(await sessionCookie(), 'gatehouse', 'a link alone signs nobody out')
        const before = upstream.arrived.length
        await page.getByRole('button', { name: 'Sign out' }).click()
        await page.waitForURL(`${auth}/login?return_to=${encodeURIComponent(wanted)}`)
        t.equal(await sessionCookie(), undefined)
        t.equal(upstream.arrived.length, before, 'the application asks for a sign-in again')
        upstream.arrived.length = 0

        // The one error that Chromium reports is the answer 422 itself.
        t.same(
          errors.filter((text) => !text.includes('status of 422')),
          [],
          'the console stays clean',
        )
        t.equal(modes.has('navigate'), open === strictBrowser.open, 'the variant is what its name says')
        await page.context().close()
      })
    }

    await t.test('the pages are styled by their own style sheets alone, and load what is theirs', async (t) => {
      const { page } = await browser.open()
      const loaded: string[] = []
      page.on('response', (response) => void loaded.push(`${response.status()} ${response.url().split('?')[0]}`))
      await page.goto(`${auth}/login`)
      t.same(loaded.toSorted(), [
        `200 ${auth}/assets/gatehouse.css`,
        `200 ${auth}/assets/logo.svg`,
        `200 ${auth}/assets/passkey.js`,
        `200 ${auth}/assets/password-field.js`,
        `200 ${auth}/assets/pico.min.css`,
        `200 ${auth}/login`,
      ])
      const width = (await page.getByRole('main').boundingBox())?.width ?? 0
      t.ok(width > 300 && width < 600, `one narrow column, ${width} px`)
      await page.setViewportSize({ width: 320, height: 568 })
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
      t.equal(await page.evaluate(overflow), 0, 'nothing is cut off on a small phone')
      await takeShots(page, 'sign-in-phone')
    })

    await t.test('who may not open a page is told so, and finds the way to the account', async (t) => {
      const { page, errors } = await browser.open()
      await page.goto(`${auth}/login`)
      await page.getByLabel('Email').fill(user.email)
      await page.getByLabel('Password').fill(user.password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.waitForURL(`${auth}/`)
      const denied = await page.goto(`${app}/nobody/x`)
      t.equal(denied?.status(), 403, 'nginx has a page of its own for this')
      await takeShots(page, 'forbidden-nginx')

      // As a proxy shows it that hands the service's answer to the user.
      await page.setExtraHTTPHeaders({
        'x-forwarded-method': 'GET',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': `app.example.test:${port}`,
        'x-forwarded-uri': '/nobody/x',
      })
      const loaded: string[] = []
      page.on('response', (response) => void loaded.push(`${response.status()} ${new URL(response.url()).pathname}`))
      const relayed = await page.goto(`http://app.example.test:${service.port}/forward-auth/traefik`)
      t.equal(relayed?.status(), 403)
      t.equal(await page.title(), 'Not allowed · Gatehouse')
      t.ok(loaded.includes('200 /assets/pico.min.css'), 'the style sheet loads under the host of the application')
      t.ok(((await page.getByRole('main').boundingBox())?.width ?? 0) < 600, 'and applies')
      await takeShots(page, 'forbidden')
      await page.setExtraHTTPHeaders({})
      await page.getByRole('link', { name: 'Your account' }).click()
      await page.waitForURL(`${auth}/`)
      t.same(
        errors.filter((text) => !text.includes('status of 403')),
        [],
      )
    })
  })
}
