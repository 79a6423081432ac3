/** What `GATEHOUSE_COOKIE_DOMAIN` takes and refuses, held against what a real browser does with such a cookie. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'tap'
import { readCookieDomain } from '../../src/cookie-domain.ts'
import { hasChromium, startBrowser } from '../support/browser.ts'

const table: [host: string, domain: string][] = [
  ['auth.example.com', 'example.com'],
  ['auth.example.com', '.Example.COM'],
  ['auth.example.com', 'com'],
  ['auth.example.com', 'other.com'],
  ['auth.example.com', 'app.example.com'],
  ['auth.example.com', 'xample.com'],
  ['myauth.duckdns.org', 'duckdns.org'],
  ['myauth.duckdns.org', 'myauth.duckdns.org'],
  ['auth.example.co.uk', 'co.uk'],
  ['auth.example.co.uk', 'example.co.uk'],
  ['me.github.io', 'github.io'],
  ['auth.example.foo.kawasaki.jp', 'foo.kawasaki.jp'],
  ['auth.city.kawasaki.jp', 'city.kawasaki.jp'],
  ['auth.foo.ck', 'ck'],
  ['auth.www.ck', 'www.ck'],
  ['auth.xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['auth.gate.localhost', 'gate.localhost'],
  ['auth.gate.localhost', 'localhost'],
  ['auth.corp.internal', 'corp.internal'],
  ['auth.corp.internal', 'internal'],
  ['auth.home.arpa', 'home.arpa'],
]

if (hasChromium) {
  void test('a cookie domain is taken where Chromium takes its cookies, and nowhere else', async (t) => {
    // A proxy, so that every name leads here.
    const asked = new Map<string, string>()
    const server = createServer((request, response) => {
      const { hostname } = new URL(request.url!)
      response.writeHead(200, {
        'content-type': 'text/html',
        'set-cookie': `a=b; Path=/; Domain=${asked.get(hostname)}`,
      })
      response.end('<!doctype html><link rel="icon" href="data:,">')
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    t.teardown(() => server.close())
    const { port } = server.address() as AddressInfo
    const { open } = await startBrowser(t)
    for (const [host, domain] of table) {
      const { page } = await open({ proxy: { server: `http://127.0.0.1:${port}`, bypass: '<-loopback>' } })
      asked.set(host, domain)
      await page.goto(`http://${host}/`)
      const isKept = (await page.context().cookies()).length === 1
      const read = readCookieDomain(domain, `http://${host}`)
      t.equal('domain' in read, isKept, `${domain} for ${host}: ${JSON.stringify(read)}`)
      await page.context().close()
    }
  })
}
