/** What /gatehouse.js does in a real browser where something is in the way or others are busy, and that it helps no other origin. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { hasChromium } from '../support/browser.ts'
import { outcome, refresh, refreshes, said, setScene, userId } from '../support/browser-client.ts'
import { freePort } from '../support/servers.ts'
import { listen } from '../support/single-page-app.ts'

if (hasChromium) {
  void test('what is in the way signs nobody out', async (t) => {
    const yaml = { limits: { refreshes_per_minute: 6 }, tokens: { access_ttl_seconds: 5 } }
    const { service, app, user, asked, pass, open, logIn } = await setScene(t)
    const page = await open()
    await logIn(page)
    t.equal(await userId(page), user.id)
    t.same(await said(page), [`signin ${user.id}`])

    await t.test('nobody reaches the service: an error of its own kind, and then all is as before', async (t) => {
      const token = await page.evaluate('gatehouse.getAccessToken()')
      await page.context().setOffline(true)
      await pass(280)
      t.equal(await outcome(page, 'gatehouse.getAccessToken()'), token, 'a token that is good still is used')
      await pass(20)
      for (const asks of ['getUser()', 'getAccessToken()', `fetch('/x')`, 'signOut()'])
        t.match(await outcome(page, `gatehouse.${asks}`), { name: 'UnavailableError', status: undefined }, asks)
      await page.context().setOffline(false)
      t.equal(await userId(page), user.id)
      t.same(await said(page), [])
    })
    await t.test('an answer that breaks off is asked for again', async (t) => {
      await pass(300)
      asked()
      service.gatehouse.app.server.prependOnceListener('request', ({ socket }, response) => {
        const shared = `access-control-allow-origin: ${app}\r\naccess-control-allow-credentials: true\r\n`
        response.end = () => {
          socket.end(`HTTP/1.1 200 OK\r\n${shared}content-length: 1000\r\n\r\n{`)
          return response
        }
      })
      t.equal(await userId(page), user.id)
      t.equal(refreshes(asked()), 2)
      await pass(300)
      t.equal(await userId(page), user.id, 'and its successor is the one that counts')
      t.same(await said(page), [])
    })
    await t.test('a tab that is closed in the middle of a refresh', async (t) => {
      const other = await open()
      t.equal(await userId(other), user.id)
      await pass(300)
      const { promise, resolve } = Promise.withResolvers<void>()
      service.gatehouse.app.server.prependOnceListener('request', (_request, response) => {
        const end = response.end.bind(response)
        response.end = (...sent: unknown[]) => {
          resolve()
          setImmediate(() => (end as (...sent: unknown[]) => void)(...sent))
          return response
        }
      })
      void other.evaluate('void gatehouse.getUser()')
      await promise
      await other.close()
      t.equal(await userId(page), user.id)
      await pass(300)
      t.equal(await userId(page), user.id)
    })
    const backend = backends.find(({ name }) => name === 'clustered')
    if (backend !== undefined) {
      await t.test('the stores of the service are away', async (t) => {
        const away = await setScene(t, { backend })
        const tab = await away.open()
        await away.logIn(tab)
        t.equal(await userId(tab), away.user.id)
        await away.pass(300)
        await away.service.stores.close()
        t.match(await userId(tab), { name: 'UnavailableError', status: 503 })
        t.match(await outcome(tab, 'gatehouse.signOut()'), { name: 'UnavailableError', status: 503 })
        t.same(await said(tab), [`signin ${away.user.id}`])
      })
    }
    await t.test('a limit: nothing is asked before it is time', async (t) => {
      const limited = await setScene(t, { yaml })
      const tab = await limited.open()
      await limited.logIn(tab)
      const url = `${limited.service.issuer}/api/auth/refresh`
      const post = `fetch('${url}', { method: 'POST', credentials: 'include' }).then(({ status }) => status)`
      while ((await tab.evaluate(post)) === 200);
      limited.asked()
      const told = await userId(tab)
      t.match(told, { name: 'UnavailableError', status: 429, retryAfter: Number })
      t.match(await userId(tab), { name: 'UnavailableError', retryAfter: told.retryAfter })
      t.equal(refreshes(limited.asked()), 1)
      await limited.pass(told.retryAfter)
      t.equal(await userId(tab), limited.user.id)
    })
  })

  void test('a clock of the browser that is wrong, or is set, costs at most one refresh', async (t) => {
    const { user, asked, pass, open, logIn } = await setScene(t)
    const page = await open()
    await logIn(page)
    t.equal(await userId(page), user.id)
    const asks = async () => {
      asked()
      for (let times = 0; times < 3; times++) t.equal(await userId(page), user.id)
      const sent = asked()
      t.notOk(sent.includes('OPTIONS /api/auth/refresh'), 'without a preflight')
      return refreshes(sent)
    }
    t.equal(await asks(), 0)
    const day = 86_400_000
    const now = await page.evaluate<number>('Date.now()')
    await page.context().clock.setSystemTime(now - day)
    t.equal(await asks(), 0, 'set back')
    await pass(300)
    t.equal(await asks(), 1, 'and the token ends all the same')
    await page.context().clock.setSystemTime(now + day)
    t.equal(await asks(), 1, 'set forward')
    await pass(200)
    t.equal(await asks(), 0)
  })

  void test('what others do meanwhile', async (t) => {
    const { service, user, asked, pass, open, logIn, hold } = await setScene(t)
    const [one, two] = [await open(), await open()]
    await logIn(one)
    for (const page of [one, two]) t.equal(await userId(page), user.id)

    await t.test('a sign-out while another tab renews its token is the last word', async (t) => {
      await pass(300)
      asked()
      const { arrived, release } = await hold(one)
      const renewing = userId(one)
      await arrived
      const out = outcome(two, 'gatehouse.signOut()')
      release()
      await Promise.all([renewing, out])
      t.same(await Promise.all([userId(one), userId(two)]), [null, null])
      const sent = asked().filter((each) => each.startsWith('POST'))
      t.same(sent, [refresh, 'POST /api/auth/logout'])
      for (const page of [one, two]) t.same((await said(page)).at(-1), `signout ${user.id}`)
    })
    await t.test('somebody else who signs in is somebody else to every tab', async (t) => {
      const eve = await service.createUser()
      await logIn(one)
      await one.evaluate('document.dispatchEvent(new Event("visibilitychange"))')
      t.equal(await userId(one), user.id)
      await logIn(two, eve)
      await pass(300)
      t.equal(await userId(one), eve.id)
      t.same(await said(one), [`signin ${user.id}`, `signout ${user.id}`, `signin ${eve.id}`])
      t.equal(await userId(two), eve.id)
      t.same(await said(two), [`signin ${user.id}`, `signout ${user.id}`, `signin ${eve.id}`])
    })
    await t.test('a page that was put aside asks when it is back', async (t) => {
      const url = `${service.issuer}/api/auth/logout`
      await one.evaluate(`fetch('${url}', { method: 'POST', credentials: 'include' })`)
      await two.evaluate(`dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`)
      await two.waitForFunction('said.length === 1')
      t.match(await said(two), [/^signout /])
    })
    await t.test('a session that an operator ends is over at the next 401', async (t) => {
      await logIn(one)
      await one.evaluate('document.dispatchEvent(new Event("visibilitychange"))')
      t.equal(await userId(one), user.id)
      await pass(60)
      const { items } = await service.operate('GET', `/sessions?user=${user.id}`)
      for (const { id } of items) await service.operate('DELETE', `/sessions/${id}`)
      t.equal(await outcome(one, `(await gatehouse.fetch('${service.issuer}/api/users/me')).status`), 401)
      t.equal(await userId(one), null)
    })
  })

  void test('pages of other origins', async (t) => {
    const origin = `http://other.example.test:${await freePort()}`
    const { service, user, open, logIn } = await setScene(t)
    const page = await open()
    await logIn(page)
    t.equal(await userId(page), user.id)
    await listen(t, Number(new URL(origin).port), (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')
    })
    const other = await page.context().newPage()
    await other.goto(origin)

    await t.test('load no module', async (t) => {
      t.match(await outcome(other, `import('${service.issuer}/gatehouse.js')`), { name: 'TypeError' })
    })
    await t.test(
      'get no token and end no session with a copy of it, though the browser sends its cookies',
      async (t) => {
        const copy = Buffer.from((await service.call('/gatehouse.js')).body).toString('base64')
        await other.evaluate(`import('data:text/javascript;base64,${copy}').then(({ Gatehouse }) => {
        globalThis.copy = new Gatehouse({ issuer: '${service.issuer}' })
      })`)
        for (const asks of ['getUser()', 'getAccessToken()', 'signOut()'])
          t.match(await outcome(other, `copy.${asks}`), { name: 'UnavailableError', status: undefined }, asks)
        t.equal(await outcome(page, `(await gatehouse.fetch('${service.issuer}/api/users/me')).status`), 200)
      },
    )
  })
}
