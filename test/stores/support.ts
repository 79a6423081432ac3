/** What tests of the program on stores of one kind or another have in common. */
import { randomBytes } from 'node:crypto'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import type { Test } from 'tap'
import { stringify } from 'yaml'
import { createDatabase, redisUrlOf } from '../support/backends.ts'
import { type Environment, run, type Running, serve } from '../support/program.ts'
import { testSecret } from '../support/secrets.ts'
import { freePort, scratchFolder } from '../support/servers.ts'

export const personsPassword = 'a horse, a battery and a staple'

export interface Stage {
  folder: string
  environment: Environment
  /** Runs a command to its end. */
  command(words: string, input?: string): ReturnType<typeof run>
  serve(more?: Environment): Promise<Running>
}

/** The program with a DATABASE_URL, in a folder of its own. */
export function stageOf(t: Test, databaseUrl: string, more: Environment = {}): Stage {
  const folder = scratchFolder(t)
  const limits = { requests_per_minute: 100_000, secret_tests_per_minute: 100_000, failures_per_account: 100_000 }
  writeFileSync(join(folder, 'gatehouse.yaml'), stringify({ limits }))
  const environment = {
    DATABASE_URL: databaseUrl,
    GATEHOUSE_SECRET: testSecret().toString('base64'),
    GATEHOUSE_DATA_DIR: folder,
    GATEHOUSE_ISSUER: 'http://auth.example.test',
    ...more,
  }
  return {
    folder,
    environment,
    command: (words, input) => run(folder, words.split(' '), environment, input),
    serve: (also = {}) => serve(t, folder, { ...environment, ...also }),
  }
}

/** Why a start fails: the lines that it says. */
export async function refusal(t: Test, databaseUrl: string, more: Environment = {}): Promise<string> {
  const stage = stageOf(t, databaseUrl, { PORT: String(await freePort()), ...more })
  const { code, stderr, stdout } = await stage.command('serve')
  t.equal(code, 1, stdout)
  return stderr
}

/** Makes a person, signs in, and asks who that is: statements of many kinds, transactions among them. */
export async function comesAndGoes(t: Test, stage: Stage, service: Running): Promise<void> {
  const email = `ada-${randomBytes(4).toString('hex')}@example.test`
  const made = await stage.command(`user create --email ${email} --name Ada --password-stdin --json`, personsPassword)
  t.equal(made.code, 0, `a command works: ${made.stderr}`)
  const signedIn = await service.call('/api/auth/login', {
    method: 'POST',
    json: { email, password: personsPassword, token_delivery: 'body' },
  })
  t.equal(signedIn.status, 200, 'a sign-in works')
  const headers = { authorization: `Bearer ${signedIn.json().access_token}` }
  const me = async () => (await service.call('/api/users/me', { headers })).status
  t.equal(await me(), 200)
  const refreshed = await service.call('/api/auth/refresh', {
    method: 'POST',
    json: { refresh_token: signedIn.json().refresh_token },
  })
  t.equal(refreshed.status, 200, 'a refresh works')
  t.equal((await stage.command(`user disable ${email}`)).code, 0)
  const end = performance.now() + 1_000
  while ((await me()) !== 401 && performance.now() < end) await new Promise((again) => setTimeout(again, 20))
  t.equal(await me(), 401, 'what another process took away is gone')
}

/** A database, a role that owns nothing in it, and a client of an administrator; gone with the test. */
export async function databaseWithRole(t: Test, ...statements: ((role: string, database: string) => string)[]) {
  const database = await createDatabase()
  const role = `role_${randomBytes(6).toString('hex')}`
  const sql = postgres(database.url, { max: 1, onnotice: () => {} })
  await sql.unsafe(`create role ${role} login`)
  t.teardown(async () => {
    await sql.end()
    await database.drop()
    const admin = postgres(process.env['TEST_DATABASE_URL']!, { max: 1, onnotice: () => {} })
    await admin.unsafe(`drop role ${role}`)
    await admin.end()
  })
  for (const statement of statements) await sql.unsafe(statement(role, database.name))
  const url = new URL(database.url)
  url.username = role
  return { url: url.href, role, sql, redisUrl: redisUrlOf(database.name), ownerUrl: database.url }
}

/** The migrations up to one, in a folder of their own. */
export function migrationsUpTo(t: Test, last: string): string {
  const folder = join(scratchFolder(t), 'drizzle')
  cpSync(fileURLToPath(new URL('../../drizzle', import.meta.url)), folder, { recursive: true })
  const path = join(folder, 'meta', '_journal.json')
  const journal = JSON.parse(readFileSync(path, 'utf8')) as { entries: { tag: string }[] }
  const count = journal.entries.findIndex(({ tag }) => tag === last) + 1
  if (count === 0) throw new Error(`there is no migration ${last}`)
  writeFileSync(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, count) }))
  return folder
}
