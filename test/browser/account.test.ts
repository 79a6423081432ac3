/** What people do with an account, from making it to signing out, by the keyboard alone and in each language. */
import { test } from 'tap'
import { findAccessibilityFaults } from '../support/accessibility.ts'
import { hasChromium } from '../support/browser.ts'
import { languages, startJourney } from '../support/keyboard.ts'
import { linkTokenIn } from '../support/mails.ts'

if (hasChromium) {
  for (const [locale, texts] of languages) {
    void test(`an account from its making to the last sign-out, by keyboard alone, in ${locale}`, async (t) => {
      const {
        service,
        issuer,
        page,
        arrive,
        tabTo,
        press,
        write,
        signIn: typeIn,
        done,
      } = await startJourney(t, locale, {
        yaml: { hosts: { 'app.example.test': { title: 'Reports', rules: [{ allow: 'signed-in' }] } } },
      })
      const { kit, signIn, accounts, apiKeys, activity } = texts
      const [email, password] = ['grace@example.test', 'nine calm otters by the river']

      await page.goto(`${issuer}/login`)
      await arrive(signIn.title)
      await press('link', locale === 'en-GB' ? 'Make one' : 'Konto anlegen')
      await arrive(accounts.register.title)
      t.equal(await page.locator(':focus').getAttribute('name'), 'name', 'typing can start at once')
      await write('Grace Hopper')
      await page.keyboard.press('Tab')
      // Complete for the browser, and none for us.
      await write('grace@localhost')
      await page.keyboard.press('Enter')
      await page.getByText(kit.emailFaults.domain).waitFor()
      t.same(await findAccessibilityFaults(page), [], 'with a fault')
      t.equal(await page.locator(':focus').getAttribute('name'), 'email', 'the focus is where the fault is')
      t.equal(await page.getByLabel(kit.name, { exact: true }).inputValue(), 'Grace Hopper', 'what was typed stays')
      await page.keyboard.press('Control+A')
      await write(email)
      await page.keyboard.press('Enter')
      await arrive(accounts.checkYourMail.title)

      const token = linkTokenIn((await service.mails()).at(-1)!, issuer)
      await page.goto(`${issuer}/verify-email?token=${token}`)
      await arrive(accounts.verifyEmail.title)
      await write(password)
      await page.keyboard.press('Enter')
      await arrive(accounts.emailVerified.title)
      await press('button', kit.signIn)
      await arrive(signIn.title)
      await typeIn({ email, password })
      await arrive(signIn.applications.title)
      t.equal(await page.getByRole('link', { name: /Reports/ }).getAttribute('href'), 'http://app.example.test/')

      await press('link', kit.ways.account)
      await arrive(accounts.account.title)
      await press('link', `${accounts.account.change}: ${kit.name}`)
      await arrive(accounts.account.profile.title)
      await page.keyboard.press('Control+A')
      await write('Rear Admiral Hopper')
      await tabTo('combobox', accounts.account.profile.mailLanguage)
      await page.keyboard.press('ArrowDown')
      await press('button', kit.save)
      await arrive(accounts.account.title)
      t.equal(await page.getByRole('status').innerText(), accounts.account.done.profile)
      await page.getByText('Rear Admiral Hopper').waitFor()

      await press('link', `${accounts.account.show}: ${accounts.account.security.keys}`)
      await arrive(apiKeys.title)
      await press('button', apiKeys.make)
      await arrive(apiKeys.fresh.title)
      await write('Export')
      await press('button', apiKeys.make)
      await arrive(apiKeys.shown.title)
      t.match(await page.getByRole('textbox', { name: apiKeys.shown.key }).innerText(), /^ghk_/)
      await press('button', apiKeys.shown.toKeys)
      await arrive(apiKeys.title)
      await press('button', `${apiKeys.revoke}: Export`)
      await page.getByText(apiKeys.revoked).waitFor()
      await page.getByText(apiKeys.none).waitFor()
      await press('link', kit.back)
      await arrive(accounts.account.title)
      await press('link', `${accounts.account.show}: ${accounts.account.security.activity}`)
      await arrive(activity.title)
      await page.getByText(activity.events['sign_in.succeeded']!).first().waitFor()

      await press('link', kit.ways.signOut)
      await arrive(signIn.leave.title)
      await press('button', signIn.signOut)
      await arrive(signIn.left.title)
      await page.goto(`${issuer}/account`)
      await arrive(signIn.title)
      done()
    })
  }
}
