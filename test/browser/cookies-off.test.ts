/** What somebody reads who signs in with a browser that keeps no cookies. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { findAccessibilityFaults } from '../support/accessibility.ts'
import { hasChromium, startProfile } from '../support/browser.ts'
import { freePort, scratchFolder } from '../support/servers.ts'
import { startService } from '../support/service.ts'
import { de } from '../../src/i18n/de.ts'
import { en } from '../../src/i18n/en.ts'

if (hasChromium) {
  void test('a sign-in with cookies turned off says so, and works once they are turned on', async (t) => {
    const port = await freePort()
    const issuer = `http://auth.example.test:${port}`
    const service = await startService(t, { port, environment: { GATEHOUSE_ISSUER: issuer } })
    const user = await service.createUser()
    const profile = async (settings: object) => {
      const folder = scratchFolder(t)
      mkdirSync(join(folder, 'Default'))
      writeFileSync(join(folder, 'Default/Preferences'), JSON.stringify({ profile: settings }))
      return (await startProfile(t, folder)).newPage()
    }
    const page = await profile({ default_content_setting_values: { cookies: 2 } })
    for (const [language, texts] of Object.entries({ en, de })) {
      await page.setExtraHTTPHeaders({ 'accept-language': language })
      await page.goto(`${issuer}/login?return_to=/account`)
      // Twice: whoever tries again reads it again.
      for (let tries = 0; tries < 2; tries++) {
        await page.getByLabel(texts.signIn.login).fill(user.email)
        await page.getByLabel(texts.kit.password, { exact: true }).fill(user.password)
        await page.getByRole('button', { name: texts.kit.signIn }).click()
        await page.waitForURL(`${issuer}/login?continue=after-sign-in&return_to=%2Faccount`)
        t.equal(await page.getByRole('status').innerText(), texts.signIn.cookiesOff('auth.example.test'))
        t.same(await findAccessibilityFaults(page), [])
      }
    }
    const open = await profile({})
    await open.goto(page.url())
    t.equal(await open.getByRole('status').count(), 1, 'a page that was kept')
    await open.getByLabel('Email').fill(user.email)
    await open.getByLabel('Password', { exact: true }).fill(user.password)
    await open.getByRole('button', { name: 'Sign in' }).click()
    await open.waitForURL(`${issuer}/account`)
  })
}
