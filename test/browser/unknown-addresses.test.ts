/** What a person sees at addresses that are no pages of theirs: where there is nothing, and the description of the API. */
import { test } from 'tap'
import { findAccessibilityFaults } from '../support/accessibility.ts'
import { hasChromium, startBrowser } from '../support/browser.ts'
import { freePort } from '../support/servers.ts'
import { startService } from '../support/service.ts'

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

for (const basePath of ['', '/auth']) {
  void test(`where there is nothing, below "${basePath}/"`, async (t) => {
    const port = await freePort()
    const issuer = `http://auth.example.test:${port}${basePath}`
    const service = await startService(t, { port, environment: { GATEHOUSE_ISSUER: issuer } })

    await t.test('a browser is shown a page, in the language of its person', async (t) => {
      for (const path of ['/nothing', '/nothing/at/all?token=secret', '/docs/nothing', '/login/']) {
        const answer = await service.call(`${basePath}${path}`, { headers: html })
        t.equal(answer.status, 404, path)
        t.match(answer.headers, {
          'content-type': /^text\/html/,
          'cache-control': 'no-store',
          'content-security-policy': /default-src 'none'/,
        })
        t.match(answer.body, /<h1>Page not found<\/h1>/)
        t.notMatch(answer.body, 'secret')
      }
      const german = await service.call('/nichts', { headers: { ...html, 'accept-language': 'de' } })
      t.match([german.headers['content-language'], german.body], ['de', /<h1>Seite nicht gefunden<\/h1>/])
    })
    await t.test('a program is told so in JSON', async (t) => {
      for (const [path, headers, method] of [
        ['/nothing', {}],
        ['/nothing', { accept: '*/*' }],
        ['/nothing', { accept: 'application/json' }],
        ['/nothing', { ...html, 'sec-fetch-mode': 'cors' }],
        ['/nothing', html, 'POST'],
        [`${basePath}/api/nothing`, html],
        [`${basePath}/oauth/nothing`, html],
      ] as [path: string, headers: Record<string, string>, method?: string][]) {
        const answer = await service.call(path, { headers, ...(method !== undefined && { method }) })
        t.equal(answer.status, 404)
        t.equal(answer.headers['content-type'], 'application/problem+json', `${path} ${JSON.stringify(headers)}`)
        t.equal(answer.json().code, 'not_found')
      }
    })
    if (!hasChromium) return
    await t.test('the page is whole at any depth, and leads back', async (t) => {
      const { page, errors } = await (await startBrowser(t)).open()
      await page.goto(`${issuer}/nothing/at/all`)
      t.same(await findAccessibilityFaults(page), [])
      t.equal(await page.evaluate('document.styleSheets.length'), 2, 'with its styles')
      await page.getByText('To the start page').click()
      await page.waitForURL((url) => !url.pathname.includes('nothing'))
      t.same(
        errors.filter((error) => !error.includes('404')),
        [],
      )
    })
    await t.test('the description of the API is in nobody else’s name, and within the policy', async (t) => {
      const { page, errors } = await (await startBrowser(t)).open()
      await page.goto(`${issuer}/docs`)
      await page.getByRole('link', { name: 'Second factors', exact: true }).click()
      await page.locator('.opblock').first().waitFor()
      t.equal(await page.title(), 'Gatehouse · API')
      t.equal(await page.locator('.topbar').count(), 0)
      t.same(errors, [])
    })
  })
}
