/** The application of docs/single-page-app/ on a host of its own, beside a service on the same site, and its tabs in a browser. */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { Page } from 'playwright-core'
import { startBrowser } from './browser.ts'
import { freePort } from './servers.ts'
import { type Service, type ServiceOptions, startService, type TestUser } from './service.ts'

type Test = Parameters<typeof startService>[0]

const folder = new URL('../../docs/single-page-app/', import.meta.url)
const types: Record<string, string> = { html: 'text/html', js: 'text/javascript' }

/** Answers requests at a port of this machine. */
export async function listen(t: Test, port: number, answer: RequestListener): Promise<void> {
  const server = createServer(answer)
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
}

export interface SinglePageApp {
  service: Service
  /** Origin of the application. */
  app: string
  user: TestUser
  /** Requests that came to the service since this was called last. */
  asked(): string[]
  /** Lets time pass for the service and for every tab. */
  pass(seconds: number): Promise<void>
  /** A tab of the application, or of another path of its host. */
  tab(path?: string): Promise<Page>
  signIn(page: Page): Promise<void>
}

export const notFound: RequestListener = (_request, response) => void response.writeHead(404).end()

/** `path`: of the issuer. `answer`: what the host of the application answers beside its files. */
export async function startSinglePageApp(
  t: Test,
  { path = '', answer = notFound, ...options }: ServiceOptions & { path?: string; answer?: RequestListener } = {},
): Promise<SinglePageApp> {
  const [port, appPort] = [await freePort(), await freePort()]
  const [auth, app] = [`http://auth.example.test:${port}`, `http://app.example.test:${appPort}`]
  const service = await startService(t, {
    ...options,
    port,
    yaml: { cors: { origins: [app] }, ...options.yaml },
    environment: { GATEHOUSE_ISSUER: auth + path },
  })
  const asked: string[] = []
  service.gatehouse.app.server.on('request', ({ method, url }: IncomingMessage) => asked.push(`${method} ${url}`))

  /** As who deploys it writes it: a policy names an origin, and everything else the issuer. */
  const deployed = (text: string) =>
    text.replaceAll(/https:\/\/auth\.example\.com(?=[;"])/g, auth).replaceAll('https://auth.example.com', auth + path)
  await listen(t, appPort, (request, response) => {
    const { pathname } = new URL(request.url!, app)
    const name = { '/board': 'index.html', '/app.js': 'app.js' }[pathname]
    if (name === undefined) return answer(request, response)
    const text = readFileSync(new URL(name, folder), 'utf8')
    response.writeHead(200, { 'content-type': types[name.split('.')[1]!] }).end(deployed(text))
  })

  // By one name for all ports, so that the tests of a process share one browser.
  const { open } = await startBrowser(t, ['*.example.test'])
  // Of an API that a test has put on https.
  const { page: first } = await open({ ignoreHTTPSErrors: true })
  const context = first.context()
  await first.close()
  await context.clock.install()
  const user = await service.createUser()
  return {
    service,
    app,
    user,
    asked: () => asked.splice(0),
    async pass(seconds) {
      service.clock.advance(seconds)
      await context.clock.fastForward(seconds * 1000)
    },
    async tab(path = '/board') {
      const page = await context.newPage()
      await page.goto(app + path)
      return page
    },
    async signIn(page) {
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByLabel('Email').fill(user.email)
      await page.getByLabel('Password').fill(user.password)
      await page.getByLabel('Stay signed in').check()
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.waitForURL(`${app}/board`)
    },
  }
}

/** Waits for what the application says about who is signed in. */
export async function shows(page: Page, text: string): Promise<void> {
  await page.getByRole('status').getByText(text).waitFor()
}
