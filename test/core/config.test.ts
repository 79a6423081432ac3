/** Settings that are unknown or wrong stop the start, with their name, place and what was expected; never their value. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { type Config, ConfigError, loadConfig } from '../../src/config.ts'
import { scratchFolder } from '../support/servers.ts'
import { testSecret } from '../support/secrets.ts'

const secret = testSecret().toString('base64')

/** Loads a configuration from a file with this text. */
function load(t: Test, environment: Record<string, string> = {}, yaml: string | Buffer = ''): Config {
  const folder = scratchFolder(t)
  writeFileSync(join(folder, 'gatehouse.yaml'), yaml)
  return loadConfig({
    GATEHOUSE_DATA_DIR: join(folder, 'data'),
    GATEHOUSE_CONFIG: join(folder, 'gatehouse.yaml'),
    ...environment,
  })
}
/** The lines of the refusal, without the folder of the file. */
function faults(t: Test, environment: Record<string, string>, yaml: string | Buffer = ''): string[] {
  try {
    load(t, environment, yaml)
  } catch (error) {
    t.type(error, ConfigError)
    return (error as Error).message.replaceAll(/\S*\/(gatehouse\.yaml)/g, '$1').split('\n')
  }
  return []
}

void test('environment', async (t) => {
  await t.test('without anything set, the documented defaults hold', async (t) => {
    const config = load(t)
    t.match(config, { host: '127.0.0.1', port: 3000, issuer: 'http://localhost:3000', logLevel: 'info', hosts: {} })
    t.match(config, {
      databaseUrl: undefined,
      redisUrl: undefined,
      mail: { smtpUrl: undefined },
      cookieDomain: undefined,
    })
    t.match(config.tokens, { access_ttl_seconds: 300, refresh_grace_seconds: 10 })
    t.match(config.limits, { failures_per_account: 10, failure_window_seconds: 900 })
    t.same(config.proxies.trusted, ['127.0.0.1/32', '::1/128'])
    t.same(config.cors.origins, [])
    t.ok(Object.isFrozen(config))
    t.equal(load(t, { HOST: '', PORT: '', GATEHOUSE_ISSUER: '', LOG_LEVEL: '' }).port, 3000, 'empty means unset')
  })

  await t.test('a cookie domain is taken in each spelling that means it, and kept as browsers do', async (t) => {
    const domain = (GATEHOUSE_COOKIE_DOMAIN: string, GATEHOUSE_ISSUER: string) =>
      load(t, { GATEHOUSE_ISSUER, GATEHOUSE_COOKIE_DOMAIN }).cookieDomain
    for (const [given, issuer, kept] of [
      ['example.com', 'https://auth.example.com', 'example.com'],
      ['.example.com', 'https://auth.example.com', 'example.com'],
      ['.Example.COM', 'https://Auth.example.com', 'example.com'],
      [' example.com ', 'https://auth.example.com', 'example.com'],
      ['auth.example.com', 'https://auth.example.com', 'auth.example.com'],
      ['bücher.example', 'https://auth.xn--bcher-kva.example', 'xn--bcher-kva.example'],
      ['.BÜCHER.example', 'https://auth.bücher.example', 'xn--bcher-kva.example'],
      ['bu\u0308cher.example', 'https://auth.bücher.example', 'xn--bcher-kva.example'],
      ['example.co.uk', 'https://auth.example.co.uk', 'example.co.uk'],
      ['myauth.duckdns.org', 'https://myauth.duckdns.org', 'myauth.duckdns.org'],
      ['me.github.io', 'https://sso.me.github.io', 'me.github.io'],
      ['www.ck', 'https://auth.www.ck', 'www.ck'],
      ['gate.localhost', 'http://auth.gate.localhost', 'gate.localhost'],
      ['gate.test', 'http://auth.gate.test:8080', 'gate.test'],
      ['corp.internal', 'https://auth.corp.internal', 'corp.internal'],
    ] as const) {
      t.equal(domain(given, issuer), kept, `${given} for ${issuer}`)
    }
  })
  await t.test('a cookie domain that browsers refuse stops the start with the one that would do', async (t) => {
    const said = (domain: string, issuer: string) =>
      faults(t, { GATEHOUSE_ISSUER: issuer, GATEHOUSE_COOKIE_DOMAIN: domain }).join(' | ')
    const table: [domain: string, issuer: string, said: RegExp][] = [
      [
        'duckdns.org',
        'https://myauth.duckdns.org',
        /cookies for; below this one strangers have names; myauth\.duckdns\.org would do$/,
      ],
      ['DuckDNS.org', 'https://sso.myauth.duckdns.org', /; myauth\.duckdns\.org would do$/],
      ['.co.uk', 'https://auth.example.co.uk', /; example\.co\.uk would do$/],
      ['co.uk', 'https://example.co.uk', /; example\.co\.uk would do$/],
      ['github.io', 'https://me.github.io', /; me\.github\.io would do$/],
      ['kawasaki.jp', 'https://auth.example.foo.kawasaki.jp', /; example\.foo\.kawasaki\.jp would do$/],
      ['foo.ck', 'https://auth.example.foo.ck', /; example\.foo\.ck would do$/],
      ['s3.amazonaws.com', 'https://auth.bucket.s3.amazonaws.com', /; bucket\.s3\.amazonaws\.com would do$/],
      ['amazonaws.com', 'https://auth.bucket.s3.amazonaws.com', /; bucket\.s3\.amazonaws\.com would do$/],
      ['公司.cn', 'https://auth.公司.cn', /; auth\.xn--55qx5d\.cn would do$/],
      ['com', 'https://auth.example.com', /browsers take no cookies for a name without a dot$/],
      ['internal', 'https://auth.corp.internal', /for a name without a dot$/],
      [
        'localhost',
        'http://auth.gate.localhost',
        /such as example\.com or app\.localhost: browsers take no cookies for a name/,
      ],
      [
        'localhost',
        'http://localhost:3000',
        /no domain would do here, so leave it out: the session cookie then stays with/,
      ],
      ['intranet', 'http://intranet', /leave it out/],
      ['duckdns.org', 'https://duckdns.org', /leave it out/],
      ['192.168.1.10', 'http://192.168.1.10', /no host is below an address; or leave it out/],
      ['127.1', 'http://127.0.0.1:3000', /no host is below an address/],
      ['[::1]', 'http://[::1]:3000', /no host is below an address/],
      ['::1', 'http://[::1]:3000', /no host is below an address/],
      ['other.test', 'https://auth.example.test', /the domain of GATEHOUSE_ISSUER or a parent of it$/],
      ['app.example.test', 'https://auth.example.test', /or a parent of it$/],
      ['xample.test', 'https://auth.example.test', /or a parent of it$/],
      ['example.test', 'http://localhost:3000', /or a parent of it; no domain would do here, so leave it out/],
      ['example.test', 'http://192.168.1.10', /or a parent of it; no domain would do here, so leave it out/],
      ['*.example.test', 'https://auth.example.test', /expected a domain such as example\.com$/],
      ['example.test.', 'https://auth.example.test', /expected a domain such as example\.com$/],
      ['example.test:8080', 'https://auth.example.test:8080', /expected a domain such as example\.com$/],
      ['example.test/', 'https://auth.example.test', /expected a domain such as example\.com$/],
      ['example..test', 'https://auth.example.test', /expected a domain such as example\.com$/],
      ['a b.test', 'https://auth.example.test', /expected a domain such as example\.com$/],
      ['.', 'https://auth.example.test', /expected a domain such as example\.com$/],
      ['example.test, other.test', 'https://auth.example.test', /expected a domain such as example\.com$/],
    ]
    for (const [domain, issuer, expected] of table) {
      const line = said(domain, issuer)
      t.match(line, /^GATEHOUSE_COOKIE_DOMAIN: expected [^|]+$/, `${domain} for ${issuer}`)
      t.match(line, expected, `${domain} for ${issuer}`)
    }
    t.match(said('example.test', 'ftp://x'), /^GATEHOUSE_ISSUER: [^|]+$/, 'an issuer that is none is told alone')
  })

  await t.test('registration is open by default only on one’s own machine with embedded stores', async (t) => {
    const mode = (environment: Record<string, string>, yaml = '') =>
      load(t, { GATEHOUSE_SECRET: secret, ...environment }, yaml).accounts.registration.mode
    const own = [
      'http://localhost:3000',
      'https://auth.localhost',
      'http://127.0.0.1:3000',
      'http://127.8.9.1',
      'http://[::1]',
    ]
    const [DATABASE_URL, REDIS_URL] = ['postgres://db/x', 'redis://cache']
    t.equal(mode({}), 'open')
    t.equal(mode({ HOST: '0.0.0.0' }), 'open', 'where it listens decides nothing')
    for (const GATEHOUSE_ISSUER of own) {
      t.equal(mode({ GATEHOUSE_ISSUER }), 'open', GATEHOUSE_ISSUER)
      t.equal(mode({ GATEHOUSE_ISSUER, DATABASE_URL, REDIS_URL }), 'closed', GATEHOUSE_ISSUER)
      t.equal(mode({ GATEHOUSE_ISSUER, DATABASE_URL }), 'closed')
      t.equal(mode({ GATEHOUSE_ISSUER, REDIS_URL }), 'closed')
      t.equal(mode({ GATEHOUSE_ISSUER }, 'accounts: { registration: closed }'), 'closed')
    }
    for (const host of [
      'auth.example.com',
      'localhost.example.com',
      'mylocalhost',
      '127.0.0.1.example.com',
      '10.0.0.1',
    ]) {
      t.equal(mode({ GATEHOUSE_ISSUER: `https://${host}` }), 'closed', host)
      t.equal(mode({ GATEHOUSE_ISSUER: `https://${host}` }, 'accounts: { registration: invite }'), 'invite')
      t.equal(mode({ GATEHOUSE_ISSUER: `https://${host}` }, 'accounts: { registration: open }'), 'open')
    }
    const spelt = 'accounts: { domains: [Example.COM, bücher.example, XN--BCHER-KVA.example] }'
    const domains = ['example.com', 'xn--bcher-kva.example', 'xn--bcher-kva.example']
    t.same(load(t, {}, spelt).accounts.domains, domains, 'in whatever letters they are written')
    for (const domain of ['@example.com', 'a b', '', '*.example.com', '.com', 'x..y', 'example', '10.0.0.1']) {
      const [line] = faults(t, {}, `accounts:\n  domains: [example.com, "${domain}"]\n`)
      t.match(line, /^gatehouse\.yaml:2:\d+: accounts\.domains\.2: expected a mail domain/, domain)
    }
  })

  const wrong: Record<string, string[]> = {
    PORT: ['http', '70000', '-1', '3000.5', '0x50', '3000 ', '٣'],
    DATABASE_URL: ['mysql://user:hunter2@db/x', 'hunter2', 'postgres:/x'],
    REDIS_URL: ['http://:hunter2@redis', 'hunter2'],
    SMTP_URL: ['http://user:hunter2@mail', 'hunter2'],
    LOG_LEVEL: ['verbose', 'INFO'],
    GATEHOUSE_ISSUER: [
      'hunter2',
      'ftp://auth.test',
      'https://auth.test/a//b',
      'https://auth.test/?hunter2',
      'https://u:hunter2@auth.test',
    ],
    GATEHOUSE_SECRET: [
      'hunter2',
      Buffer.alloc(31, 9).toString('base64'),
      Buffer.alloc(33, 9).toString('base64'),
      'A'.repeat(64),
    ],
    GATEHOUSE_COOKIE_DOMAIN: ['..example.test', 'test', 'https://example.test', 'other.test', 'ample.test', 'hunter2'],
    GATEHOUSE_CONFIG: ['/nowhere/hunter2.yaml', '/'],
  }
  for (const [name, values] of Object.entries(wrong)) {
    await t.test(`${name}: a wrong value stops the start without being repeated`, async (t) => {
      for (const value of values) {
        const environment = { GATEHOUSE_ISSUER: 'https://auth.example.test', GATEHOUSE_SECRET: secret, [name]: value }
        const lines = faults(t, environment)
        t.ok(
          lines.some((line) => line.startsWith(`${name}: expected `)),
          `${value}: ${lines.join(' | ')}`,
        )
        if (value.length > 2) t.notMatch(lines.join('\n'), value)
        t.notMatch(lines.join('\n'), 'hunter2')
      }
    })
  }
  await t.test('a setting that does not exist stops the start', async (t) => {
    t.same(faults(t, { GATEHOUSE_SECERT: 'hunter2' }), [
      'GATEHOUSE_SECERT: there is no such setting; did you mean GATEHOUSE_SECRET?',
    ])
    t.same(faults(t, { GATEHOUSE_: 'hunter2' }), ['GATEHOUSE_: there is no such setting'])
  })
  await t.test(
    'bytes that are no UTF-8 stop the start, before a rule means another path than was written',
    async (t) => {
      const rules = 'hosts:\n  app.test: { rules: [{ paths: [/bücher/**], allow: nobody }, { allow: anyone }] }\n'
      t.same(faults(t, {}, Buffer.from(rules, 'latin1')), ['gatehouse.yaml:2:35: expected a file of UTF-8 text'])
      t.same(faults(t, {}, Buffer.from(`\ufeff${rules}`, 'utf16le')), [
        'gatehouse.yaml:1:1: expected a file of UTF-8 text',
      ])
      t.ok(load(t, {}, Buffer.from(`\ufeff${rules}`)).accessRules.host('app.test'), 'a mark of UTF-8 is none')
    },
  )
  await t.test('every fault is told at once', async (t) => {
    const lines = faults(t, { PORT: 'x', REDIS_URL: 'x', GATEHOUSE_X: 'x' }, 'tokens: { x: 1 }')
    for (const name of ['PORT', 'REDIS_URL', 'GATEHOUSE_X', 'tokens.x']) t.match(lines.join('\n'), `${name}: `)
    t.equal(lines.length, 4)
  })
  await t.test('a database of its own needs a secret of its own', async (t) => {
    const databaseUrl = 'postgres://gatehouse:hunter2@db.example.test/gatehouse'
    const lines = faults(t, { DATABASE_URL: databaseUrl })
    t.match(lines[0], /^GATEHOUSE_SECRET: expected 32 bytes in base64/)
    t.notMatch(lines.join('\n'), 'hunter2')
    t.equal(load(t, { DATABASE_URL: databaseUrl, GATEHOUSE_SECRET: secret }).databaseUrl, databaseUrl)
  })
  await t.test('a secret that anybody could guess is refused, and may still be the previous one', async (t) => {
    const pattern = (byte: (at: number) => number) =>
      Buffer.from(Array.from({ length: 32 }, (_, at) => byte(at) & 0xff))
    const guessable = {
      'nothing but zeros': pattern(() => 0),
      'one byte again and again': pattern(() => 0x61),
      'counting up': pattern((at) => at),
      'counting down past zero': pattern((at) => 40 - at * 3),
      'a pattern of two': pattern((at) => [0xde, 0xad][at % 2]!),
      'one half twice': Buffer.concat([testSecret().subarray(0, 16), testSecret().subarray(0, 16)]),
      'a word and padding': Buffer.from('change-me'.padEnd(32, '\0')),
    }
    for (const [what, bytes] of Object.entries(guessable)) {
      const value = bytes.toString('base64')
      const [fault] = faults(t, { GATEHOUSE_SECRET: value })
      t.match(fault, /^GATEHOUSE_SECRET: expected 32 random bytes in base64.*openssl rand -base64 32/, what)
      t.notMatch(fault, value)
      t.equal(load(t, { GATEHOUSE_SECRET: secret, GATEHOUSE_SECRET_PREVIOUS: value }).secrets.length, 2, what)
    }
    const hex = Buffer.from('9f86d081884c7d659a2feaa0c55ad015').toString('base64')
    for (const value of [secret, hex]) t.same(faults(t, { GATEHOUSE_SECRET: value }), [])
    const folder = scratchFolder(t)
    writeFileSync(join(folder, 'secret'), Buffer.alloc(32).toString('base64'))
    const message = /"secret" in GATEHOUSE_DATA_DIR: expected 32 random bytes/
    t.throws(() => loadConfig({ GATEHOUSE_DATA_DIR: folder, GATEHOUSE_CONFIG: '/dev/null' }), { message })
  })
  await t.test('the embedded mode makes its secret once, readable by its owner alone', async (t) => {
    const folder = scratchFolder(t)
    const environment = { GATEHOUSE_DATA_DIR: join(folder, 'data'), GATEHOUSE_CONFIG: '/dev/null' }
    const first = loadConfig(environment)
    t.equal(first.secrets[0].length, 32)
    const file = join(folder, 'data', 'secret')
    t.equal(statSync(file).mode & 0o777, 0o600)
    t.equal(statSync(join(folder, 'data')).mode & 0o777, 0o700)
    t.same(loadConfig(environment).secrets, first.secrets)
    t.equal(readFileSync(file, 'utf8').trim(), Buffer.from(first.secrets[0]).toString('base64'))
    writeFileSync(file, 'hunter2')
    t.throws(() => loadConfig(environment), { message: /"secret" in GATEHOUSE_DATA_DIR: expected 32 bytes in base64/ })
  })
  await t.test('the issuer is kept in one spelling', async (t) => {
    t.equal(load(t, { GATEHOUSE_ISSUER: 'https://Auth.Example.TEST:443/' }).issuer, 'https://auth.example.test')
    t.equal(load(t, { GATEHOUSE_ISSUER: 'https://Example.TEST/Auth/' }).issuer, 'https://example.test/Auth')
    t.equal(
      load(t, { GATEHOUSE_ISSUER: 'http://localhost:8080/a/b_~c.d-1' }).issuer,
      'http://localhost:8080/a/b_~c.d-1',
    )
    const reasons: [reason: RegExp, ...values: string[]][] = [
      [
        /a URL with its scheme, such as https:\/\/auth\.example\.com/,
        'auth.example.com',
        'auth.example.com:8443',
        'localhost:3000',
        '//auth.example.com',
        'https:auth.example.com',
        'https:///x',
        'ftp://x',
        '/auth',
      ],
      [
        /without query, fragment, user name and password/,
        'https://a.test/?',
        'https://a.test/#',
        'https://a.test/x?y',
        'https://a.test?y',
        'https://u@a.test',
        'https://u:p@a.test/x',
      ],
      [
        /a path of plain names/,
        'https://a.test//',
        'https://a.test/a//b',
        'https://a.test/a/../b',
        'https://a.test/./a',
        'https://a.test/%61',
        'https://a.test/a;b',
        'https://a.test/a b',
        'https://a.test/.a',
        'https://a.test/ä',
      ],
      [
        /the service has \/(forward-auth|health|metrics) for itself/,
        'https://a.test/forward-auth',
        'https://a.test/health/x',
        'https://a.test/metrics',
      ],
    ]
    for (const [reason, ...values] of reasons) {
      for (const value of values) {
        const lines = faults(t, { GATEHOUSE_ISSUER: value })
        t.match(lines, [new RegExp(`^GATEHOUSE_ISSUER: expected .*${reason.source}`)], value)
        t.equal(lines.length, 1, value)
      }
    }
    t.equal(load(t, { GATEHOUSE_ISSUER: 'http://auth.example.test:8080' }).issuer, 'http://auth.example.test:8080')
  })
})

void test('gatehouse.yaml', async (t) => {
  const whole = `# a comment
hosts:
  app.example.test:
    audience: app
    headers: gatehouse
    rules:
      - paths: [/assets/**]
        methods: [GET]
        allow: anyone
      - allow: { roles: [admin] }
proxies: { trusted: [10.0.0.0/8, "::1", 192.0.2.7] }
tokens: { access_ttl_seconds: 60, refresh_grace_seconds: 0 }
cors: { origins: [https://spa.example.test, "http://localhost:5173"] }
mail: { from: "Gate <gate@example.test>" }
`
  await t.test('a whole one is taken as it stands', async (t) => {
    const config = load(t, {}, whole)
    t.match(config.hosts['app.example.test'], {
      audience: 'app',
      rules: [{ allow: 'anyone' }, { allow: { roles: ['admin'] } }],
    })
    t.match(config.tokens, { access_ttl_seconds: 60, refresh_grace_seconds: 0, refresh_idle_ttl_seconds: 2_592_000 })
    t.equal(config.mail.from, 'Gate <gate@example.test>')
  })

  const rule = (text: string) => `hosts:\n  app.test:\n    rules:\n      - ${text}\n`
  /** What is wrong, where it stands, and what must be said about it. */
  const wrong: [name: string, yaml: string, expected: RegExp][] = [
    [
      'certificates that nobody could tell',
      'client_certificates:\n  enabled: true\n',
      /^gatehouse\.yaml:2:3: client_certificates\.enabled: expected false: there is no edge in proxies\.edges, and/,
    ],
    [
      'a header of another meaning for certificates',
      'client_certificates:\n  header: Authorization\n',
      /^gatehouse\.yaml:2:3: client_certificates\.header: expected the name of a header for certificates, such as/,
    ],
    [
      'the issuer’s own host for certificates',
      'client_certificates:\n  host: localhost:3000\n',
      /^gatehouse\.yaml:2:3: client_certificates\.host: expected another host than the one of the issuer$/,
    ],
    ['an unknown part', 'hunter2_x: 1\n', /^gatehouse\.yaml:1:1: hunter2_x: there is no such setting$/],
    [
      'an unknown setting',
      'tokens:\n  acess_ttl_seconds: 424242\n',
      /^gatehouse\.yaml:2:3: tokens\.acess_ttl_seconds: there is no such setting; did you mean access_ttl_seconds\?$/,
    ],
    [
      'text for a number',
      'tokens:\n  access_ttl_seconds: hunter2\n',
      /^gatehouse\.yaml:2:3: tokens\.access_ttl_seconds: expected a whole number from 1 to 86400$/,
    ],
    [
      'a number below the least',
      'limits:\n\n  failures_per_account: -424242\n',
      /^gatehouse\.yaml:3:3: limits\.failures_per_account: expected a whole number of at least 1$/,
    ],
    [
      'a number past the most',
      'tokens: { refresh_grace_seconds: 424242 }\n',
      /^gatehouse\.yaml:1:11: tokens\.refresh_grace_seconds: expected a whole number from 0 to 60$/,
    ],
    [
      'a fraction',
      'sessions: { idle_ttl_seconds: 424.242 }\n',
      /^gatehouse\.yaml:1:13: sessions\.idle_ttl_seconds: expected a whole number from 1 to 315360000$/,
    ],
    [
      'a lead that is shorter than what verifiers may keep',
      'keys: { max_age_seconds: 1801 }\n',
      /^gatehouse\.yaml:1:1: keys\.lead_seconds: expected 3602 \(twice keys\.max_age_seconds\) to 1296000 /,
    ],
    [
      'a lead that is longer than keys sign',
      'keys:\n  rotation_days: 1\n  lead_seconds: 43201\n',
      /^gatehouse\.yaml:3:3: keys\.lead_seconds: expected 600 \(twice keys\.max_age_seconds\) to 43200 /,
    ],
    [
      'a list for a table',
      'tokens: [hunter2]\n',
      /^gatehouse\.yaml:1:1: tokens: expected a table of access_ttl_seconds, /,
    ],
    ['a list for the file', '- hunter2\n', /^gatehouse\.yaml:1:1: the file: expected a table of settings/],
    ['text for the file', 'hunter2\n', /^gatehouse\.yaml:1:1: the file: expected a table of settings/],
    [
      'an unknown key in a rule',
      rule('{ allow: anyone, path: [/hunter2] }'),
      /^gatehouse\.yaml:4:\d+: hosts\.app\.test\.rules\.1\.path: there is no such setting; did you mean paths\?$/,
    ],
    [
      'a rule that allows nobody knows whom',
      rule('allow: hunter2'),
      /^gatehouse\.yaml:4:9: hosts\.app\.test\.rules\.1\.allow: expected anyone, signed-in, nobody or an object of roles/,
    ],
    ['a rule without allow', rule('paths: [/x]'), /^gatehouse\.yaml:4:\d+: hosts\.app\.test\.rules\.1.*allow/],
    ['no roles', rule('allow: { roles: [] }'), /^gatehouse\.yaml:4:\d+: hosts\.app\.test\.rules\.1\.allow/],
    [
      'a path without a slash',
      rule('{ allow: anyone, paths: [hunter2] }'),
      /^gatehouse\.yaml:4:\d+: hosts\.app\.test\.rules\.1\.paths\.1: expected a path that starts with /,
    ],
    [
      'a lower-case method',
      rule('{ allow: anyone, methods: [hunter] }'),
      /^gatehouse\.yaml:4:\d+: hosts\.app\.test\.rules\.1\.methods\.1: expected a method in upper case, such as GET/,
    ],
    [
      'a bound of identity below the least',
      'hosts:\n  app.test:\n    identity: { max_bytes: 4095 }\n    rules: []\n',
      /^gatehouse\.yaml:3:17: hosts\.app\.test\.identity\.max_bytes: expected a whole number from 4096 to 262144$/,
    ],
    [
      'a misspelt list of what is told',
      'hosts:\n  app.test:\n    identity: { permission: ["hunter2:*"] }\n    rules: []\n',
      /^gatehouse\.yaml:3:17: hosts\.app\.test\.identity\.permission: there is no such setting; did you mean permissions\?$/,
    ],
    [
      'nothing about identity',
      'hosts:\n  app.test:\n    identity: {}\n    rules: []\n',
      /^gatehouse\.yaml:3:5: hosts\.app\.test\.identity: expected at least one of roles, groups, permissions, max_bytes and beyond$/,
    ],
    [
      'tokens that proxies would not let through',
      'tokens: { identity: { max_bytes: 15361 } }\n',
      /^gatehouse\.yaml:1:23: tokens\.identity\.max_bytes: expected a whole number from 4096 to 15360$/,
    ],
    [
      'an audience that would fill a token',
      `hosts:\n  app.test: { audience: ${'x'.repeat(256)}, rules: [] }\n`,
      /^gatehouse\.yaml:2:15: hosts\.app\.test\.audience: expected a text of 1 to 255 characters$/,
    ],
    ['a host without rules', 'hosts:\n  app.test: {}\n', /^gatehouse\.yaml:2:3: hosts\.app\.test.*rules/],
    [
      'a pattern in the middle',
      rule('{ allow: anyone, paths: [/hunter2/**/x] }'),
      /^gatehouse\.yaml:4:\d+: hosts\.app\.test\.rules\.1\.paths/,
    ],
    [
      'a dot segment',
      rule('{ allow: anyone, paths: [/hunter2/../x] }'),
      /^gatehouse\.yaml:4:\d+: hosts\.app\.test\.rules\.1\.paths/,
    ],
    [
      'a host that is a pattern',
      'hosts:\n  "a.*.app.test": { rules: [] }\n',
      /^gatehouse\.yaml:2:3: hosts\.a\.\*\.app\.test: expected a host name/,
    ],
    [
      'one host twice, in two spellings',
      'hosts:\n  app.test: { rules: [] }\n  APP.test: { rules: [] }\n',
      /^gatehouse\.yaml:3:3: hosts\.APP\.test: .*twice/,
    ],
    [
      'no network',
      'proxies:\n  trusted: [10.0.0.0/8, hunter2]\n',
      /^gatehouse\.yaml:2:25: proxies\.trusted\.2: expected an IP address or a network/,
    ],
    [
      'an edge with no network',
      'proxies:\n  edges:\n    - { networks: [10.0.0.0/99], secret_sha256: [' + 'a'.repeat(64) + '] }\n',
      /^gatehouse\.yaml:3:\d+: proxies\.edges\.1\.networks\.1: expected/,
    ],
    [
      'a secret where its digest belongs',
      'proxies:\n  edges:\n    - { networks: [10.0.0.1], secret_sha256: [hunter2] }\n',
      /^gatehouse\.yaml:3:\d+: proxies\.edges\.1\.secret_sha256\.1: expected the SHA-256 of a secret/,
    ],
    [
      'a network past its bits',
      'proxies: { trusted: [424.0.0.0/8] }\n',
      /^gatehouse\.yaml:1:\d+: proxies\.trusted.*(address|network)/,
    ],
    [
      'an origin with a path',
      'cors: { origins: ["https://hunter2.test/x"] }\n',
      /^gatehouse\.yaml:1:\d+: cors\.origins\.1: expected an origin such as/,
    ],
    [
      'any origin',
      'cors: { origins: ["*"] }\n',
      /^gatehouse\.yaml:1:\d+: cors\.origins\.1: expected an origin such as/,
    ],
    ['a list for a key', '? [hunter2]\n: x\n', /^gatehouse\.yaml:1:3: expected a plain key$/],
    [
      'a key without a value that is a table',
      'hosts: { { hunter2: x } }\n',
      /^gatehouse\.yaml:1:10: expected a plain key$/,
    ],
    ...['""', '"a b"', 'a;b', '"a=b"', '"a,b"', 'größe', '"a\\tb"', 'a/b', '424242', 'x'.repeat(65)].map(
      (name): [string, string, RegExp] => [
        `a name of cookies that is no token: ${name}`,
        `sessions: { cookie_name: ${name} }\n`,
        /^gatehouse\.yaml:1:13: sessions\.cookie_name: expected a name of 1 to 64 letters, digits and characters of /,
      ],
    ),
    ...['__Host-hunter2', '__secure-hunter2', '__HTTP-hunter2', '__Host-Http-hunter2'].map(
      (name): [string, string, RegExp] => [
        `a name of cookies with a prefix of browsers: ${name}`,
        `sessions: { cookie_name: ${name} }\n`,
        /^gatehouse\.yaml:1:13: sessions\.cookie_name: expected a name without __Host- or __Secure-: the service puts one /,
      ],
    ),
    [
      'a host with a line break',
      'hosts:\n  "app\\n.test": { rulez: hunter2 }\n',
      /^gatehouse\.yaml:2:19: hosts\."app\\n\.test"\.rul/,
    ],
    [
      'a role with a line break',
      'roles: { "a\\nb": hunter2 }\n',
      /^gatehouse\.yaml:1:10: roles\."a\\nb": expected a list of permissions/,
    ],
    ['a key twice', 'tokens: {}\ntokens: {}\n', /^gatehouse\.yaml:2:1: .*unique/],
    ['a tab for indentation', 'tokens:\n\taccess_ttl_seconds: 424242\n', /^gatehouse\.yaml:2:1: /],
    ['an unclosed list', 'cors: { origins: [hunter2\n', /^gatehouse\.yaml:\d+:\d+: /],
    ['text behind a value', 'cors: "a" hunter2\n', /^gatehouse\.yaml:1:\d+: /],
    ['text where a key should stand', 'tokens: {}\nhunter2\n', /^gatehouse\.yaml:2:\d+: /],
    ['an alias without an anchor', 'hosts: *hunter2\n', /^gatehouse\.yaml:1:8: /],
    ['a second document', 'tokens: {}\n---\nhunter2: 1\n', /^gatehouse\.yaml:\d+:\d+: /],
  ]
  for (const [name, yaml, expected] of wrong) {
    await t.test(`${name} is refused where it stands`, async (t) => {
      const lines = faults(t, {}, yaml)
      t.ok(
        lines.some((line) => expected.test(line)),
        `${lines.join(' | ')} says ${expected}`,
      )
      t.ok(
        lines.every((line) => /^gatehouse\.yaml:\d+:\d+: \S/.test(line)),
        'every line names its place',
      )
    })
    await t.test(`${name} is not repeated`, async (t) => {
      // Names of settings are told; hunter2 and 4242 stand for values.
      t.notMatch(
        faults(t, {}, yaml)
          .filter((line) => !line.includes('hunter2_x'))
          .join('\n'),
        /hunter|424/,
      )
    })
  }
  await t.test('every fault is told, in the order of the file, however many there are', async (t) => {
    const rules = Array.from({ length: 30 }, (_, at) => `      - { paths: [x${at}, /a/**/b], allow: anyone }`)
    const tail = 'metrics: { networks: [10.0.0.0/99] }\ncors: { origins: ["*"] }\n'
    const lines = faults(t, {}, `hosts:\n  app.test:\n    rules:\n${rules.join('\n')}\n${tail}`)
    t.equal(lines.length, 32)
    for (const [at, line] of lines.slice(0, 30).entries()) {
      t.match(
        line,
        `gatehouse.yaml:${at + 4}:19: hosts.app.test.rules.${at + 1}.paths.1: expected a path that starts with /`,
      )
    }
    t.match(lines.slice(30), [/^gatehouse\.yaml:34:.*metrics\.networks/, /^gatehouse\.yaml:35:.*cors\.origins\.1/])
    const compiled = faults(t, {}, `hosts:\n  app.test:\n    rules:\n${rules.join('\n').replaceAll('[x', '[/x')}\n`)
    t.equal(compiled.length, 30)
    t.match(compiled[29], /^gatehouse\.yaml:33:\d+: hosts\.app\.test\.rules\.30\.paths\.2: expected plain segments/)
  })
  await t.test('a fault says what may stand there', async (t) => {
    const table: [string, string][] = [
      [rule('{ alow: anyone }'), 'hosts.app.test.rules.1.alow: there is no such setting; did you mean allow?'],
      [
        rule('{ paths: [/x] }'),
        'hosts.app.test.rules.1.allow: it is missing; expected anyone, signed-in, nobody or an object of',
      ],
      [
        rule('{ allow: { role: [a] } }'),
        'hosts.app.test.rules.1.allow.role: there is no such setting; did you mean roles?',
      ],
      [
        rule('{ allow: { roles: admin } }'),
        'hosts.app.test.rules.1.allow.roles: expected a list of names with at least one: [name, …]',
      ],
      [rule('{ allow: { level: aal3 } }'), 'hosts.app.test.rules.1.allow.level: expected aal1 or aal2'],
      [
        rule('{ allow: anyone, paths: /x }'),
        'hosts.app.test.rules.1.paths: expected a list of paths with at least one: [/admin/**, …]',
      ],
      [
        'hosts: { app.test: { headers: { id: X-Id }, rules: [] } }',
        'hosts.app.test.headers.id: there is no such setting',
      ],
      [
        'hosts: { app.test: { headers: other, rules: [] } }',
        'hosts.app.test.headers: expected gatehouse, remote, oauth2-proxy or an object',
      ],
      ['hosts: { app.test: {} }', 'hosts.app.test.rules: it is missing; expected a list of rules: [{ paths:'],
      [
        'hosts: { app.test: { headers: { preset: remote, user: name }, rules: [] } }',
        'hosts.app.test.headers.user: expected subject, email or username (a display name is chosen freely, so it could be',
      ],
      [
        'hosts: { app.test: { headers: { preset: authelia }, rules: [] } }',
        'hosts.app.test.headers.preset: expected gatehouse, remote or oauth2-proxy',
      ],
      ['host: {}', 'host: there is no such setting; did you mean hosts?'],
      ['proxies: { basic: 1 }', 'proxies.basic: expected true or false'],
      ['accounts: { domains: example.com }', 'accounts.domains: expected a list of mail domains: [example.com, …]'],
      ['pages: { languages: [] }', 'pages.languages: expected a list of languages, each of them once: [en, de]'],
      ['pages: { languages: [de, de] }', 'pages.languages: expected a list of languages, each of them once: [en, de]'],
      ['pages: { languages: [de, fr] }', 'pages.languages.2: expected en or de'],
      ['pages: { language: de }', 'pages.language: there is no such setting; did you mean languages?'],
      ['keys: { assertions: RS512 }', 'keys.assertions: expected ES256, RS256 or EdDSA'],
      ['"app/x": {}', 'app/x: there is no such setting'],
      ['hosts: { "a/b~c": { rules: [] } }', 'hosts.a/b~c: expected a host name'],
      [
        `hosts: { app.test: { rules: [{ paths: [/users/{id}], allow: anyone }] } }`,
        'a text that holds { or [ needs quotes',
      ],
    ]
    for (const [yaml, said] of table) {
      const lines = faults(t, {}, yaml)
      t.ok(
        lines.some((line) => line.includes(said)),
        `${yaml}: ${lines.join(' | ')}`,
      )
    }
  })
  await t.test('what makes no sense is refused', async (t) => {
    const table: [string, RegExp][] = [
      ['tokens: { access_ttl_seconds: 977616000 }', /from 1 to 86400$/],
      ['sessions: { absolute_ttl_seconds: 977616000 }', /from 1 to 315360000$/],
      ['mail: { from: nobody }', /mail\.from: expected an address such as/],
      ['mail: { from: "Gate <gate@example.test> x" }', /mail\.from: expected an address/],
      ['proxies: { trusted: [10.0.0.5/8] }', /trusted\.1: expected the first address of the network/],
      ['metrics: { networks: ["2001:db8::1/32"] }', /networks\.1: expected the first address of the network/],
      ['metrics: { networks: ["fe80::1%eth0"] }', /networks\.1: expected an IP address/],
      [rule('{ networks: [10.1.2.3/16], allow: anyone }'), /rules\.1\.networks\.1: expected the first address/],
      [`hosts:\n  "*.10.0.0.1": { rules: [] }\n`, /expected a host name/],
    ]
    for (const [yaml, said] of table) t.match(faults(t, {}, yaml), [said], yaml)
    for (const yaml of [
      'metrics: { networks: [10.0.0.5/8, ::1, local] }',
      rule('{ allow: { networks: [10.0.0.5/8, ::1, local] } }'),
    ]) {
      const told = [/networks\.1: expected the first/, /networks\.3: expected an IP address/]
      t.match(faults(t, {}, yaml), told, 'each network that is none is told where it stands')
    }
    for (const from of ['a@b.test', 'A B <a@b.test>', '"A, B" <a@b.test>']) {
      t.equal(load(t, {}, `mail: { from: '${from}' }`).mail.from, from)
    }
    const networks = ['10.0.0.0/8', '10.0.0.5', '10.0.0.5/32', '::/0', '2001:db8::/32', '::ffff:10.0.0.0/104']
    t.equal(
      load(t, {}, `metrics: { networks: [${networks.map((one) => `"${one}"`).join(', ')}] }`).metrics.networks.length,
      6,
    )
  })
  await t.test('what will not have been meant is told, and does not stop the start', async (t) => {
    const warnings = (yaml: string, environment = {}) =>
      load(t, environment, yaml).warnings.map((line) => line.replace(/^.*gatehouse\.yaml:/, ''))
    t.same(warnings('proxies: { trusted: [10.0.0.0/8] }'), [])
    t.match(warnings('proxies:\n  trusted: [10.0.0.0/8, 0.0.0.0/0, "::/0"]'), [
      /^2:25: proxies\.trusted\.2: whoever is in it may say who anybody is/,
      /^2:36: proxies\.trusted\.3: /,
    ])
    t.match(warnings('sessions: { idle_ttl_seconds: 100, absolute_ttl_seconds: 50 }'), [
      /sessions\.idle_ttl_seconds: it is longer than sessions\.abs/,
    ])
    t.match(warnings('tokens: { refresh_absolute_ttl_seconds: 50 }'), [
      /tokens\.refresh_idle_ttl_seconds: it is longer than/,
    ])
    const own = 'hosts: { auth.example.test: { rules: [] }, "*.example.test": { rules: [] } }'
    const issuer = { GATEHOUSE_ISSUER: 'https://auth.example.test' }
    t.match(warnings(own, issuer), [
      /hosts\.auth\.example\.test: it is the issuer's own host, which no rule can protect/,
    ])
    const hosts = `hosts:
  app.example.test:8443: { rules: [{ allow: signed-in }] }
  example.test: { rules: [{ allow: signed-in }] }
  "*.test": { rules: [{ allow: signed-in }] }
  open.test: { rules: [{ paths: [/x], allow: anyone }, { allow: nobody }] }
  programs.test: { rules: [{ paths: [/x], allow: { scopes: [read] } }, { allow: { clients: [job] } }] }
  Wiki.test: { rules: [{ paths: [/x], allow: anyone }, { allow: { roles: [editor] } }] }
  "*.notexample.test": { rules: [{ allow: signed-in }] }
`
    t.match(warnings(hosts, { ...issuer, GATEHOUSE_COOKIE_DOMAIN: 'example.test' }), [
      /^7:3: hosts\.Wiki\.test: it is outside GATEHOUSE_COOKIE_DOMAIN .*people cannot sign in to it/,
      /^8:3: hosts\.\*\.notexample\.test: it is outside GATEHOUSE_COOKIE_DOMAIN/,
    ])
    t.same(warnings(hosts, issuer), [], 'without a cookie domain nobody expects it')
    const headers = (names: string) => `hosts: { app.test: { headers: ${names}, rules: [{ allow: signed-in }] } }`
    t.match(warnings(headers('{ email: X-User-Email, name: Remote-User }')), [
      /^1:54: hosts\.app\.test\.headers\.name: Remote-User reads like a user name, but people choose/,
    ])
    t.same(warnings(headers('{ subject: Remote-User, name: X-User-Name }')), [])
    t.match(warnings(rule('allow: anyone') + '      - allow: nobody\n'), [
      /^5:9: hosts\.app\.test\.rules\.2: rule 2 \(line 5\) never decides/,
    ])
  })
  await t.test('keys of the top that begin with x- hold anchors, which merge where they are used', async (t) => {
    const yaml = `x-staff: &staff { roles: [staff] }
x-read: &read
  methods: [GET, HEAD]
  allow: anyone
hosts:
  app.test:
    rules:
      - { paths: [/admin/**], allow: *staff }
      - <<: *read
        paths: [/docs/**]
`
    t.same(load(t, {}, yaml).hosts['app.test']!.rules, [
      { paths: ['/admin/**'], allow: { roles: ['staff'] } },
      { methods: ['GET', 'HEAD'], allow: 'anyone', paths: ['/docs/**'] },
    ])
    t.match(
      faults(t, {}, yaml.replace('[staff] }', '[staff], rolls: [] }')),
      [
        /^gatehouse\.yaml:1:\d+: hosts\.app\.test\.rules\.1\.allow\.rolls: there is no such setting; did you mean roles\?$/,
      ],
      'a fault behind an alias stands at the anchor',
    )
    t.match(faults(t, {}, 'hosts: { app.test: { rules: [], x-note: 1 } }'), [/x-note: there is no such setting/])
  })
  await t.test('the faults that the documentation shows are those that are printed', async (t) => {
    const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
    const [, yaml, printed] = /```yaml\n(# faulty\n[\s\S]*?)```[\s\S]*?```text\n([\s\S]*?)```/.exec(page)!
    t.same(faults(t, {}, yaml), printed!.trim().split('\n'))
  })
  await t.test('passkeys are made for the host of the issuer or a parent that one party has registered', async (t) => {
    const yaml = (rpId: string) => `sign_in: { passkeys: { rp_id: "${rpId}" } }\n`
    const of = (issuer: string, text = '') => load(t, { GATEHOUSE_ISSUER: issuer }, text).passkeys.rpId
    const issuer = 'https://auth.login.example.co.uk'
    t.equal(of(issuer), 'auth.login.example.co.uk')
    for (const rpId of ['auth.login.example.co.uk', 'login.example.co.uk', 'example.co.uk', 'Example.CO.UK']) {
      t.equal(of(issuer, yaml(rpId)), rpId.toLowerCase())
    }
    t.equal(of('http://localhost:3000', yaml('localhost')), 'localhost')
    for (const address of ['http://127.0.0.1:3000', 'https://[2001:db8::1]']) t.equal(of(address), undefined)
    t.equal(of(issuer, 'sign_in: { passkeys: { enabled: false } }'), undefined)
    const refused = (rpId: string, at = issuer) => faults(t, { GATEHOUSE_ISSUER: at }, yaml(rpId))
    for (const rpId of [
      'co.uk',
      'uk',
      'other.co.uk',
      'in.example.co.uk',
      'ample.co.uk',
      'https://example.co.uk',
      '.',
    ]) {
      const said =
        /^gatehouse\.yaml:1:\d+: sign_in\.passkeys\.rp_id: expected the host of GATEHOUSE_ISSUER, .* down to example\.co\.uk$/
      t.match(refused(rpId), [said], rpId)
    }
    t.match(refused('duckdns.org', 'https://me.duckdns.org'), [/which is me\.duckdns\.org$/])
    t.match(refused('127.0.0.1', 'http://127.0.0.1:3000'), [
      /expected nothing, since the host of the issuer is an address/,
    ])
  })
  await t.test('a thousand aliases of aliases are refused, not expanded', async (t) => {
    const levels = Array.from(
      { length: 12 },
      (_, index) => `a${index + 1}: &a${index + 1} [${`*a${index},`.repeat(9)}]`,
    )
    const lines = faults(t, {}, `a0: &a0 [x]\n${levels.join('\n')}\n`)
    t.match(lines[0], /^gatehouse\.yaml:\d+:\d+: /)
  })
  await t.test('no file is fine unless one was named', async (t) => {
    const folder = scratchFolder(t)
    mkdirSync(join(folder, 'empty'))
    t.throws(() => loadConfig({ GATEHOUSE_DATA_DIR: folder, GATEHOUSE_CONFIG: join(folder, 'none.yaml') }), {
      message: 'GATEHOUSE_CONFIG: expected a readable file (ENOENT)',
    })
    t.same(load(t, {}, '# nothing but a comment\n').hosts, {})
  })
})
