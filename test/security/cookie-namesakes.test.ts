/** Several cookies of one name: what another installation, an earlier setting or a neighbouring host has left in a browser. */
import { test } from 'tap'
import { unavailable } from '../../src/core/errors.ts'
import { randomSecret } from '../../src/core/secrets.ts'
import { backends } from '../support/backends.ts'
import { type Answer, ask, asks, type Service, startService, type TestUser } from '../support/service.ts'

/** A question of each proxy, as it asks it. */
const questions: Record<string, [path: string, headers: Record<string, string>]> = {
  traefik: ['/forward-auth/traefik', asks({ path: '/reports' })],
  caddy: ['/forward-auth/caddy', asks({ path: '/reports' })],
  nginx: [
    '/forward-auth/nginx',
    {
      'x-original-method': 'GET',
      'x-original-url': 'http://app.example.test/reports',
      ...asks({ path: '/reports' }),
    },
  ],
  haproxy: ['/forward-auth/haproxy', asks({ path: '/reports' })],
  envoy: ['/forward-auth/envoy/reports', { host: 'app.example.test', 'x-forwarded-proto': 'http' }],
}

async function browserOf(service: Service, user: TestUser): Promise<Record<string, string>> {
  const json = { email: user.email, password: user.password }
  return (await service.call('/api/auth/login', { method: 'POST', json })).cookies
}
const named = (name: string, ...values: (string | undefined)[]) => values.map((value) => `${name}=${value}`).join('; ')

for (const backend of backends) {
  void test(`several cookies of one name on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const ada = await service.createUser()
    const mallory = await service.createUser()
    const session = async (user: TestUser) => (await browserOf(service, user))['gatehouse']!
    const own = await session(ada)
    const planted = await session(mallory)
    const ended = await session(ada)
    await service.call('/api/auth/logout', { method: 'POST', headers: { cookie: named('gatehouse', ended) } })

    /** Who counts as signed in, everywhere a session cookie is read; null: nobody. */
    const whoIs = async (cookie: string): Promise<Record<string, string | null | undefined>> => {
      const found: Record<string, string | null | undefined> = {}
      for (const [name, [path, headers]] of Object.entries(questions)) {
        const answer = await service.call(path, { headers: { ...headers, cookie } })
        found[name] = answer.status === 200 ? String(answer.headers['x-auth-subject']) : null
        if (answer.status !== 200) t.equal(answer.status, 401, `${name}: ${answer.body}`)
      }
      const me = await service.call('/api/users/me', { headers: { cookie } })
      found['api'] = me.status === 200 ? me.json().id : null
      const page = await service.call('/', { headers: { cookie } })
      found['page'] = page.status === 200 ? (page.body.includes(ada.email) ? ada.id : mallory.id) : null
      const form = await service.call('/step-up', { headers: { cookie } })
      found['step-up page'] = form.status === 200 ? (form.body.includes(ada.email) ? ada.id : mallory.id) : null
      return found
    }
    const everywhere = (who: string | null) => {
      const places = [...Object.keys(questions), 'api', 'page', 'step-up page']
      return Object.fromEntries(places.map((place) => [place, who]))
    }

    const counted: Record<string, (string | undefined)[]> = {
      'one of another installation before it': ['of-another-installation', own],
      'one of another installation behind it': [own, 'of-another-installation'],
      'one that looks like ours': [randomSecret(), own],
      'one whose session has ended': [ended, own],
      'itself once more': [own, own],
      'itself and another, each twice': ['x', own, 'x', own],
      'three before it': ['a', randomSecret(), 'c', own],
      'one repeated often before it': [...Array.from({ length: 20 }, () => 'x'), own],
      'empty ones around it': ['', own, ''],
    }
    for (const [name, values] of Object.entries(counted)) {
      await t.test(`the one of a live session counts beside ${name}`, async (t) => {
        const cookie = named('gatehouse', ...values)
        t.same(await whoIs(cookie), everywhere(ada.id))
        t.same(await whoIs(cookie), everywhere(ada.id), 'and again, from memory')
        t.equal((await service.call('/api/users/me', { headers: { cookie: cookie.split('; ') } })).status, 200)
      })
    }
    const refused: Record<string, (string | undefined)[]> = {
      'two live sessions': [own, planted],
      'two live sessions, the other way round': [planted, own],
      'two live sessions and a stale one between': [own, ended, planted],
      'two live sessions of one person': [own, await session(ada)],
      'a live one behind four others': ['a', 'b', 'c', 'd', own],
      'a live one before four others': [own, 'a', 'b', 'c', 'd'],
      'a planted one that hides ours behind others': [planted, 'a', randomSecret(), 'c', own],
      'ours, and one that is planted behind others': ['a', 'b', own, 'd', planted],
      'stale ones alone': [ended, randomSecret(), 'x'],
      'empty ones alone': ['', ''],
    }
    for (const [name, values] of Object.entries(refused)) {
      await t.test(`nobody is signed in by ${name}`, async (t) => {
        const cookie = named('gatehouse', ...values)
        t.same(await whoIs(cookie), everywhere(null))
        t.same(await whoIs(cookie), everywhere(null), 'nor again, from memory')
      })
    }
    await t.test('two live sessions are told in the log once a minute, without their secrets', async (t) => {
      const told = () => service.logged().match(/"event":"session.ambiguous"/g)?.length
      t.equal(told(), 2, 'of each pair')
      for (const secret of [own, planted]) t.notMatch(service.logged(), secret)
      const show = async (...values: string[]) =>
        service.call('/api/users/me', { headers: { cookie: named('gatehouse', ...values) } })
      service.clock.advance(59.999)
      await show(planted, own)
      t.equal(told(), 2)
      service.clock.advance(0.001)
      await show(own, planted)
      t.equal(told(), 3)
    })

    await t.test(
      'a session that ends stops counting beside others at once, and one that begins counts at once',
      async (t) => {
        const fresh = await session(ada)
        const cookie = named('gatehouse', 'x', fresh)
        t.same(await whoIs(cookie), everywhere(ada.id))
        await service.call('/api/auth/logout', { method: 'POST', headers: { cookie: named('gatehouse', fresh) } })
        t.same(await whoIs(cookie), everywhere(null))
        t.same(await whoIs(named('gatehouse', fresh, await session(ada))), everywhere(ada.id))
      },
    )

    await t.test('a store that cannot answer for one of them is a 503, whatever the others prove', async (t) => {
      const { sessions } = service.stores
      const { findLive } = sessions
      t.teardown(() => (sessions.findLive = findLive))
      sessions.findLive = () => Promise.reject(unavailable(new Error('gone')))
      const cookie = named('gatehouse', own, randomSecret())
      const pages = ['/api/users/me', '/', '/login', '/logout', '/step-up'].map((path) => [path, {}] as const)
      for (const [path, headers] of [questions['traefik']!, questions['caddy']!, questions['envoy']!, ...pages]) {
        const answer = await service.call(path, { headers: { ...headers, cookie } })
        t.equal(answer.status, 503, path)
        t.notOk('gatehouse' in answer.cookies, path)
      }
      const out = await service.call('/api/auth/logout', { method: 'POST', headers: { cookie } })
      t.match(out, { status: 503, cookies: {} }, 'nothing is cleared that may still be open')
    })

    await t.test('signing out ends the session of each', async (t) => {
      for (const leave of ['/api/auth/logout', '/logout']) {
        const both = [await session(ada), await session(mallory)]
        const cookie = named('gatehouse', ...both)
        const page = await service.call('/logout', { headers: { cookie } })
        t.match(page.body, /<button/, 'the page asks, since somebody is signed in')
        const csrf_token = /name="csrf_token" value="([^"]+)"/.exec(page.body)![1]!
        const answer = await service.call(leave, {
          method: 'POST',
          headers: { cookie, origin: service.issuer },
          ...(leave === '/logout' && { form: { csrf_token } }),
        })
        t.ok([204, 303].includes(answer.status), `${leave}: ${answer.status}`)
        t.equal(answer.cookies['gatehouse'], '')
        for (const value of both) t.same(await whoIs(named('gatehouse', value)), everywhere(null), leave)
      }
    })
    await t.test('a new sign-in ends what both stood for, so that the new one counts beside them', async (t) => {
      const both = [await session(ada), await session(mallory)]
      const json = { email: ada.email, password: ada.password }
      const headers = { cookie: named('gatehouse', ...both) }
      const { cookies } = await service.call('/api/auth/login', { method: 'POST', json, headers })
      t.same(await whoIs(named('gatehouse', both[1], cookies['gatehouse'])), everywhere(ada.id))
      t.same(await whoIs(named('gatehouse', both[0])), everywhere(null))
    })

    const refresh = (cookie: string) => service.call('/api/auth/refresh', { method: 'POST', headers: { cookie } })
    await t.test('the refresh cookie: the one of a live session counts, and of two neither', async (t) => {
      const [a, b] = [await browserOf(service, ada), await browserOf(service, mallory)]
      const token = (answer: Pick<Answer, 'cookies'>) => answer.cookies['gatehouse_refresh']
      const two = await refresh(named('gatehouse_refresh', token({ cookies: a }), token({ cookies: b })))
      t.match(two, { status: 401, cookies: {} }, 'and nothing is cleared, or the other would count from now on')
      const first = await refresh(named('gatehouse_refresh', 'of-another-installation', token({ cookies: a })))
      t.match(first, { status: 200, body: new RegExp(ada.email) })
      const second = await refresh(named('gatehouse_refresh', randomSecret(), token(first), token(first)))
      t.match(second, { status: 200, body: new RegExp(ada.email) })
      const hidden = [token({ cookies: b }), 'a', 'b', 'c', token(second)]
      t.match(await refresh(named('gatehouse_refresh', ...hidden)), { status: 401, cookies: {} }, 'nor behind others')
      const none = await refresh(named('gatehouse_refresh', 'x', randomSecret()))
      t.match(none, { status: 401, cookies: { gatehouse_refresh: '' } })
    })
    await t.test('the refresh cookie: one that is used already, beside its successor, is no theft', async (t) => {
      const first = (await browserOf(service, ada))['gatehouse_refresh']
      const second = (await refresh(named('gatehouse_refresh', first))).cookies['gatehouse_refresh']
      service.clock.advance(3_600)
      const third = await refresh(named('gatehouse_refresh', first, second))
      t.equal(third.status, 200)
      t.not(third.cookies['gatehouse_refresh'], second)
      const after = third.cookies['gatehouse_refresh']
      t.equal((await refresh(named('gatehouse_refresh', second, after, first))).status, 200)
    })
    await t.test('the cookie that a browser is known by: the one of the account counts', async (t) => {
      const [user, other] = [await service.createUser(), await service.createUser()]
      const device = (await browserOf(service, user))['gatehouse_device']
      const others = (await browserOf(service, other))['gatehouse_device']
      const json = { email: user.email, password: user.password }
      const logIn = (cookie: string, password = user.password) =>
        service.call('/api/auth/login', { method: 'POST', json: { ...json, password }, headers: { cookie } })
      while ((await logIn('', 'a wrong guess')).status !== 429);
      const cookie = named('gatehouse_device', 'x', others, device)
      const inside = await logIn(cookie)
      t.match(inside, { status: 200, cookies: { gatehouse_device: device } }, 'which stays')
      t.equal((await logIn(named('gatehouse_device', 'x', others))).status, 429)
      const tries: number[] = []
      for (let index = 0; index < 11; index++) tries.push((await logIn(cookie, 'a wrong guess')).status)
      t.same(tries, [...Array.from({ length: 10 }, () => 401), 429], 'with one budget, however many are shown')
    })
  })
}

void test('cookies of one name cost four look-ups at most, and none where there are more', async (t) => {
  const service = await startService(t)
  const { findLive } = service.stores.sessions
  let looks = 0
  service.stores.sessions.findLive = (...given) => {
    looks += 1
    return findLive(...given)
  }
  const looksFor = async (cookie: string) => {
    const before = looks
    t.equal((await ask(service.port, '/api/users/me', { headers: { cookie } })).status, 401)
    return looks - before
  }
  const secrets = (length: number) => named('gatehouse', ...Array.from({ length }, () => randomSecret()))
  t.equal(await looksFor(secrets(200)), 0)
  t.equal(await looksFor(secrets(5)), 0)
  const four = secrets(4)
  t.equal(await looksFor(four), 4)
  t.equal(await looksFor(four), 0, 'and none again within seconds')
  service.clock.advance(9.999)
  t.equal(await looksFor(four), 0)
  service.clock.advance(0.001)
  t.equal(await looksFor(four), 4)
})

void test('the sign-in page says when it sees several cookies of one name', async (t) => {
  const environment = { GATEHOUSE_ISSUER: 'http://auth.eu.example.test', GATEHOUSE_COOKIE_DOMAIN: 'example.test' }
  const service = await startService(t, { environment })
  const ada = await service.createUser()
  const note = (answer: Answer) => /<p role="status">(Your browser holds several[^<]+)/.exec(answer.body)?.[1]
  const login = (...cookie: string[]) => service.call('/login', { headers: { cookie } })

  await t.test('what happened and what to do, in words, without any value', async (t) => {
    const answer = await login(named('gatehouse', 'of-another-installation', 'of-a-third'))
    t.match(
      note(answer),
      /cookies of the name gatehouse\. .* Sign in as usual.* delete the cookies of example\.test in/,
    )
    t.notMatch(answer.body, /of-another|of-a-third/)
    const headers = { cookie: named('gatehouse', 'x', 'y'), origin: service.issuer }
    const form = { email: ada.email, password: 'a wrong password' }
    t.ok(note(await service.call('/login', { method: 'POST', headers, form })), 'also when it is shown again')
    const live = [await browserOf(service, ada), await browserOf(service, ada)].map(({ gatehouse }) => gatehouse)
    t.ok(note(await login(named('gatehouse', ...live))), 'also of two live sessions')
    t.ok(note(await login('gatehouse=x', 'gatehouse=y')), 'also in two lines')
    t.match(note(await login('gatehouse_csrf=x; gatehouse_csrf=y')), 'the name gatehouse_csrf.')
  })
  await t.test('and nothing of one, of none, of the same twice, or to somebody who is signed in', async (t) => {
    const { gatehouse } = await browserOf(service, ada)
    const quiet = [
      'gatehouse=x',
      'a=b; a=c',
      'gatehouse=x; gatehouse=x',
      'gatehouse=x; gatehouse=',
      'gatehouse=x; gatehouses=y',
    ]
    for (const cookie of [...quiet, named('gatehouse', 'x', gatehouse)]) {
      t.equal(note(await login(cookie)), undefined, cookie)
    }
  })
  await t.test('signing in and out removes those that an earlier cookie domain left, and nobody else’s', async (t) => {
    const cookie = named('gatehouse', 'x', 'y')
    const json = { email: ada.email, password: ada.password }
    const inside = await service.call('/api/auth/login', { method: 'POST', json, headers: { cookie } })
    const out = await service.call('/api/auth/logout', { method: 'POST', headers: { cookie } })
    const plain = await service.call('/api/auth/login', { method: 'POST', json, headers: { cookie: 'gatehouse=x' } })
    const gone = (answer: Answer) =>
      [answer.headers['set-cookie'] ?? []]
        .flat()
        .filter((line) => line.startsWith('gatehouse=;'))
        .map((line) => /Domain=([^;]+)/.exec(line)?.[1])
    t.same(gone(inside), [undefined, 'auth.eu.example.test', 'eu.example.test'])
    t.same(gone(out), [undefined, 'auth.eu.example.test', 'eu.example.test', 'example.test'])
    t.same(gone(plain), [])
    t.match(inside.cookies['gatehouse'], /^[\w-]{43}$/, 'the new one comes last')
  })
})

void test('the name of the cookies is a setting', async (t) => {
  const yaml = { sessions: { cookie_name: 'staging.2' } }
  await t.test('it stands in all of them, and those of another name count for nothing', async (t) => {
    const service = await startService(t, { yaml })
    const ada = await service.createUser()
    const cookies = await browserOf(service, ada)
    t.same(Object.keys(cookies).toSorted(), ['staging.2', 'staging.2_device', 'staging.2_refresh'])
    t.ok('staging.2_csrf' in (await service.call('/login')).cookies)
    const own = named('staging.2', cookies['staging.2'])
    for (const [path, headers] of Object.values(questions)) {
      t.equal((await service.call(path, { headers: { ...headers, cookie: own } })).status, 200, path)
      const other = named('gatehouse', cookies['staging.2'])
      t.equal((await service.call(path, { headers: { ...headers, cookie: other } })).status, 401, path)
    }
    const beside = `gatehouse=x; gatehouse=y; ${own}; gatehouse_refresh=z`
    t.equal((await service.call('/api/users/me', { headers: { cookie: beside } })).status, 200)
    const schemes = (await service.call('/openapi.json')).json().components.securitySchemes
    t.match(schemes, { session: { name: 'staging.2' }, refresh: { name: 'staging.2_refresh' } })
    const facts = await service.operate('POST', '/probes', { url: 'http://app.example.test/x' })
    t.match(facts, { facts: { page_cookie: 'staging.2_csrf' } }, 'the doctor looks for it')
  })
  await t.test('the prefixes stay', async (t) => {
    const environment = { GATEHOUSE_ISSUER: 'https://auth.example.test' }
    const alone = await startService(t, { yaml, environment })
    t.same(Object.keys(await browserOf(alone, await alone.createUser())).toSorted(), [
      '__Host-staging.2',
      '__Host-staging.2_device',
      '__Host-staging.2_refresh',
    ])
    const shared = await startService(t, {
      yaml,
      environment: { ...environment, GATEHOUSE_COOKIE_DOMAIN: 'example.test' },
    })
    t.ok('__Secure-staging.2' in (await browserOf(shared, await shared.createUser())))
  })
  await t.test('every character of a token may stand in it', async (t) => {
    const cookie_name = "aZ09!#$%&'*+-.^_`|~"
    const service = await startService(t, { yaml: { sessions: { cookie_name } } })
    const cookies = await browserOf(service, await service.createUser())
    const cookie = named(cookie_name, cookies[cookie_name])
    t.equal((await service.call('/api/users/me', { headers: { cookie } })).status, 200)
  })
})
