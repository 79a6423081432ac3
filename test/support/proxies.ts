/** Real proxies with the configurations that `gatehouse proxy-config` prints, as the current user. */
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { findInstalled, type Installed } from '../proxies/install.ts'
import { commandLine, handedOn } from './program.ts'
import { findProgram, listening, scratchFolder } from './servers.ts'
import { ask } from './service.ts'
import { until } from './patience.ts'
import { overHttp1 } from './secure.ts'
import { type TraefikFormName, traefikForms } from './traefik-providers.ts'

export type ProxyName = 'nginx' | 'caddy' | 'haproxy' | 'traefik' | 'envoy'
/** A system's package is what many people run; the current release is what they will, and the lowest what they may. */
export type Release = 'packaged' | Installed
const findProxy = (name: ProxyName, release: Release) =>
  release === 'packaged' ? findProgram(name) : findInstalled(name, release)
export const hasProxy = (name: ProxyName, release: Release = 'packaged'): boolean =>
  findProxy(name, release) !== undefined

interface Test {
  teardown(after: () => unknown): unknown
}

/** What the command is told of the service. */
interface Told {
  hosts: object
  issuer: string
  secret?: string
  /** Further sections of gatehouse.yaml. */
  sections?: object
  cookieDomain?: string
}

/** Runs `gatehouse proxy-config` in a folder, whose gatehouse.yaml holds the hosts. */
async function printConfig(
  folder: string,
  args: readonly string[],
  { hosts, issuer, secret, sections, cookieDomain }: Told,
): Promise<string> {
  writeFileSync(join(folder, 'gatehouse.yaml'), stringify({ hosts, ...sections }))
  const env = {
    ...handedOn(),
    ...{ GATEHOUSE_ISSUER: issuer, GATEHOUSE_CONFIG: join(folder, 'gatehouse.yaml') },
    ...(cookieDomain && { GATEHOUSE_COOKIE_DOMAIN: cookieDomain }),
  }
  const more = secret === undefined ? [] : ['--edge-secret-stdin']
  const running = promisify(execFile)(process.execPath, commandLine('proxy-config', ...args, ...more), {
    env,
    cwd: folder,
  })
  running.child.stdin?.end(secret)
  return (await running).stdout
}

export interface ProxyOptions extends Told {
  /** The system's own where nothing is said. */
  release?: Release
  /** Where the proxy listens. Chosen by the caller, since the service must know it first. */
  port: number
  /** Traefik's routes in another form than its file. */
  form?: TraefikFormName
  servicePort: number
  upstreamPort: number
  /** Further options of the command. */
  options?: readonly string[]
  /** False: nginx serves the application to anyone, as a measure of what the question costs. */
  asks?: boolean
  /** What is broken in the printed configuration, as an operator might. */
  edits?: readonly Edit[]
}

/** Something that stands in a configuration, and what stands there instead; of a pattern, the first place alone. */
export type Edit = readonly [found: string | RegExp, instead: string]

function edited(text: string, edits: readonly Edit[]): string {
  return edits.reduce((before, [found, instead]) => {
    const after = typeof found === 'string' ? before.replaceAll(found, () => instead) : before.replace(found, instead)
    if (after === before) throw new Error(`the configuration does not say ${found}`)
    return after
  }, text)
}

/** How each is started: its files, its arguments and its environment. */
const programs: Record<
  ProxyName,
  (folder: string, print: (...args: string[]) => Promise<string>) => Promise<{ args: string[]; env?: object }>
> = {
  async nginx(folder, print) {
    for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(join(folder, name))
    writeFileSync(join(folder, 'gatehouse.conf'), await print())
    writeFileSync(join(folder, 'nginx.conf'), nginxMainFile(folder))
    return { args: ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')] }
  },
  async caddy(folder, print) {
    writeFileSync(join(folder, 'Caddyfile'), await print())
    const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, CADDY_ADMIN: `unix/${folder}/admin` }
    return { args: ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'], env }
  },
  async haproxy(folder, print) {
    writeFileSync(join(folder, 'haproxy.cfg'), await print())
    writeFileSync(join(folder, 'gatehouse.lua'), await print('--part', 'lua'))
    return { args: ['-f', join(folder, 'haproxy.cfg')] }
  },
  async traefik(folder, print) {
    const routes = join(folder, 'gatehouse.yml')
    writeFileSync(routes, await print())
    const options = await print('--part', 'static')
    writeFileSync(join(folder, 'traefik.yml'), options.replace('/etc/traefik/gatehouse.yml', routes))
    return { args: [`--configFile=${join(folder, 'traefik.yml')}`] }
  },
  async envoy(folder, print) {
    writeFileSync(join(folder, 'envoy.yaml'), await print())
    // Without an id of its own a second Envoy on the machine does not start.
    const alone = ['--use-dynamic-base-id', '--concurrency', '1', '--log-level', 'error']
    return { args: ['-c', join(folder, 'envoy.yaml'), ...alone] }
  },
}

/** Starts a proxy with exactly what the command prints for these hosts. */
export async function startProxy(t: Test, name: ProxyName, options: ProxyOptions): Promise<void> {
  const program = findProxy(name, options.release ?? 'packaged')
  if (program === undefined) throw new Error(`${name} is not installed`)
  const { port, servicePort, upstreamPort, issuer } = options
  // The folder goes last: teardowns run in reverse.
  const folder = scratchFolder(t)
  const form = options.form && traefikForms[options.form]
  const at = form ?? { gatehouse: '127.0.0.1', upstream: '127.0.0.1' }
  const asked = [
    ...['--gatehouse', `${at.gatehouse}:${servicePort}`, '--upstream', `http://${at.upstream}:${upstreamPort}`],
  ]
  const print = async (...more: string[]) => {
    const text = await printConfig(
      folder,
      [name, ...asked, '--listen', String(port), ...(options.options ?? []), ...more],
      options,
    )
    if (!text.includes(certificateFolder)) return text
    await writeCertificate(join(folder, 'tls'), new URL(issuer).hostname)
    return text.replaceAll(certificateFolder, join(folder, 'tls'))
  }
  const edits = options.asks === false ? [[/^ *auth_request \/\.gatehouse;$/gm, ''] as const] : (options.edits ?? [])
  const printEdited = async (...more: string[]) => edited(await print(...more), more.length === 0 ? edits : [])
  const ports = { service: servicePort, upstream: upstreamPort }
  const { args, env } =
    form === undefined
      ? await programs[name](folder, printEdited)
      : { args: await form.argumentsFor(t, await print('--part', options.form!), ports), env: undefined }
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  let complaint = ''
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-4_000)))
  }
  const ended = new Promise<void>((done) => server.once('exit', () => done()))
  t.teardown(async () => {
    server.kill(name === 'haproxy' ? 'SIGUSR1' : 'SIGTERM')
    // HAProxy and Caddy wait for connections that others keep open.
    const impatience = setTimeout(() => server.kill('SIGKILL'), 1_000)
    await ended
    clearTimeout(impatience)
  })
  const refused = ended.then(() => Promise.reject(new Error(`${name} ended: ${complaint}`)))
  await Promise.race([name === 'traefik' ? routing(port, issuer) : listening(port), refused])
  // From now on an end is what the teardown wants.
  refused.catch(() => {})
}

const certificateFolder = '/etc/gatehouse/tls'

/** What an operator would have put there: a certificate, here one that nobody vouches for. */
async function writeCertificate(folder: string, name: string): Promise<void> {
  if (existsSync(folder)) return
  mkdirSync(folder)
  const [key, chain] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const options = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
  ]
  await promisify(execFile)('openssl', ['req', '-x509', ...options, '-keyout', key, '-out', chain])
  writeFileSync(join(folder, 'certificate-and-key.pem'), readFileSync(chain, 'utf8') + readFileSync(key, 'utf8'))
}

/** Traefik listens before it has its routes: it answers 404 until then, and breaks connections before it has a certificate. */
async function routing(port: number, issuer: string): Promise<void> {
  await listening(port)
  const { protocol, host, pathname } = new URL(`${issuer}/login`)
  const page = () =>
    protocol === 'https:' ? overHttp1(port, host, pathname, {}) : ask(port, pathname, { headers: { host } })
  await until('Traefik has its routes', async () => {
    const answer = await page().catch(() => undefined)
    return answer !== undefined && answer.status !== 404
  })
}

/** What Debian's nginx.conf has around the files of conf.d, with every file of nginx's own in the scratch folder. */
function nginxMainFile(folder: string): string {
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log info;
events { worker_connections 512; }
http {
  access_log ${folder}/access.log;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  include ${folder}/gatehouse.conf;
}
`
}
