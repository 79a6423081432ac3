/** What people do with an account, from making it to signing out, by the keyboard alone and in each language. */
import type { Page } from 'playwright-core'
import { type Test, test } from 'tap'
import { findAccessibilityFaults } from '../support/accessibility.ts'
import { hasChromium, startBrowser } from '../support/browser.ts'
import { linkTokenIn } from '../support/mails.ts'
import { freePort } from '../support/servers.ts'
import { startService } from '../support/service.ts'
import { de } from '../../src/i18n/de.ts'
import { en } from '../../src/i18n/en.ts'

/** Presses Tab until what is called this has the focus, as somebody does who uses no mouse. */
async function tabTo(page: Page, role: 'link' | 'button' | 'textbox' | 'combobox' | 'checkbox', name: string) {
  const wanted = page.getByRole(role, { name, exact: true }).first()
  for (let presses = 0; presses < 40; presses++) {
    if (await wanted.evaluate((node) => (node as unknown as { matches(selector: string): boolean }).matches(':focus')))
      return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the keyboard does not reach the ${role} ${name}`)
}

async function press(page: Page, role: 'link' | 'button', name: string) {
  await tabTo(page, role, name)
  await page.keyboard.press('Enter')
}

/** Waits for a page by its heading, and asks axe about it. */
async function arrive(t: Test, page: Page, heading: string) {
  await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
  t.same(await findAccessibilityFaults(page), [], heading)
}

if (hasChromium) {
  for (const [locale, texts] of [
    ['en-GB', en],
    ['de-DE', de],
  ] as const) {
    void test(`an account from its making to the last sign-out, by keyboard alone, in ${locale}`, async (t) => {
      const port = await freePort()
      const issuer = `http://auth.example.test:${port}`
      const service = await startService(t, {
        port,
        environment: { GATEHOUSE_ISSUER: issuer },
        yaml: { hosts: { 'app.example.test': { title: 'Reports', rules: [{ allow: 'signed-in' }] } } },
      })
      const { open } = await startBrowser(t)
      const { page, errors } = await open({ locale, reducedMotion: 'reduce' })
      const { kit, signIn, accounts, apiKeys, activity } = texts
      const [email, password] = ['grace@example.test', 'nine calm otters by the river']

      await page.goto(`${issuer}/login`)
      await arrive(t, page, signIn.title)
      await press(page, 'link', locale === 'en-GB' ? 'Make one' : 'Konto anlegen')
      await arrive(t, page, accounts.register.title)
      t.equal(await page.locator(':focus').getAttribute('name'), 'name', 'typing can start at once')
      await page.keyboard.type('Grace Hopper')
      await page.keyboard.press('Tab')
      // Complete for the browser, and none for us.
      await page.keyboard.type('grace@localhost')
      await page.keyboard.press('Enter')
      await page.getByText(kit.emailFaults.domain).waitFor()
      t.same(await findAccessibilityFaults(page), [], 'with a fault')
      t.equal(await page.locator(':focus').getAttribute('name'), 'email', 'the focus is where the fault is')
      t.equal(await page.getByLabel(kit.name, { exact: true }).inputValue(), 'Grace Hopper', 'what was typed stays')
      await page.keyboard.press('Control+A')
      await page.keyboard.type(email)
      await page.keyboard.press('Enter')
      await arrive(t, page, accounts.checkYourMail.title)

      const token = linkTokenIn((await service.mails()).at(-1)!, issuer)
      await page.goto(`${issuer}/verify-email?token=${token}`)
      await arrive(t, page, accounts.verifyEmail.title)
      await page.keyboard.type(password)
      await page.keyboard.press('Enter')
      await arrive(t, page, accounts.emailVerified.title)
      await press(page, 'button', kit.signIn)
      await arrive(t, page, signIn.title)
      await page.keyboard.type(email)
      await page.keyboard.press('Tab')
      await page.keyboard.type(password)
      await page.keyboard.press('Enter')
      await arrive(t, page, signIn.applications.title)
      t.equal(await page.getByRole('link', { name: /Reports/ }).getAttribute('href'), 'http://app.example.test/')

      await press(page, 'link', kit.ways.account)
      await arrive(t, page, accounts.account.title)
      await press(page, 'link', `${accounts.account.change}: ${kit.name}`)
      await arrive(t, page, accounts.account.profile.title)
      await page.keyboard.press('Control+A')
      await page.keyboard.type('Rear Admiral Hopper')
      await tabTo(page, 'combobox', accounts.account.profile.mailLanguage)
      await page.keyboard.press('ArrowDown')
      await press(page, 'button', kit.save)
      await arrive(t, page, accounts.account.title)
      t.equal(await page.getByRole('status').innerText(), accounts.account.done.profile)
      await page.getByText('Rear Admiral Hopper').waitFor()

      await press(page, 'link', `${accounts.account.show}: ${accounts.account.security.keys}`)
      await arrive(t, page, apiKeys.title)
      await press(page, 'button', apiKeys.make)
      await arrive(t, page, apiKeys.fresh.title)
      await page.keyboard.type('Export')
      await press(page, 'button', apiKeys.make)
      await arrive(t, page, apiKeys.shown.title)
      t.match(await page.getByRole('textbox', { name: apiKeys.shown.key }).innerText(), /^ghk_/)
      await press(page, 'button', apiKeys.shown.toKeys)
      await arrive(t, page, apiKeys.title)
      await press(page, 'button', `${apiKeys.revoke}: Export`)
      await page.getByText(apiKeys.revoked).waitFor()
      await page.getByText(apiKeys.none).waitFor()
      await press(page, 'link', kit.back)
      await arrive(t, page, accounts.account.title)
      await press(page, 'link', `${accounts.account.show}: ${accounts.account.security.activity}`)
      await arrive(t, page, activity.title)
      await page.getByText(activity.events['sign_in.succeeded']!).first().waitFor()

      await press(page, 'link', kit.ways.signOut)
      await arrive(t, page, signIn.leave.title)
      await press(page, 'button', signIn.signOut)
      await arrive(t, page, signIn.title)
      await page.goto(`${issuer}/account`)
      await arrive(t, page, signIn.title)
      t.same(
        errors.filter((text) => !text.includes('status of 422')),
        [],
        'the console stays clean',
      )
    })
  }
}
