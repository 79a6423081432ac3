/** What people change of their account, and how they leave, by the keyboard alone and in each language. */
import { test } from 'tap'
import { hasChromium } from '../support/browser.ts'
import { type Journey, languages, startJourney } from '../support/keyboard.ts'
import { linkIn } from '../support/mails.ts'

const newPassword = 'a heron, a lantern and a map'

/** The newest link of a page in the mails. */
async function linkOf({ service, issuer }: Journey, page: string): Promise<string> {
  const token = (await service.mails()).flatMap((mail) => linkIn(mail, issuer, page) ?? []).at(-1)
  if (token === undefined) throw new Error(`no link of ${page}`)
  return `${issuer}/${page}?token=${token}`
}

if (hasChromium) {
  for (const [locale, texts] of languages) {
    const { kit, signIn, accounts, ownAccount, sessions } = texts
    const { account } = accounts
    /** Somebody who is signed in, and looks at their account. */
    const begin = async (t: Parameters<typeof startJourney>[0]) => {
      const journey = await startJourney(t, locale)
      const user = await journey.service.createUser()
      await journey.page.goto(`${journey.issuer}/login?return_to=/account`)
      await journey.signIn(user)
      await journey.arrive(account.title)
      return { journey, user }
    }

    void test(`a password is changed and other sessions are ended, by keyboard alone, in ${locale}`, async (t) => {
      const { journey, user } = await begin(t)
      const { page, service, arrive, press, type } = journey
      await service.signIn(user)
      await service.signIn(user)
      await press('link', `${account.show}: ${account.security.sessions}`)
      await arrive(sessions.title)
      const unknown = sessions.device({ browser: '', system: '' })
      await press('button', `${sessions.end}: ${unknown}, 127.0.0.1`)
      await page.getByText(sessions.ended).waitFor()
      await press('button', sessions.endOthers)
      await page.getByText(sessions.othersEnded).waitFor()
      await arrive(sessions.title)
      t.equal(await page.getByRole('button', { name: sessions.end }).count(), 0, 'this one alone is left')
      await press('link', kit.back)
      await arrive(account.title)

      await press('link', `${account.change}: ${kit.password}`)
      await arrive(ownAccount.changePassword.title)
      await type('not the password at all', newPassword)
      await page.getByText(ownAccount.wrongPassword).waitFor()
      await arrive(ownAccount.changePassword.title)
      t.equal(await page.locator(':focus').getAttribute('name'), 'current_password', 'the focus is at the fault')
      await type(user.password, 'short')
      await page.locator('#password-error').getByText(kit.passwordFaults.too_short(12)).waitFor()
      t.equal(await page.locator(':focus').getAttribute('name'), 'password')
      await page.keyboard.press('Shift+Tab')
      await page.keyboard.press('Shift+Tab')
      await type(user.password, newPassword)
      await arrive(account.title)
      t.equal(await page.getByRole('status').innerText(), account.done.password)
      journey.done()
    })

    void test(`an address is changed, confirmed and taken back, by keyboard alone, in ${locale}`, async (t) => {
      const { journey, user } = await begin(t)
      const { page, issuer, arrive, press, type } = journey
      const email = 'moved@example.test'
      const { changeEmail, confirmEmail, undoEmail, linkDone } = ownAccount
      await press('link', `${account.change}: ${kit.email}`)
      await arrive(changeEmail.title)
      await type(user.email, user.password)
      await page.getByText(changeEmail.same).waitFor()
      await arrive(changeEmail.title)
      t.equal(await page.locator(':focus').inputValue(), user.email, 'what was typed stays, and has the focus')
      await page.keyboard.press('Control+A')
      await type(email, user.password)
      await arrive(account.title)
      t.equal(await page.getByRole('status').innerText(), account.done.email)

      await page.goto(await linkOf(journey, 'confirm-email'))
      await arrive(confirmEmail.title)
      await press('button', confirmEmail.submit)
      await arrive(linkDone.confirmed.title)
      await page.goto(`${issuer}/account`)
      await page.getByText(email).waitFor()

      await page.goto(await linkOf(journey, 'undo-email'))
      await arrive(undoEmail.title)
      await press('button', undoEmail.submit)
      await arrive(linkDone.taken_back.title)
      await page.goto(await linkOf(journey, 'reset-password'))
      await arrive(accounts.resetPassword.title)
      await type(newPassword)
      await arrive(accounts.resetPassword.doneTitle)
      await press('button', kit.signIn)
      await arrive(signIn.title)
      await journey.signIn({ email: user.email, password: newPassword })
      await arrive(signIn.applications.title)
      journey.done()
    })

    void test(`a copy is taken, and an account ended and kept, by keyboard alone, in ${locale}`, async (t) => {
      const { journey, user } = await begin(t)
      const { page, arrive, press } = journey
      const { exportAccount, deleteAccount, keep } = ownAccount
      await press('link', `${account.data.download}: ${account.data.copy}`)
      await arrive(exportAccount.title)
      const download = page.waitForEvent('download')
      await press('button', exportAccount.submit)
      t.equal((await download).suggestedFilename(), 'account.json')
      await press('link', kit.back)
      await arrive(account.title)

      await press('link', `${account.data.delete}: ${account.data.end}`)
      await arrive(deleteAccount.title)
      await press('link', kit.cancel)
      await arrive(account.title)
      await press('link', `${account.data.delete}: ${account.data.end}`)
      await arrive(deleteAccount.title)
      await press('button', deleteAccount.submit)
      await arrive(deleteAccount.endsTitle)
      await press('button', kit.toSignIn)
      await arrive(signIn.title)
      await journey.signIn(user)
      await arrive(signIn.keep.title)
      await press('button', signIn.keep.keep)
      await arrive(keep.keptTitle)
      await press('button', kit.signIn)
      await arrive(signIn.title)
      await journey.signIn(user)
      await arrive(signIn.applications.title)
      journey.done()
    })
  }
}
