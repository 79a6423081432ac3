/**
 * Runs the tests: on PGlite always, on PostgreSQL, Redis and the proxies where they are configured or installed. What is
 * missing is named; with TEST_REQUIRE_ALL set it is a failure.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { applicationNames, hasApplication } from './applications/install.ts'
import { currentNames, findCurrent } from './proxies/install.ts'
import { testFiles } from './runner/files.ts'
import { runFiles, stopFiles } from './runner/run-files.ts'
import { hasVerifier, verifierNames } from './verifiers/install.ts'
import { findProgram, type RunningServer, startPostgres, startRedis } from './support/servers.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
// Code is compiled once for all processes of all runs, in the folder that the program itself keeps it in.
process.env['NODE_COMPILE_CACHE'] ??= join(root, 'node_modules/.cache/gatehouse')
const started: RunningServer[] = []
const missing: string[] = []

async function provide(variable: string, what: string, start: () => Promise<RunningServer | undefined>): Promise<void> {
  if (process.env[variable]) return
  const server = await start()
  if (server === undefined) {
    missing.push(`${what}: not installed and ${variable} is not set, so nothing ran on it`)
    return
  }
  started.push(server)
  process.env[variable] = server.url
}

/** Migrating a fresh PGlite takes seconds; loading a migrated one does not. */
async function writeSnapshot(folder: string): Promise<string> {
  const client = await PGlite.create('memory://')
  await migrate(drizzle(client), { migrationsFolder: join(root, 'drizzle') })
  const file = join(folder, 'pglite.tar')
  writeFileSync(file, Buffer.from(await (await client.dumpDataDir('none')).arrayBuffer()))
  await client.close()
  return file
}

/** Whatever ends this run ends the servers that it started. */
async function cleanUp(): Promise<void> {
  stopFiles()
  await Promise.all(started.splice(0).map((server) => server.stop()))
  rmSync(scratch, { recursive: true, force: true })
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(1)))
}
process.stdout.on('error', () => void cleanUp().finally(() => process.exit(1)))

const scratch = mkdtempSync(join(tmpdir(), 'gatehouse-tests-'))
let code = 1
try {
  const { values: options, positionals: named } = parseArgs({
    allowPositionals: true,
    options: { jobs: { type: 'string', default: String(availableParallelism()) } },
  })
  const files = named.length > 0 ? named : testFiles(join(root, 'test'))
  const absent = files.filter((file) => !existsSync(file))
  if (absent.length > 0) throw new Error(`no such test: ${absent.join(', ')}`)
  await Promise.all([
    provide('TEST_DATABASE_URL', 'PostgreSQL', startPostgres),
    provide('TEST_REDIS_URL', 'Redis', startRedis),
    writeSnapshot(scratch).then((file) => (process.env['TEST_PGLITE_SNAPSHOT'] = file)),
  ])
  for (const program of ['nginx', 'caddy', 'haproxy', 'chromium', 'pgbouncer']) {
    if (findProgram(program) === undefined) missing.push(`${program}: not installed, so its tests did not run`)
  }
  for (const name of currentNames.filter((name) => findCurrent(name) === undefined)) {
    missing.push(`the current ${name}: not installed (npm run proxies does that), so its tests did not run`)
  }
  for (const name of verifierNames.filter((name) => !hasVerifier(name))) {
    missing.push(`${name}: not installed (npm run verifiers does that where it can), so its recipe did not run`)
  }
  for (const name of applicationNames.filter((name) => !hasApplication(name))) {
    missing.push(`${name}: not installed (npm run applications does that where it can), so nothing ran behind a proxy`)
  }
  const outcome = await runFiles(files, {
    root,
    jobs: Number(options.jobs),
    tell: (text) => void process.stdout.write(text),
  })
  const { isGood, passed, failed, skipped, failures } = outcome
  for (const line of missing) process.stdout.write(`not exercised: ${line}\n`)
  // Whoever sees only the end of a long log learns what failed.
  if (failures.length > 0) process.stdout.write(`\nfailed:\n${failures.join('\n')}\n`)
  const incomplete = process.env['TEST_REQUIRE_ALL'] !== undefined && (missing.length > 0 || skipped > 0)
  code = isGood && !incomplete && passed > 0 ? 0 : 1
  process.stdout.write(
    `\n${passed} passed, ${code === 1 ? Math.max(failed, 1) : failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
  )
} finally {
  await cleanUp()
}
process.exitCode = code
