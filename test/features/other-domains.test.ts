/** Hosts of other domains than the session cookie's: one sign-in is good for all, and what one host holds is good nowhere else. */
import { test } from 'tap'
import { stringify } from 'yaml'
import { parseConfigFile } from '../../src/config-file.ts'
import { backends } from '../support/backends.ts'
import { addedRows } from '../support/audit.ts'
import { asks, type Service, startService } from '../support/service.ts'
import { createVisitor, type Visited } from '../support/visitor.ts'

const issuer = 'https://auth.example.test'
const rules = [
  { paths: ['/strong/**'], allow: { level: 'aal2' } },
  { paths: ['/public/**'], allow: 'anyone' },
  { allow: 'signed-in' },
]
const hosts = {
  'app.example.test': { rules },
  'shop.example.net': { title: 'The shop', rules },
  '*.example.org': { rules },
  'lost.example.com': { rules },
}
const yaml = { hosts, sessions: { other_domains: ['example.net', 'example.org'] } }
const environment = { GATEHOUSE_ISSUER: issuer, GATEHOUSE_COOKIE_DOMAIN: 'example.test' }

/** A browser before a proxy that leads `/_gatehouse/` to the service, and asks about everything else. */
function browserBefore(service: Service) {
  return createVisitor(({ host, pathname, search, protocol }, { headers, ...call }) => {
    const scheme = protocol.slice(0, -1)
    const forwarded = { host, 'x-forwarded-proto': scheme, 'x-forwarded-host': host }
    if (host === 'auth.example.test' || pathname.startsWith('/_gatehouse/')) {
      return service.call(pathname + search, { ...call, headers: { ...headers, ...forwarded } })
    }
    const question = asks({ host, scheme, path: pathname + search, method: call.method ?? 'GET' })
    return service.call('/forward-auth/traefik', { headers: { ...headers, ...question } })
  })
}
const hostsOf = ({ way }: Visited) => way.map((url) => new URL(url).host + new URL(url).pathname)

for (const backend of backends) {
  void test(`single sign-on over domains on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend, yaml, environment })
    const ada = await service.createUser()
    const login = { email: ada.email, password: ada.password }
    const signedIn = async () => {
      const browser = browserBefore(service)
      await browser.submit(await browser.visit(`${issuer}/login`), login)
      return browser
    }

    await t.test('a person signs in once, on the way to one host, and is signed in on all', async (t) => {
      const browser = browserBefore(service)
      const form = await browser.visit('https://shop.example.net/cart?item=1&n=%26')
      t.same(hostsOf(form), [
        'shop.example.net/cart',
        'shop.example.net/_gatehouse/start',
        'auth.example.test/ticket',
        'auth.example.test/login',
      ])
      t.match(form.answer.body, 'The shop', 'the page says where it leads')
      const cart = await browser.submit(form, login)
      t.equal(cart.url, 'https://shop.example.net/cart?item=1&n=%26')
      t.match([cart.answer.status, cart.answer.headers['x-auth-email']], [200, ada.email])

      for (const url of ['https://a.example.org/', 'https://app.example.test/', 'https://b.example.org/x']) {
        const reached = await browser.visit(url)
        t.match([reached.url, reached.answer.status, reached.answer.headers['x-auth-email']], [url, 200, ada.email])
      }
      t.same(
        hostsOf(await browser.visit('https://a.example.org/again')),
        ['a.example.org/again'],
        'from then on at once',
      )
    })
    await t.test('the cookie of a host has no domain, and no script reads it', async (t) => {
      const browser = await signedIn()
      await browser.visit('https://shop.example.net/')
      t.same(Object.keys(browser.jarOf('shop.example.net')).toSorted(), [
        '__Host-gatehouse_host',
        '__Host-gatehouse_nonce',
      ])
      const { way } = await (await signedIn()).visit('https://shop.example.net/')
      const started = await browserBefore(service).ask(way[1]!)
      t.match(
        started.headers['set-cookie']?.[0],
        /^__Host-gatehouse_nonce=[\w-]{43}; .*Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      )
    })
    await t.test('what one host holds is worth nothing at another one, nor at the service', async (t) => {
      const browser = await signedIn()
      await browser.visit('https://shop.example.net/')
      const held = browser.jarOf('shop.example.net')['__Host-gatehouse_host']!
      const show = async (host: string, cookie: string) => {
        const headers = { ...asks({ host, scheme: 'https', path: '/' }), cookie }
        return (await service.call('/forward-auth/traefik', { headers })).status
      }
      t.equal(await show('shop.example.net', `__Host-gatehouse_host=${held}`), 200)
      t.equal(await show('a.example.org', `__Host-gatehouse_host=${held}`), 401)
      t.equal(await show('app.example.test', `__Host-gatehouse_host=${held}`), 401)
      t.equal(await show('app.example.test', `__Secure-gatehouse=${held}`), 401)
      t.equal(
        await show('shop.example.net', `__Host-gatehouse_host=${held}; __Host-gatehouse_host=${'x'.repeat(43)}`),
        401,
      )
      const me = await service.call('/api/users/me', { headers: { cookie: `__Secure-gatehouse=${held}` } })
      t.equal(me.status, 401)
    })
    await t.test('signing out ends it on every host at once', async (t) => {
      const browser = await signedIn()
      for (const host of ['shop.example.net', 'a.example.org']) await browser.visit(`https://${host}/`)
      const cookie = `__Secure-gatehouse=${browser.jarOf('.example.test')['__Secure-gatehouse']}`
      const headers = { cookie, origin: issuer }
      t.equal((await service.call('/api/auth/logout', { method: 'POST', headers })).status, 204)
      for (const host of ['shop.example.net', 'a.example.org']) {
        t.equal((await browser.visit(`https://${host}/`)).url.split('?')[0], `${issuer}/login`)
      }
    })
    await t.test('a form that was refused is not sent again, and its person is told', async (t) => {
      const browser = browserBefore(service)
      const form = { method: 'POST', headers: { referer: 'https://shop.example.net/form' }, form: { a: '1' } }
      const led = await browser.visit('https://shop.example.net/send', form)
      t.match(led.answer.body, 'has not arrived')
      t.equal((await browser.submit(led, login)).url, 'https://shop.example.net/form')
    })
    await t.test('three tabs that begin at once all arrive', async (t) => {
      const browser = browserBefore(service)
      const [one, two, three] = [
        await browser.visit('https://shop.example.net/1'),
        await browser.visit('https://shop.example.net/2'),
        await browser.visit('https://shop.example.net/3'),
      ]
      t.equal((await browser.submit(two, login)).url, 'https://shop.example.net/2')
      for (const tab of [one, three]) {
        const again = await browser.visit(tab.way[2]!)
        t.match([again.answer.status, new URL(again.url).host], [200, 'shop.example.net'])
      }
    })
    await t.test('a host that nobody lists gets no cookie, and the sign-in page says so', async (t) => {
      const browser = await signedIn()
      const led = await browser.visit('https://lost.example.com/')
      t.equal(led.url.split('?')[0], `${issuer}/login`)
      t.match(led.answer.body, 'does not reach')
      for (const host of ['lost.example.com', 'elsewhere.example', 'app.example.test', 'x.y.example.org']) {
        const there = { host, 'x-forwarded-proto': 'https', 'x-forwarded-host': host }
        t.equal((await service.call('/_gatehouse/start', { headers: there })).status, 404, host)
      }
    })
    await t.test('the trail says to which host a session was brought', async (t) => {
      const browser = await signedIn()
      const rows = await addedRows(service, () => browser.visit('https://b.example.org/'))
      t.equal(rows.length, 1)
      t.match(rows[0], { event: 'host_session.begun', subject: ada.id, details: { origin: 'https://b.example.org' } })
    })
  })
}

void test('a host outside of all domains is told with its line', (t) => {
  const read = parseConfigFile(stringify(yaml), 'gatehouse.yaml', issuer, 'example.test')
  if (read.kind === 'faulty') throw new Error(read.faults.join())
  t.match(read.warnings, [
    /hosts\.lost\.example\.com: it is outside GATEHOUSE_COOKIE_DOMAIN and sessions\.other_domains/,
  ])
  t.equal(read.warnings.length, 1)
  const faulty = parseConfigFile('sessions: { other_domains: [Example.net, "*.example.org"] }', 'gatehouse.yaml')
  t.match(faulty, { kind: 'faulty', faults: [/other_domains\.1: expected a domain in lower case/, /other_domains\.2/] })
  t.end()
})
