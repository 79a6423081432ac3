/** Hostile request targets, through every proxy dialect: refused as ambiguous, or denied, never allowed, never a fault. */
import { test } from 'tap'
import { identityHeaderNames } from '../../src/features/forward-auth/header-presets.ts'
import { sendRaw } from '../support/raw.ts'
import { asks, bearer, exampleRules, startService } from '../support/service.ts'

type Headers = Record<string, string | string[]>
interface Question {
  path: string
  host?: string
  method?: string
  scheme?: string
}

/** A question as it travels. */
interface Wire {
  line: string
  headers: Headers
}

/** How the families ask that say everything in headers. */
const inHeaders = (dialect: string, headersOf: (question: Question) => Headers) => (question: Question) => ({
  line: `GET /forward-auth/${dialect}`,
  headers: { host: 'gatehouse.test', ...headersOf(question) },
})

/** How each proxy family asks. */
const families: Record<string, (question: Question) => Wire> = {
  traefik: inHeaders('traefik', asks),
  caddy: inHeaders('caddy', asks),
  haproxy: inHeaders('haproxy', asks),
  nginx: inHeaders('nginx', ({ path, host = 'app.example.test', method = 'GET', scheme = 'http' }) => ({
    'x-original-method': method,
    'x-original-url': `${scheme}://${host}${path}`,
  })),
  envoy: ({ path, host = 'app.example.test', method = 'GET', scheme = 'http' }) => ({
    line: `${method} /forward-auth/envoy${path}`,
    headers: { host, 'x-forwarded-proto': scheme },
  }),
}

/** Bytes of UTF-8 text as they travel in a header. */
const bytes = (text: string) => Buffer.from(text).toString('latin1')

/** Can be read in more than one way: refused, whoever asks. */
const ambiguous: Record<string, Question> = {
  'a dot segment': { path: '/public/../admin' },
  'a dot segment at the end': { path: '/public/..' },
  'a single dot': { path: '/public/./x' },
  'three dots': { path: '/public/.../admin' },
  'an encoded dot segment': { path: '/public/%2e%2e/admin' },
  'a half-encoded dot segment': { path: '/public/.%2E/admin' },
  'a dot segment and an encoded slash': { path: '/public/..%2fadmin' },
  'an encoded slash': { path: '/public%2Fadmin' },
  'an encoded dot segment behind encoded slashes': { path: '/public%2f%2e%2e%2fadmin' },
  'a dot segment with a path parameter': { path: '/public/..;/admin' },
  'a path parameter': { path: '/admin;jsessionid=1' },
  'an encoded path parameter': { path: '/public/..%3b/admin' },
  'a dot segment behind a space': { path: '/public/..%20/admin' },
  'a leading double slash': { path: '//admin' },
  'a foreign host behind a double slash': { path: '//evil.com/public/x' },
  'a double slash inside': { path: '/public//admin' },
  'double encoding of a letter': { path: '/%2561dmin' },
  'double encoding of a dot': { path: '/public/%252e%252e/admin' },
  'double encoding of a slash': { path: '/public/..%252fadmin' },
  'triple encoding': { path: '/public/%25252e%25252e/admin' },
  'the %u escape of IIS': { path: '/public/%u002e%u002e/admin' },
  'its own escape escaped': { path: '/public/%25u002e/admin' },
  'a broken escape': { path: '/%zz' },
  'a cut escape': { path: '/admin%2' },
  'a bare percent sign': { path: '/%' },
  'an over-long slash': { path: '/public/..%C0%AFadmin' },
  'an over-long dot': { path: '/public/%C0%AE%C0%AE/admin' },
  'a surrogate in UTF-8': { path: '/public/%ED%A0%80' },
  'an encoded NUL': { path: '/admin%00.png' },
  'an encoded line feed': { path: '/public/%0aadmin' },
  'an encoded carriage return': { path: '/public/%0d%0aX-Injected:1' },
  'an encoded DEL': { path: '/public/%7f' },
  'an encoded C1 control': { path: '/public/%C2%85' },
  'a backslash': { path: '/public\\..\\admin' },
  'a leading backslash': { path: '/\\evil.com/public/' },
  'an encoded backslash': { path: '/public/..%5cadmin' },
  'a tab': { path: '/pub\tlic/x' },
  'a space': { path: '/public/x y' },
  'a fragment': { path: '/admin#/public/' },
  'a fragment in the query': { path: '/admin?x#/public/' },
  'a raw non-ASCII byte': { path: `/public/${bytes('é')}` },
  'a raw fullwidth slash': { path: bytes('/public／..／admin') },
  'an encoded fullwidth dot segment': { path: '/public/%EF%BC%8E%EF%BC%8E/admin' },
  'an encoded fullwidth slash': { path: '/public%EF%BC%8Fadmin' },
  'an encoded fullwidth backslash': { path: '/public%EF%BC%BCadmin' },
  'an encoded fullwidth percent sign': { path: '/public/%EF%BC%852e' },
  'an encoded fullwidth percent sign behind which an escape stands': { path: '/public/x%EF%BC%85%EF%BC%92%EF%BD%86' },
  'encoded fullwidth digits of an escape': { path: '/public/%25%EF%BC%92%EF%BD%85' },
  'an encoded sign of two letters and a slash': { path: '/public/%E2%84%80' },
  'an encoded ellipsis alone': { path: '/public/%E2%80%A6/admin' },
  'an encoded fullwidth dot segment before a fullwidth semicolon': { path: '/public/..%EF%BC%9Bx/admin' },
  'an encoded two-dot leader': { path: '/public/%E2%80%A5/admin' },
  'an encoded one-dot leader, twice': { path: '/public/%E2%80%A4%E2%80%A4/admin' },
  'an encoded small full stop': { path: '/public/%EF%B9%92%EF%B9%92/admin' },
  'an encoded small backslash': { path: '/public/..%EF%B9%A8admin' },
  'an escaped question mark, which some servers split on once it is decoded': { path: '/public/x%3Fy' },
  'an escaped question mark behind a guarded name': { path: '/admin%3fx' },
  'an escaped hash': { path: '/public/x%23y' },
  'an escaped hash at the end': { path: '/public/%23' },
  'both, behind a query of its own': { path: '/public/%23%3F?x=%3f' },
  'user information in place of a path': { path: '@evil.com/' },
  'no leading slash': { path: 'public' },
  'an empty target': { path: '' },
  'a query alone': { path: '?x=/public/' },
  'an asterisk': { path: '*' },
  'a scheme and no host': { path: 'x:public/x' },
  'a scheme of its own and a path': { path: 'x:/public/x' },
  'a host and a port alone': { path: 'app.example.test:80' },
  'user information before the host': { path: '/public/x', host: 'app.example.test@evil.com' },
  'a user name before the host': { path: '/public/x', host: 'evil@app.example.test' },
  'two hosts': { path: '/public/x', host: 'app.example.test, evil.com' },
  'two hosts without a space': { path: '/public/x', host: 'app.example.test,evil.com' },
  'a space in the host': { path: '/public/x', host: 'app.example.test evil' },
  'an escape in the host': { path: '/public/x', host: 'app%2eexample.test' },
  'a backslash in the host': { path: '/public/x', host: 'evil.com\\.app.example.test' },
  'two trailing dots': { path: '/public/x', host: 'app.example.test..' },
  'an empty label': { path: '/public/x', host: 'app..example.test' },
  'a leading dot': { path: '/public/x', host: '.app.example.test' },
  'fullwidth letters in the host': { path: '/public/x', host: bytes('ａpp.example.test') },
  'an ideographic full stop in the host': { path: '/public/x', host: bytes('app。example.test') },
  'a Kelvin sign in the host': { path: '/public/x', host: bytes('app.example.test\u212a') },
  'a soft hyphen in the host': { path: '/public/x', host: bytes('app\u00ad.example.test') },
  'an empty port': { path: '/public/x', host: 'app.example.test:' },
  'a port with a sign': { path: '/public/x', host: 'app.example.test:+80' },
  'a port with zeros before it': { path: '/public/x', host: 'app.example.test:0080' },
  'a port past the last': { path: '/public/x', host: 'app.example.test:65616' },
  'a port that is no number': { path: '/public/x', host: 'app.example.test:http' },
  'an unclosed bracket': { path: '/public/x', host: '[::1' },
  'an empty host': { path: '/public/x', host: '' },
  'a script scheme': { path: '/public/x', scheme: 'javascript' },
  'two schemes': { path: '/public/x', scheme: 'https,http' },
  'an upper-case scheme': { path: '/public/x', scheme: 'HTTP' },
  'an empty scheme': { path: '/public/x', scheme: '' },
  'an empty method': { path: '/public/x', method: '' },
  'two methods': { path: '/public/x', method: 'GET, POST' },
  'a lower-case method': { path: '/public/x', method: 'get' },
  'a method with a line in it': { path: '/public/x', method: 'GET /public/ HTTP/1.1' },
}

/** One clear meaning, and not an open one. */
const denied: Record<string, [status: 401 | 403, question: Question]> = {
  'an escaped letter': [401, { path: '/%61dmin' }],
  'an open path in the query': [401, { path: '/admin?x=/public/' }],
  'an open path in an odd query': [401, { path: '/admin?/../public/&;x=..%2f' }],
  'other case than the rule': [401, { path: '/PUBLIC/x' }],
  'a longer name than the rule’s': [401, { path: '/publicity' }],
  'an open path deeper down': [401, { path: '/x/public/x' }],
  'the root': [401, { path: '/' }],
  'OPTIONS without Origin is no preflight': [401, { path: '/reports', method: 'OPTIONS' }],
  'a method of its own': [401, { path: '/reports', method: 'FOO' }],
  'an encoded combining mark behind the name': [401, { path: '/public%CC%81/x' }],
  // Normalised, each is an admin's path, so that its rule is held too.
  'an encoded fullwidth semicolon': [401, { path: '/admin%EF%BC%9Bx' }],
  'an encoded fullwidth question mark': [401, { path: '/admin%EF%BC%9Fx' }],
  'encoded fullwidth letters': [401, { path: '/%EF%BD%81dmin' }],
  'an unknown host': [403, { path: '/public/x', host: 'evil.com' }],
  'a host that ends like ours': [403, { path: '/public/x', host: 'evilapp.example.test' }],
  'a host that begins like ours': [403, { path: '/public/x', host: 'app.example.test.evil.net' }],
  'a host below ours': [403, { path: '/public/x', host: 'x.app.example.test' }],
  'the parent of our host': [403, { path: '/public/x', host: 'example.test' }],
  'our host on another port': [403, { path: '/public/x', host: 'app.example.test:8443' }],
  'our host on the other scheme’s port': [403, { path: '/public/x', host: 'app.example.test:443' }],
  'a host named like a property': [403, { path: '/public/x', host: '__proto__' }],
  'an address': [403, { path: '/public/x', host: '127.0.0.1' }],
  'an IPv6 address': [403, { path: '/public/x', host: '[::1]' }],
}

/** Full-width and other punctuation makes no other path of a longer name. */
const clear = [
  ...[
    '%E5%BD%95%EF%BC%9F',
    'a%EF%BC%8Eb',
    'a%EF%BC%83b',
    'a%EF%BC%9Bb',
    '100%EF%BC%85',
    'wait%E2%80%A6what',
    '%E2%80%A6a',
  ],
  ...[
    '%EF%BC%88a%EF%BC%89',
    '%EF%BC%9A',
    '%E2%80%BD',
    '%E2%92%88',
    '%C2%BD',
    'a%CC%81',
    '100%25',
    '5%25%20off',
    'a%20',
  ],
]

/** Refused where encoded slashes, or all escapes, may stand in a segment: no way to another path, however it is decoded. */
const stillHostile = [
  ...['/public/..%2fadmin', '/public/..%2F', '/public/%2f..', '/public/.%2F', '/public/%2f.', '/public/%2f%2e%2e'],
  ...['/public/%2f%2e%2e%2fadmin', '/public/%2e%2e%2fadmin', '/public/x%2f..%2f..%2fadmin', '/public%2f..%2fadmin'],
  ...['/..%2fadmin', '/%2f..%2fadmin', '/x%2f%2e', '/public/x%2F.%20%2Fy', '/public/x%2F%20..', '/public/..%2f%2f'],
  ...['/public/..%252fadmin', '/public/%252e%252e%252fadmin', '/public/%252e', '/public/x%2f%252e%252e'],
  ...['/public/x%2f..%3bx', '/public/..%3b', '/public/..%3fx', '/public/..%23', '/public/x%5c..', '/public/..%5cadmin'],
  ...['/public/..%255cadmin', '/public/x%2F..%5cadmin', '/public/%EF%BC%8E%EF%BC%8E%2fadmin', '/public/%E2%80%A5%2fx'],
  ...[
    '/public/x%2f%EF%BC%8E',
    '/public/x%EF%BC%8Fy',
    '/public/x%2f%00',
    '/public/x%2500',
    '/public/x%250a',
    '/public/%25C0%25AF',
  ],
  ...[
    '/public/%25EF%25BC%258E%25EF%25BC%258E',
    '/public/x%2f%25EF%25BC%258E',
    '/public/%25u002e%25u002e',
    '/public/%25u0000',
  ],
  ...['/public/x;y', '/public//%2f', '/public/%2f/../admin', '/public/x%2f\\y', '/public/%2zz', '/public/%2'],
]

const same: Record<string, Question> = {
  'mixed case': { path: '/public/x', host: 'APP.Example.TEST' },
  'a trailing dot': { path: '/public/x', host: 'app.example.test.' },
  'the scheme’s own port': { path: '/public/x', host: 'app.example.test:80' },
  'https with its own port': { path: '/public/x', host: 'app.example.test:443', scheme: 'https' },
  'a WebSocket scheme': { path: '/public/x', scheme: 'wss' },
}

const postsGarbage = { body: '{"broken' }

/** Those of the table that hold an escape which some host takes, and nothing else. */
const taken = new Set([
  ...['/public%2Fadmin', '/public/x%3Fy', '/admin%3fx', '/public/x%23y', '/public/%23', '/public/%23%3F?x=%3f'],
  ...['/%2561dmin', '/public/%2561'],
])

/** Whether a header of the question is about its target. */
const decides = (name: string) => name !== 'host' && name !== 'x-forwarded-for'

void test('hostile request targets', async (t) => {
  const encoded = {
    encoded: ['hash'],
    rules: [{ paths: ['/public/**'], allow: 'anyone' }, { allow: 'signed-in' }],
  }
  const applications = {
    encoded: ['slash'],
    rules: [
      { paths: ['/public/**', '/api/queues/*/jobs', '/@open%2F*'], allow: 'anyone' },
      { paths: ['/admin/**', '/tenants/*/admin/**'], allow: { roles: ['admin'] } },
      { paths: ['/api/v4/projects/{id}', '/*', '/tenants/*'], allow: 'signed-in' },
    ],
  }
  const everything = {
    encoded: ['slash', 'backslash', 'semicolon', 'percent', 'question-mark', 'hash'],
    rules: [
      { paths: ['/public/**'], allow: 'anyone' },
      { paths: ['/admin/**', '/tenants/*/admin/**', '/*/*/*/shut'], allow: { roles: ['admin'] } },
      { allow: 'signed-in' },
    ],
  }
  const service = await startService(t, {
    yaml: {
      hosts: {
        ...exampleRules.hosts,
        'encoded.example.test': encoded,
        'slashes.example.test': applications,
        'all.example.test': everything,
        'cold.example.test': {
          encoded: ['slash'],
          rules: [{ paths: ['/mine/**'], allow: 'signed-in' }, { allow: { roles: ['admin'] } }],
        },
        'owned.example.test': {
          encoded: everything.encoded,
          rules: [{ paths: ['/{area}/{subject}', '/{area}/{subject}/**'], allow: { owner: 'subject' } }],
        },
      },
    },
  })
  const bobIs = await service.createUser()
  const bob = await service.signIn(bobIs)
  const admin = await service.signIn(await service.createUser({ roles: ['admin', 'editor'] }))
  const stranger = await startService(t, { yaml: { proxies: { trusted: ['192.0.2.1/32', '2001:db8::/32'] } } })

  /** Sends a question byte by byte: Envoy's holds the target in its request line, which no client library would send. */
  async function put({ line, headers }: Wire, more: Headers = {}, { body = '', port = service.port } = {}) {
    const lines = Object.entries({ ...headers, ...more }).flatMap(([name, value]) =>
      [value].flat().map((one) => `${name}: ${one}`),
    )
    if (body !== '') lines.push(`content-length: ${Buffer.byteLength(body)}`)
    const answer = await sendRaw(port, [`${line} HTTP/1.1`, ...lines, 'connection: close', '', body].join('\r\n'))
    return { ...answer, code: answer.body.startsWith('{') ? String(JSON.parse(answer.body).code) : answer.body }
  }

  for (const [dialect, questionOf] of Object.entries(families)) {
    const refusal = dialect === 'nginx' ? 403 : 400
    const tooLong = dialect === 'nginx' ? 403 : 414
    // nginx throws bodies away, so it gets none.
    const relayed = (code: string) => (dialect === 'nginx' ? '' : code)
    const asked = async (question: Question, more: Headers = {}) => (await put(questionOf(question), more)).status

    await t.test(`${dialect}: ambiguous targets are refused, even to an administrator`, async (t) => {
      for (const [name, question] of Object.entries(ambiguous)) {
        for (const credentials of [{}, bearer(admin.accessToken), { cookie: admin.cookie, accept: 'text/html' }]) {
          const { status, code } = await put(questionOf(question), credentials)
          // What stands in Envoy's request line may already be no HTTP, which the server refuses without a word.
          const silent = dialect === 'envoy' && code === ''
          t.same([status, silent ? 'ambiguous_target' : code], [refusal, relayed('ambiguous_target')], name)
        }
      }
    })
    await t.test(`${dialect}: clear targets that are not open are denied`, async (t) => {
      for (const [name, [status, question]] of Object.entries(denied)) {
        const isNoHttp = dialect === 'envoy' && question.method === 'FOO'
        t.equal(await asked(question), isNoHttp ? 400 : status, name)
      }
    })
    await t.test(`${dialect}: other spellings of our host get the same policy`, async (t) => {
      for (const [name, question] of Object.entries(same)) {
        t.equal(await asked(question), 200, name)
        t.equal(await asked({ ...question, path: '/reports' }), 401, name)
      }
    })
    await t.test(`${dialect}: a question without one of its parts, or with one twice, is refused`, async (t) => {
      const { line, headers } = questionOf({ path: '/public/x' })
      t.equal((await put({ line, headers })).status, 200)
      const named = dialect === 'envoy' ? ['host', 'x-forwarded-proto'] : Object.keys(headers).filter(decides)
      for (const name of named) {
        const { [name]: value, ...rest } = headers
        t.equal((await put({ line, headers: rest })).status, refusal, `without ${name}`)
        const twice = { ...rest, [name]: [value, value].flat() as string[] }
        t.equal((await put({ line, headers: twice })).status, refusal, `${name} twice`)
        const joined = `${String(value)}, ${String(value)}`
        t.equal((await put({ line, headers: { ...rest, [name]: joined } })).status, refusal, `${name} joined`)
      }
      t.equal((await put({ line, headers: { host: 'app.example.test' } })).status, refusal, 'no question at all')
    })
    await t.test(`${dialect}: who asks by hand is told which header is missing`, async (t) => {
      const { line, headers } = questionOf({ path: '/public/x' })
      const named = dialect === 'envoy' ? ['x-forwarded-proto'] : Object.keys(headers).filter(decides)
      for (const name of named) {
        const { [name]: value, ...rest } = headers
        const { status, code, body } = await put({ line, headers: rest })
        t.same([status, code], [refusal, dialect === 'nginx' ? 'forbidden' : 'incomplete_question'], name)
        t.match(JSON.parse(body).detail, new RegExp(`missing: ${name}\\.$`))
        t.notMatch(body, String(value))
      }
    })
    await t.test(`${dialect}: every decision says that it is one, and whether it lets pass`, async (t) => {
      const decisionOf = ({ status, head }: { status: number; head: string }) => [
        status,
        ...[...head.matchAll(/^X-Gatehouse-Decision: (.*)$/gim)].map(([, value]) => value!.trim()),
      ]
      const page = { accept: 'text/html' }
      const answers: [question: Question, headers: Headers, status: number][] = [
        [{ path: '/public/x' }, {}, 200],
        [{ path: '/reports' }, bearer(admin.accessToken), 200],
        [{ path: '/reports' }, {}, 401],
        [{ path: '/reports' }, page, dialect === 'nginx' ? 401 : 302],
        [{ path: '/nobody/x' }, bearer(admin.accessToken), 403],
        [{ path: '/nobody/x' }, { ...page, ...bearer(admin.accessToken) }, 403],
        [{ path: '/public/../x' }, {}, refusal],
        [{ path: '/public/x', host: 'evil.com' }, {}, 403],
      ]
      for (const [question, more, status] of answers) {
        const claimed = { ...more, 'x-gatehouse-decision': 'allow' }
        const expected = [status, status === 200 ? 'allow' : 'deny']
        t.same(decisionOf(await put(questionOf(question), claimed)), expected, JSON.stringify(question))
      }
      const unasked = await put({ line: questionOf({ path: '/public/x' }).line, headers: { host: 'app.example.test' } })
      t.same(decisionOf(unasked), [refusal, 'deny'])
      const foreign = await put(questionOf({ path: '/public/x' }), {}, { port: stranger.port })
      t.same(decisionOf(foreign), [403, 'deny'])
    })
    await t.test(`${dialect}: a host may take escaped delimiters, each by its name`, async (t) => {
      const host = 'encoded.example.test'
      t.equal(await asked({ host, path: '/public/a%23b' }), 200)
      t.equal(await asked({ host, path: '/a%23b' }), 401)
      t.equal(await asked({ host, path: '/public/a%3Fb' }), refusal)
      t.equal(await asked({ host, path: '/public/a%23b%3fc' }), refusal)
      t.equal(await asked({ host, path: '/public/a%2fb' }), refusal)
    })
    await t.test(`${dialect}: an escape that a host takes is a part of its segment, opaque to the rules`, async (t) => {
      const host = 'slashes.example.test'
      for (const [path, anonymous, signedIn] of [
        ['/api/queues/%2F/jobs', 200, 200],
        ['/api/queues/%2f/jobs/', 200, 200],
        ['/api/queues/a%2Fb/jobs', 200, 200],
        ['/api/queues/a/b/jobs', 403, 403],
        ['/api/v4/projects/group%2Fproject', 401, 200],
        ['/api/v4/projects/group/project', 403, 403],
        ['/@open%2fpackage', 200, 200],
        ['/@scope%2fpackage', 401, 200],
        ['/@open/package', 403, 403],
        ['/public/x%2Fy', 200, 200],
        ['/public%2Fx', 401, 200],
        // Whoever decodes these reads an admin's path: the rule of that one is held as well.
        ['/admin%2Fusers', 401, 403],
        ['/%2Fadmin', 401, 403],
        ['/%61dmin%2f', 401, 403],
        // The host takes slashes and nothing else.
        ['/public/x%5Cy', refusal, refusal],
        ['/public/x%3By', refusal, refusal],
        ['/public/x%252520y', refusal, refusal],
        ['/public/x%23y', refusal, refusal],
        ['/public/x%2fy%3f', refusal, refusal],
      ] as const) {
        t.equal(await asked({ host, path }), anonymous, path)
        t.equal(await asked({ host, path }, bearer(bob.accessToken)), signedIn, `${path}, signed in`)
      }
      t.equal(await asked({ host, path: '/admin%2Fusers' }, bearer(admin.accessToken)), 200)
      const all = 'all.example.test'
      for (const escape of ['%2F', '%5C', '%3B', '%2520', '%252F', '%3F', '%23', '%25252F']) {
        t.equal(await asked({ host: all, path: `/public/x${escape}y` }), 200, escape)
        t.equal(await asked({ host: all, path: `/x${escape}y` }), 401, escape)
        if (escape === '%2520') continue
        const guarded = { host: all, path: `/admin${escape}y` }
        t.equal(await asked(guarded, bearer(bob.accessToken)), 403, `${escape} behind a guarded name`)
        t.equal(await asked(guarded, bearer(admin.accessToken)), 200, escape)
      }
    })
    await t.test(
      `${dialect}: what a program may cut or split at is no way around a rule, whether it does or not`,
      async (t) => {
        // Whoever splits at the slash reads an admin's path, unless what stands before it is cut off or split as well.
        const before = [
          '%3F',
          '%23',
          '%5Cy',
          '%3By',
          '%2F',
          '%EF%BC%9F',
          '%EF%BC%83',
          '%EF%BC%9B',
          '%253F',
          '%2523',
          '%255Cy',
        ]
        for (const escape of before) {
          for (const host of ['slashes.example.test', 'all.example.test']) {
            const isTaken = host.startsWith('all') || escape === '%2F' || escape.startsWith('%E')
            for (const path of [`/tenants/x${escape}%2Fadmin`, `/tenants%2Fx${escape}%2Fadmin`]) {
              const guarded = { host, path }
              t.equal(await asked(guarded, bearer(bob.accessToken)), isTaken ? 403 : refusal, `${host}: ${path}`)
              t.equal(await asked(guarded, bearer(admin.accessToken)), isTaken ? 200 : refusal, `${host}: ${path}`)
            }
          }
        }
        for (const path of ['/a%2F%2Fb%2Fshut', '/a/%2Fb/shut', '/a%2Fb%2F%2Fshut']) {
          const guarded = { host: 'all.example.test', path }
          t.equal(await asked(guarded, bearer(bob.accessToken)), 403, `${path}, where empty segments are kept`)
        }
      },
    )
    await t.test(`${dialect}: no reading puts somebody else in the place of a path’s owner`, async (t) => {
      const host = 'owned.example.test'
      const [own, other] = [bobIs.id, '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f']
      const ofOwner = [`/mail/${own}`, `/mail/${own}/x%2Fy`, `/mail/${own}/x%3B`]
      const ofOthers = ['%2F', '%252F', '%5C'].map((slash) => `/mail${slash}${other}/${own}`)
      for (const path of ofOwner) t.equal(await asked({ host, path }, bearer(bob.accessToken)), 200, path)
      for (const path of [...ofOthers, `/%3Bx/${own}/${other}`, `/mail/${other}`]) {
        t.equal(await asked({ host, path }, bearer(bob.accessToken)), 403, path)
      }
    })
    await t.test(`${dialect}: every reading is judged, also by a credential that was never seen`, async (t) => {
      const question = { host: 'cold.example.test', path: '/mine%2Fx' }
      const { accessToken } = await service.signIn(bobIs)
      t.equal(await asked(question, bearer(accessToken)), 403)
      t.equal(await asked({ ...question, path: '/mine/x' }, bearer(accessToken)), 200)
    })
    await t.test(`${dialect}: what is encoded more often than any program decodes is refused`, async (t) => {
      const encodedTimes = (times: number) => `/public/x%${'25'.repeat(times)}41`
      for (const host of ['all.example.test', 'app.example.test']) {
        t.equal(await asked({ host, path: encodedTimes(5) }), refusal, host)
        t.equal(await asked({ host, path: encodedTimes(4_000) }), refusal, host)
      }
      t.equal(await asked({ host: 'all.example.test', path: encodedTimes(4) }), 200)
    })
    await t.test(`${dialect}: what is hostile elsewhere is so where escapes are taken`, async (t) => {
      const others = Object.entries(ambiguous).filter(
        ([, { host, path }]) => host === undefined && path !== '' && !taken.has(path),
      )
      t.ok(others.length > 50)
      for (const host of ['slashes.example.test', 'all.example.test']) {
        for (const [name, question] of others) {
          const { status } = await put(questionOf({ ...question, host }), bearer(admin.accessToken))
          t.equal(status, refusal, `${host}: ${name}`)
        }
        for (const path of stillHostile) {
          t.equal(await asked({ host, path }, bearer(admin.accessToken)), refusal, `${host}: ${path}`)
        }
      }
    })
    await t.test(`${dialect}: punctuation that makes no other path passes`, async (t) => {
      for (const name of clear) {
        t.equal(await asked({ path: `/public/${name}/x` }), 200, name)
        t.equal(await asked({ path: `/${name}` }), 401, name)
      }
    })
    await t.test(`${dialect}: another family’s headers, and underscore aliases, are not read`, async (t) => {
      const [ours, open] = [questionOf({ path: '/reports' }), { path: '/public/x' }]
      const others = {
        ...asks(open),
        ...families['nginx']!(open).headers,
        'x-original-uri': '/public/x',
        'x-forwarded-prefix': '/public',
        'x-envoy-original-path': '/public/x',
        'x-envoy-decorator-operation': '/public/x',
      }
      t.equal((await put({ line: ours.line, headers: { ...others, ...ours.headers } })).status, 401)
      const foreign = Object.entries(others).filter(([name]) => !(name in ours.headers))
      const host = { host: 'app.example.test' }
      t.equal((await put({ line: ours.line, headers: { ...Object.fromEntries(foreign), ...host } })).status, refusal)
      const aliases = Object.fromEntries(
        Object.entries(questionOf(open).headers).map(([name, value]) => [name.replaceAll('-', '_'), value]),
      )
      t.equal((await put({ line: ours.line, headers: { ...aliases, ...ours.headers } })).status, 401)
      t.equal((await put({ line: ours.line, headers: { ...aliases, ...host } })).status, refusal)
    })
    await t.test(`${dialect}: a body is ignored, whatever it claims to be`, async (t) => {
      for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'garbage', '']) {
        const { line, headers } = questionOf({ path: '/reports', method: dialect === 'envoy' ? 'POST' : 'GET' })
        const post = { line: line.replace('GET', 'POST'), headers: { ...headers, 'content-type': type } }
        t.equal((await put(post, {}, postsGarbage)).status, 401, `anonymous, ${type}`)
        const allowed = await put(post, bearer(admin.accessToken), postsGarbage)
        t.same([allowed.status, allowed.body], [200, ''], `signed in, ${type}`)
      }
    })
    await t.test(`${dialect}: a WebSocket handshake is an ordinary question`, async (t) => {
      const handshake = { upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'x' }
      // The last `Connection` of the list is the sender's own.
      const upgrade = { ...handshake, Connection: 'Upgrade' }
      t.equal(await asked({ path: '/reports', scheme: 'ws' }, upgrade), 401)
      t.equal(await asked({ path: '/reports', scheme: 'ws' }, { ...upgrade, ...bearer(admin.accessToken) }), 200)
    })
    await t.test(`${dialect}: targets over 8 KiB and headers over 40 KiB are refused`, async (t) => {
      const long = { path: `/public/${'a'.repeat(8_193)}` }
      t.equal(await asked(long, bearer(admin.accessToken)), tooLong)
      // Node may close the connection before the answer is read; either way the proxy gets no yes.
      const padded = asked({ path: '/public/x' }, { cookie: `x=${'a'.repeat(41_000)}` })
      t.equal(await padded.catch(() => 431), 431)
    })
    await t.test(`${dialect}: an untrusted peer is refused, whoever it says that it is`, async (t) => {
      for (const claim of ['192.0.2.1', '2001:db8::1', '127.0.0.1', '192.0.2.1, 127.0.0.1', 'unknown', '']) {
        const claims = { 'x-forwarded-for': claim, 'x-real-ip': claim, forwarded: `for=${claim}` }
        const { status, code } = await put(questionOf({ path: '/public/x' }), claims, { port: stranger.port })
        t.same([status, code], [403, relayed('untrusted_peer')], claim)
      }
    })
    await t.test(`${dialect}: identity that a client claims is never echoed`, async (t) => {
      const claimed = ['X-User', 'Remote-User', 'Remote_User', 'X_Auth_Subject', 'X-Auth-Request-User']
      const claims = Object.fromEntries([...identityHeaderNames, ...claimed].map((name) => [name, 'root']))
      for (const [path, credentials] of [
        ['/public/x', {}],
        ['/reports', bearer(admin.accessToken)],
      ] as const) {
        const { status, head } = await put(questionOf({ path }), { ...claims, ...credentials })
        t.equal(status, 200)
        for (const name of identityHeaderNames) t.match(head, new RegExp(`^${name}: `, 'm'), name)
        t.notMatch(head, /root/)
      }
    })
    if (dialect === 'envoy') continue
    await t.test(`${dialect}: the question’s own query and method decide nothing`, async (t) => {
      const { headers } = questionOf({ path: '/reports' })
      const status = async (line: string) => (await put({ line, headers })).status
      t.equal(await status(`GET /forward-auth/${dialect}?x=/public/x&uri=/public/`), 401)
      for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'QUERY']) {
        t.equal(await status(`${method} /forward-auth/${dialect}`), 401, method)
      }
      t.equal((await put({ line: `HEAD /forward-auth/${dialect}`, headers })).body, '')
    })
  }

  await t.test('nothing but a decision says that it is one', async (t) => {
    const raw = (line: string) => put({ line, headers: { host: 'auth.example.test', ...asks({ path: '/public/x' }) } })
    for (const line of [
      ...['GET /', 'GET /login', 'POST /login', 'GET /logout', 'GET /docs', 'GET /openapi.json', 'GET /health/live'],
      ...[
        'GET /health/ready',
        'GET /metrics',
        'GET /.well-known/jwks.json',
        'GET /nowhere',
        'GET /assets/pico.min.css',
      ],
      ...['POST /oauth/token', 'POST /oauth/introspect', 'POST /api/auth/login', 'GET /api/users/me', 'OPTIONS *'],
      ...['GET x:/forward-auth/traefik', 'GET x:login', 'GET http://x', 'GET //forward-auth/traefik'],
      ...['GET /forward-auth/apache', 'GET /forward-auth/', 'GET /forward-auth/nginx/x', 'GET /forward-authx'],
    ]) {
      const { status, head } = await raw(line)
      t.not(status, 0, line)
      t.notMatch(head.toLowerCase(), 'x-gatehouse-decision', line)
    }
    for (const line of ['GET /forward-auth/apache', 'GET /forward-auth/', 'GET x:/forward-auth/traefik']) {
      const { status } = await raw(line)
      t.ok(status === 404 || status === 400, `${line}: ${status}`)
    }
  })

  await t.test('none of it was taken for a fault of the service', async (t) => {
    t.notMatch(service.logged(), /"code":"internal_error"|no decision|"level":(50|60)/)
  })
})
