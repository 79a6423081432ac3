/** What tests run on: servers that are started for them where none are named, and what is installed. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { applicationNames, hasApplication } from '../applications/install.ts'
import { currentNames, findCurrent } from '../proxies/install.ts'
import { findProgram, type RunningServer, startPostgres, startRedis } from '../support/servers.ts'
import { hasVerifier, verifierNames } from '../verifiers/install.ts'

const started: RunningServer[] = []

/** Starts what is not configured, and names it all in the environment. Returns what is missing, a line each. */
export async function provide(root: string, scratch: string): Promise<string[]> {
  const lines = await Promise.all([
    provideServer('TEST_DATABASE_URL', 'PostgreSQL', startPostgres),
    provideServer('TEST_REDIS_URL', 'Redis', startRedis),
    writeSnapshot(root, join(scratch, 'pglite.tar')),
  ])
  return [...lines.flat(), ...notInstalled()]
}

/** Ends the servers that were started. */
export async function stopServers(): Promise<void> {
  await Promise.all(started.splice(0).map((server) => server.stop()))
}

async function provideServer(
  variable: string,
  what: string,
  start: () => Promise<RunningServer | undefined>,
): Promise<string[]> {
  if (process.env[variable]) return []
  const server = await start()
  if (server === undefined) return [`${what}: not installed and ${variable} is not set, so nothing ran on it`]
  started.push(server)
  process.env[variable] = server.url
  return []
}

/** Migrating a fresh PGlite takes seconds; loading a migrated one does not. */
async function writeSnapshot(root: string, file: string): Promise<string[]> {
  const client = await PGlite.create('memory://')
  await migrate(drizzle(client), { migrationsFolder: join(root, 'drizzle') })
  writeFileSync(file, Buffer.from(await (await client.dumpDataDir('none')).arrayBuffer()))
  await client.close()
  process.env['TEST_PGLITE_SNAPSHOT'] = file
  return []
}

function notInstalled(): string[] {
  const programs = ['nginx', 'caddy', 'haproxy', 'chromium', 'pgbouncer']
  return [
    ...programs
      .filter((program) => findProgram(program) === undefined)
      .map((program) => `${program}: not installed, so its tests did not run`),
    ...currentNames
      .filter((name) => findCurrent(name) === undefined)
      .map((name) => `the current ${name}: not installed (npm run proxies does that), so its tests did not run`),
    ...verifierNames
      .filter((name) => !hasVerifier(name))
      .map((name) => `${name}: not installed (npm run verifiers does that where it can), so its recipe did not run`),
    ...applicationNames
      .filter((name) => !hasApplication(name))
      .map(
        (name) => `${name}: not installed (npm run applications does that where it can), so nothing ran behind a proxy`,
      ),
  ]
}
