/** Sign-in by a provider of another site, in a real browser, which decides what cookies come back with its answer. */
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import { en } from '../../src/i18n/en.ts'
import { findAccessibilityFaults } from '../support/accessibility.ts'
import { hasChromium, startBrowser } from '../support/browser.ts'
import { labSecrets, labSettings, startLabProvider } from '../support/providers.ts'
import { freePort } from '../support/servers.ts'
import { startService } from '../support/service.ts'

if (hasChromium) {
  void test('a browser signs in by providers, makes an account, and links another one', async (t) => {
    const clock = { now: () => Date.now() }
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const lab = await startLabProvider(t, { clock })
    const apple = await startLabProvider(t, { clock }, { secretKey: publicKey })
    const port = await freePort()
    const issuer = `http://auth.example.test:${port}`
    const settings = { name: 'apple', title: 'Apple', preset: 'apple', first_sign_in: 'refuse' }
    const providers = [
      labSettings(lab),
      labSettings(apple, { ...settings, apple: { team_id: 'ABCDE12345', key_id: 'FGHIJ67890' } }),
    ]
    await startService(t, {
      port,
      yaml: { sign_in: { providers } },
      environment: {
        ...labSecrets('lab'),
        GATEHOUSE_PROVIDER_APPLE_SECRET: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
        GATEHOUSE_ISSUER: issuer,
      },
    })
    lab.person = { sub: 'ada', name: 'Ada', email: 'ada@example.test', email_verified: true }
    apple.person = { sub: '001.ada', email: 'ada@privaterelay.test', email_verified: true }
    const { page } = await (await startBrowser(t)).open({ locale: 'en-GB', reducedMotion: 'reduce' })
    const { signIn, upstream, accounts } = en
    const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
    const arrive = (name: string) => page.getByRole('heading', { name, level: 1, exact: true }).waitFor()

    await page.goto(`${issuer}/account`)
    await page.getByRole('button', { name: signIn.byProvider('Lab') }).focus()
    await page.keyboard.press('Enter')
    await arrive(upstream.arrival.title)
    t.same(await findAccessibilityFaults(page), [])
    await press(upstream.arrival.createSubmit)
    await arrive(accounts.account.title)
    t.equal(page.url(), `${issuer}/account`)

    await page.getByRole('link', { name: `${accounts.account.show}: ${accounts.account.security.linked}` }).click()
    await arrive(upstream.linked.title)
    await press(upstream.linked.link('Apple'))
    // Of another site, which sends a form: the browser brings no cookie with it, and then once more with it.
    await press('Continue')
    await arrive(upstream.linked.title)
    await page.getByText(upstream.linked.done.linked).waitFor()

    await page.context().clearCookies()
    await page.goto(`${issuer}/account`)
    await press(signIn.byProvider('Apple'))
    await press('Continue')
    await arrive(accounts.account.title)
    await page.getByText('ada@example.test').waitFor()
  })
}
