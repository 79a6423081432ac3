/** The service below a path of the application's own host, as a browser sees both through a real proxy. */
import { test } from 'tap'
import { hasChromium, startBrowser } from '../support/browser.ts'
import { hasProxy, startProxy } from '../support/proxies.ts'
import { freePort } from '../support/servers.ts'
import { startService } from '../support/service.ts'
import { startUpstream, valuesOf } from '../support/upstream.ts'

for (const name of ['nginx', 'traefik'] as const) {
  const release = name === 'traefik' ? 'current' : 'packaged'
  if (!hasChromium || !hasProxy(name, release)) continue
  void test(`behind ${name}, a person signs in at a path of the host and is back at its application`, async (t) => {
    const port = await freePort()
    const origin = `http://both.example.test:${port}`
    const issuer = `${origin}/auth`
    const { port: upstreamPort, arrived } = await startUpstream(t)
    const rules = [{ paths: ['/admin/**'], allow: { roles: ['admin'] } }, { allow: 'signed-in' }]
    const hosts = { [`both.example.test:${port}`]: { rules } }
    const service = await startService(t, { yaml: { hosts }, environment: { GATEHOUSE_ISSUER: issuer } })
    await startProxy(t, name, { release, port, servicePort: service.port, upstreamPort, hosts, issuer })
    const ada = await service.createUser()
    const { open } = await startBrowser(t)
    const { page, errors } = await open()
    const styles = () =>
      page.evaluate<boolean[]>('[...document.styleSheets].map(({ cssRules }) => cssRules.length > 0)')

    await page.goto(`${origin}/board?x=1#/card`)
    t.equal(new URL(page.url()).pathname, '/auth/login')
    t.same(new Set(await styles()), new Set([true]), 'style sheets are there')
    await page.getByLabel('Email').fill(ada.email)
    await page.getByLabel('Password').fill(ada.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(`${origin}/board?x=1#/card`)
    t.same(
      arrived.map(({ url }) => url).filter((url) => url.startsWith('/auth')),
      [],
      'nothing of the service reaches the application',
    )

    await page.goto(`${origin}/admin/x`)
    await page.getByText('your account may not open this page').waitFor()
    t.same(new Set(await styles()), new Set([true]), 'on the page that says no too')
    await page.getByRole('link', { name: 'your account' }).click()
    await page.waitForURL(`${issuer}/`)

    const statuses = await page.evaluate(async ({ email, password }) => {
      const post = async (path: string, body?: object) => {
        const headers = { 'content-type': 'application/json' }
        const answer = await fetch(path, { method: 'POST', headers, ...(body && { body: JSON.stringify(body) }) })
        return answer.status
      }
      return [await post('/auth/api/auth/login', { email, password }), await post('/auth/api/auth/refresh')]
    }, ada)
    t.same(statuses, [200, 200], 'a script signs in and refreshes by cookies alone')
    const paths = Object.fromEntries((await page.context().cookies()).map(({ name, path }) => [name, path]))
    t.match(paths, { gatehouse: '/', gatehouse_refresh: '/auth' })
    await page.goto(`${origin}/board`)
    const last = arrived.findLast(({ url }) => url === '/board')!
    t.same(valuesOf(last, 'X-Auth-Email'), [ada.email])
    t.notMatch(String(valuesOf(last, 'Cookie')), 'gatehouse_refresh', 'which is nothing for the application')
    t.same(
      errors.filter((error) => !/favicon|403/.test(error)),
      [],
    )
  })
}
