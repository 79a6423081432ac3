/** Where a sign-in may end: on the service, or on a host that the configuration knows (CVE-2020-4037, CVE-2021-21291). */
import { test } from 'tap'
import { exampleRules, type Service, startService } from '../support/service.ts'

const known = new Set(['auth', 'queues', 'app', 'other', 'spa'].map((name) => `${name}.example.test`))

/** Ways to leave that have worked elsewhere. Each must end at `/`. */
const evil = [
  ...[
    '//evil.test',
    '///evil.test',
    '////evil.test',
    '//evil.test/%2e%2e',
    '//evil.test@app.example.test/',
    '/%2f/evil.test',
  ],
  ...[
    '/\\evil.test',
    '\\\\evil.test',
    '\\/evil.test',
    '/\\/evil.test',
    '/\t/evil.test',
    '/\n/evil.test',
    '/\r\n/evil.test',
  ],
  ...[
    '/\\\tevil.test',
    '\t//evil.test',
    ' //evil.test',
    '/ /evil.test',
    '/.//evil.test',
    '/./evil.test',
    '/..//evil.test',
  ],
  ...['/x/..//evil.test', '/%2e%2e//evil.test', '/;/evil.test', '/%5cevil.test', '%2f%2fevil.test', '/%2f%2fevil.test'],
  ...['/%09/evil.test', '/%0d%0aLocation:%20http://evil.test', '/x\r\nSet-Cookie: a=b', '/x\u0000', '/\u3002evil.test'],
  ...[
    '／／evil.test',
    '/／evil.test',
    '/%EF%BC%8Fevil.test',
    'evil.test',
    'evil.test/app.example.test',
    '.evil.test',
    '@evil.test',
  ],
  ...[
    'https:evil.test',
    'https:/evil.test',
    'https:///evil.test',
    'http:\\\\evil.test',
    'http:/\\evil.test',
    'HTTP://evil.test/',
  ],
  ...[
    'http://evil.test',
    'https://evil.test/',
    'http://evil.test/?http://app.example.test/',
    'http://evil.test/#app.example.test',
  ],
  ...[
    'http://app.example.test.evil.net/',
    'http://evilapp.example.test/',
    'http://example.test/',
    'http://x.app.example.test/',
  ],
  ...['http://app.example.test@evil.test/', 'http://app.example.test:80@evil.test/', 'http://a:b@app.example.test/'],
  ...[
    'http://app.example.test\\@evil.test/',
    'http://app.example.test\\.evil.test/',
    'http://evil.test\\.app.example.test/',
  ],
  ...[
    'http://evil.test#@app.example.test/',
    'http://evil.test?@app.example.test/',
    'http://app.example.test#@evil.test/',
  ],
  ...[
    'http://app.example.test%2eevil.test/',
    'http://app.example.test%00.evil.test/',
    'http://app.example.test。evil.test/',
  ],
  ...[
    'http://ａpp.example.test/',
    'http://app.example.test:8080/',
    'http://app.example.test:80x/',
    'http://[::1]/',
    'http://127.1/',
  ],
  ...[
    'http://app.example.test',
    'http://app.example.test?x',
    'http://app.example.test//evil.test',
    'http://app.example.test/../x',
  ],
  ...[
    'javascript:alert(1)',
    'javascript://app.example.test/%0aalert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'vbscript:x',
  ],
  ...[
    'file:///etc/passwd',
    'ftp://app.example.test/',
    'blob:http://app.example.test/x',
    'about:blank',
    'mailto:a@evil.test',
  ],
  ...[
    'http://spa.example.test/',
    'https://spa.example.test:5173/',
    'http://spa.example.test:5173@evil.test/',
    'http://spa.example.test:5173.evil.test/',
    'http://x.spa.example.test:5173/',
  ],
  ...['', ' ', '?', '#', '?x=//evil.test', '#//evil.test', '/#//evil.test', '*', '.', '..', `/${'x'.repeat(9_000)}`],
]

/** Ways that are meant to work, and where they lead. */
const good: Record<string, string> = {
  '/': '/',
  '/account': '/account',
  '/account/?tab=2&x=%2F%2Fevil.test': '/account/?tab=2&x=%2F%2Fevil.test',
  'http://auth.example.test/account': '/account',
  'http://app.example.test/': 'http://app.example.test/',
  'http://APP.example.test:80/reports?year=2026': 'http://app.example.test/reports?year=2026',
  'https://other.example.test/only/x': 'https://other.example.test/only/x',
  'http://app.example.test/?next=http://evil.test/': 'http://app.example.test/?next=http://evil.test/',
  // An escape leads back to the host that takes it, and to no other.
  'http://queues.example.test/api/queues/%2F/jobs': 'http://queues.example.test/api/queues/%2F/jobs',
  'http://queues.example.test/..%2fx': '/',
  'http://queues.example.test/x%3Fy': '/',
  'http://app.example.test/api/queues/%2F/jobs': '/',
  'http://app.example.test/x%3Fy': '/',
  '/account%3fx': '/',
  // An origin of `cors.origins`, which no rules need know.
  'http://SPA.example.test:5173/board?x=%2F': 'http://spa.example.test:5173/board?x=%2F',
}

const unescape = (text: string) => text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))

async function openForm(service: Service, wanted: string, cookie = '') {
  const page = await service.call(`/login?return_to=${encodeURIComponent(wanted)}`, {
    headers: cookie ? { cookie } : {},
  })
  return {
    status: page.status,
    headers: page.headers,
    csrf: `gatehouse_csrf=${page.cookies['gatehouse_csrf']}`,
    token: /name="csrf_token" value="([^"]*)"/.exec(page.body)?.[1] ?? '',
    /** What the form carries on, or where somebody is led who is signed in already. */
    target: page.headers['location'] ?? unescape(/name="return_to" value="([^"]*)"/.exec(page.body)?.[1] ?? 'nothing'),
  }
}

/** Whether a browser that stands on the sign-in page, and one that reads Location as an older one, stay with us. */
function staysHome(location: string): boolean {
  return known.has(new URL(location, 'http://auth.example.test/login').hostname) && !/[\\\s]/.test(location)
}

void test('open redirects', async (t) => {
  const queues = { encoded: ['slash'], rules: [{ allow: 'signed-in' }] }
  const hosts = { ...exampleRules.hosts, 'queues.example.test': queues }
  const cors = { origins: ['http://spa.example.test:5173'] }
  const service = await startService(t, { yaml: { hosts, cors } })
  const user = await service.createUser()
  const { cookie } = await service.signIn(user)
  const { token: csrf_token, csrf } = await openForm(service, '/')
  const signIn = (return_to: string) =>
    service.call('/login', {
      method: 'POST',
      form: { csrf_token, return_to, email: user.email, password: user.password },
      headers: { cookie: csrf },
    })

  await t.test('the sign-in page carries no foreign target on', async (t) => {
    for (const wanted of evil) {
      const form = await openForm(service, wanted)
      t.same([form.status, form.target], [200, '/'], JSON.stringify(wanted.slice(0, 60)))
      t.equal(form.headers['location'], undefined)
    }
  })
  await t.test('nor does the page of somebody who is signed in already', async (t) => {
    for (const wanted of evil) {
      t.equal((await openForm(service, wanted, cookie)).target, '/', JSON.stringify(wanted.slice(0, 60)))
    }
  })
  await t.test('a sign-in with a foreign target ends at the root', async (t) => {
    for (const wanted of evil) {
      const answer = await signIn(wanted)
      t.same([answer.status, answer.headers['location']], [303, '/'], JSON.stringify(wanted.slice(0, 60)))
    }
  })
  await t.test('a failed sign-in carries no foreign target on either', async (t) => {
    for (const wanted of ['//evil.test', 'javascript:alert(1)', '"><script>alert(1)</script>']) {
      const form = { csrf_token, return_to: wanted, email: `"><script>`, password: 'wrong' }
      const answer = await service.call('/login', { method: 'POST', form, headers: { cookie: csrf } })
      t.equal(answer.status, 422)
      t.match(answer.body, 'name="return_to" value="/"')
      t.notMatch(answer.body, /evil|<script>/)
    }
  })
  await t.test('targets on the service and on known hosts are kept', async (t) => {
    for (const [wanted, target] of Object.entries(good)) {
      t.equal((await openForm(service, wanted)).target, target, wanted)
      const answer = await signIn(wanted)
      t.same([answer.status, answer.headers['location']], [303, target], wanted)
      t.ok(staysHome(String(answer.headers['location'])))
    }
  })
  const askToSignOut = async (wanted: string, cookies: string) => {
    const page = await service.call(`/logout?return_to=${encodeURIComponent(wanted)}`, { headers: { cookie: cookies } })
    t.equal(page.status, 200)
    // The link, and the form where there is one.
    const [main = '', foot = ''] = page.body.split('</main>')
    const [, switched = ''] = /name="return_to" value="([^"]*)"/.exec(foot) ?? []
    t.ok(['', '/', good[wanted]].includes(unescape(switched)), 'nor does the switch of languages')
    const targets = main.matchAll(/(?:name="return_to" value|<a (?:role="button" )?href)="([^"]*)"/g)
    return [...targets].map(([, target]) => unescape(target!))
  }
  const signOut = (return_to: string) =>
    service.call('/logout?return_to=//evil.test', {
      method: 'POST',
      form: { csrf_token, return_to },
      headers: { cookie: csrf },
    })
  await t.test('sign-out with a foreign target ends on the page of who has signed out', async (t) => {
    for (const wanted of evil) {
      const answer = await signOut(wanted)
      t.same([answer.status, answer.headers['location']], [303, '/signed-out'], JSON.stringify(wanted.slice(0, 60)))
    }
  })
  await t.test('the page that asks about signing out carries no foreign target on', async (t) => {
    for (const wanted of evil) {
      t.same(await askToSignOut(wanted, cookie), ['/', '/'], JSON.stringify(wanted.slice(0, 60)))
      t.same(await askToSignOut(wanted, ''), ['login'])
    }
  })
  await t.test('sign-out leads back to a known host', async (t) => {
    for (const [wanted, target] of Object.entries(good)) {
      const isRoot = target === '/'
      t.equal((await signOut(wanted)).headers['location'], isRoot ? '/signed-out' : target)
      t.same(await askToSignOut(wanted, cookie), [target, target])
      t.same(await askToSignOut(wanted, ''), [isRoot ? 'login' : target])
    }
  })
  await t.test('a spoofed Host or X-Forwarded-Host moves no redirect', async (t) => {
    const headers = { host: 'evil.test', 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https' }
    t.equal((await service.call('/', { headers })).headers['location'], '/login')
  })
})

void test('a sign-in on https ends on https', async (t) => {
  const service = await startService(t, { environment: { GATEHOUSE_ISSUER: 'https://auth.example.test' } })
  t.equal((await openForm(service, 'http://app.example.test/x')).target, '/')
  t.equal((await openForm(service, 'http://auth.example.test/x')).target, '/')
  t.equal((await openForm(service, 'https://app.example.test/x')).target, 'https://app.example.test/x')
})
