/** Letting a device in on a small telephone and by the keyboard alone, from the code to the decision. */
import { test } from 'tap'
import { en } from '../../src/i18n/en.ts'
import { hasChromium } from '../support/browser.ts'
import { startJourney } from '../support/keyboard.ts'
import { registerProgram } from '../support/openid.ts'

if (hasChromium) {
  void test('a device is let in by the keyboard alone, at 320 px', async (t) => {
    const { service, issuer, page, arrive, press, type, signIn, done } = await startJourney(t, 'en-GB')
    const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
    const { client_id } = await registerProgram(service, {
      ...{ name: 'The television', grants: [deviceGrant], redirect_uris: [], public: true },
    })
    const { device, consent } = en.openid
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    const arriveWhole = async (heading: string) => {
      await arrive(heading)
      t.equal(await page.evaluate(overflow), 0, `nothing of "${heading}" is cut off`)
    }
    const begin = async () => {
      const form = { client_id, scope: 'openid' }
      const answer = await service.call('/oauth/device_authorization', { method: 'POST', form })
      return answer.json<
        Record<'device_code' | 'user_code' | 'verification_uri' | 'verification_uri_complete', string>
      >()
    }
    const askFor = async (device_code: string) => {
      const form = { grant_type: deviceGrant, device_code, client_id }
      return (await service.call('/oauth/token', { method: 'POST', form })).json<Record<string, string>>()
    }
    const user = await service.createUser()
    await page.setViewportSize({ width: 320, height: 568 })

    await t.test('by its code, typed as people type, after a sign-in and a fresh proof', async (t) => {
      const asked = await begin()
      await page.goto(asked.verification_uri)
      await arrive('Sign in')
      await signIn(user)
      await arriveWhole(device.title)
      t.equal(await page.locator(':focus').getAttribute('name'), 'user_code', 'typing can start at once')
      await type('BBBB-BBBB')
      await page.getByText(device.unknown).waitFor()
      await arriveWhole(device.title)
      service.clock.advance(301)
      await page.getByLabel(device.code).fill('')
      await type(asked.user_code.toLowerCase().replace('-', ' '))
      await arriveWhole(en.signIn.stepUp.title)
      t.match(await page.getByRole('main').innerText(), 'The television')
      await type(user.password)
      await arriveWhole(device.letIn.title)
      const told = await page.getByRole('main').innerText()
      for (const text of ['The television', asked.user_code, '127.0.0.1', user.email]) t.match(told, text)
      await press('button', consent.allow)
      await arriveWhole(device.decided.allowed.title)
      t.match(await askFor(asked.device_code), { access_token: String })
    })
    await t.test('by a link that holds the code, which is compared, and can be refused', async (t) => {
      const asked = await begin()
      await page.goto(asked.verification_uri_complete)
      await arriveWhole(device.title)
      t.match(await page.getByRole('main').innerText(), asked.user_code)
      t.equal(new URL(page.url()).origin, issuer)
      await press('button', device.same)
      await arriveWhole(device.letIn.title)
      await press('button', consent.deny)
      await arriveWhole(device.decided.denied.title)
      t.match(await askFor(asked.device_code), { error: 'access_denied' })
    })
    done()
  })
}
