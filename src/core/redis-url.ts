import { decoded, faultOfCredentials, hostOf, type TlsFiles, tlsFilesOf, tlsWords, wordsAfter } from './server-url.ts'

/** What a REDIS_URL says. */
interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
  /** Stands before every key, so that several services share a database. */
  readonly keyPrefix: string
  /** How both sides speak: 2 is what every server and proxy knows. */
  readonly protocol: 2 | 3
  /** Absent without TLS. */
  readonly tls: TlsFiles | undefined
}

export type ReadRedisUrl = { kind: 'read'; address: RedisAddress } | { kind: 'faulty'; faults: string[] }

const words = {
  keyPrefix: { expected: 'a text of 1 to 64 characters', accepts: /^[\x21-\x7e]{1,64}$/ },
  protocol: { expected: '2 or 3', accepts: /^[23]$/ },
  ...tlsWords,
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
  const given = wordsAfter(text, words, { kind: 'a Redis', say })
  for (const name of isSecured ? [] : Object.keys(given).filter((name) => name in tlsWords))
    say(`${name}: it is for rediss:// alone`)
  if (!/^\/?(\d{1,5})?$/.test(url.pathname))
    say('expected the number of a database after the host, as in redis://host:6379/0')
  if (url.port === '0') say('expected a port from 1 to 65535')
  const files = tlsFilesOf(given, say)
  if (faults.length > 0) return { kind: 'faulty', faults }
  return {
    kind: 'read',
    address: {
      host: url.hostname === '' ? '127.0.0.1' : hostOf(url),
      port: Number(url.port || 6_379),
      username: decoded(url.username) || undefined,
      password: decoded(url.password) || undefined,
      database: Number(url.pathname.slice(1) || 0),
      keyPrefix: given.keyPrefix ?? 'gatehouse:',
      protocol: given.protocol === '3' ? 3 : 2,
      tls: isSecured ? files : undefined,
    },
  }
}
