import { test } from 'tap'
import { hasChromium, startBrowser, takeShots } from '../support/browser.ts'
import { freePort } from '../support/servers.ts'
import { startService } from '../support/service.ts'

if (hasChromium) {
  void test('a browser takes an address in any letters, for the account of the canonical one', async (t) => {
    const port = await freePort()
    const issuer = `http://auth.example.test:${port}`
    const service = await startService(t, { port, environment: { GATEHOUSE_ISSUER: issuer } })
    const { password } = await service.createUser({ email: 'user@xn--bcher-kva.example', name: 'Ada Lovelace' })
    const browser = await startBrowser(t)
    for (const javaScriptEnabled of [false, true]) {
      for (const written of ['user@bücher.example', ' USER@BÜCHER.example ', 'user@xn--bcher-kva.example']) {
        await t.test(`“${written}”, with scripts turned ${javaScriptEnabled ? 'on' : 'off'}`, async (t) => {
          const { page, errors } = await browser.open({ javaScriptEnabled })
          await page.goto(`${issuer}/login`)
          await page.getByLabel('Email').fill(written)
          await page.getByLabel('Password').fill('not the password at all')
          await page.getByRole('button', { name: 'Sign in' }).click()
          t.equal(await page.getByRole('alert').textContent(), 'The email address or the password is wrong.')
          t.not(await page.getByLabel('Email').inputValue(), '', 'what was typed is kept')
          await page.getByLabel('Password').fill(password)
          await page.getByLabel('Password').press('Enter')
          await page.waitForURL(`${issuer}/`)
          t.match(
            await page.locator('main').textContent(),
            /signed in as Ada Lovelace\s+\(user@xn--bcher-kva\.example\)/,
          )
          t.same(
            errors.filter((text) => !text.includes('status of 422')),
            [],
          )
        })
      }
    }
    await t.test('of an address that cannot be one the page says what is wrong', async (t) => {
      const { page } = await browser.open()
      await page.goto(`${issuer}/login`)
      await page.getByLabel('Email').fill('ada@10.0.0.1')
      await page.getByLabel('Password').fill(password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      t.match(await page.getByRole('alert').textContent(), /^The email address must have a domain after the @/)
      t.equal(await page.getByLabel('Email').inputValue(), 'ada@10.0.0.1')
      t.equal(await page.getByLabel('Password').inputValue(), '')
      await takeShots(page, 'sign-in-no-address')
    })
  })
}
