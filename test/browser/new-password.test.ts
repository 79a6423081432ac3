/** What a form says of a new password while it is typed, in a real browser under the policy of the pages. */
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
}
