import { test } from 'tap'
import { hasChromium, startBrowser } from '../support/browser.ts'
import { freePort } from '../support/servers.ts'
import { startService } from '../support/service.ts'
import { startUpstream } from '../support/upstream.ts'

if (hasChromium) {
  void test('a person chooses another language on the way to an application, with a browser', async (t) => {
    const port = await freePort()
    const upstream = await startUpstream(t)
    const [auth, app] = [`http://auth.example.test:${port}`, `http://app.example.test:${upstream.port}`]
    const service = await startService(t, {
      port,
      yaml: { hosts: { [`app.example.test:${upstream.port}`]: { rules: [{ allow: 'signed-in' }] } } },
      environment: { GATEHOUSE_ISSUER: auth, GATEHOUSE_COOKIE_DOMAIN: 'example.test' },
    })
    const user = await service.createUser()
    const { open } = await startBrowser(t)
    const wanted = `${app}/board?a=1&b=%26`

    for (const javaScriptEnabled of [true, false]) {
      await t.test(`with scripts turned ${javaScriptEnabled ? 'on' : 'off'}`, async (t) => {
        const { page, errors } = await open({ javaScriptEnabled, locale: 'de-AT' })
        await page.goto(`${auth}/login?return_to=${encodeURIComponent(wanted)}#/card/7`)
        t.equal(await page.title(), 'Anmelden · Gatehouse', 'at first it is the language of the browser')
        t.equal(await page.getByRole('navigation', { name: 'Sprache' }).innerText(), 'English\nDeutsch')
        const choose = page.getByRole('button', { name: 'English' })
        t.equal(await choose.getAttribute('lang'), 'en')
        await choose.click()
        await page.getByRole('heading', { name: 'Sign in' }).waitFor()
        t.equal(
          page.url(),
          `${auth}/login?${new URLSearchParams({ return_to: wanted }).toString()}#/card/7`,
          'the same address',
        )

        await page.getByLabel('Email').fill(user.email)
        await page.getByLabel('Password').fill('not the password at all')
        await page.getByRole('button', { name: 'Sign in' }).click()
        await page.getByRole('alert').waitFor()
        await page.getByRole('button', { name: 'Deutsch' }).click()
        await page.getByLabel('E-Mail oder Benutzername').fill(user.email)
        await page.getByLabel('Passwort').fill(user.password)
        await page.getByRole('button', { name: 'Anmelden' }).click()
        await page.waitForURL(`${wanted}#/card/7`)

        await page.goto(`${auth}/`)
        t.equal(await page.title(), 'Ihre Anwendungen · Gatehouse', 'the choice is kept')
        const kept = (await page.context().cookies()).find(({ name }) => name === 'gatehouse_language')
        t.match(kept, { value: 'de', domain: 'auth.example.test', path: '/', httpOnly: true, sameSite: 'Lax' })
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
