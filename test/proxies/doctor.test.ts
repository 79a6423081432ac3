/** The operator's doctor against a real nginx: each way to break the documented configuration is found. */
import { test } from 'tap'
import { diagnose } from '../../src/cli/doctor/diagnose.ts'
import { markerHeader, serveEcho } from '../../src/cli/doctor/echo.ts'
import { openExchange } from '../../src/cli/doctor/exchange.ts'
import { compileAccessRules } from '../../src/features/forward-auth/access-rules.ts'
import { edgeFactsOf } from '../../src/features/forward-auth/edge-facts.ts'
import { appHost, authHost, examine, marker, type Situation } from '../support/examination.ts'
import { type Edit, hasProxy, startProxy } from '../support/proxies.ts'
import { freePort } from '../support/servers.ts'
import { ask, startService } from '../support/service.ts'
import { startUpstream } from '../support/upstream.ts'

const identityLine = 'proxy_set_header X-Auth-Scopes $told_x_auth_scopes;'
const openLocation = `location @open {
    proxy_pass http://app;
    proxy_set_header Host $host;
  }
  location @sign_in {`

/** Of edges elsewhere, which the configuration here was not printed for. */
const tellsCertificates = {
  proxies: { edges: [{ networks: ['192.0.2.0/24'], secret_sha256: ['0'.repeat(64)] }] },
  client_certificates: { enabled: true },
}

/** One way to break the documented configuration for each thing that the doctor can find there. */
const broken: Record<string, Situation & { line: RegExp }> = {
  not_asked: { edits: [['auth_request /.gatehouse;', '']], line: /auth_request/ },
  untrusted_peer: { yaml: { proxies: { trusted: ['192.0.2.1/32'] } }, line: /proxies\.trusted/ },
  fails_open: {
    edits: [
      ['error_page 401 = @sign_in;', 'error_page 401 = @sign_in; error_page 500 502 503 504 = @open;'],
      ['location @sign_in {', openLocation],
    ],
    line: /error_page/,
  },
  host_confusion: { edits: [[/\$host:\d+\$request_uri/, '$http_host$request_uri']], line: /\$host / },
  spoofable_target: {
    edits: [
      [
        'map $http_upgrade $app_upgrade {',
        'map $http_x_forwarded_proto $front { default $http_x_forwarded_proto; "" $scheme; }\nmap $http_upgrade $app_upgrade {',
      ],
      ['X-Original-URL http://', 'X-Original-URL $front://'],
    ],
    line: /X-Original-URL/,
  },
  target_differs: {
    edits: [['X-Original-URL http://', 'X-Original-URL https://']],
    yaml: {},
    line: /X-Original-URL/,
  },
  spoofable_headers: { edits: [[identityLine, '']], line: /proxy_set_header <name>/ },
  spoofable_spellings: {
    edits: [['underscores_in_headers off;', 'underscores_in_headers on;']],
    line: /^underscores_in_headers off;/,
  },
  spoofable_certificate: {
    edits: [[/(X-Original-Method[^}]*)proxy_set_header Client-Cert "";/, '$1']],
    yaml: tellsCertificates,
    line: /\$ssl_client_escaped_cert/,
  },
  missing_headers: { edits: [['X-Auth-Email $told_x_auth_email;', 'X-Auth-Email "";']], line: /auth_request_set/ },
  cookie_not_shared: { environment: { GATEHOUSE_COOKIE_DOMAIN: '' }, line: /GATEHOUSE_COOKIE_DOMAIN/ },
  cookie_dropped: {
    edits: [
      [
        'location / {\n    proxy_pass http://gatehouse;',
        'location / {\n    proxy_hide_header Set-Cookie;\n    proxy_pass http://gatehouse;',
      ],
    ],
    line: /proxy_hide_header/,
  },
  no_way_to_sign_in: { edits: [['error_page 401 = @sign_in;', '']], line: /error_page 401/ },
  clocks_disagree: { skew: 120, line: /NTP/ },
  no_keep_alive: {
    edits: [[/(server 127\.0\.0\.1:\d+;)\n  keepalive 128;/, '$1']],
    line: /keepalive 128/,
  },
}

if (hasProxy('nginx')) {
  void test('a version that is too old is found where the proxy tells it, whatever an application says', async (t) => {
    const edits: Edit[] = [['location / {', 'location / { proxy_pass_header Server;']]
    for (const [ownUpstream, expected] of [
      ['nginx/1.9.15', ['outdated']],
      ['nginx/1.21.6', ['outdated']],
      ['nginx/1.22.0', []],
      ['nginx/1.100', []],
      ['nginx', []],
      ['traefik/2.0', []],
    ] as const) {
      t.same((await examine(t, { ownUpstream, edits })).names, expected, ownUpstream)
    }
  })

  void test('each way to break it gives that finding, and no other', async (t) => {
    for (const [name, { line, ...situation }] of Object.entries(broken)) {
      await t.test(name, async (t) => {
        const { names, findings } = await examine(t, situation)
        t.same(names, [name])
        t.match(findings[0]?.change.join('\n'), line, 'with the line to change')
        t.ok(findings[0]!.danger.length > 20 && findings[0]!.seen.length > 20)
        t.notMatch(JSON.stringify(findings), /eyJ/, 'and nothing secret')
      })
    }
  })

  void test('a proxy that tells the wrong scheme is named with what comes of it', async (t) => {
    const behind = { tlsBefore: true }
    t.same((await examine(t, behind)).names, [], 'as printed for a proxy behind a TLS balancer')
    const told = await examine(t, { ...behind, edits: [['X-Original-URL https://', 'X-Original-URL http://']] })
    t.same(told.names, ['target_differs'])
    t.match(told.findings[0]?.seen, /understood http:\/\/app\..*: with the issuer on https, nobody is led back after a/)
    const meant = await examine(t, { edits: [['X-Original-URL http://', 'X-Original-URL https://']] })
    t.match(meant.findings[0]?.seen, /with the issuer on http, people are led to https after a sign-in$/)
  })

  void test('the token of the operator goes to the host of the URL alone', async (t) => {
    const { arrived, token } = await examine(t)
    const isOwn = (head: string) => head.includes(`\r\nHost: ${appHost}:`)
    t.ok(arrived.filter(isOwn).some((head) => head.includes(token)))
    const others = arrived.filter((head) => !isOwn(head))
    t.ok(others.some((head) => /^GET http:\/\/app\..*\r\nHost: \w+\.invalid\r\n/.test(head)))
    t.ok(others.some((head) => head.includes(`\r\nHost: ${authHost}:`)))
    for (const head of others) t.notMatch(head, /\r\n(authorization|cookie):/i)
  })

  void test('clocks may differ by what programs allow for, and no more', async (t) => {
    // Behind: what the machine takes makes it less.
    t.same((await examine(t, { skew: -3 })).names, [])
    const { names, findings } = await examine(t, { skew: -12 })
    t.same(names, ['clocks_disagree'])
    t.match(findings[0]?.seen, /^the service is \d+ s behind the proxy$/)
  })

  void test('a cookie that arrives changed is named with what was changed', async (t) => {
    const pages = 'location / {\n    proxy_pass http://gatehouse;'
    for (const [line, seen] of [
      ['proxy_cookie_flags ~ nohttponly nosamesite;', /arrived changed: httponly, samesite$/],
      ['proxy_cookie_path / "/; Domain=example.test";', /arrived changed: domain$/],
    ] as const) {
      const { names, findings } = await examine(t, { edits: [[pages, `${pages}\n    ${line}`]] })
      t.same(names, ['cookie_dropped'])
      t.match(findings[0]?.seen, seen)
    }
  })

  void test('other characters than the underscore make the same alias', async (t) => {
    const { names, findings } = await examine(t, {
      edits: [['ignore_invalid_headers on;', 'ignore_invalid_headers off;']],
    })
    t.same(names, ['spoofable_spellings'])
    t.match(findings[0]?.seen, 'X.Auth.Subject')
  })

  void test('a proxy that does not show the secret of its edge is named', async (t) => {
    const edge = { networks: ['127.0.0.1/32'], secret_sha256: ['0'.repeat(64)] }
    const { names, findings } = await examine(t, { yaml: { proxies: { edges: [edge] } } })
    t.same(names, ['untrusted_peer'])
    t.match(findings[0], { seen: /without the secret of its edge/, change: [/X-Edge-Secret/] })
  })

  void test('what a client says of its certificate does not reach the service as printed', async (t) => {
    t.match(await examine(t, { yaml: tellsCertificates }), { findings: [], not_made: [] })
  })

  void test('an Authorization header that should be replaced and is not is a missing header', async (t) => {
    const { names, findings } = await examine(t, { host: { authorization: 'assertion' } })
    t.same(names, ['missing_headers'])
    t.match(findings[0]?.seen, /: Authorization$/)
  })

  void test('credentials that a host withholds are no finding once the configuration is printed anew', async (t) => {
    t.match(await examine(t, { host: { forward: 'never' }, printsHost: true }), { findings: [], not_made: [] })
  })

  void test('an application that echoes in a way of its own is as good as the doctor’s', async (t) => {
    const edits: Edit[] = [[identityLine, '']]
    t.same((await examine(t, { ownUpstream: 'Something/1.0', edits })).names, ['spoofable_headers'])
    t.match(await examine(t, { ownUpstream: 'Something/1.0' }), { findings: [], not_made: [] })
  })

  void test('the doctor says which checks it could not make, and why', async (t) => {
    const upstreamChecks = ['spoofable_headers', 'spoofable_spellings', 'missing_headers']
    await t.test('without an upstream that echoes', async (t) => {
      const line = 'proxy_set_header X-Rewrite-URL "";'
      const { names, not_made: notMade } = await examine(t, {
        edits: [[line, `${line} proxy_set_header ${markerHeader} "";`]],
      })
      t.same(names, [])
      t.same(
        notMade.map(({ check }) => check),
        upstreamChecks,
      )
      for (const { why } of notMade) t.match(why, '--echo')
    })
    await t.test('without a token that the URL is open to', async (t) => {
      const { names, not_made: notMade } = await examine(t, { anonymous: true })
      t.same(names, [])
      t.same(
        notMade.map(({ check }) => check),
        upstreamChecks,
      )
      for (const { why } of notMade) t.match(why, '--token-stdin')
    })
    await t.test('where anybody may see the URL', async (t) => {
      const { names, not_made: notMade } = await examine(t, { anonymous: true, path: '/public/x' })
      t.same(names, [])
      t.match(notMade, [{ check: 'missing_headers', why: /needs a sign-in/ }])
      t.equal(notMade.length, 1)
    })
    await t.test('without a way to the running service', async (t) => {
      const port = await freePort()
      const { port: upstreamPort } = await startUpstream(t)
      const hosts = { [`${appHost}:${port}`]: { rules: [{ allow: 'signed-in' }] } } as const
      const service = await startService(t, {
        yaml: { hosts },
        environment: { GATEHOUSE_ISSUER: `http://${authHost}:${port}` },
      })
      const edits: Edit[] = [['underscores_in_headers off;', 'underscores_in_headers on;']]
      const proxy = { port, servicePort: service.port, upstreamPort, hosts, issuer: service.issuer, edits }
      await startProxy(t, 'nginx', proxy)
      const { accessToken: token } = await service.signIn(await service.createUser())
      const exchange = openExchange({ host: '127.0.0.1', port })
      t.teardown(() => exchange.close())
      const checkMail = async () => undefined
      const rules = compileAccessRules(hosts as never)
      const settings = { issuer: service.issuer, pageCookie: 'gatehouse_csrf', rules }
      const facts = edgeFactsOf(`http://${appHost}:${port}/x`, settings)!
      const diagnosis = await diagnose({ facts, probe: undefined, exchange, checkMail, token, marker })
      t.same(
        diagnosis.findings.map(({ finding }) => finding),
        ['spoofable_spellings', 'cookie_not_shared'],
      )
      t.equal(diagnosis.findings[0]!.change.length, 5, 'a line for each proxy, since it cannot be seen which it is')
      for (const { why } of diagnosis.not_made) t.match(why, 'control socket')
      t.equal(diagnosis.not_made.length, 9)
      const secure = { ...settings, issuer: `https://${authHost}`, cookieDomain: 'example.test' }
      const onHttps = edgeFactsOf(`http://${appHost}:${port}/x`, secure)!
      const apart = await diagnose({ facts: onHttps, probe: undefined, exchange, checkMail, token, marker })
      const shared = apart.findings.find(({ finding }) => finding === 'cookie_not_shared')
      t.match(shared?.seen, /^the issuer is on https, so its cookies are not sent to this URL on http$/)
    })
  })
}

void test('the echo answers the doctor alone', async (t) => {
  const port = await freePort()
  t.teardown(await serveEcho({ host: '127.0.0.1', port }, marker))
  t.match(await ask(port, '/', { headers: { [markerHeader]: marker, 'X-Some': 'thing' } }), {
    status: 200,
    body: /X-Some: thing/,
  })
  t.match(await ask(port, '/', { headers: { 'X-Some': 'thing' } }), { status: 503, body: '' })
  await t.rejects(serveEcho({ host: '127.0.0.1', port }, marker), { message: /--echo: cannot listen \(EADDRINUSE\)/ })
})
