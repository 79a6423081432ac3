/** Private instances of the real servers, for machines where none is configured. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { randomInt } from 'node:crypto'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { until } from './patience.ts'

export interface RunningServer {
  url: string
  stop(): Promise<void>
}

const given = new Set<number>()

/**
 * A port that is free, and not one of those that the system gives to connections and to whoever asks for any port: one of these
 * could have another owner by the time a program listens there.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_240, 32_768)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
}

/** On every address of this machine. */
function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer().once('error', () => done(false))
    probe.listen(port, () => probe.close(() => done(true)))
  })
}

/** Resolves when something listens on the port. */
export function listening(port: number): Promise<void> {
  const isOpen = () =>
    new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        done(true)
      }).once('error', () => done(false))
    })
  return until(`something listens on port ${port}`, isOpen)
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

/** A server that a test may take down and bring back. */
export interface InterruptibleServer extends RunningServer {
  halt(): Promise<void>
  /** Stops it at once, in the middle of whatever it does. */
  crash(): Promise<void>
  resume(): Promise<void>
}

/** PostgreSQL with the folders that it keeps things in. */
export interface PostgresServer extends InterruptibleServer {
  port: number
  /** Where its socket is. */
  folder: string
  /** `pg_hba.conf`, `server.crt` and the like belong here. */
  data: string
  /** Makes a primary of a standby. */
  promote(): Promise<void>
}

/**
 * Starts PostgreSQL on a fresh cluster; nothing when it is not installed. `durable`: waits for the disk, as it does by default.
 * `prepare` is handed the folder of its data before the start, and returns further settings. `follows`: it becomes the standby of
 * another.
 */
export async function startPostgres({
  durable = false,
  prepare = () => [],
  follows,
}: { durable?: boolean; prepare?: (data: string) => string[]; follows?: PostgresServer } = {}): Promise<
  PostgresServer | undefined
> {
  const [initdb, control] = [findProgram('initdb'), findProgram('pg_ctl')]
  if (initdb === undefined || control === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pg-'))
  // PostgreSQL refuses to run as root.
  const owner = process.getuid?.() === 0 ? idsOf('postgres') : undefined
  if (owner) chownSync(folder, owner.uid, owner.gid)
  const options = { stdio: 'ignore', cwd: folder, ...owner } as const
  const data = join(folder, 'data')
  if (follows !== undefined) {
    const from = ['-h', '127.0.0.1', '-p', String(follows.port), '-U', 'gatehouse']
    execFileSync(findProgram('pg_basebackup')!, [...from, '-D', data, '-R', '-X', 'stream', '-c', 'fast'], options)
  } else execFileSync(initdb, ['-D', data, '-U', 'gatehouse', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'], options)
  const port = await freePort()
  const more = prepare(data).map((setting) => ` -c ${setting}`)
  if (owner) giveTo(data, owner)
  const settings = `-h 127.0.0.1 -p ${port} -c fsync=${durable ? 'on' : 'off'} -c max_connections=400 -c unix_socket_directories=${folder}${more.join('')}`
  // `-w` waits until queries are accepted, which is later than the port is open.
  const run = (...action: string[]) =>
    new Promise<void>((done, fail) => {
      spawn(control, ['-D', data, '-w', ...action], options).once('exit', (code) =>
        code === 0 ? done() : fail(new Error(`pg_ctl ${action[0]} exited with ${code}`)),
      )
    })
  const resume = () => run('start', '-o', settings)
  await resume()
  return {
    url: `postgres://gatehouse@127.0.0.1:${port}/postgres`,
    port,
    folder,
    data,
    promote: () => run('promote'),
    halt: () => run('stop', '-m', 'fast'),
    crash: () => run('stop', '-m', 'immediate'),
    resume,
    async stop() {
      await run('stop', '-m', 'immediate').catch(() => {})
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Starts PgBouncer before a PostgreSQL, with no more than its pool mode set; two connections to the server for all clients of one
 * database and role. Nothing when it is not installed.
 */
export async function startPgBouncer(
  target: string,
  poolMode: 'session' | 'transaction' | 'statement',
  settings: readonly string[] = [],
): Promise<RunningServer | undefined> {
  const program = findProgram('pgbouncer')
  if (program === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pgbouncer-'))
  const [url, port] = [new URL(target), await freePort()]
  const files = {
    'users.txt': `"${url.username}" ""\n`,
    'pgbouncer.ini': [
      '[databases]',
      `* = host=${url.hostname} port=${url.port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = trust',
      `auth_file = ${join(folder, 'users.txt')}`,
      `pool_mode = ${poolMode}`,
      ...settings,
    ].join('\n'),
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  // It refuses to run as root, as PostgreSQL does.
  const owner = process.getuid?.() === 0 ? idsOf('postgres') : undefined
  if (owner) giveTo(folder, owner)
  const server = spawn(program, [join(folder, 'pgbouncer.ini')], { cwd: folder, stdio: 'ignore', ...owner })
  await listening(port)
  url.port = String(port)
  return {
    url: url.href,
    async stop() {
      const ended = new Promise((done) => server.once('exit', done))
      if (server.exitCode === null && server.kill('SIGKILL')) await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A relay in front of a server, through which a test makes the network fail. */
export interface Relay {
  url: string
  /**
   * Ends every connection: properly (`close`), as a host does that has forgotten them (`reset`), or in the middle of the next
   * thing that the server says (`torn`).
   */
  sever(how: 'close' | 'reset' | 'torn'): void
  /** From now on answers for the server, whatever it is asked; with nothing, forwards again. */
  answer(bytes: string | undefined): void
  /** From now on bytes go nowhere, and nothing says so: a host that hangs, a cable that was pulled. */
  freeze(): void
  /** Breaks every connection and forwards again. */
  thaw(): void
  close(): Promise<void>
}

/** Starts a relay to the server of a URL; its own URL is the same but for the port. */
export async function startRelay(target: string): Promise<Relay> {
  const url = new URL(target)
  const targetPort = Number(url.port)
  const sockets = new Set<Socket>()
  const toBeTorn = new WeakSet<Socket>()
  let frozen = false
  let answer: string | undefined
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1')
    const forward = (chunk: Buffer, from: Socket, to: Socket): unknown => {
      if (frozen) return undefined
      if (answer !== undefined) return from === near && near.write(answer)
      if (from === near || !toBeTorn.has(near)) return to.write(chunk)
      to.write(chunk.subarray(0, chunk.length / 2))
      return to.destroySoon()
    }
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk: Buffer) => void forward(chunk, from, to))
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  const port = await freePort()
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  url.port = String(port)
  const breakAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: url.href,
    sever(how) {
      for (const socket of sockets) {
        if (how === 'torn') toBeTorn.add(socket)
        else if (how === 'reset') socket.resetAndDestroy()
        else socket.destroy()
      }
    },
    answer: (bytes) => void (answer = bytes),
    freeze: () => void (frozen = true),
    thaw() {
      frozen = false
      breakAll()
    },
    close() {
      breakAll()
      return new Promise((done) => server.close(() => done()))
    },
  }
}

/** Starts Redis with nothing on disk, so that a halt forgets everything; nothing when it is not installed. */
export async function startRedis(more: readonly string[] = []): Promise<InterruptibleServer | undefined> {
  const program = findProgram('redis-server') ?? findProgram('valkey-server')
  if (program === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-redis-'))
  const port = await freePort()
  const options = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--databases', '256', ...more]
  let server: ChildProcess
  const resume = async () => {
    server = spawn(program, ['--port', String(port), ...options], { cwd: folder, stdio: 'ignore' })
    await listening(port)
  }
  const end = (signal: NodeJS.Signals) =>
    new Promise<void>((done) => {
      if (server.exitCode !== null || server.signalCode !== null) return done()
      server.once('exit', () => done())
      server.kill(signal)
    })
  const halt = () => end('SIGTERM')
  await resume()
  return {
    url: `redis://127.0.0.1:${port}`,
    halt,
    crash: () => end('SIGKILL'),
    resume,
    async stop() {
      await halt()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A folder for a test's own files, gone with the test. */
export function scratchFolder(t: { teardown(after: () => void): unknown }): string {
  const folder = mkdtempSync(join(tmpdir(), 'gh-'))
  mkdirSync(folder, { recursive: true })
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function giveTo(folder: string, { uid, gid }: { uid: number; gid: number }): void {
  chownSync(folder, uid, gid)
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) chownSync(join(folder, name), uid, gid)
}

function idsOf(user: string): { uid: number; gid: number } {
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' })))
  return { uid: uid!, gid: gid! }
}
