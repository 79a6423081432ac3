/** Passkeys in a real browser, whose authenticator Chromium plays: made, shown in the field and by the button, proven again with, removed. */
import type { Page } from 'playwright-core'
import { test } from 'tap'
import { findAccessibilityFaults } from '../support/accessibility.ts'
import { hasChromium, offersInNoField, startBrowser, takeShots } from '../support/browser.ts'
import { freePort } from '../support/servers.ts'
import { startService, type TestUser } from '../support/service.ts'

const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'

/** An authenticator of this page, which is touched and recognises its person as soon as it is asked. */
async function plugIn(page: Page, isRecognised = true) {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  const options = {
    ...({ protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal' } as const),
    ...{ hasResidentKey: true, hasUserVerification: true, isUserVerified: isRecognised },
    ...{ automaticPresenceSimulation: true, defaultBackupEligibility: true, defaultBackupState: true },
  }
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options })
  return {
    recognise: (isUserVerified: boolean) =>
      session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
    touch: (enabled: boolean) => session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled }),
  }
}

if (hasChromium) {
  void test('passkeys in a browser', async (t) => {
    const port = await freePort()
    const issuer = `http://localhost:${port}`
    const service = await startService(t, { port, environment: { GATEHOUSE_ISSUER: issuer } })
    const { open } = await startBrowser(t)
    const typeIn = async (page: Page, { email, password }: TestUser) => {
      await page.getByLabel('Email or user name').fill(email)
      await page.getByLabel('Password', { exact: true }).fill(password)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    }
    const arrive = async (page: Page, title: string) => {
      await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor()
      t.same(await findAccessibilityFaults(page), [], title)
      await takeShots(page, title.toLowerCase().replaceAll(/\W+/g, '-'))
      await page.setViewportSize({ width: 320, height: 700 })
      t.equal(await page.evaluate(overflow), 0, `${title} is not cut off on a small phone`)
      await takeShots(page, `${title.toLowerCase().replaceAll(/\W+/g, '-')}-320`)
      await page.setViewportSize({ width: 1280, height: 800 })
    }

    await t.test('from the first to the last', async (t) => {
      const user = await service.createUser()
      const { page, errors } = await open()
      // As in a browser that offers none in fields, so that the button alone is what signs in.
      await page.addInitScript(offersInNoField)
      await page.goto(`${issuer}/add-passkey`)
      await typeIn(page, user)
      const authenticator = await plugIn(page)
      await arrive(page, 'Add a passkey')
      t.equal(await page.getByText('This browser cannot make passkeys').isVisible(), false)
      await page.getByLabel('Name').fill('Laptop')
      await page.getByRole('button', { name: 'Add a passkey' }).click()
      await arrive(page, 'Your recovery codes')
      await page.getByRole('button', { name: 'I have kept them' }).click()
      await arrive(page, 'Passkeys and second factor')
      await page.getByText('Synced between your devices').waitFor()
      await page.getByText('Not used yet').waitFor()

      await page.context().clearCookies()
      await page.goto(`${issuer}/login?return_to=%2Ffactors#here`)
      t.equal(await page.getByLabel('Email or user name').getAttribute('autocomplete'), 'username webauthn')
      await arrive(page, 'Sign in')
      await authenticator.recognise(false)
      await page.getByRole('button', { name: 'Use a passkey' }).click()
      await page.getByText('No passkey was used. Try again').waitFor()
      t.match(page.url(), '/login')
      await authenticator.recognise(true)
      await page.getByRole('button', { name: 'Use a passkey' }).click()
      await page.getByRole('heading', { level: 1, name: 'Passkeys and second factor' }).waitFor()
      t.equal(page.url(), `${issuer}/factors#here`, 'the fragment comes along')
      await page.getByText('Last used on').waitFor()

      await page.getByRole('link', { name: 'Rename: Laptop' }).click()
      await arrive(page, 'Rename the passkey')
      await page.getByLabel('Name').fill('Old laptop')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('The passkey has another name.').waitFor()

      service.clock.advance(301)
      await page.getByRole('link', { name: 'Remove: Old laptop' }).click()
      await arrive(page, 'Confirm that it is you')
      await page.getByText('What comes next needs your passkey').waitFor()
      await page.getByRole('button', { name: 'Use a passkey' }).click()
      await arrive(page, 'Remove the passkey?')
      await page.getByText('your password alone signs you in then').waitFor()
      await page.getByRole('button', { name: 'Remove' }).click()
      await page.getByText('The passkey is removed.').waitFor()
      t.same(errors, [], 'the console stays clean')
      await page.context().close()
    })
    await t.test('after the password, and in the field where a name is typed', async (t) => {
      const user = await service.createUser()
      const { page, errors } = await open()
      await page.goto(`${issuer}/add-passkey`)
      await typeIn(page, user)
      const authenticator = await plugIn(page)
      await page.getByRole('button', { name: 'Add a passkey' }).click()
      await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()

      await authenticator.touch(false)
      await page.context().clearCookies()
      await page.goto(`${issuer}/login?return_to=%2Faccount`)
      await typeIn(page, user)
      await arrive(page, 'Use your passkey')
      await page.getByRole('link', { name: 'Use a recovery code instead' }).click()
      await page.getByLabel('Recovery code').waitFor()
      await page.getByRole('link', { name: 'Use a passkey' }).click()
      await authenticator.touch(true)
      await page.getByRole('button', { name: 'Use a passkey' }).click()
      await page.waitForURL(`${issuer}/account`)

      await page.context().clearCookies()
      await page.goto(`${issuer}/login?return_to=%2Faccount`)
      await page.waitForURL(`${issuer}/account`)
      t.same(errors, [], 'the console stays clean')
      await page.context().close()
    })
    await t.test('without scripts the pages say how to go on', async (t) => {
      const user = await service.createUser()
      const { page } = await open({ javaScriptEnabled: false })
      await page.goto(`${issuer}/add-passkey`)
      t.equal(await page.getByRole('button', { name: 'Use a passkey' }).count(), 0)
      await typeIn(page, user)
      await page.getByText('This browser cannot make passkeys, or scripts are turned off in it.').waitFor()
      t.equal(await page.getByRole('button', { name: 'Add a passkey' }).count(), 0)
      await page.context().close()
    })
    await t.test('whoever needs a factor adds a passkey in place of an app', async (t) => {
      const strictPort = await freePort()
      const auth = `http://localhost:${strictPort}`
      const yaml = { sign_in: { factors: { required_for: 'all', grace_days: 0 } } }
      const strict = await startService(t, { port: strictPort, environment: { GATEHOUSE_ISSUER: auth }, yaml })
      const user = await strict.createUser()
      const { page, errors } = await open()
      await page.goto(`${auth}/login?return_to=%2Faccount`)
      await typeIn(page, user)
      await plugIn(page)
      await arrive(page, 'A second factor is needed')
      await page.getByRole('button', { name: 'Add a passkey' }).click()
      await page.getByText('The passkey is added.').waitFor()
      await page.getByRole('button', { name: 'I have kept them' }).click()
      await page.waitForURL(`${auth}/account`)
      t.same(errors, [], 'the console stays clean')
      await page.context().close()
    })
  })
}
