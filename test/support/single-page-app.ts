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
async function listen(t: Test, port: number, answer: RequestListener): Promise<void> {
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
  /** Requests that came to the service since it was last asked. */
  asked(): string[]
  /** Lets time pass for the service and for every tab. */
  pass(seconds: number): Promise<void>
  /** A tab of the application. */
  tab(): Promise<Page>
  /** The state that a tab shows. */
  shows(page: Page, text: string): Promise<void>
  signIn(page: Page): Promise<void>
}

/** `api`: what the application's own host answers at `/api/…`. */
export async function startSinglePageApp(
  t: Test,
  {
    api,
    ...options
  }: ServiceOptions & {
    api?: (
      request: IncomingMessage,
      body: string,
    ) => { status: number; headers?: Record<string, string>; body?: string }
  } = {},
): Promise<SinglePageApp> {
  const [port, appPort] = [await freePort(), await freePort()]
  const [issuer, app] = [`http://auth.example.test:${port}`, `http://app.example.test:${appPort}`]
  const service = await startService(t, {
    ...options,
    port,
    yaml: { cors: { origins: [app] }, ...options.yaml },
    environment: { GATEHOUSE_ISSUER: issuer, ...options.environment },
  })
  const asked: string[] = []
  service.gatehouse.app.server.on('request', ({ method, url }: IncomingMessage) => asked.push(`${method} ${url}`))

  await listen(t, appPort, (request, response) => {
    const { pathname } = new URL(request.url!, app)
    if (api !== undefined && pathname.startsWith('/api/')) {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { status, headers = {}, body } = api(request, Buffer.concat(chunks).toString())
        response.writeHead(status, headers).end(body)
      })
      return
    }
    const name = pathname.endsWith('.js') ? 'app.js' : 'index.html'
    const text = readFileSync(new URL(name, folder), 'utf8').replaceAll('https://auth.example.com', issuer)
    response.writeHead(200, { 'content-type': types[name.split('.')[1]!] }).end(text)
  })

  const { open } = await startBrowser(t, [issuer, app])
  const { page: first } = await open()
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
    async tab() {
      const page = await context.newPage()
      await page.goto(`${app}/board`)
      return page
    },
    shows: (page, text) => page.getByRole('status').getByText(text).waitFor(),
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
