/** oauth2-proxy, built from its Go module where Go is installed, kept in the user's cache. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram } from '../../test/support/servers.ts'
import type { Contestant } from './contestant.ts'
import type { Teardowns } from './teardowns.ts'

export const oauth2ProxyVersion = '7.15.6'
const module = `github.com/oauth2-proxy/oauth2-proxy/v7@v${oauth2ProxyVersion}`
const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
const folder = join(cache, 'gatehouse', 'peers', `oauth2-proxy-${oauth2ProxyVersion}`)
const startsWithinMilliseconds = 10_000

function install(): string | undefined {
  const program = join(folder, 'oauth2-proxy')
  if (existsSync(program)) return program
  const go = findProgram('go') ?? findProgram('/usr/local/go/bin/go')
  if (go === undefined) return undefined
  console.log(`building oauth2-proxy ${oauth2ProxyVersion}`)
  execFileSync(go, ['install', module], { stdio: 'inherit', env: { ...process.env, GOBIN: folder } })
  return program
}

/**
 * Starts it as what answers `auth_request` for bearer tokens of an issuer: signature by the issuer's keys, audience and
 * time, and the person's name in two headers. Nothing, and a line that says so, where Go is not installed.
 */
export async function startOauth2Proxy(
  teardowns: Teardowns,
  { issuer, jwksUrl }: { issuer: string; jwksUrl: string },
): Promise<Contestant | undefined> {
  const program = install()
  if (program === undefined) {
    console.log('oauth2-proxy is not measured: Go is not installed, which its module is built with')
    return undefined
  }
  const port = await freePort()
  const settings = {
    'http-address': `127.0.0.1:${port}`,
    provider: 'oidc',
    'skip-oidc-discovery': 'true',
    'oidc-issuer-url': issuer,
    'oidc-jwks-url': jwksUrl,
    'oidc-enabled-signing-alg': 'ES256',
    'login-url': `${issuer}/login`,
    'redeem-url': `${issuer}/token`,
    'client-id': issuer,
    'client-secret': 'none-is-used',
    // Access tokens name nobody's address.
    'oidc-email-claim': 'sub',
    'skip-jwt-bearer-tokens': 'true',
    'set-xauthrequest': 'true',
    'email-domain': '*',
    'cookie-secret': '0123456789abcdef',
    upstream: 'static://202',
    'auth-logging': 'false',
    'request-logging': 'false',
    'standard-logging': 'false',
  }
  const child = spawn(
    program,
    Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, GOMAXPROCS: '1' } },
  )
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  teardowns.teardown(async () => {
    child.kill()
    await ended
  })
  for (const began = performance.now(); !(await isReady(port)); await sleep(20)) {
    if (child.exitCode !== null || performance.now() - began > startsWithinMilliseconds) {
      throw new Error('oauth2-proxy did not start')
    }
  }
  const pid = child.pid!
  return {
    port,
    facts: {},
    pid,
    cpu: () => Promise.resolve(microsecondsOf(pid)),
    ask: () => Promise.reject(new Error('oauth2-proxy answers no questions of a bench')),
  }
}

/** Of all threads, from the scheduler: the clock ticks of proc(5) are too coarse for half a second. */
function microsecondsOf(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const nanoseconds = tasks.map((task) => {
    return Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
  })
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000
}

async function isReady(port: number): Promise<boolean> {
  const reply = await fetch(`http://127.0.0.1:${port}/ping`).catch(() => undefined)
  await reply?.body?.cancel()
  return reply?.status === 200
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => done(port))
    })
  })
}
