/** What a DATABASE_URL says, and what keeps it from being read; never its value. */
import { test } from 'tap'
import { readDatabaseUrl } from '../../src/core/database-url.ts'
import { ConfigError, loadConfig } from '../../src/config.ts'

const read = (url: string, environment: Record<string, string> = {}) => {
  const outcome = readDatabaseUrl(url, environment)
  if (outcome.kind === 'faulty') throw new Error(outcome.faults.join('\n'))
  return outcome.address
}
const faults = (url: string, environment: Record<string, string> = {}) => {
  const outcome = readDatabaseUrl(url, environment)
  return outcome.kind === 'faulty' ? outcome.faults : []
}

void test('the URLs that providers of managed databases print are read', (t) => {
  const login = { user: 'app', password: 's3cr/t', database: 'db' }
  const cases: [name: string, url: string, address: object][] = [
    [
      'Neon',
      'postgresql://app:s3cr%2Ft@ep-cool-1234-pooler.eu-central-1.aws.neon.tech/db?sslmode=require&channel_binding=require',
      { ...login, tls: { mode: 'require' }, channelBinding: 'require', hosts: [{ port: 5432 }] },
    ],
    [
      'Neon without SNI',
      'postgres://app:s3cr%2Ft@ep-cool.aws.neon.tech/db?sslmode=require&options=endpoint%3Dep-cool-1234',
      { ...login, parameters: { options: 'endpoint=ep-cool-1234' } },
    ],
    [
      'Supabase’s pooler',
      'postgres://app.abcdef:s3cr%2Ft@aws-0-eu-central-1.pooler.supabase.com:6543/db?pgbouncer=true',
      { ...login, user: 'app.abcdef', isPooled: true, hosts: [{ port: 6543 }] },
    ],
    [
      'RDS with its bundle',
      'postgres://app:s3cr%2Ft@db.abc.eu-west-1.rds.amazonaws.com:5432/db?sslmode=verify-full&sslrootcert=/etc/ssl/rds.pem',
      { ...login, tls: { mode: 'verify-full', rootCertificates: '/etc/ssl/rds.pem' } },
    ],
    [
      'RDS as before verify-full',
      'postgres://app:s3cr%2Ft@db.abc.eu-west-1.rds.amazonaws.com/db?sslmode=require&sslrootcert=/etc/ssl/rds.pem',
      { tls: { mode: 'verify-ca' } },
    ],
    [
      'Azure, single server',
      'postgres://app%40myserver:s3cr%2Ft@myserver.postgres.database.azure.com/db?sslmode=require',
      { ...login, user: 'app@myserver' },
    ],
    [
      'Azure with the system’s authorities',
      'postgres://app:s3cr%2Ft@x.postgres.database.azure.com/db?sslrootcert=system',
      { tls: { mode: 'verify-full', rootCertificates: 'system' } },
    ],
    [
      'Heroku',
      'postgres://app:s3cr%2Ft@ec2-1-2-3-4.compute-1.amazonaws.com:5432/db',
      { ...login, tls: { mode: 'prefer' } },
    ],
    [
      'DigitalOcean',
      'postgresql://app:s3cr%2Ft@x.db.ondigitalocean.com:25060/db?sslmode=require',
      { hosts: [{ port: 25060 }] },
    ],
    [
      'Cloud SQL by its socket',
      'postgresql://app:s3cr%2Ft@/db?host=/cloudsql/project:region:instance',
      { ...login, hosts: [{ name: '/cloudsql/project:region:instance', port: 5432 }] },
    ],
    [
      'Patroni',
      'postgres://app:s3cr%2Ft@h1:5432,h2:5433,[fd00::1]:5434/db?target_session_attrs=read-write',
      {
        hosts: [
          { name: 'h1', port: 5432 },
          { name: 'h2', port: 5433 },
          { name: 'fd00::1', port: 5434 },
        ],
      },
    ],
    ['several hosts, one port', 'postgres://app@h1,h2/db?port=6000', { hosts: [{ port: 6000 }, { port: 6000 }] }],
    ['upper case', 'POSTGRES://app:s3cr%2Ft@h/db', login],
  ]
  for (const [name, url, address] of cases) t.match(read(url), address, name)
  t.end()
})

void test('what the URL leaves out is taken from libpq’s variables, and what it says counts', (t) => {
  const PG = { PGHOST: 'h', PGPORT: '6000', PGUSER: 'u', PGPASSWORD: 'p', PGDATABASE: 'd', PGSSLMODE: 'require' }
  t.match(read('postgres://', PG), {
    hosts: [{ name: 'h', port: 6000 }],
    user: 'u',
    password: 'p',
    database: 'd',
    tls: { mode: 'require' },
  })
  t.match(read('postgres://me:mine@here:1/x?sslmode=disable', PG), {
    hosts: [{ name: 'here', port: 1 }],
    user: 'me',
    password: 'mine',
    database: 'x',
    tls: { mode: 'disable' },
  })
  t.same(faults('postgres://h', { PGSSLMODE: 'perhaps' }), [
    'PGSSLMODE: expected disable, allow, prefer, require, verify-ca or verify-full',
  ])
  t.end()
})

void test('a parameter that cannot be kept to stops the start by its name', (t) => {
  const refused: [words: string, line: RegExp][] = [
    ['sslmode=requires', /^DATABASE_URL: sslmode: expected disable, allow, .* or verify-full$/],
    ['sslmdoe=require', /^DATABASE_URL: sslmdoe: there is no such parameter/],
    ['statement_timeout=5', /^DATABASE_URL: statement_timeout: there is no such parameter/],
    ['channel_binding=always', /^DATABASE_URL: channel_binding: expected disable, prefer or require/],
    ['sslmode=disable&channel_binding=require', /^DATABASE_URL: channel_binding: .*sslmode require/],
    ['sslmode=require&sslrootcert=system', /^DATABASE_URL: sslmode: expected verify-full/],
    ['sslcert=/x', /^DATABASE_URL: sslkey: a certificate and its key/],
    ['target_session_attrs=standby', /^DATABASE_URL: target_session_attrs: expected any, read-write or primary/],
    ['connect_timeout=soon', /^DATABASE_URL: connect_timeout: expected seconds from 1 to 600/],
    ['keepalives_count=3', /^DATABASE_URL: keepalives_count: Node.js has no such setting/],
    ['passfile=/x', /^DATABASE_URL: passfile: nothing is read from other files/],
    ['schema=auth', /^DATABASE_URL: schema: .*search_path/],
    ['gssencmode=require', /^DATABASE_URL: gssencmode: expected disable or prefer/],
    ['sslmode=require&sslmode=disable', /^DATABASE_URL: sslmode: it is given twice/],
    ['port=70000', /^DATABASE_URL: port: expected port numbers/],
    ['host=a,b&port=1,2,3', /^DATABASE_URL: port: expected one, or as many/],
    ['sslmode', /^DATABASE_URL: sslmode: expected name=value/],
  ]
  for (const [words, line] of refused) t.match(faults(`postgres://u:p@h/d?${words}`).join('\n'), line, words)
  for (const place of ['h:port', 'h:70000', 'fd00::1', '[fd00::1', 'h1:1:2'])
    t.match(faults(`postgres://u:p@${place}/d`)[0], /^DATABASE_URL: /, place)
  t.end()
})

void test('a character that was not encoded is told with how it is written, for every URL of a server', (t) => {
  const urls = {
    DATABASE_URL: (password: string) => `postgres://gate:${password}@127.0.0.1/g`,
    REDIS_URL: (password: string) => `redis://gate:${password}@127.0.0.1/0`,
    SMTP_URL: (password: string) => `smtps://gate:${password}@mail.example.test`,
  }
  const passwords = [
    '50%hunter2',
    'hunter2%',
    'hunter2%g1',
    'hun@ter2',
    'hun/ter2',
    'hun#ter2',
    'hun?ter2',
    'hun%fftER2',
    'hun ter2',
    'h/u@n/ter2',
    'hun%00ter2',
  ]
  for (const [name, url] of Object.entries(urls)) {
    for (const password of passwords) {
      try {
        loadConfig({ [name]: url(password), GATEHOUSE_DATA_DIR: '/nowhere', GATEHOUSE_SECRET: 'x' })
        t.fail(`${name}: ${password} passed`)
      } catch (error) {
        t.type(error, ConfigError)
        const { message } = error as Error
        t.match(message, new RegExp(`^${name}: .*(is written|percent-encoded|NUL)`, 'm'), password)
        t.notMatch(message, /hun|ter2|50%|gate:/i, `${password} is not told`)
      }
      if (password.includes('%00')) continue
      const encoded = encodeURIComponent(password)
      try {
        loadConfig({ [name]: url(encoded), GATEHOUSE_DATA_DIR: '/nowhere', GATEHOUSE_SECRET: 'x' })
      } catch (error) {
        t.notMatch((error as Error).message, `${name}:`, `${name}: ${encoded} is taken`)
      }
    }
  }
  t.end()
})
