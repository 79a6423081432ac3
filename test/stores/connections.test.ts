/** libpq's words in DATABASE_URL, on a server with TLS, SCRAM, certificates of clients and a socket. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { type Test, test } from 'tap'
import { sql } from '../../src/stores/sql/drizzle.ts'
import { databaseAddressOf, openPostgresPool } from '../../src/stores/sql/postgres.ts'
import { createDatabase, hasServers } from '../support/backends.ts'
import { authorityIn } from '../support/certificates.ts'
import { freePort, scratchFolder, startPgBouncer, startPostgres, startRelay } from '../support/servers.ts'
import { comesAndGoes, stageOf } from './support.ts'

const password = 'p@ss/w#rd?%:&é'
const encoded = encodeURIComponent(password)

async function startWithTls(t: Test) {
  const folder = scratchFolder(t)
  const authority = authorityIn(join(folder, 'ours'))
  const another = authorityIn(join(folder, 'another'))
  const server = authority.issue('server', 'localhost', 'DNS:localhost')
  const client = authority.issue('client', 'by_certificate', 'DNS:client')
  const running = (await startPostgres({
    prepare(data) {
      for (const [name, path] of Object.entries({
        'server.crt': server.cert,
        'server.key': server.key,
        'ca.crt': authority.ca,
      }))
        writeFileSync(join(data, name), readFileSync(path), { mode: 0o600 })
      const rules = [
        'local all all trust',
        'hostssl all by_certificate all cert',
        'host all by_md5 all md5',
        'host all without_tls all scram-sha-256',
        'hostssl all all all scram-sha-256',
      ]
      writeFileSync(join(data, 'pg_hba.conf'), `${rules.join('\n')}\n`)
      return ['ssl=on', 'ssl_ca_file=ca.crt', "listen_addresses='127.0.0.1,::1'"]
    },
  }))!
  t.teardown(() => running.stop())
  const sql = postgres({
    host: running.folder,
    port: running.port,
    path: `${running.folder}/.s.PGSQL.${running.port}`,
    user: 'gatehouse',
    database: 'postgres',
    max: 1,
  })
  t.teardown(() => sql.end())
  for (const role of ['plain', 'by_certificate', 'without_tls'])
    await sql.unsafe(`create role ${role} login superuser password '${password}'`)
  await sql.unsafe(`set password_encryption = 'md5'; create role by_md5 login superuser password '${password}'`)
  return {
    ...running,
    sql,
    ca: authority.ca,
    otherCa: another.ca,
    client,
    foreign: another.issue('client', 'by_certificate', 'DNS:x'),
  }
}

if (hasServers) {
  void test('the server gives up what takes too long, and ends a transaction that nobody goes on with', async (t) => {
    const database = await createDatabase()
    const pool = openPostgresPool(databaseAddressOf(database.url), { max: 1, answerMilliseconds: 12_000 })
    t.teardown(async () => {
      await pool.close()
      await database.drop()
    })
    const limits = sql`select current_setting('statement_timeout') as statement,
      current_setting('idle_in_transaction_session_timeout') as idle`
    const asked = [await pool.db.execute(limits), await pool.db.transaction((tx) => tx.execute(limits))]
    for (const rows of asked) t.match([...(rows as object[])], [{ statement: '10s', idle: '5s' }])
  })

  void test('libpq’s words mean here what they mean there', async (t) => {
    const server = await startWithTls(t)
    const { port, ca, otherCa, client, foreign, folder } = server
    const at = (host: string, words = '', user = 'plain') =>
      `postgres://${user}:${encoded}@${host}:${port}/postgres${words && `?${words}`}`
    const files = (own: { cert: string; key: string }) => `sslcert=${own.cert}&sslkey=${own.key}`
    const isEncrypted = async () => {
      const [row] =
        await server.sql`select count(*)::int as encrypted from pg_stat_ssl where ssl and pid <> pg_backend_pid()`
      return row
    }
    t.ok(await isEncrypted())

    const works: [what: string, url: string, more?: Record<string, string>][] = [
      ['no word: TLS where it is offered', at('127.0.0.1')],
      ['prefer, for a role that may come without alone', at('127.0.0.1', 'sslmode=prefer', 'without_tls')],
      ['allow goes on to TLS where it must', at('127.0.0.1', 'sslmode=allow')],
      ['require', at('127.0.0.1', 'sslmode=require')],
      ['the word of JDBC', at('127.0.0.1', 'ssl=true')],
      ['require by an address in brackets', at('[::1]', 'sslmode=require')],
      ['verify-full with the authority', at('localhost', `sslmode=verify-full&sslrootcert=${ca}`)],
      [
        'verify-ca by an address that the certificate does not hold',
        at('127.0.0.1', `sslmode=verify-ca&sslrootcert=${ca}`),
      ],
      ['hostaddr, checked by the name', at('localhost', `hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=${ca}`)],
      [
        'system, with an authority of one’s own among those',
        at('localhost', 'sslrootcert=system'),
        { NODE_EXTRA_CA_CERTS: ca },
      ],
      [
        'verify-full by the authorities of Node.js',
        at('localhost', 'sslmode=verify-full'),
        { NODE_EXTRA_CA_CERTS: ca },
      ],
      ['channel_binding=require', at('127.0.0.1', 'sslmode=require&channel_binding=require')],
      ['channel_binding=prefer', at('127.0.0.1', 'channel_binding=prefer')],
      ['channel_binding=prefer, where there is none', at('127.0.0.1', 'channel_binding=prefer', 'by_md5')],
      ['channel_binding=disable', at('127.0.0.1', 'sslmode=require&channel_binding=disable')],
      ['a certificate of the client', at('localhost', `sslmode=require&${files(client)}`, 'by_certificate')],
      ['a socket', `postgres://plain@/postgres?host=${folder}&port=${port}`],
      ['a socket, encoded', `postgres://plain@${encodeURIComponent(folder)}:${port}/postgres`],
      ['a socket, whatever sslmode', `postgres:///postgres?user=plain&host=${folder}&port=${port}&sslmode=verify-full`],
      [
        'variables of libpq for what is left out',
        'postgres:///postgres',
        { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'plain', PGPASSWORD: password, PGSSLMODE: 'require' },
      ],
      ['the lowest version of TLS', at('127.0.0.1', 'sslmode=require&ssl_min_protocol_version=TLSv1.3')],
      ['times', at('127.0.0.1', 'connect_timeout=10&keepalives=1&keepalives_idle=60&application_name=the-door')],
      ['options', at('127.0.0.1', 'options=-c%20search_path%3Dpublic%20-c%20geqo%3Doff')],
      [
        'several hosts, of which the first is away',
        `postgres://plain:${encoded}@localhost:${await freePort()},127.0.0.1:${port}/postgres?target_session_attrs=read-write`,
      ],
      [
        'several hosts with a port each as words',
        `postgres://plain:${encoded}@/postgres?host=nowhere.invalid,localhost&port=1,${port}`,
      ],
    ]
    for (const [what, url, more] of works) {
      const { code, stderr } = await stageOf(t, url, more).command('migrate')
      t.equal(code, 0, `${what}: ${stderr}`)
    }

    const fails: [what: string, url: string, line: RegExp][] = [
      ['no TLS where it must be', at('127.0.0.1', 'sslmode=disable'), /\(28000\): .*pg_hba.conf, which may want TLS/],
      ['another authority', at('localhost', `sslmode=verify-full&sslrootcert=${otherCa}`), /CERT|UNABLE.*sslrootcert/],
      [
        'another authority for require',
        at('localhost', `sslmode=require&sslrootcert=${otherCa}`),
        /CERT|UNABLE.*sslrootcert/,
      ],
      [
        'another name',
        at('127.0.0.1', `sslmode=verify-full&sslrootcert=${ca}`),
        /ALTNAME_INVALID\): its certificate is for another name/,
      ],
      ['no authority', at('localhost', 'sslmode=verify-full'), /is not trusted/],
      [
        'an unread file',
        at('localhost', 'sslmode=verify-full&sslrootcert=/nowhere.pem'),
        /DATABASE_URL: sslrootcert: the file cannot be read \(ENOENT\)/,
      ],
      [
        'a file of something else',
        at('localhost', `sslmode=verify-full&sslrootcert=${client.key}`),
        /DATABASE_URL: sslrootcert: the file holds no such thing/,
      ],
      [
        'a foreign certificate of the client',
        at('localhost', `sslmode=require&${files(foreign)}`, 'by_certificate'),
        /DATABASE_URL: the server cannot be used \((ERR_SSL|28000|ECONNRESET|08)/,
      ],
      [
        'binding without SCRAM',
        at('127.0.0.1', 'sslmode=require&channel_binding=require', 'by_md5'),
        /NO_CHANNEL_BINDING\): .*channel_binding=prefer/,
      ],
      [
        'a wrong password that is bound',
        at('127.0.0.1', 'sslmode=require&channel_binding=require').replace(encoded, 'wrong'),
        /28P01\): .*percent-encoded/,
      ],
      ['an older version of TLS', at('127.0.0.1', 'sslmode=require&ssl_max_protocol_version=TLSv1.1'), /agree on TLS/],
      [
        'a folder without a socket',
        `postgres://plain@/postgres?host=${scratchFolder(t)}`,
        /ENOENT\): there is no socket/,
      ],
    ]
    for (const [what, url, line] of fails) {
      const { code, stderr } = await stageOf(t, url).command('migrate')
      t.equal(code, 1, what)
      t.match(stderr, line, what)
      t.equal(stderr.trimEnd().split('\n').length, 1, `${what}: one line`)
      t.notMatch(stderr, 'w#rd', `${what}: no password`)
    }

    // All of the program on the strictest of them.
    const stage = stageOf(
      t,
      at('localhost', `sslmode=verify-full&sslrootcert=${ca}&channel_binding=require&application_name=the-door`),
    )
    await comesAndGoes(t, stage, await stage.serve())
    const unencrypted = await server.sql`select 1 from pg_stat_activity join pg_stat_ssl using (pid)
      where application_name = 'the-door' and not ssl`
    const encryptedOnes = await server.sql`select 1 from pg_stat_activity join pg_stat_ssl using (pid)
      where application_name = 'the-door' and ssl`
    t.same([unencrypted.length, encryptedOnes.length > 1], [0, true], 'every connection is encrypted')
  })

  void test('whoever sits between is not believed', async (t) => {
    const server = await startWithTls(t)
    const relay = await startRelay(`postgres://127.0.0.1:${server.port}`)
    t.teardown(() => relay.close())
    const url = (words: string) => relay.url.replace('://', `://plain:${encoded}@`) + `/postgres?${words}`
    for (const [answer, words, line] of [
      ['N', 'sslmode=require', /NO_TLS\)/],
      ['SR\0\0\0\b\0\0\0\0', 'sslmode=require', /NO_POSTGRES\)/],
      ['HTTP/1.1 400 Bad Request\r\n\r\n', 'sslmode=prefer', /NO_POSTGRES\): .*another kind of server/],
    ] as const) {
      relay.answer(answer)
      const { code, stderr } = await stageOf(t, url(words)).command('migrate')
      t.equal(code, 1)
      t.match(stderr, line)
    }
  })

  void test('a server that lets in nobody by TLS is reached through PgBouncer, which offers none', async (t) => {
    const server = (await startPostgres())!
    const pooler = await startPgBouncer(server.url, 'session')
    t.teardown(() => Promise.all([server.stop(), pooler?.stop()]))
    if (pooler === undefined) return
    t.equal((await stageOf(t, pooler.url).command('migrate')).code, 0)
    const { stderr } = await stageOf(t, `${pooler.url}?sslmode=require`).command('migrate')
    t.match(stderr, /NO_TLS\): it offers no TLS/)
    const { stderr: unknown } = await stageOf(t, pooler.url.replace('gatehouse@', 'nobody@')).command('migrate')
    t.match(unknown, /DATABASE_URL: the server cannot be used \(28/)
  })
}
