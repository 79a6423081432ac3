import { randomBytes } from 'node:crypto'
import { loadConfig } from '../config.ts'
import { parseAuthority } from '../core/request-target.ts'
import { withoutSecrets } from '../environment.ts'
import { proxyConfigs } from './proxy-configs/index.ts'
import { describeSetup, type Endpoint, type Upstreams } from './proxy-configs/setup.ts'
import { command, CommandError, flag, text, texts, UsageError } from './command.ts'
import { readPassword } from './secret-input.ts'
import { complain, tell } from './terminal.ts'

/** `proxy-config <proxy>`: prints a whole configuration for the hosts of gatehouse.yaml. */
export const proxyConfig = command({
  summary: 'print a whole configuration of traefik, nginx, caddy, haproxy or envoy for your hosts',
  arguments: ['proxy'],
  options: {
    gatehouse: text('HOST:PORT', 'where the proxy reaches this service'),
    upstream: texts(
      '[HOST=]URL',
      'where the proxy reaches the application, of one host or of all others; may be repeated',
    ),
    listen: text('PORT', 'where the proxy listens, without TLS'),
    part: text('PART', 'which file, for a proxy that needs several'),
    'edge-secret-stdin': flag('read a secret from standard input by which the proxy proves itself'),
  },
  example: 'proxy-config nginx --upstream http://127.0.0.1:8080',
  run: printConfig,
})

interface Asked {
  gatehouse: string | undefined
  upstream: string[]
  listen: string | undefined
  part: string | undefined
  'edge-secret-stdin': boolean
  json: boolean
}

async function printConfig(values: Asked, name: string): Promise<void> {
  const parts = Object.hasOwn(proxyConfigs, name) ? proxyConfigs[name]! : undefined
  if (parts === undefined) throw new UsageError(`expected one of ${Object.keys(proxyConfigs).join(', ')}`)
  const part = values.part ?? Object.keys(parts)[0]!
  const print = Object.hasOwn(parts, part) ? parts[part] : undefined
  if (print === undefined) throw new UsageError(`--part: ${name} has ${Object.keys(parts).join(', ')}`)

  // Nothing is sealed or signed here, so no secret has to be made for it.
  const secret = randomBytes(32).toString('base64')
  const config = loadConfig({ ...withoutSecrets(process.env), GATEHOUSE_SECRET: secret }, { needsSecrets: false })
  const everywhere = config.host === '0.0.0.0' || config.host === '::'
  const gatehouse = values.gatehouse ?? `${everywhere ? '127.0.0.1' : config.host}:${config.port}`
  if (values.listen !== undefined && !isPort(values.listen)) throw new UsageError('--listen: expected a port number')
  const setup = {
    hosts: config.hosts,
    issuer: config.issuer,
    branding: config.presentation,
    cookieDomain: config.cookieDomain,
    otherDomains: config.sessions.other_domains,
    gatehouse: endpointOf('--gatehouse', gatehouse),
    upstreams: readUpstreams(values.upstream),
    listen: values.listen === undefined ? undefined : Number(values.listen),
    edgeSecret: await readEdgeSecret(values['edge-secret-stdin']),
    clientCertificates: config.client_certificates,
  }
  let described: ReturnType<typeof describeSetup>
  let file: string
  try {
    described = describeSetup(setup)
    file = print(described)
  } catch (error) {
    throw new CommandError((error as Error).message)
  }
  tell(values.json ? `${JSON.stringify({ proxy: name, part, text: file }, null, 2)}\n` : file)
  const warn = (host: string, about: string) => complain(`gatehouse: ${host} ${about}\n`)
  for (const host of described.elsewhere) warn(host, 'is on another port and was left out; print it with --listen')
  for (const host of described.withoutCookie) {
    warn(
      host,
      config.cookieDomain === undefined
        ? 'never gets the session cookie, which stays with the issuer: set GATEHOUSE_COOKIE_DOMAIN to a domain of both'
        : `is outside GATEHOUSE_COOKIE_DOMAIN (${config.cookieDomain}) and never gets the session cookie: no browser can sign in to it`,
    )
  }
}

/** `URL` for all hosts, and `HOST=URL` for those of an application of its own. */
function readUpstreams(given: readonly string[]): Upstreams {
  let others: Endpoint | undefined
  const byHost = new Map<string, Endpoint>()
  for (const one of given) {
    const [, host, url = ''] = /^(?:([^=/]+)=)?(.*)$/s.exec(one) ?? []
    const authority = /^http:\/\/([^/]+)\/?$/.exec(url)?.[1]
    if (authority === undefined) throw new UsageError('--upstream: expected [HOST=]URL, an http:// URL without a path')
    const endpoint = endpointOf('--upstream', authority)
    if (host === undefined ? others !== undefined : byHost.has(host)) {
      throw new UsageError(`--upstream: ${host === undefined ? 'the URL for all hosts' : host} is given twice`)
    }
    if (host === undefined) others = endpoint
    else byHost.set(host, endpoint)
  }
  return { others: others ?? { host: '127.0.0.1', port: 8080 }, byHost }
}

function isPort(value: string): boolean {
  return /^[1-9]\d{0,4}$/.test(value) && Number(value) <= 65_535
}

function endpointOf(option: string, authority: string): Endpoint {
  const read = parseAuthority(authority, 'http')
  const [, host, port = '80'] = /^(.*?)(?::(\d+))?$/.exec(read ?? '') ?? []
  if (!host) throw new UsageError(`${option}: expected HOST:PORT`)
  return { host, port: Number(port) }
}

/** The secret goes into the printed file, so it is made of characters that mean nothing in any of the formats. */
async function readEdgeSecret(fromStdin: boolean): Promise<string | undefined> {
  if (!fromStdin) return undefined
  const secret = await readPassword(true)
  if (secret === undefined || !/^[A-Za-z0-9+/=_-]{16,256}$/.test(secret)) {
    throw new CommandError('the edge secret: expected 16 to 256 letters, digits, +, /, =, _ or -')
  }
  return secret
}
