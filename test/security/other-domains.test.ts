/** What brings a session to a host of another domain is good once, soon, there, and in the browser that began it (RFC 9700 §4.7). */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { addedRows } from '../support/audit.ts'
import { asks, type Service, startService } from '../support/service.ts'
import { createVisitor } from '../support/visitor.ts'

const issuer = 'https://auth.example.test'
const [shop, blog] = ['https://shop.example.net', 'https://blog.example.org']
const rules = [{ allow: 'signed-in' }]
const yaml = {
  hosts: { 'shop.example.net': { forward: 'never', rules }, 'blog.example.org': { rules } },
  sessions: { other_domains: ['example.net', 'example.org'] },
}
const environment = { GATEHOUSE_ISSUER: issuer }

/** A browser whose way ends before the ticket is used; and one that goes on. */
function browsersBefore(service: Service) {
  return createVisitor(({ host, protocol, pathname, search }, { headers, ...call }) => {
    const scheme = protocol.slice(0, -1)
    const there = { host, 'x-forwarded-proto': scheme, 'x-forwarded-host': host }
    return service.call(pathname + search, { ...call, headers: { ...headers, ...there } })
  })
}

for (const backend of backends) {
  void test(`tickets on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend, yaml, environment })
    const login = async () => {
      const { email, password } = await service.createUser()
      const browser = browsersBefore(service)
      await browser.submit(await browser.visit(`${issuer}/login`), { email, password })
      return browser
    }
    type Browser = ReturnType<typeof browsersBefore>
    /** Walks up to the address that holds the ticket, which is not visited. */
    const ticketOf = async (browser: Browser, origin = shop, back = '/') => {
      const started = await browser.ask(`${origin}/_gatehouse/start?return_to=${encodeURIComponent(back)}`)
      const led = await browser.ask(String(started.headers['location']))
      return String(led.headers['location'])
    }
    const isIn = async (browser: Browser, origin = shop) => {
      const cookie = `__Host-gatehouse_host=${browser.jarOf(new URL(origin).host)['__Host-gatehouse_host']}`
      const question = asks({ host: new URL(origin).host, scheme: 'https', path: '/' })
      return (await service.call('/forward-auth/traefik', { headers: { ...question, cookie } })).status === 200
    }
    const ended = `${issuer}/ticket/ended?return_to=${encodeURIComponent(`${shop}/`)}`

    await t.test('a ticket opens the browser that began, once', async (t) => {
      const ada = await login()
      const ticket = await ticketOf(ada, shop, '/cart')
      const finished = await ada.ask(ticket)
      t.match([finished.status, finished.headers['location']], [303, `${shop}/cart`])
      t.match([finished.headers['cache-control'], finished.headers['referrer-policy']], ['no-store', 'no-referrer'])
      t.ok(await isIn(ada))
      t.equal((await ada.ask(ticket)).headers['location'], ended, 'and not again')
      t.ok(await isIn(ada), 'which takes nothing away')
    })
    await t.test(
      'nobody is signed in to the account of whoever hands them a ticket, and it is used up by that',
      async (t) => {
        const [mallory, victim] = [await login(), browsersBefore(service)]
        const ticket = await ticketOf(mallory)
        const rows = await addedRows(service, async () =>
          t.equal((await victim.ask(ticket)).headers['location'], ended),
        )
        t.match(rows, [{ event: 'host_ticket.refused', details: { origin: shop } }])
        t.notOk(await isIn(victim))
        const own = await ticketOf(mallory)
        await victim.ask(`${shop}/_gatehouse/start`)
        t.equal((await victim.ask(own)).headers['location'], ended, 'also where the victim has begun by themselves')
        t.equal((await mallory.ask(own)).headers['location'], ended, 'and nobody has a second try')
      },
    )
    await t.test('a ticket for one host opens no other', async (t) => {
      const ada = await login()
      await ada.ask(`${blog}/_gatehouse/start`)
      const ticket = await ticketOf(ada)
      await ada.ask(ticket.replace(shop, blog))
      t.notOk(await isIn(ada, blog))
      t.notOk(await isIn(ada))
    })
    await t.test('a ticket is good for half a minute, and for the session alone', async (t) => {
      const ada = await login()
      const late = await ticketOf(ada)
      service.clock.advance(30)
      await ada.ask(late)
      t.notOk(await isIn(ada))
      const orphan = await ticketOf(ada)
      const cookie = `__Host-gatehouse=${ada.jarOf('auth.example.test')['__Host-gatehouse']}`
      await service.call('/api/auth/logout', { method: 'POST', headers: { cookie, origin: issuer } })
      await ada.ask(orphan)
      t.notOk(await isIn(ada))
    })
    await t.test('of any number of uses at once one gets in', async (t) => {
      const ada = await login()
      const ticket = await ticketOf(ada)
      const answers = await Promise.all(Array.from({ length: 12 }, () => ada.ask(ticket)))
      t.equal(answers.filter(({ headers }) => headers['location'] === `${shop}/`).length, 1)
    })
    await t.test('what is no ticket changes nothing, of whatever length', async (t) => {
      const ada = await login()
      const at = (query: string) => ada.ask(`${shop}/_gatehouse/finish${query}`)
      const refused = { '': 400, '?ticket=a&ticket=b': 400, [`?ticket=${'x'.repeat(65)}`]: 400 }
      for (const [query, status] of Object.entries({
        ...refused,
        '?ticket=': 303,
        [`?ticket=${'x'.repeat(43)}`]: 303,
      })) {
        t.equal((await at(query)).status, status, query)
        t.notOk(await isIn(ada), query)
      }
    })
    await t.test('the way back stays on the host', async (t) => {
      const ada = await login()
      for (const back of [
        '//evil.test/',
        '/\\evil.test',
        'https://evil.test/',
        '@evil.test',
        '/%5c/evil.test',
        '/a/../../x',
      ]) {
        const ticket = await ticketOf(ada, shop, back)
        const location = String((await ada.ask(ticket)).headers['location'])
        t.equal(new URL(location, shop).origin, shop, `${back}: ${location}`)
      }
    })
    await t.test('a ticket goes to no host that no rule is about, nor over another scheme', async (t) => {
      const ada = await login()
      const nonce = 'n'.repeat(43)
      for (const to of [
        'https://evil.test/',
        'http://shop.example.net/',
        'https://sub.shop.example.net/',
        'https://auth.example.test/',
        '/',
        '',
      ]) {
        const led = await ada.ask(`${issuer}/ticket?return_to=${encodeURIComponent(to)}&nonce=${nonce}`)
        t.equal(led.headers['location'], 'ticket/ended', to)
      }
      const short = await ada.ask(`${issuer}/ticket?return_to=${encodeURIComponent(`${shop}/`)}&nonce=short`)
      t.equal(short.headers['location'], 'ticket/ended')
      const plain = { host: 'shop.example.net', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'shop.example.net' }
      t.equal((await service.call('/_gatehouse/start', { headers: plain })).status, 404)
    })
    await t.test('an application that gets no credentials does not get the cookie of its host either', async (t) => {
      const ada = await login()
      await ada.ask(await ticketOf(ada))
      const { '__Host-gatehouse_host': held, '__Host-gatehouse_nonce': nonce } = ada.jarOf('shop.example.net')
      const cookie = `a=1; __Host-gatehouse_host=${held}; __Host-gatehouse_nonce=${nonce}; b=2`
      const question = asks({ host: 'shop.example.net', scheme: 'https', path: '/' })
      const allowed = await service.call('/forward-auth/traefik', { headers: { ...question, cookie } })
      t.match([allowed.status, allowed.headers['cookie']], [200, 'a=1; b=2'])
    })
    await t.test(
      'a proxy that asks in place of leading there is told what is missing, and nobody goes in circles',
      async (t) => {
        const question = asks({ host: 'shop.example.net', scheme: 'https', path: '/_gatehouse/start?return_to=%2F' })
        const denied = await service.call('/forward-auth/traefik', { headers: { ...question, accept: 'text/html' } })
        t.match([denied.status, denied.headers['location'], denied.body], [403, undefined, /proxy-config/])
      },
    )
  })
}
