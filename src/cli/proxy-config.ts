import { randomBytes } from 'node:crypto'
import { loadConfig } from '../config.ts'
import { parseAuthority } from '../core/request-target.ts'
import { proxyConfigs } from './proxy-configs/index.ts'
import { describeSetup, type Endpoint } from './proxy-configs/setup.ts'
import { CommandError, flag, positionals, readArguments, text, UsageError } from './command.ts'
import { readPassword } from './secret-input.ts'

/** `proxy-config <proxy>`: prints a whole configuration for the hosts of gatehouse.yaml. */
export async function proxyConfig(args: readonly string[]): Promise<void> {
  const { values, positionals: given } = readArguments(args, {
    gatehouse: text,
    upstream: text,
    listen: text,
    part: text,
    'edge-secret-stdin': flag,
  })
  const [name] = positionals(given, ['proxy'])
  const parts = Object.hasOwn(proxyConfigs, name) ? proxyConfigs[name]! : undefined
  if (parts === undefined) throw new UsageError(`expected one of ${Object.keys(proxyConfigs).join(', ')}`)
  const part = values.part ?? Object.keys(parts)[0]!
  const print = Object.hasOwn(parts, part) ? parts[part] : undefined
  if (print === undefined) throw new UsageError(`--part: ${name} has ${Object.keys(parts).join(', ')}`)

  // Nothing is sealed or signed here, so no secret has to be made for it.
  const secret = process.env['GATEHOUSE_SECRET'] || randomBytes(32).toString('base64')
  const config = loadConfig({ ...process.env, GATEHOUSE_SECRET: secret })
  const everywhere = config.host === '0.0.0.0' || config.host === '::'
  const gatehouse = values.gatehouse ?? `${everywhere ? '127.0.0.1' : config.host}:${config.port}`
  const upstream = /^http:\/\/([^/]+)\/?$/.exec(values.upstream ?? 'http://127.0.0.1:8080')?.[1]
  if (upstream === undefined) throw new UsageError('--upstream: expected an http:// URL without a path')
  if (values.listen !== undefined && !isPort(values.listen)) throw new UsageError('--listen: expected a port number')
  const setup = {
    hosts: config.hosts,
    issuer: config.issuer,
    gatehouse: endpointOf('--gatehouse', gatehouse),
    upstream: endpointOf('--upstream', upstream),
    listen: values.listen === undefined ? undefined : Number(values.listen),
    edgeSecret: await readEdgeSecret(values['edge-secret-stdin']),
  }
  let described: ReturnType<typeof describeSetup>
  let file: string
  try {
    described = describeSetup(setup)
    file = print(described)
  } catch (error) {
    throw new CommandError((error as Error).message)
  }
  process.stdout.write(values.json ? `${JSON.stringify({ proxy: name, part, text: file }, null, 2)}\n` : file)
  for (const host of described.elsewhere) {
    process.stderr.write(`gatehouse: ${host} is on another port and was left out; print it with --listen\n`)
  }
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
