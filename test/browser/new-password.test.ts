/** What forms do for passwords while they are typed, in a real browser under the policy of the pages. */
import { test } from 'tap'
import { hasChromium, startBrowser } from '../support/browser.ts'
import { freePort } from '../support/servers.ts'
import { startService } from '../support/service.ts'

if (hasChromium) {
  void test('a new password is judged while it is typed', async (t) => {
    const port = await freePort()
    const issuer = `http://auth.example.test:${port}`
    const service = await startService(t, { port, environment: { GATEHOUSE_ISSUER: issuer } })
    const json = { name: 'Grace', email: 'grace.hopper@example.test', password: 'chosen by somebody else 1' }
    await service.call('/api/auth/register', { method: 'POST', json })
    const [link] = /http:\S+verify-email\?token=[\w-]+/.exec((await service.mails())[0]!)!
    const { page, errors } = await (await startBrowser(t)).open()
    await page.goto(link)
    const field = page.locator('#password')
    const told = page.locator('[data-told]')
    const says = (text: string) => told.getByText(text, { exact: true }).waitFor()

    await t.test('by its length at once, and by the service when somebody rests', async (t) => {
      await field.pressSequentially('short')
      await says('The password must have at least 12 characters.')
      await field.fill('password1234')
      await says('The password is one of the most common ones.')
      await field.fill('horsehorsehorsehorse')
      await says('The password is too easy to guess.')
      await field.fill('my grace.hopper@example.test')
      await says('The password must not contain the email address.')
      await field.fill('m'.repeat(129))
      await says('The password must have at most 128 characters.')
      await field.fill('nine calm otters by the river')
      await says('This password can be used.')
      await field.fill('')
      t.equal(await told.textContent(), '')
      t.equal(await told.getAttribute('aria-live'), 'polite')
    })
    await t.test('and is shown on demand, by keyboard too, but not when it is sent', async (t) => {
      await field.fill('nine calm otters by the river')
      await field.press('Tab')
      const button = page.getByRole('button', { name: 'Show password' })
      t.equal(await page.locator(':focus').textContent(), 'Show password')
      await button.press('Enter')
      t.equal(await field.getAttribute('type'), 'text')
      await page.getByRole('button', { name: 'Hide password' }).click()
      t.equal(await field.getAttribute('type'), 'password')
      await page.getByRole('button', { name: 'Show password' }).click()
      await page.getByRole('button', { name: 'Confirm' }).click()
      await page.getByRole('heading', { name: 'Email address confirmed' }).waitFor()
    })
    t.same(errors, [], 'the console stays clean: the policy of the page lets all of it')
  })
  void test('a present password is shown on demand too, and a new one is judged by whose it is', async (t) => {
    const port = await freePort()
    const issuer = `http://auth.example.test:${port}`
    const service = await startService(t, { port, environment: { GATEHOUSE_ISSUER: issuer } })
    const user = await service.createUser({ email: 'grace.hopper@example.test', name: 'Xoquitl Wrzesniakovitch' })
    const { page, errors } = await (await startBrowser(t)).open()
    const isShown = async (id: string) => {
      const field = page.locator(`#${id}`)
      const box = page.locator('.secret-field').filter({ has: field })
      t.equal(await box.getByRole('button').count(), 1, 'one button a field')
      await field.press('Tab')
      await page.keyboard.press('Space')
      t.equal(await field.getAttribute('type'), 'text', id)
      await box.getByRole('button', { name: 'Hide password' }).click()
      t.equal(await field.getAttribute('type'), 'password')
    }
    await page.goto(`${issuer}/login`)
    await page.getByLabel('Email').fill(user.email)
    await page.getByLabel('Password').fill(user.password)
    await isShown('password')
    await page.getByRole('button', { name: 'Show password' }).click()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(`${issuer}/`)
    for (const [path, ids] of [
      ['step-up', ['password']],
      ['change-email', ['password']],
      ['change-password', ['current_password', 'password']],
    ] as const) {
      await page.goto(`${issuer}/${path}`)
      for (const id of ids) await isShown(id)
    }
    const told = page.locator('[data-told]')
    await page.locator('#password').fill(`my ${user.email}`)
    await told.getByText('The password must not contain the email address.').waitFor()
    await page.locator('#password').fill('nine calm otters by the river')
    await told.getByText('This password can be used.').waitFor()
    await page.locator('#password').fill('wrzesniakovitch')
    await told.getByText('The password is too easy to guess.').waitFor()
    await service.call('/api/auth/forgot-password', { method: 'POST', json: { email: user.email } })
    const [link] = /http:\S+reset-password\?token=[\w-]+/.exec((await service.mails()).at(-1)!)!
    await page.goto(link)
    await page.locator('#password').fill('wrzesniakovitch')
    await told.getByText('The password is too easy to guess.').waitFor()
    t.same(errors, [], 'the console stays clean')
  })
}
