/** Tabs with /gatehouse.js in a real browser, on a host beside the service. */
import type { RequestListener } from 'node:http'
import type { Page, Route } from 'playwright-core'
import type { ServiceOptions, TestUser } from './service.ts'
import { notFound, type SinglePageApp, startSinglePageApp } from './single-page-app.ts'

export const refresh = 'POST /api/auth/refresh'
export const refreshes = (asked: readonly string[]) => asked.filter((one) => one === refresh).length

/** What a test has done in a tab, where `gatehouse` is the module's and `said` notes its events. */
const setUp = (
  issuer: string,
  origins: readonly string[],
) => `import('${issuer}/gatehouse.js').then(({ Gatehouse }) => {
  globalThis.gatehouse = new Gatehouse({ origins: ${JSON.stringify(origins)} })
  globalThis.said = []
  for (const type of ['signin', 'signout']) gatehouse.addEventListener(type, ({ detail }) => said.push(type + ' ' + detail.id))
})`

/** Resolves to what an expression comes to in a tab, or to the error as what is known of it. */
export const outcome = (page: Page, expression: string): Promise<any> =>
  page.evaluate(`(async () => ${expression})().catch(({ name, status, retryAfter }) => ({ name, status, retryAfter }))`)
export const userId = (page: Page) => outcome(page, '(await gatehouse.getUser())?.id ?? null')
export const said = (page: Page): Promise<string[]> => page.evaluate('said.splice(0)')

interface Scene extends SinglePageApp {
  /** A tab with the module. */
  open(): Promise<Page>
  /** Signs in by the API, with the cookies of the browser. */
  logIn(page: Page, user?: TestUser): Promise<void>
  /** Keeps the next refresh back until it is released. */
  hold(page: Page): Promise<{ arrived: Promise<void>; release(): void }>
}

export async function setScene(
  t: Parameters<typeof startSinglePageApp>[0],
  {
    api = notFound,
    origins = [],
    ...options
  }: ServiceOptions & { api?: RequestListener; origins?: readonly string[] } = {},
): Promise<Scene> {
  const scene = await startSinglePageApp(t, {
    ...options,
    answer(request, response) {
      if (request.url !== '/') return api(request, response)
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><link rel="icon" href="data:,">')
    },
  })
  const { issuer } = scene.service
  return {
    ...scene,
    async open() {
      const page = await scene.tab('/')
      await page.evaluate(setUp(issuer, origins))
      return page
    },
    async logIn(page, { email, password } = scene.user) {
      const body = JSON.stringify({ email, password })
      const headers = { 'content-type': 'application/json' }
      const init = JSON.stringify({ method: 'POST', credentials: 'include', headers, body })
      if (!(await page.evaluate(`fetch('${issuer}/api/auth/login', ${init}).then(({ ok }) => ok)`)))
        throw new Error('not signed in')
    },
    async hold(page) {
      const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const onward = async (route: Route) => {
        arrived.resolve()
        await released.promise
        await route.continue()
      }
      await page.context().route('**/api/auth/refresh', onward, { times: 1 })
      return { arrived: arrived.promise, release: released.resolve }
    },
  }
}
