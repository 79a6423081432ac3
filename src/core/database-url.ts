import { decoded, faultOfCredentials, partsOf } from './server-url.ts'
import { databaseWords, refusedWords, type Word } from './database-words.ts'

/** One server to try. */
export interface DatabaseHost {
  /** A name or an address, which a certificate must have; a folder (`/…`) holds the server's socket. */
  readonly name: string
  /** Where to connect when that is not what the name says. */
  readonly address?: string | undefined
  readonly port: number
}

type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

/** What a DATABASE_URL says, complete: libpq's words with its defaults but for those that docs/configuration.md names. */
export interface DatabaseAddress {
  /** To be tried in turn. */
  readonly hosts: readonly [DatabaseHost, ...DatabaseHost[]]
  readonly user: string
  readonly password: string | undefined
  readonly database: string
  readonly tls: {
    readonly mode: SslMode
    /** TLS from the first byte, without the question whether there is any. */
    readonly direct: boolean
    readonly sendsServerName: boolean
    /** A file of authorities, or `system`; absent: those that Node.js knows. */
    readonly rootCertificates: string | undefined
    readonly revocations: string | undefined
    readonly certificate: string | undefined
    readonly key: string | undefined
    readonly passphrase: string | undefined
    readonly minVersion: TlsVersion | undefined
    readonly maxVersion: TlsVersion | undefined
  }
  /** Whether the proof of the password is bound to the server's certificate (SCRAM-SHA-256-PLUS). */
  readonly channelBinding: 'disable' | 'prefer' | 'require'
  /** Whether a pooler stands between; absent: found out at each connection. */
  readonly isPooled: boolean | undefined
  readonly connectSeconds: number
  /** After how long without a byte the network is asked whether the peer is there; 0: never. */
  readonly keepAliveSeconds: number
  /** What the server is told when a connection begins. */
  readonly parameters: { readonly application_name: string; readonly options?: string }
}

type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

export type ReadDatabaseUrl = { kind: 'read'; address: DatabaseAddress } | { kind: 'faulty'; faults: string[] }

/**
 * Reads a `postgres://` URL as libpq does: several hosts, sockets, IPv6 literals, and its words. What the URL leaves out is
 * taken from libpq's variables (`PGHOST`, `PGPASSWORD`, …) of the environment. Faults name the word and what is expected; they
 * hold no value.
 */
export function readDatabaseUrl(url: string, environment: Record<string, string | undefined> = {}): ReadDatabaseUrl {
  const faults: string[] = []
  const fault = faultOfCredentials(url)
  if (fault !== undefined) return { kind: 'faulty', faults: [`DATABASE_URL: ${fault}`] }
  if (!/^postgres(ql)?:\/\//i.test(url)) return { kind: 'faulty', faults: ['DATABASE_URL: expected a postgres:// URL'] }

  const given = wordsOf(url, faults)
  const values: Partial<Record<Word, string>> = {}
  for (const [word, { variable, expected, accepts }] of Object.entries(databaseWords) as [
    Word,
    (typeof databaseWords)[Word],
  ][]) {
    const isGiven = given.has(word)
    const value = isGiven ? given.get(word) : variable === undefined ? undefined : environment[variable]
    // libpq, too, takes an empty word for one that is not there.
    if (value === undefined || value === '') continue
    if (accepts(value)) values[word] = value
    else faults.push(`${isGiven ? `DATABASE_URL: ${word}` : variable}: expected ${expected}`)
  }
  const hosts = hostsOf(values, faults)
  faults.push(...contradictions(values, given))
  if (hosts === undefined || faults.length > 0) return { kind: 'faulty', faults }
  return { kind: 'read', address: addressOf(values, hosts) }
}

/** What the URL says, each part under its word; a word of the query counts more than its place in front of it. */
function wordsOf(url: string, faults: string[]): Map<string, string> {
  const { authority, rest } = partsOf(url)
  const [path = '', query] = rest.split(/\?(.*)/s)
  const [credentials, places] = authority.includes('@') ? (authority.split('@') as [string, string]) : ['', authority]
  const [user = '', password = ''] = credentials.split(/:(.*)/s)
  const words = new Map<string, string>()
  const put = (word: string, value: string) => void (value !== '' && words.set(word, decoded(value)!))
  put('user', user)
  put('password', password)
  put('dbname', path.slice(1))
  const pairs = places.split(',').map((place) => /^(\[[^\]]*\]|[^:[\]]*)(?::(\d*))?$/.exec(place))
  if (pairs.includes(null))
    faults.push('DATABASE_URL: expected host or host:port, several divided by commas; IPv6 in [ ]')
  put(
    'host',
    pairs
      .map((pair) => pair?.[1]?.replace(/^\[(.*)\]$/, '$1') ?? '')
      .join(',')
      .replace(/^,+$/, ''),
  )
  const ports = pairs.map((pair) => pair?.[2] ?? '')
  put('port', ports.some(Boolean) ? ports.join(',') : '')

  const seen = new Set<string>()
  for (const part of query === undefined || query === '' ? [] : query.split('&')) {
    const [name = '', value] = part.split(/=(.*)/s).map((text) => decoded(text)!)
    // What is no word may be the rest of a password.
    const told = /^[A-Za-z][A-Za-z_]{1,40}$/.test(name) ? name : 'a parameter'
    if (value === undefined) faults.push(`DATABASE_URL: ${told}: expected name=value`)
    else if (seen.has(name)) faults.push(`DATABASE_URL: ${told}: it is given twice`)
    else if (name === 'ssl' && /^(true|1)$/.test(value)) words.set('sslmode', 'require')
    else if (Object.hasOwn(refusedWords, name)) faults.push(`DATABASE_URL: ${name}: ${refusedWords[name]}`)
    else if (Object.hasOwn(databaseWords, name)) words.set(name, value)
    else faults.push(`DATABASE_URL: ${told}: there is no such parameter of a PostgreSQL URL here; leave it out`)
    seen.add(name)
  }
  return words
}

function hostsOf(values: Partial<Record<Word, string>>, faults: string[]): DatabaseAddress['hosts'] | undefined {
  const names = (values.host ?? values.hostaddr ?? 'localhost').split(',').map((name) => name || 'localhost')
  const addresses = values.hostaddr?.split(',')
  const ports = values.port?.split(',') ?? ['']
  if (addresses !== undefined && addresses.length !== names.length)
    faults.push('DATABASE_URL: hostaddr: expected as many as there are hosts')
  if (ports.length !== 1 && ports.length !== names.length)
    faults.push('DATABASE_URL: port: expected one, or as many as there are hosts')
  const hosts = names.map((name, place) => {
    const address = addresses?.[place] || undefined
    const port = Number((ports.length === 1 ? ports[0] : ports[place]) || 5_432)
    return { name, address, port }
  })
  const [first, ...more] = hosts
  return first && [first, ...more]
}

/** Words that each may stand there, but not together. */
function contradictions(values: Partial<Record<Word, string>>, given: Map<string, string>): string[] {
  const faults: string[] = []
  const say = (word: Word, text: string) => faults.push(`DATABASE_URL: ${word}: ${text}`)
  const mode = modeOf(values)
  if (values.sslrootcert === 'system' && mode !== 'verify-full')
    say('sslmode', 'expected verify-full, which sslrootcert=system is for')
  if ((values.sslcert === undefined) !== (values.sslkey === undefined))
    say(values.sslcert === undefined ? 'sslcert' : 'sslkey', 'a certificate and its key are given together')
  if (values.channel_binding === 'require' && !/^(require|verify-ca|verify-full)$/.test(mode))
    say(
      'channel_binding',
      'binding to a certificate needs TLS: expected sslmode require, verify-ca or verify-full beside it',
    )
  if (values.sslnegotiation === 'direct' && !/^(require|verify-ca|verify-full)$/.test(mode))
    say('sslnegotiation', 'expected sslmode require, verify-ca or verify-full beside direct')
  if (mode === 'disable' && given.has('sslrootcert'))
    say('sslmode', 'a certificate that sslrootcert would check is not asked for with disable')
  return faults
}

function modeOf({ sslmode, sslrootcert }: Partial<Record<Word, string>>): SslMode {
  if (sslrootcert === 'system') return (sslmode ?? 'verify-full') as SslMode
  // As libpq does: who names an authority wants to have it checked.
  if (sslmode === 'require' && sslrootcert !== undefined) return 'verify-ca'
  return (sslmode ?? 'prefer') as SslMode
}

function addressOf(values: Partial<Record<Word, string>>, hosts: DatabaseAddress['hosts']): DatabaseAddress {
  const user = values.user ?? ''
  const keepsAlive = values.keepalives !== '0'
  return {
    hosts,
    user,
    password: values.password,
    database: values.dbname ?? user,
    tls: {
      mode: modeOf(values),
      direct: values.sslnegotiation === 'direct',
      sendsServerName: values.sslsni !== '0',
      rootCertificates: values.sslrootcert,
      revocations: values.sslcrl,
      certificate: values.sslcert,
      key: values.sslkey,
      passphrase: values.sslpassword,
      minVersion: values.ssl_min_protocol_version as TlsVersion | undefined,
      maxVersion: values.ssl_max_protocol_version as TlsVersion | undefined,
    },
    channelBinding: (values.channel_binding ?? 'disable') as DatabaseAddress['channelBinding'],
    isPooled: values.pgbouncer === undefined ? undefined : values.pgbouncer === 'true',
    connectSeconds: Number(values.connect_timeout ?? 3),
    keepAliveSeconds: keepsAlive ? Number(values.keepalives_idle ?? 10) : 0,
    parameters: {
      application_name: values.application_name ?? values.fallback_application_name ?? 'gatehouse',
      ...(values.options !== undefined && { options: values.options }),
    },
  }
}
