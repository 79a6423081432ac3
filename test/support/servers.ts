/** Private instances of the real servers, for machines where none is configured. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

export interface RunningServer {
  url: string
  stop(): Promise<void>
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer().once('error', fail)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => done(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** Resolves when something listens on the port; rejects after half a minute. */
export async function listening(port: number): Promise<void> {
  const until = performance.now() + 30_000
  for (;;) {
    const open = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        done(true)
      }).once('error', () => done(false))
    })
    if (open) return
    if (performance.now() > until) throw new Error(`nothing listens on port ${port}`)
    await new Promise((retry) => setTimeout(retry, 20))
  }
}

/** Finds a program on the path, or among Debian's PostgreSQL versions. */
export function findProgram(name: string): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian)
    ? readdirSync(debian)
        .toSorted()
        .toReversed()
        .map((version) => join(debian, version, 'bin'))
    : []
  const folders = [...versions, ...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** Starts PostgreSQL on a fresh cluster; nothing when it is not installed. */
export async function startPostgres(): Promise<RunningServer | undefined> {
  const [initdb, postgres] = [findProgram('initdb'), findProgram('postgres')]
  if (initdb === undefined || postgres === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pg-'))
  // PostgreSQL refuses to run as root.
  const owner = process.getuid?.() === 0 ? idsOf('postgres') : undefined
  if (owner) chownSync(folder, owner.uid, owner.gid)
  const data = join(folder, 'data')
  const options = { stdio: 'ignore', cwd: folder, ...owner } as const
  execFileSync(initdb, ['-D', data, '-U', 'gatehouse', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'], options)
  const port = await freePort()
  const settings = ['fsync=off', 'max_connections=400', `unix_socket_directories=${folder}`]
  const server = spawn(
    postgres,
    ['-D', data, '-h', '127.0.0.1', '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    options,
  )
  await listening(port)
  return {
    url: `postgres://gatehouse@127.0.0.1:${port}/postgres`,
    stop: () => stop(server, 'SIGINT', folder),
  }
}

/** Starts Redis with nothing on disk; nothing when it is not installed. */
export async function startRedis(): Promise<RunningServer | undefined> {
  const program = findProgram('redis-server') ?? findProgram('valkey-server')
  if (program === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-redis-'))
  const port = await freePort()
  const server = spawn(
    program,
    ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--databases', '256'],
    { cwd: folder, stdio: 'ignore' },
  )
  await listening(port)
  return { url: `redis://127.0.0.1:${port}`, stop: () => stop(server, 'SIGTERM', folder) }
}

/** A folder for a test's own files, gone with the test. */
export function scratchFolder(t: { teardown(after: () => void): unknown }): string {
  const folder = mkdtempSync(join(tmpdir(), 'gh-'))
  mkdirSync(folder, { recursive: true })
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function idsOf(user: string): { uid: number; gid: number } {
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' })))
  return { uid: uid!, gid: gid! }
}

function stop(server: ChildProcess, signal: NodeJS.Signals, folder: string): Promise<void> {
  return new Promise((done) => {
    server.once('exit', () => {
      rmSync(folder, { recursive: true, force: true })
      done()
    })
    server.kill(signal)
  })
}
