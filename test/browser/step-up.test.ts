import { test } from 'tap'
import { hasChromium, startBrowser, takeShots } from '../support/browser.ts'
import { freePort } from '../support/servers.ts'
import { startService } from '../support/service.ts'

if (hasChromium) {
  void test('confirming with a browser that it is still the same person', async (t) => {
    const port = await freePort()
    const auth = `http://auth.example.test:${port}`
    const service = await startService(t, { port, environment: { GATEHOUSE_ISSUER: auth } })
    const user = await service.createUser({ email: 'ada@example.test' })
    const { open } = await startBrowser(t)

    for (const javaScriptEnabled of [true, false]) {
      await t.test(`with scripts turned ${javaScriptEnabled ? 'on' : 'off'}`, async (t) => {
        const { page, errors } = await open({ javaScriptEnabled })
        const shots = (name: string) => (javaScriptEnabled ? takeShots(page, name) : undefined)
        const sessionCookie = async () =>
          (await page.context().cookies()).find(({ name }) => name === 'gatehouse')?.value
        const wanted = `${auth}/step-up?return_to=${encodeURIComponent('/?from=step-up')}`

        await page.goto(wanted)
        t.equal(new URL(page.url()).pathname, '/login', 'whoever is not signed in signs in instead')
        await page.getByLabel('Email').fill(user.email)
        await page.getByLabel('Password').fill(user.password)
        await page.getByRole('button', { name: 'Sign in' }).click()
        await page.waitForURL(`${auth}/?from=step-up`)
        const first = await sessionCookie()

        await page.goto(wanted)
        t.equal(await page.title(), 'Confirm that it is you · Gatehouse')
        t.match(await page.getByRole('main').innerText(), user.email)
        t.equal(await page.locator(':focus').getAttribute('name'), 'password', 'typing can start at once')
        await shots('step-up')
        await page.getByLabel('Password').fill('not the password at all')
        await page.getByRole('button', { name: 'Confirm' }).click()
        t.equal(await page.getByRole('alert').textContent(), 'The password is wrong.')
        t.equal(await page.getByLabel('Password').inputValue(), '')
        t.equal(await sessionCookie(), first)
        await shots('step-up-error')
        await page.setViewportSize({ width: 320, height: 568 })
        const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
        if (javaScriptEnabled) t.equal(await page.evaluate(overflow), 0, 'nothing is cut off on a small phone')

        await page.getByLabel('Password').fill(user.password)
        await page.getByLabel('Password').press('Enter')
        await page.waitForURL(`${auth}/?from=step-up`)
        t.not(await sessionCookie(), first)

        await page.goto(wanted)
        await page.getByRole('button', { name: 'Sign out instead' }).click()
        await page.waitForURL(`${auth}/login`)
        t.equal(await sessionCookie(), undefined)
        // The one error that Chromium reports is the answer 422 itself.
        t.same(
          errors.filter((text) => !text.includes('status of 422')),
          [],
          'the console stays clean',
        )
        await page.context().close()
      })
    }
  })
}
