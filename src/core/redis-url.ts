import { decoded, faultOfCredentials, partsOf } from './server-url.ts'

/** What a REDIS_URL says. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
  /** Stands before every key, so that several services share a database. */
  readonly keyPrefix: string
  /** How both sides speak: 2 is what every server and proxy knows. */
  readonly protocol: 2 | 3
  /** Absent without TLS; files in PEM. */
  readonly tls:
    { readonly rootCertificates?: string | undefined; readonly certificate?: string; readonly key?: string } | undefined
}

export type ReadRedisUrl = { kind: 'read'; address: RedisAddress } | { kind: 'faulty'; faults: string[] }

const words: Record<string, { expected: string; accepts: RegExp }> = {
  keyPrefix: { expected: 'a text of 1 to 64 characters', accepts: /^[\x21-\x7e]{1,64}$/ },
  protocol: { expected: '2 or 3', accepts: /^[23]$/ },
  sslrootcert: { expected: 'the file of an authority', accepts: /^[^\0\r\n]+$/ },
  sslcert: { expected: 'the file of a certificate', accepts: /^[^\0\r\n]+$/ },
  sslkey: { expected: 'the file of a private key', accepts: /^[^\0\r\n]+$/ },
}

/** Reads a `redis://` or `rediss://` URL. Faults name what is expected; they hold no value. */
export function readRedisUrl(text: string): ReadRedisUrl {
  const faults: string[] = []
  const say = (reason: string) => faults.push(`REDIS_URL: ${reason}`)
  const fault = faultOfCredentials(text)
  if (fault !== undefined) say(fault)
  else if (!/^rediss?:\/\//i.test(text) || !URL.canParse(text)) say('expected a redis:// or rediss:// URL')
  if (faults.length > 0) return { kind: 'faulty', faults }

  const url = new URL(text)
  const isSecured = url.protocol === 'rediss:'
  const given: Record<string, string> = {}
  const query = partsOf(text).rest.split(/\?(.*)/s)[1]
  for (const part of query === undefined || query === '' ? [] : query.split('&')) {
    const [name = '', value = ''] = part.split(/=(.*)/s).map((piece) => decoded(piece)!)
    const word = Object.hasOwn(words, name) ? words[name] : undefined
    // What is no word may be the rest of a password.
    if (word === undefined)
      say(
        `${/^[A-Za-z]{1,40}$/.test(name) ? name : 'a parameter'}: there is no such parameter of a Redis URL here; leave it out`,
      )
    else if (Object.hasOwn(given, name)) say(`${name}: it is given twice`)
    else if (!word.accepts.test(value)) say(`${name}: expected ${word.expected}`)
    else if (name.startsWith('ssl') && !isSecured) say(`${name}: it is for rediss:// alone`)
    else given[name] = value
  }
  if (!/^\/?(\d{1,5})?$/.test(url.pathname))
    say('expected the number of a database after the host, as in redis://host:6379/0')
  if (url.port === '0') say('expected a port from 1 to 65535')
  const { sslcert: certificate, sslkey: key } = given
  if ((certificate === undefined) !== (key === undefined)) say('sslcert and sslkey are given together')
  if (faults.length > 0) return { kind: 'faulty', faults }
  return {
    kind: 'read',
    address: {
      host: url.hostname === '' ? '127.0.0.1' : decoded(url.hostname)!.replace(/^\[(.*)\]$/, '$1'),
      port: Number(url.port || 6_379),
      username: decoded(url.username) || undefined,
      password: decoded(url.password) || undefined,
      database: Number(url.pathname.slice(1) || 0),
      keyPrefix: given['keyPrefix'] ?? 'gatehouse:',
      protocol: given['protocol'] === '3' ? 3 : 2,
      tls: isSecured
        ? { rootCertificates: given['sslrootcert'], ...(certificate && key && { certificate, key }) }
        : undefined,
    },
  }
}
