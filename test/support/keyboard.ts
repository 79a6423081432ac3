/** A page as somebody uses it who has no mouse, in a language that they read. */
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { de } from '../../src/i18n/de.ts'
import { type Catalogue, en } from '../../src/i18n/en.ts'
import { findAccessibilityFaults } from './accessibility.ts'
import { startBrowser } from './browser.ts'
import { freePort } from './servers.ts'
import { type Service, type ServiceOptions, startService } from './service.ts'

/** Each language as a browser asks for it. */
export const languages: readonly (readonly [locale: string, texts: Catalogue])[] = [
  ['en-GB', en],
  ['de-DE', de],
]

type Role = 'link' | 'button' | 'textbox' | 'combobox' | 'checkbox'

export interface Journey {
  service: Service
  issuer: string
  page: Page
  /** Waits for a page by its heading, and asks axe about it. */
  arrive(heading: string): Promise<void>
  /** Presses Tab until what is called this has the focus. */
  tabTo(role: Role, name: string): Promise<void>
  press(role: 'link' | 'button', name: string): Promise<void>
  /** Types into the field that has the focus, which a page gives to one some time after it is there to be seen. */
  write(text: string): Promise<void>
  /** Types one text after the other, with Tab between them, and Enter at the end; a password is left by two: behind it is its button. */
  type(...typed: string[]): Promise<void>
  /** Signs in on the page that is shown. */
  signIn(user: { email: string; password: string }): Promise<void>
  /** Fails when the console has told of anything but refused forms and links. */
  done(): void
}

/** A service with a browser in front of it, which speaks `locale`. */
export async function startJourney(t: Test, locale: string, options: ServiceOptions = {}): Promise<Journey> {
  const port = await freePort()
  const issuer = `http://auth.example.test:${port}`
  const service = await startService(t, { port, environment: { GATEHOUSE_ISSUER: issuer }, ...options })
  const { page, errors } = await (await startBrowser(t)).open({ locale, reducedMotion: 'reduce' })

  const focused = page.locator(':focus')
  async function tabTo(role: Role, name: string) {
    const wanted = page.getByRole(role, { name, exact: true }).first()
    for (let presses = 0; presses < 40; presses++) {
      if (
        await wanted.evaluate((node) => (node as unknown as { matches(selector: string): boolean }).matches(':focus'))
      )
        return
      await page.keyboard.press('Tab')
    }
    throw new Error(`the keyboard does not reach the ${role} ${name}`)
  }
  async function write(text: string) {
    await page.locator('input:focus, textarea:focus').waitFor()
    await page.keyboard.type(text)
  }
  async function type(...typed: string[]) {
    for (const [at, text] of typed.entries()) {
      if (at > 0) await page.keyboard.press('Tab')
      if ((await focused.getAttribute('aria-controls')) !== null) await page.keyboard.press('Tab')
      await write(text)
    }
    await page.keyboard.press('Enter')
  }
  return {
    service,
    issuer,
    page,
    tabTo,
    write,
    type,
    async arrive(heading) {
      await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
      t.same(await findAccessibilityFaults(page), [], heading)
    },
    async press(role, name) {
      await tabTo(role, name)
      await page.keyboard.press('Enter')
    },
    signIn: ({ email, password }) => type(email, password),
    done: () =>
      t.same(
        errors.filter((text) => !/status of (400|422)/.test(text)),
        [],
        'the console stays clean',
      ),
  }
}
