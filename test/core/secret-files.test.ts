/** A secret may stand in a file that a variable names; such a variable is never passed over. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { loadConfig } from '../../src/config.ts'
import { createDatabase, hasServers } from '../support/backends.ts'
import { run } from '../support/program.ts'
import { scratchFolder } from '../support/servers.ts'
import { testSecret } from '../support/secrets.ts'

const secret = testSecret().toString('base64')
const previous = Buffer.from(Array.from({ length: 32 }, (_, at) => (at * 97 + 13) % 251)).toString('base64')
const secrets = {
  DATABASE_URL: 'postgres://gate:s3cret-word@db/x',
  REDIS_URL: 'redis://:s3cret-word@cache',
  SMTP_URL: 'smtps://gate:s3cret-word@mail.example',
  GATEHOUSE_SECRET: secret,
  GATEHOUSE_SECRET_PREVIOUS: previous,
}

void test('a secret in a file', async (t) => {
  const folder = scratchFolder(t)
  const usual = { GATEHOUSE_DATA_DIR: join(folder, 'data'), GATEHOUSE_CONFIG: join(folder, 'gatehouse.yaml') }
  writeFileSync(usual.GATEHOUSE_CONFIG, '')
  let files = 0
  const file = (content: string | Uint8Array) => {
    const path = join(folder, `secret-${++files}`)
    writeFileSync(path, content)
    return path
  }
  const faults = (environment: Record<string, string>) => {
    try {
      loadConfig({ ...usual, ...environment })
      return []
    } catch (error) {
      return (error as Error).message.split('\n')
    }
  }

  await t.test('counts as if it stood in the variable, for every secret, with any final newline', (t) => {
    const expected = loadConfig({ ...usual, ...secrets })
    for (const [end, byteOrderMark] of [['\n'], ['\r\n'], [''], ['\r\n', '\uFEFF']]) {
      const given = Object.entries(secrets).map(([name, value]) => [
        `${name}_FILE`,
        file(`${byteOrderMark ?? ''}${value}${end}`),
      ])
      t.same(loadConfig({ ...usual, ...Object.fromEntries(given) }), expected, JSON.stringify(end))
    }
    t.end()
  })

  await t.test('stops the start where it cannot be used, by the name of the variable and without its content', (t) => {
    mkdirSync(join(folder, 'folder'))
    const cases: [what: string, path: string, reason: RegExp][] = [
      ['nothing there', join(folder, 'nowhere'), /a file that can be read \(ENOENT\)$/],
      ['a folder', join(folder, 'folder'), /a file that can be read \(EISDIR\)$/],
      ['empty', file(''), /the file is empty$/],
      ['a newline', file('\n'), /the file is empty$/],
      ['two lines', file(`${secrets.DATABASE_URL}\ns3cret-word\n`), /a file of one line$/],
      ['a NUL', file(`${secrets.DATABASE_URL}\0`), /a file of one line$/],
      ['too large', file(`s3cret-word`.repeat(6_000)), /at most 65536 bytes$/],
      ['endless', '/dev/zero', /at most 65536 bytes$/],
      ['UTF-16', file(Buffer.from(`\uFEFF${secrets.DATABASE_URL}`, 'utf16le')), /UTF-8 text$/],
      ['no such URL', file('s3cret-word'), /./],
    ]
    for (const name of Object.keys(secrets)) {
      for (const [what, path, reason] of cases) {
        const lines = faults({ [`${name}_FILE`]: path })
        t.match(lines[0], new RegExp(`^${name}_FILE: .*${reason.source}`), what)
        t.notMatch(lines.join('\n'), 's3cret-word', what)
      }
    }
    t.end()
  })

  await t.test('and its variable together stop the start; one that is empty counts as absent', (t) => {
    for (const [name, value] of Object.entries(secrets)) {
      const both = { ...secrets, [`${name}_FILE`]: file(value) }
      t.same(faults(both), [`${name}_FILE: ${name} is given too; expected one of the two`])
      t.same(faults({ ...both, [name]: '' }), [], `${name} is empty`)
      t.same(faults({ ...secrets, [`${name}_FILE`]: '' }), [], `${name}_FILE is empty`)
    }
    t.end()
  })

  await t.test('of a variable that is not read so stops the start; those of other programs do not', (t) => {
    const path = file('x')
    for (const name of ['GATEHOUSE_SECRETS', 'GATEHOUSE_DATABASE_URL', 'GATEHOUSE_PASSWORD', 'GATEHOUSE_']) {
      t.match(faults({ [`${name}_FILE`]: path }), [new RegExp(`^${name}_FILE: there is no such setting`)], name)
    }
    t.match(faults({ GATEHOUSE_SECERT_FILE: path }), [/did you mean GATEHOUSE_SECRET_FILE\?$/])
    for (const name of ['HOST', 'PORT', 'LOG_LEVEL', 'GATEHOUSE_CONFIG', 'GATEHOUSE_ISSUER', 'GATEHOUSE_DATA_DIR']) {
      t.same(faults({ [`${name}_FILE`]: path }), [
        `${name}_FILE: there is no such setting; ${name} is not read from a file`,
      ])
    }
    t.same(faults({ SSL_CERT_FILE: path, POSTGRES_PASSWORD_FILE: '/nowhere', LOG_FILE: '/nowhere' }), [])
    t.end()
  })

  await t.test('counts for commands too, and one that needs none runs without', async (t) => {
    const wrong = await run(folder, ['user', 'list'], { ...usual, DATABASE_URL_FILE: '/nowhere/db' })
    t.equal(wrong.code, 1)
    t.match(wrong.stderr, /DATABASE_URL_FILE: expected a file that can be read \(ENOENT\)/)
    const printed = await run(folder, ['proxy-config', 'nginx'], {
      ...usual,
      DATABASE_URL_FILE: '/nowhere/db',
      GATEHOUSE_SECRET_FILE: '/nowhere/secret',
    })
    t.match(printed.stderr, 'lists no hosts to protect', 'its own business alone')
    if (!hasServers) return
    const database = await createDatabase()
    t.teardown(() => database.drop())
    const environment = {
      ...usual,
      DATABASE_URL_FILE: file(`${database.url}\n`),
      GATEHOUSE_SECRET_FILE: file(`${secret}\r\n`),
    }
    t.equal((await run(folder, ['migrate'], environment)).code, 0)
    const made = await run(folder, ['role', 'create', 'editor', '--permission', 'a:b'], environment)
    t.equal(made.code, 0, made.stderr)
    const direct = { ...usual, DATABASE_URL: database.url, GATEHOUSE_SECRET: secret }
    t.match((await run(folder, ['role', 'list', '--json'], direct)).stdout, 'editor')
  })
})
