import { chmod, mkdir, rm, rmdir, stat } from 'node:fs/promises'
import type { RequestListener, Server } from 'node:http'
import { connect } from 'node:net'
import { join, relative, resolve } from 'node:path'
import { createServer } from '../http/node-http.ts'
import { CommandError } from './command.ts'

/** An embedded data directory, held by this process alone. */
export interface HeldDirectory {
  /** From now on commands that reach the socket are answered. */
  answerWith(listener: RequestListener): void
  release(): Promise<void>
}

/** The kernel's limit for the path of a Unix socket is 108 bytes with its end, 104 on some systems. */
const maxSocketPathLength = 103

/** Path of the control socket, in the shorter of its absolute and relative forms. */
export function controlSocketPath(dataDirectory: string): string {
  const absolute = join(resolve(dataDirectory), 'control.sock')
  const local = relative(process.cwd(), absolute)
  const path = local.length < absolute.length ? local : absolute
  if (Buffer.byteLength(path) > maxSocketPathLength) {
    throw new CommandError('GATEHOUSE_DATA_DIR: expected a shorter path, since it holds a socket')
  }
  return path
}

/**
 * Takes hold of an embedded data directory, which PGlite itself does not lock: the control socket is the lock, since the
 * kernel drops it with the process, however that ends. Nothing when another process holds it.
 */
export async function holdDataDirectory(dataDirectory: string): Promise<HeldDirectory | undefined> {
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
  const path = controlSocketPath(dataDirectory)
  let listener: RequestListener = (_request, response) => {
    response.writeHead(503, { 'retry-after': '1' }).end()
  }
  const server = createServer((request, response) => listener(request, response))
  if (!(await listen(server, path)) && !(await takeOver(server, path))) return undefined
  await chmod(path, 0o600)
  return {
    answerWith: (next) => void (listener = next),
    release: () => new Promise((done) => server.close(() => done())),
  }
}

/** Whether a process answers on the socket. */
export function isSocketAlive(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path, () => {
      socket.destroy()
      done(true)
    }).once('error', ({ code }: NodeJS.ErrnoException) =>
      // Any other fault, such as a full backlog, says that somebody is there.
      done(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    )
  })
}

function listen(server: Server, path: string): Promise<boolean> {
  return new Promise((done, fail) => {
    const refused = (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? done(false) : fail(error))
    // Nobody else may connect in the moment before the mode is set.
    const mask = process.umask(0o177)
    server.once('error', refused).listen(path, () => done(true))
    process.umask(mask)
  })
}

/** Replaces the socket that a killed process left behind. Of several that try at once, one succeeds. */
async function takeOver(server: Server, path: string): Promise<boolean> {
  if (await isSocketAlive(path)) return false
  const claim = `${path}.claim`
  try {
    await mkdir(claim)
  } catch {
    const age = await stat(claim).then(
      (claimed) => Date.now() - claimed.mtimeMs,
      () => 0,
    )
    if (age < 10_000) return false
    await rmdir(claim).catch(() => {})
    return takeOver(server, path)
  }
  try {
    if (await isSocketAlive(path)) return false
    await rm(path, { force: true })
    return await listen(server, path)
  } finally {
    await rmdir(claim)
  }
}
