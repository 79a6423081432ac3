/** Proxies that verify access tokens by themselves, as docs/verify-access-tokens.md configures them. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findInstalled } from '../proxies/install.ts'
import { hasVerifier, njsModule } from '../verifiers/install.ts'
import { findProgram, freePort, listening, scratchFolder } from './servers.ts'
import { ask, bearer } from './service.ts'
import { startUpstream, type Upstream, valuesOf } from './upstream.ts'
import { until } from './patience.ts'
import { codeIn, type Issuer, type Verifier, type VerifierClock } from './verifiers.ts'

interface Teardown {
  teardown(after: () => unknown): unknown
}
interface Setting {
  issuer: string
  /** Where the key set is fetched, by nobody else. */
  keys: Issuer
  audience: string
  clock: VerifierClock
}
export interface Gateway extends Verifier {
  port: number
  upstream: Upstream
}

const guide = 'verify-access-tokens.md'

/** What starts each of those that are installed; `change` is made to the configuration as the guide has it. */
export const gateways: Record<string, (t: Teardown, setting: Setting, change?: Change) => Promise<Gateway>> = {
  ...(hasVerifier('nginx with njs') && { nginx: startNginx }),
  ...(findInstalled('envoy') !== undefined && { Envoy: startEnvoy }),
}
type Change = (configuration: string) => string

async function startNginx(t: Teardown, { issuer, audience, clock, keys }: Setting, change: Change = String) {
  const [port, upstream, folder] = [await freePort(), await startUpstream(t), scratchFolder(t)]
  writeFileSync(join(folder, 'access-tokens.js'), codeIn(guide, 'javascript'))
  const site = change(codeIn(guide, 'nginx'))
    .replace('listen 8080', `listen 127.0.0.1:${port}`)
    .replace('127.0.0.1:8081', `127.0.0.1:${upstream.port}`)
    .replace('js_path /etc/nginx', `js_path ${folder}`)
    .replace('/var/cache/nginx/jwks', join(folder, 'jwks'))
    .replaceAll('proxy_pass https://auth.example.com', `proxy_pass ${keys.url}`)
    .replace('https://auth.example.com', issuer)
    .replace('https://api.example.com', audience)
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const main = [
    `load_module ${njsModule()};`,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr; events {}`,
    `http { access_log off; ${paths.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}`,
    `${site}}`,
  ]
  writeFileSync(join(folder, 'nginx.conf'), main.join('\n'))
  const args = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')]
  await keep(t, findProgram('nginx')!, args, port, clock)
  return createGateway(port, upstream, clock, keys)
}

async function startEnvoy(t: Teardown, { issuer, audience, clock, keys }: Setting, change: Change = String) {
  const [port, upstream, folder] = [await freePort(), await startUpstream(t), scratchFolder(t)]
  const config = change(codeIn(guide, 'yaml'))
    .replace('0.0.0.0, port_value: 8080', `127.0.0.1, port_value: ${port}`)
    .replace('port_value: 8081', `port_value: ${upstream.port}`)
    // The service of the test speaks HTTP.
    .replace(/^ {6}transport_socket:\n(?: {8,}.*\n)+/m, '')
    .replace('address: auth.example.com, port_value: 443', `address: 127.0.0.1, port_value: ${new URL(keys.url).port}`)
    .replaceAll('https://auth.example.com', issuer)
    .replace('https://api.example.com', audience)
  const admin = await freePort()
  const statistics = `admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${admin} } } }\n`
  writeFileSync(join(folder, 'envoy.yaml'), statistics + config)
  const alone = ['--use-dynamic-base-id', '--concurrency', '1', '--log-level', 'error']
  await keep(t, findInstalled('envoy')!, ['-c', join(folder, 'envoy.yaml'), ...alone], port, clock)
  const gateway = createGateway(port, upstream, clock, keys)
  if (!config.includes('async_fetch')) return gateway
  // A set counts when it has come, not when it is asked for.
  const answered = async () => {
    const { body } = await ask(admin, '/stats?filter=jwks_fetch_', {})
    const counts = [...body.matchAll(/jwks_fetch_(?:success|failed): (\d+)/g)].map(([, count]) => Number(count))
    return counts.reduce((sum, count) => sum + count, 0)
  }
  let [fetchedAt, seen] = [clock.now(), keys.fetches()]
  return {
    ...gateway,
    async verify(token: string) {
      clock.show()
      // It fetches in the background, after a jump of the clock twice; a timer that is due ends when something wakes the program.
      if (clock.now() >= fetchedAt + 295_000) {
        await until('Envoy fetches the set', async () => {
          await ask(port, '/', {})
          const asked = keys.fetches()
          return asked > seen && (await answered()) >= asked
        })
        fetchedAt = clock.now()
      }
      const told = await gateway.verify(token)
      seen = keys.fetches()
      return told
    },
  }
}

/** Runs a program until the test ends; resolves when it listens. */
function keep(t: Teardown, program: string, args: readonly string[], port: number, clock: VerifierClock) {
  clock.show()
  const env = { ...process.env, ...clock.environment }
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
  let complaint = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-4_000)))
  }
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const refusal = ended.then(() => Promise.reject(new Error(`${program} ended: ${complaint}`)))
  refusal.catch(() => {})
  return Promise.race([listening(port), refusal])
}

function createGateway(port: number, upstream: Upstream, clock: VerifierClock, keys: Issuer): Gateway {
  return {
    keys,
    port,
    upstream,
    async verify(token) {
      clock.show()
      const { status, headers, body } = await ask(port, '/', { headers: bearer(token) })
      const told = status === 200 ? valuesOf(upstream.arrived.at(-1)!, 'x-token-subject')[0] : body
      const retry = headers['retry-after'] === undefined ? '' : ` {"retry-after":"${String(headers['retry-after'])}"}`
      return `${status} ${told}${retry}`
    },
  }
}
