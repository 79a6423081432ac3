import { test } from 'tap'
import { hasChromium, startBrowser, takeShots } from '../support/browser.ts'
import { freePort } from '../support/servers.ts'
import { startService } from '../support/service.ts'

if (hasChromium) {
  void test('opening a mailed link with a browser, and choosing the password there', async (t) => {
    const port = await freePort()
    const issuer = `http://auth.example.test:${port}`
    const service = await startService(t, { port, environment: { GATEHOUSE_ISSUER: issuer } })
    const [email, chosen] = ['ada@example.test', 'nine calm otters by the river']
    const json = { name: 'Ada', email, password: 'chosen by somebody else 1' }
    await service.call('/api/auth/register', { method: 'POST', json })
    const [link] = /http:\S+verify-email\?token=[\w-]+/.exec((await service.mails())[0]!)!
    const browser = await startBrowser(t)

    for (const javaScriptEnabled of [false, true]) {
      await t.test(`with scripts turned ${javaScriptEnabled ? 'on' : 'off'}`, async (t) => {
        const { page, errors } = await browser.open({ javaScriptEnabled })
        t.equal((await page.goto(link))?.status(), 200)
        t.equal(await page.title(), 'Confirm your email address · Gatehouse')
        t.equal(await page.getByLabel('Email').inputValue(), email)
        t.equal(await page.locator(':focus').getAttribute('name'), 'password', 'typing can start at once')
        await takeShots(page, 'confirm-email')

        await page.getByLabel('Password').fill('password1234')
        await page.getByRole('button', { name: 'Confirm' }).click()
        t.equal(await page.getByRole('alert').textContent(), 'The password is one of the most common ones.')
        t.equal(await page.getByLabel('Password').inputValue(), '')
        t.equal(await page.locator(':focus').getAttribute('name'), 'password')
        await takeShots(page, 'confirm-email-fault')
        await page.setViewportSize({ width: 320, height: 568 })
        const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
        t.equal(await page.evaluate(overflow), 0, 'nothing is cut off on a small phone')
        await takeShots(page, 'confirm-email-phone')
        t.same(
          errors.filter((text) => !text.includes('status of 422')),
          [],
          'the console stays clean',
        )
        await page.context().close()
      })
    }
    await t.test('once', async (t) => {
      const { page } = await browser.open()
      await page.goto(link)
      await page.getByLabel('Password').fill(chosen)
      await page.getByLabel('Password').press('Enter')
      await page.getByRole('heading', { name: 'Email address confirmed' }).waitFor()
      await takeShots(page, 'email-confirmed')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByLabel('Email').fill(email)
      await page.getByLabel('Password').fill(chosen)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByText('You are signed in as Ada').waitFor()
      t.equal((await page.goto(link))?.status(), 400)
      t.equal(await page.title(), 'This link does not work · Gatehouse')
      await takeShots(page, 'link-used')
    })
  })
}
