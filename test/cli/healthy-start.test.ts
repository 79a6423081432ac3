/** A start that goes well says so, and nothing that a person would have to look into. */
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import { parse } from 'yaml'
import { createDatabase, hasServers, redisUrlOf } from '../support/backends.ts'
import { startMailServer } from '../support/mail-server.ts'
import { until } from '../support/patience.ts'
import { type Environment, launch, type Running, serve } from '../support/program.ts'
import { scratchFolder } from '../support/servers.ts'
import { testSecret } from '../support/secrets.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (name: string) => readFileSync(join(root, name), 'utf8')
const secret = testSecret().toString('base64')

interface Line {
  level: number
  event?: string
  msg: string
}
const linesOf = ({ said }: Running) =>
  said.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)

/** The service is ready, has looked at its rules again, and has stopped: each line of all that is held to be no warning. */
async function isHealthy(t: Test, service: Running, rulesFile: string, before = ''): Promise<Line[]> {
  // That a later change is seen shows that the looks before it found nothing.
  writeFileSync(rulesFile, `${before}\nx-note: changed\n`)
  await until('the rules are read again', () => service.said.stdout.includes('rules.replaced'))
  service.child.kill('SIGTERM')
  await service.finished
  const lines = linesOf(service)
  t.ok(lines.some(({ event }) => event === 'service.stopped'))
  t.same(
    lines.filter(({ level }) => level >= 40),
    [],
    'nothing at warning or above',
  )
  t.notMatch(service.said.stderr, /warn|deprecat|error|^\s+at /im, 'nor on standard error')
  return lines
}

/** The variables of a systemd unit. */
function unitEnvironment(unit: string): Environment {
  return Object.fromEntries([...unit.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]))
}

void test('a healthy start logs nothing at warning or above', async (t) => {
  /** A checkout of its own, as far as the program can tell. */
  const checkout = (t: Test) => {
    const folder = scratchFolder(t)
    for (const name of ['src', 'node_modules', 'drizzle', 'package.json'])
      symlinkSync(join(root, name), join(folder, name))
    return folder
  }

  await t.test('npm start without gatehouse.yaml, and again', async (t) => {
    const folder = checkout(t)
    const npm = () => launch(t, { command: 'npm', args: ['start'], cwd: folder, environment: { HOME: folder } })
    await isHealthy(t, await npm(), join(folder, 'gatehouse.yaml'))
    const again = await npm()
    await isHealthy(t, again, join(folder, 'gatehouse.yaml'), 'hosts: {}')
  })
  await t.test('npm start with the gatehouse.yaml that comes along', async (t) => {
    const folder = checkout(t)
    writeFileSync(join(folder, 'gatehouse.yaml'), read('gatehouse.yaml'))
    const service = await launch(t, { command: 'npm', args: ['start'], cwd: folder, environment: { HOME: folder } })
    await isHealthy(t, service, join(folder, 'gatehouse.yaml'), read('gatehouse.yaml'))
  })
  await t.test('the unit of systemd, with the example of rules', async (t) => {
    const folder = scratchFolder(t)
    const file = join(folder, 'gatehouse.yaml')
    writeFileSync(file, read('gatehouse.yaml'))
    const service = await serve(t, folder, {
      ...unitEnvironment(read('deploy/systemd/gatehouse.service')),
      GATEHOUSE_DATA_DIR: join(folder, 'state'),
      GATEHOUSE_CONFIG: file,
      GATEHOUSE_ISSUER: 'https://auth.example.com',
    })
    await isHealthy(t, service, file, read('gatehouse.yaml'))
  })
  if (!hasServers) return

  const stores = async (t: Test) => {
    const database = await createDatabase()
    t.teardown(() => database.drop())
    return { DATABASE_URL: database.url, REDIS_URL: redisUrlOf(database.name), GATEHOUSE_SECRET: secret }
  }
  /** A gatehouse.yaml of which nothing is tried but that it is there. */
  const short = 'shutdown: { drain_seconds: 0 }'
  await t.test('PostgreSQL and Redis, the first time and again', async (t) => {
    const folder = scratchFolder(t)
    const file = join(folder, 'gatehouse.yaml')
    writeFileSync(file, short)
    const environment = { ...(await stores(t)), GATEHOUSE_DATA_DIR: join(folder, 'data') }
    await isHealthy(t, await serve(t, folder, environment), file, short)
    await isHealthy(t, await serve(t, folder, environment), file, `${short}\nhosts: {}`)
  })
  await t.test('PostgreSQL without Redis, which is said and no warning', async (t) => {
    const folder = scratchFolder(t)
    const file = join(folder, 'gatehouse.yaml')
    writeFileSync(file, short)
    const { REDIS_URL: _, ...environment } = await stores(t)
    const service = await serve(t, folder, { ...environment, GATEHOUSE_DATA_DIR: join(folder, 'data') })
    const lines = await isHealthy(t, service, file, short)
    t.match(
      lines.find(({ event }) => event === 'service.counts_alone'),
      { level: 30, msg: /one replica/ },
    )
  })
  await t.test('the settings of docker-compose.yml', async (t) => {
    const folder = scratchFolder(t)
    const { environment: given } = parse(read('docker-compose.yml')).services.gatehouse
    const { DATABASE_URL, REDIS_URL } = await stores(t)
    const held: Record<string, string> = { DATABASE_URL_FILE: DATABASE_URL, GATEHOUSE_SECRET_FILE: secret }
    for (const [name, value] of Object.entries(held)) writeFileSync(join(folder, name), `${value}\n`)
    const files = Object.keys(given).filter((name) => name.endsWith('_FILE'))
    const rules = read('deploy/gatehouse/gatehouse.yaml')
    const file = join(folder, 'gatehouse.yaml')
    writeFileSync(file, rules)
    const mailServer = await startMailServer(t)
    const service = await serve(t, folder, {
      ...given,
      ...Object.fromEntries(files.map((name) => [name, join(folder, name)])),
      REDIS_URL,
      // By an address that is not excused from TLS, as the other container is not.
      SMTP_URL: given.SMTP_URL.replace(/\/\/.*$/, `//0.0.0.0:${mailServer.port}`),
      LOG_LEVEL: 'info',
      GATEHOUSE_CONFIG: file,
      GATEHOUSE_DATA_DIR: join(folder, 'data'),
    })
    await isHealthy(t, service, file, rules)
  })
})
