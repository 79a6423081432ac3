/** A proxy that tells another scheme than browsers use: nobody is led back, so it is told in the log and on the page. */
import { test } from 'tap'
import { type Answer, asks, startService } from '../support/service.ts'

const host = 'app.example.test'
const page = { accept: 'text/html' }
const lines = (logged: string) =>
  logged
    .split('\n')
    .filter((line) => line.includes('"forward_auth.wrong_scheme"'))
    .map((line) => JSON.parse(line))
const says = (answer: Answer) => /<p role="status">(You will not be led back[^<]+)/.exec(answer.body)?.[1]

void test('http told under an issuer on https', async (t) => {
  const hosts = {
    [host]: { rules: [{ paths: ['/open'], allow: 'anyone' }, { allow: 'signed-in' }] },
    '*.example.test': { rules: [{ allow: 'signed-in' }] },
  }
  const environment = { GATEHOUSE_ISSUER: 'https://auth.example.test', GATEHOUSE_COOKIE_DOMAIN: 'example.test' }
  const service = await startService(t, { environment, yaml: { hosts } })
  const question = (name: string, scheme: string, headers = {}, path = '/reports') =>
    service.call('/forward-auth/traefik', { headers: { ...asks({ path, host: name, scheme }), ...headers } })

  await t.test('is a warning in the log, once for each host', async (t) => {
    await question(host, 'https', page)
    await question(host, 'http', { accept: 'application/json' })
    await question(host, 'http', page, '/open')
    await question('unknown.example.net', 'http', page)
    t.same(lines(service.logged()), [], 'not before somebody is led to the sign-in page')
    for (let count = 0; count < 3; count++) {
      await question(host, 'http', page)
      await question('wiki.example.test', 'http', page)
    }
    const nginx = { 'x-original-method': 'GET', 'x-original-url': `http://files.example.test/reports`, ...page }
    await service.call('/forward-auth/nginx', { headers: nginx })
    const told = lines(service.logged())
    t.same(
      told.map((line) => [line.host, line.level]),
      [
        [host, 40],
        ['wiki.example.test', 40],
        ['files.example.test', 40],
      ],
    )
    t.match(
      told[0].msg,
      /the proxy tells http for app\.example\.test, but the issuer is on https: .*X-Forwarded-Proto: https/,
    )
  })
  await t.test('is said on the sign-in page, on its form shown again, and to who is signed in already', async (t) => {
    const led = await question(host, 'http', page)
    const way = String(led.headers['location']).replace(service.issuer, '')
    const shown = await service.call(way)
    t.match(
      says(shown),
      /back to app\.example\.test: its address was told with http, and this sign-in is on https\. When/,
    )
    t.match(shown.body, 'name="return_to" value="/"')
    const csrf_token = /name="csrf_token" value="([^"]+)"/.exec(shown.body)![1]!
    const ada = await service.createUser()
    const send = (password: string) =>
      service.call(way, {
        method: 'POST',
        headers: { origin: service.issuer, cookie: `__Host-gatehouse_csrf=${shown.cookies['__Host-gatehouse_csrf']}` },
        form: { csrf_token, return_to: '/', email: ada.email, password },
      })
    t.match(says(await send('a wrong password')), /app\.example\.test/)
    const inside = await send(ada.password)
    t.match(inside, { status: 303, headers: { location: '/' } })
    const cookie = `__Secure-gatehouse=${inside.cookies['__Secure-gatehouse']}`
    t.match(says(await service.call(way, { headers: { cookie } })), /app\.example\.test/)
  })
  await t.test('is not said of any other address', async (t) => {
    for (const wanted of [
      'https://app.example.test/x',
      '/account',
      'http://evil.test/',
      'https://evil.test/',
      'http://app.example.test@evil.test/',
      'http://app.example.test/%2e%2e/',
      'ftp://app.example.test/',
      'http:app.example.test',
      'http://<script>alert(1)</script>.example.test/',
      'nothing',
      '',
    ]) {
      const answer = await service.call(`/login?return_to=${encodeURIComponent(wanted)}`)
      t.equal(answer.status, 200, wanted)
      t.equal(says(answer), undefined, wanted)
    }
    t.equal(says(await service.call('/login')), undefined)
    t.match(
      says(await service.call('/login?return_to=http%3A%2F%2Fauth.example.test%2Faccount')),
      /auth\.example\.test/,
    )
  })
})

void test('https told under an issuer on http', async (t) => {
  const service = await startService(t)
  const way = (wanted: string) => service.call(`/login?return_to=${encodeURIComponent(wanted)}`)
  const led = await way('https://app.example.test/x')
  t.equal(says(led), undefined, 'leads there')
  t.match(led.body, 'value="https://app.example.test/x"')
  t.match(says(await way('https://auth.example.test/account')), /told with https, and this sign-in is on http\./)
  await service.call('/forward-auth/traefik', { headers: { ...asks({ path: '/x', scheme: 'https' }), ...page } })
  t.same(lines(service.logged()), [])
})

void test('who is signed in and came from a host that the session cookie does not reach is told so', async (t) => {
  const hosts = { [host]: { rules: [{ allow: 'signed-in' }] }, 'app.other.test': { rules: [{ allow: 'signed-in' }] } }
  const note = (answer: Answer) => /<p role="status">(Your sign-in does not reach[^<]+)/.exec(answer.body)?.[1]
  for (const [domain, out, inside] of [
    ['example.test', 'http://app.other.test/x', `http://${host}/x`],
    ['', `http://${host}/x`, '/account'],
  ] as const) {
    const service = await startService(t, { yaml: { hosts }, environment: { GATEHOUSE_COOKIE_DOMAIN: domain } })
    const { cookie } = await service.signIn(await service.createUser())
    const from = (wanted: string) =>
      service.call(`/login?return_to=${encodeURIComponent(wanted)}`, { headers: { cookie } })
    const { host: name } = new URL(out)
    const told = note(await from(out))
    t.match(
      told,
      `reach ${name}, which may send you here again: browsers show it to ${domain ? `${domain} and the hosts below it` : 'auth.example.test'} alone.`,
    )
    t.match(told, 'set GATEHOUSE_COOKIE_DOMAIN to a domain')
    for (const quiet of [inside, '/', 'http://evil.test/']) t.equal(note(await from(quiet)), undefined, quiet)
  }
})
