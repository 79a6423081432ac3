/** What tests run on: servers that are started for them where none are named, and what is installed. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { migratePostgres, storesOn } from '../../src/stores/sql/open.ts'
import { startPglite } from '../../src/stores/sql/pglite.ts'
import { applicationNames, hasApplication } from '../applications/install.ts'
import { findInstalled, type Installed, installed } from '../proxies/install.ts'
import { hasRelyingParty, relyingPartyNames } from '../relying-parties/install.ts'
import { createDatabase } from '../support/backends.ts'
import { hasApache, hasDovecot, hasRoundcube } from '../support/debian.ts'
import { hasSamba } from '../support/samba.ts'
import { findProgram, type RunningServer, startPostgres, startRedis } from '../support/servers.ts'
import { hasVerifier, verifierNames } from '../verifiers/install.ts'

const started: { stop(): Promise<void> }[] = []

/** Starts what is not configured, and names it all in the environment. Returns what is missing, a line each. */
export async function provide(scratch: string): Promise<string[]> {
  const lines = await Promise.all([
    provideServer('TEST_DATABASE_URL', 'PostgreSQL', startPostgres),
    provideServer('TEST_REDIS_URL', 'Redis', startRedis),
    writeSnapshot(scratch),
  ])
  await makeTemplate()
  return [...lines.flat(), ...notInstalled()]
}

/** Ends the servers that were started, and what was made on others; the latest first. */
export async function stopServers(): Promise<void> {
  for (const made of started.splice(0).toReversed()) await made.stop()
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

/** Migrating takes many times what copying takes: a data directory of PGlite with all migrations, in a folder and in one file. */
async function writeSnapshot(scratch: string): Promise<string[]> {
  const [folder, file] = [join(scratch, 'pglite'), join(scratch, 'pglite.tar')]
  const client = await startPglite(folder)
  const stores = await storesOn(client, { now: () => Date.now() })
  writeFileSync(file, Buffer.from(await (await client.dumpDataDir('none')).arrayBuffer()))
  await stores.close()
  process.env['TEST_PGLITE_FOLDER'] = folder
  process.env['TEST_PGLITE_SNAPSHOT'] = file
  return []
}

/** The same on PostgreSQL, which copies a database by its name. */
async function makeTemplate(): Promise<void> {
  if (!process.env['TEST_DATABASE_URL']) return
  const template = await createDatabase()
  started.push({ stop: () => template.drop() })
  await migratePostgres(template.url)
  process.env['TEST_DATABASE_TEMPLATE'] = template.name
}

function notInstalled(): string[] {
  const programs = ['nginx', 'caddy', 'haproxy', 'chromium', 'pgbouncer', 'slapd']
  return [
    ...programs
      .filter((program) => findProgram(program) === undefined)
      .map((program) => `${program}: not installed, so its tests did not run`),
    ...(hasApache() ? [] : ['apache2 with mod_auth_openidc: not installed, so its tests did not run']),
    ...(hasDovecot() ? [] : ['dovecot with IMAP: not installed, so its tests did not run']),
    ...(hasRoundcube() ? [] : ['roundcube with SQLite: not installed, so its tests did not run']),
    ...(hasSamba()
      ? []
      : ['samba: not installed, or the tests are not run by root, so no domain controller was asked']),
    ...(Object.keys(installed) as Installed[]).flatMap((release) =>
      installed[release]
        .filter((name) => findInstalled(name, release) === undefined)
        .map((name) => `the ${release} ${name}: not installed (npm run proxies does that), so its tests did not run`),
    ),
    ...verifierNames
      .filter((name) => !hasVerifier(name))
      .map((name) => `${name}: not installed (npm run verifiers does that where it can), so its recipe did not run`),
    ...relyingPartyNames
      .filter((name) => !hasRelyingParty(name))
      .map((name) => `${name}: not installed (npm run applications does that), so nobody signed in by it`),
    ...applicationNames
      .filter((name) => !hasApplication(name))
      .map(
        (name) => `${name}: not installed (npm run applications does that where it can), so nothing ran behind a proxy`,
      ),
  ]
}
