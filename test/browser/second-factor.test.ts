/** A second factor from its set-up on, as somebody uses it who has no mouse; and behind a real nginx, whose rule asks for it. */
import type { Page } from 'playwright-core'
import { test } from 'tap'
import { hasChromium, startBrowser, takeShots } from '../support/browser.ts'
import { codeOf, createWithFactor, nextCode, setUpTotp } from '../support/factors.ts'
import { languages, startJourney } from '../support/keyboard.ts'
import { hasProxy, startProxy } from '../support/proxies.ts'
import { freePort } from '../support/servers.ts'
import { startService } from '../support/service.ts'
import { startUpstream } from '../support/upstream.ts'

/** The key that the page shows to be typed into an app. */
const keyOn = async (page: Page) => (await page.locator('code.secret').innerText()).replaceAll(' ', '')

if (hasChromium) {
  for (const [locale, texts] of languages) {
    void test(`a second factor from its set-up to its end, by keyboard alone, in ${locale}`, async (t) => {
      const yaml = { sign_in: { factors: { remember_days: 30 } } }
      const journey = await startJourney(t, locale, { yaml })
      const { service, issuer, page, arrive, tabTo, press, write, signIn: typeIn, done } = journey
      const { kit, signIn, accounts, factors } = texts
      const { secondFactor } = signIn
      const shots = (name: string) => (locale === 'en-GB' ? takeShots(page, name) : undefined)
      const user = await service.createUser()
      const wanted = `${issuer}/account`

      await page.goto(wanted)
      await arrive(signIn.title)
      await typeIn(user)
      await arrive(accounts.account.title)
      await press('link', `${accounts.account.show}: ${accounts.account.security.factor}`)
      await arrive(factors.title)
      await press('link', `${factors.setUp}: ${factors.app}`)
      await arrive(factors.setUpPage.title)
      const picture = page.getByRole('img', { name: factors.setUpPage.picture })
      t.ok((await picture.boundingBox())!.width > 150, 'the picture is large enough to be scanned')
      await shots('set-up-authenticator')
      const secret = await keyOn(page)
      await tabTo('textbox', factors.setUpPage.thenCode)
      await write('000000')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').waitFor()
      t.equal(await page.locator(':focus').getAttribute('name'), 'code', 'the focus is where the fault is')
      t.equal(await keyOn(page), secret)
      await write(codeOf(service, secret))
      await page.keyboard.press('Enter')
      await arrive(factors.codesPage.title)
      await shots('recovery-codes')
      const codes = await page.locator('ul.codes code').allInnerTexts()
      t.equal(codes.length, 10)
      await tabTo('button', factors.codesPage.download)
      const [file] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')])
      t.equal(file.suggestedFilename(), 'recovery-codes.txt')
      await press('button', factors.codesPage.proceed)
      await arrive(factors.title)
      await shots('factors')

      await press('link', kit.ways.signOut)
      await arrive(signIn.leave.title)
      await press('button', signIn.signOut)
      await arrive(signIn.left.title)
      await page.goto(wanted)
      await arrive(signIn.title)
      await typeIn(user)
      await arrive(secondFactor.title)
      t.equal(await page.locator(':focus').getAttribute('name'), 'code', 'typing can start at once')
      await shots('second-factor')
      await write('000 000')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').waitFor()
      await shots('second-factor-wrong')
      await press('link', secondFactor.useRecovery)
      await page.getByLabel(secondFactor.recoveryCode, { exact: true }).waitFor()
      await write(codes[0]!)
      await page.keyboard.press('Enter')
      await arrive(accounts.account.title)

      service.clock.advance(301)
      await page.goto(`${issuer}/remove-authenticator`)
      await arrive(signIn.stepUp.title)
      await shots('step-up-by-code')
      const code = nextCode(service, secret)
      await page.keyboard.insertText(` ${code.slice(0, 3)} ${code.slice(3)} `)
      await page.keyboard.press('Enter')
      await arrive(factors.removePage.title)
      await press('button', factors.removePage.submit)
      await arrive(factors.title)
      await page.getByText(factors.removed).waitFor()
      t.equal(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'), 0)
      done()
    })
  }
}

if (hasChromium && hasProxy('nginx')) {
  void test('behind nginx a rule with level aal2 lets in who shows a second factor, and nobody else', async (t) => {
    const port = await freePort()
    const [auth, app] = [`http://auth.example.test:${port}`, `http://app.example.test:${port}`]
    const upstream = await startUpstream(t)
    const rules = [{ paths: ['/vault/**'], allow: { level: 'aal2' } }, { allow: 'signed-in' }]
    const hosts = { [`app.example.test:${port}`]: { rules } }
    const environment = { GATEHOUSE_ISSUER: auth, GATEHOUSE_COOKIE_DOMAIN: 'example.test' }
    const service = await startService(t, { yaml: { hosts }, environment })
    await startProxy(t, 'nginx', { port, servicePort: service.port, upstreamPort: upstream.port, hosts, issuer: auth })
    const { user, secret } = await createWithFactor(service)
    const without = await service.createUser()
    const { open } = await startBrowser(t)
    const wanted = `${app}/vault/?x=1#/there`
    const arrived = (path: string) => upstream.arrived.filter(({ url }) => url.startsWith(path)).length
    const logIn = async (page: Page, { email, password }: typeof without) => {
      await page.getByLabel('Email').fill(email)
      await page.getByLabel('Password').fill(password)
      await page.getByRole('button', { name: 'Sign in' }).click()
    }

    for (const javaScriptEnabled of [true, false]) {
      await t.test(`from the beginning, with scripts turned ${javaScriptEnabled ? 'on' : 'off'}`, async (t) => {
        const { page } = await open({ javaScriptEnabled })
        const before = arrived('/vault')
        await page.goto(wanted)
        await logIn(page, user)
        await page.waitForURL(({ pathname }) => pathname === '/second-factor')
        t.equal(arrived('/vault'), before, 'the password alone opens nothing')
        t.match((await page.goto(`${app}/`))?.url(), `${auth}/login`, 'half-finished is no session')
        await page.goto(wanted)
        await logIn(page, user)
        await page.getByLabel('Code of your authenticator app').fill(nextCode(service, secret))
        await page.getByRole('button', { name: 'Confirm' }).click()
        await page.waitForURL(wanted)
        t.ok(arrived('/vault') > before)
        await page.context().close()
      })
    }
    await t.test('by a step-up, for whoever is signed in by the password of before', async (t) => {
      const person = await service.createUser()
      const { page } = await open()
      await page.goto(`${app}/`)
      await logIn(page, person)
      await page.waitForURL(`${app}/`)
      const known = await createWithFactorFor(person)
      await page.goto(wanted)
      t.equal(new URL(page.url()).pathname, '/step-up')
      await page.getByLabel('Code of your authenticator app').fill(nextCode(service, known))
      await page.getByRole('button', { name: 'Confirm' }).click()
      await page.waitForURL(wanted)
    })
    await t.test('and who has none is told to set one up', async () => {
      const { page } = await open()
      const before = arrived('/vault')
      await page.goto(wanted)
      await logIn(page, without)
      await page.getByRole('heading', { name: 'A stronger sign-in is needed' }).waitFor()
      t.equal(arrived('/vault'), before)
    })

    /** Sets an app up in another browser of the same person. */
    async function createWithFactorFor(person: typeof without): Promise<string> {
      const { cookie } = await service.signIn(person)
      const { secret: key } = await setUpTotp(service, { cookie })
      return key
    }
  })
}
