/** The ways into an account that begin with a mail, by the keyboard alone and in each language. */
import { test } from 'tap'
import { hasChromium } from '../support/browser.ts'
import { languages, startJourney } from '../support/keyboard.ts'
import { linkIn } from '../support/mails.ts'

const newPassword = 'a heron, a lantern and a map'

if (hasChromium) {
  for (const [locale, texts] of languages) {
    const { kit, signIn, accounts } = texts
    void test(`a forgotten password is replaced, and signs in, by keyboard alone, in ${locale}`, async (t) => {
      const { service, issuer, page, arrive, press, type, done, ...journey } = await startJourney(t, locale)
      const { email } = await service.createUser()
      await page.goto(`${issuer}/login`)
      await arrive(signIn.title)
      await press('link', signIn.recover)
      await arrive(accounts.linkRequests['forgot-password'].title)
      // Complete for the browser, and none for us.
      await type('ada@localhost')
      await page.getByText(kit.emailFaults.domain).waitFor()
      await arrive(accounts.linkRequests['forgot-password'].title)
      t.equal(await page.locator(':focus').inputValue(), 'ada@localhost', 'what was typed stays')
      await page.keyboard.press('Control+A')
      await type(email)
      await arrive(accounts.checkYourMail.title)

      const token = linkIn((await service.mails()).at(-1)!, issuer, 'reset-password')
      const link = `${issuer}/reset-password?token=${token}`
      await page.goto(link)
      await arrive(accounts.resetPassword.title)
      await type('short')
      await page.locator('#password-error').getByText(kit.passwordFaults.too_short(12)).waitFor()
      await arrive(accounts.resetPassword.title)
      await type(newPassword)
      await arrive(accounts.resetPassword.doneTitle)
      await page.goto(link)
      await arrive(accounts.linkUseless.title)
      await press('link', kit.toSignIn)
      await arrive(signIn.title)
      await journey.signIn({ email, password: newPassword })
      await arrive(signIn.applications.title)
      await press('link', kit.ways.signOut)
      await arrive(signIn.leave.title)
      await press('button', signIn.signOut)
      await arrive(signIn.left.title)
      await press('button', kit.signIn)
      await arrive(signIn.title)
      done()
    })

    void test(`an invitation is accepted, and signs in, by keyboard alone, in ${locale}`, async (t) => {
      const { service, issuer, page, arrive, press, type, done, ...journey } = await startJourney(t, locale, {
        yaml: { accounts: { registration: 'invite' } },
      })
      const email = 'grace@example.test'
      await service.operate('POST', '/invitations', { email, roles: [] })
      const token = linkIn((await service.mails()).at(-1)!, issuer, 'invitation')
      await page.goto(`${issuer}/invitation?token=${token}`)
      await arrive(accounts.invitation.title)
      t.equal(await page.locator(':focus').getAttribute('name'), 'name', 'typing can start at once')
      await type('Grace Hopper', 'short')
      await page.locator('#password-error').getByText(kit.passwordFaults.too_short(12)).waitFor()
      await arrive(accounts.invitation.title)
      t.equal(await page.locator('#name').inputValue(), 'Grace Hopper')
      await type(newPassword)
      await arrive(accounts.invitation.doneTitle)
      await press('button', kit.signIn)
      await arrive(signIn.title)
      await journey.signIn({ email, password: newPassword })
      await arrive(signIn.applications.title)
      done()
    })
  }
}
