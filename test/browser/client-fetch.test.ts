/** To whom `fetch` of /gatehouse.js shows the access token, and what it does about an answer 401. */
import type { IncomingMessage, RequestListener } from 'node:http'
import { readFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { test } from 'tap'
import { hasChromium } from '../support/browser.ts'
import { outcome, refreshes, setScene } from '../support/browser-client.ts'
import { selfSignedIn } from '../support/certificates.ts'
import { freePort, scratchFolder } from '../support/servers.ts'
import { listen } from '../support/single-page-app.ts'

if (hasChromium) {
  void test('fetch', async (t) => {
    const seen: { url: string; token: string | undefined; body: string }[] = []
    const note = (request: IncomingMessage, done: () => void) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        seen.push({ url: request.url!, token: request.headers.authorization, body })
        done()
      })
    }
    const foreign = `http://foreign.example.test:${await freePort()}`
    const near = `http://near.example.test:${await freePort()}`
    const share = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*, authorization' }
    for (const origin of [foreign, near]) {
      await listen(t, Number(new URL(origin).port), (request, response) => {
        if (request.method === 'OPTIONS') return void response.writeHead(204, share).end()
        note(request, () => response.writeHead(200, share).end())
      })
    }
    const refused = new Set<string | undefined>()
    const proof = 'Bearer error="insufficient_user_authentication", acr_values="aal2"'
    const api: RequestListener = (request, response) =>
      note(request, () => {
        if (request.url === '/away') return response.writeHead(307, { location: `${foreign}/led`, ...share }).end()
        if (request.url === '/proof') return response.writeHead(401, { 'www-authenticate': proof }).end()
        const isRefused = request.url === '/never' || refused.has(request.headers.authorization)
        return response.writeHead(isRefused ? 401 : 200).end()
      })
    const { service, app, asked, pass, open, logIn } = await setScene(t, { api, origins: [near] })
    const page = await open()
    await logIn(page)
    const send = (input: string, init = '{}') => outcome(page, `(await gatehouse.fetch(${input}, ${init})).status`)
    const lately = () => seen.splice(0).map(({ url, token, body }) => ({ url, body, hasToken: token !== undefined }))

    await t.test(
      'shows the token to the page’s own origin, the service and what is named, and to nobody else',
      async (t) => {
        const urls = [`${app}/x`, `${near}/x`, `${foreign}/x`, `${near.replace('near.', 'x.near.')}/x`]
        for (const url of urls) await send(`'${url}'`)
        t.same(lately(), [
          { url: '/x', body: '', hasToken: true },
          { url: '/x', body: '', hasToken: true },
          { url: '/x', body: '', hasToken: false },
          { url: '/x', body: '', hasToken: false },
        ])
        t.equal(await send(`'${service.issuer}/api/users/me'`), 200)
      },
    )
    await t.test('and to nobody to whom an answer leads on', async (t) => {
      t.equal(await send(`'/away'`), 200)
      t.same(lately(), [
        { url: '/away', body: '', hasToken: true },
        { url: '/led', body: '', hasToken: false },
      ])
    })
    await t.test('leaves another authorization as it is', async (t) => {
      await pass(60)
      asked()
      await send(`'/never'`, `{ headers: { authorization: 'Basic eDp4' } }`)
      t.same(
        seen.splice(0).map(({ token }) => token),
        ['Basic eDp4'],
      )
      t.equal(refreshes(asked()), 0)
    })
    await t.test('renews a refused token once, and sends the whole request once more', async (t) => {
      await pass(60)
      refused.add(`Bearer ${await page.evaluate<string>('gatehouse.getAccessToken()')}`)
      asked()
      t.equal(await send(`new Request('/x', { method: 'POST', body: 'the whole' })`), 200)
      t.same(
        lately().map(({ body }) => body),
        ['the whole', 'the whole'],
      )
      t.equal(refreshes(asked()), 1)
    })
    await t.test('never goes in circles', async (t) => {
      await pass(60)
      t.equal(await send(`'/never'`), 401)
      t.same([lately().length, refreshes(asked())], [2, 1])
      for (let times = 0; times < 5; times++) t.equal(await send(`'/never'`), 401)
      t.same([lately().length, refreshes(asked())], [5, 0], 'a token that is seconds old gets no better')
    })
    await t.test('does not renew a token where the person is to prove more', async (t) => {
      await pass(60)
      t.equal(await send(`'/proof'`), 401)
      t.same([lately().length, refreshes(asked())], [1, 0])
    })
    await t.test('refuses a request whose body was read', async (t) => {
      const read = `(async () => { const used = new Request('/x', { method: 'POST', body: 'x' }); await used.text(); return used })()`
      t.match(await send(`await ${read}`), { name: 'TypeError' })
      t.same(lately(), [])
    })
    await t.test('sends a body that is a stream once, since nobody can read it again', async (t) => {
      // Chromium streams over HTTP/2 alone.
      const certificate = selfSignedIn(scratchFolder(t), 'DNS:stream.example.test')
      const [cert, key] = [readFileSync(certificate.cert), readFileSync(certificate.key)]
      const arrived: string[] = []
      const server = createSecureServer({ cert, key }, (request, response) => {
        const origin = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*, authorization' }
        let body = ''
        request.on('data', (chunk: Buffer) => (body += chunk.toString()))
        request.on('end', () => {
          if (request.method !== 'OPTIONS') arrived.push(`${request.headers.authorization?.slice(0, 7)} ${body}`)
          response.writeHead(request.method === 'OPTIONS' ? 204 : 401, origin).end()
        })
      })
      const port = await freePort()
      await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
      t.teardown(() => server.close())
      const origin = `https://stream.example.test:${port}`
      const another = await setScene(t, { origins: [origin] })
      const tab = await another.open()
      await another.logIn(tab)
      await outcome(tab, 'gatehouse.getUser()')
      await another.pass(60)
      another.asked()
      const stream = `new Blob(['flows']).stream()`
      const init = `{ method: 'POST', body: ${stream}, duplex: 'half' }`
      t.equal(await outcome(tab, `(await gatehouse.fetch('${origin}/', ${init})).status`), 401)
      t.same([arrived, refreshes(another.asked())], [['Bearer  flows'], 0])
    })
  })
}
