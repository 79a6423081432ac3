/** Debian's Chromium, where every host below example.test is this machine. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { findProgram } from './servers.ts'

export const hasChromium = findProgram('chromium') !== undefined

export interface TestBrowser {
  /** A browser profile of its own, with one page. */
  open(options?: BrowserContextOptions): Promise<OpenPage>
}

interface OpenPage {
  page: Page
  /** What the console reported as an error, refused content and failed requests included. */
  errors: string[]
}

const quietly = [
  '--headless',
  // Needed where tests run as root. The pages are our own.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP *.example.test 127.0.0.1',
]

/** Milliseconds that a page may take on a machine that has a lot else to do. */
const patience = 60_000

/** Makes a page that of a browser which offers no passkeys in fields, and asks for none unless a button is pressed. */
export const offersInNoField =
  'if (window.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = undefined'

/** A browser that keeps its profile in a folder, as a person's does, and opens the tabs of the last time again. */
export async function startProfile(t: { teardown(after: () => unknown): unknown }, folder: string) {
  const context: BrowserContext = await chromium.launchPersistentContext(folder, {
    executablePath: findProgram('chromium')!,
    // Playwright's own tab would stand in place of those.
    ignoreDefaultArgs: ['about:blank'],
    args: [...quietly, '--restore-last-session'],
  })
  t.teardown(() => context.close())
  context.setDefaultTimeout(patience)
  return context
}

export async function launchChromium(more: readonly string[] = []): Promise<Browser> {
  const executablePath = findProgram('chromium')
  if (executablePath === undefined) throw new Error('chromium is not installed')
  return chromium.launch({ executablePath, args: [...quietly, ...more] })
}

/** Those of this process, by their further arguments: starting one takes seconds, and each profile is a new one. */
const running = new Map<string, Promise<Browser>>()

async function sharedBrowser(more: readonly string[]): Promise<Browser> {
  const key = more.join(' ')
  const there = running.get(key)
  if (there !== undefined) return there
  const browser = launchChromium(more)
  running.set(key, browser)
  // The gallery starts a browser too, and is no test.
  const { default: tap } = await import('tap')
  tap.teardown(async () => (await browser).close())
  return browser
}

/** `secure` names origins, or hosts as `*.example.test`, that are treated as if they were on https, so that Chromium sends fetch metadata to them. */
export async function startBrowser(
  t: { teardown(after: () => unknown): unknown },
  secure: readonly string[] = [],
): Promise<TestBrowser> {
  const treated = secure.length > 0 ? [`--unsafely-treat-insecure-origin-as-secure=${secure.join(',')}`] : []
  const browser = await sharedBrowser(treated)
  return {
    async open(options = {}) {
      const context = await browser.newContext(options)
      t.teardown(() => context.close())
      context.setDefaultTimeout(patience)
      const page = await context.newPage()
      const errors: string[] = []
      page.on('console', (message) => {
        // Said of every page on plain http, where the header means nothing.
        if (message.text().startsWith('The Cross-Origin-Opener-Policy header has been ignored')) return
        if (message.type() === 'error') errors.push(message.text())
      })
      page.on('pageerror', (error) => errors.push(error.message))
      return { page, errors }
    },
  }
}

/** Keeps a picture of the page, light and dark, in the folder that SHOTS names; does nothing without one. */
export async function takeShots(page: Page, name: string): Promise<void> {
  const folder = process.env['SHOTS']
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  for (const colorScheme of ['light', 'dark'] as const) {
    // Without motion the colours change at once.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), animations: 'disabled' })
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null })
}
