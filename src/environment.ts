import { closeSync, openSync, readSync } from 'node:fs'
import { unknownSetting } from './schema-faults.ts'

/** The variables that hold a secret. Each may be given as `NAME_FILE`: the path of a file that holds it. */
const secretNames = ['DATABASE_URL', 'REDIS_URL', 'SMTP_URL', 'GATEHOUSE_SECRET', 'GATEHOUSE_SECRET_PREVIOUS']
const plainNames = [
  ...['HOST', 'PORT', 'LOG_LEVEL'],
  ...['GATEHOUSE_ISSUER', 'GATEHOUSE_DATA_DIR', 'GATEHOUSE_CONFIG', 'GATEHOUSE_COOKIE_DOMAIN'],
]
const fileOf = (name: string) => `${name}_FILE`
/** The secret of a provider, which may be a key, and so have several lines. */
const providerSecret = /^GATEHOUSE_PROVIDER_[A-Z0-9_]+_SECRET$/
/** The same of what gatehouse.yaml names: for each provider its secret, and for each directory its password. */
const secretForms = [providerSecret, /^GATEHOUSE_DIRECTORY_[A-Z0-9_]+_PASSWORD$/]
const known = [...plainNames, ...secretNames.flatMap((name) => [name, fileOf(name)])]

/** What Kubernetes writes into every container beside a Service named `gatehouse`. */
const serviceLink = /^GATEHOUSE_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)$/

/** Those of the names that hold a secret, whether by themselves or by a file. */
function secretsOf(given: Environment): string[] {
  const bare = Object.keys(given).map((name) => name.replace(/_FILE$/, ''))
  return [...new Set([...secretNames, ...bare.filter((name) => secretForms.some((form) => form.test(name)))])]
}

export type Environment = Record<string, string | undefined>

/** More than the longest URL that any driver takes. */
const maxBytes = 65_536

/**
 * The variables with what the files hold that `NAME_FILE` names, for each that holds a secret; a final newline is none of it.
 * `nameOf` is how a fault of one is called. Told to `fault` are unknown names, a file that cannot be used and a name that is
 * given both ways, never with a value or what stands in a file.
 */
export function readEnvironment(
  given: Environment,
  fault: (name: string, reason: string) => void,
): { environment: Environment; nameOf(name: string): string } {
  const secrets = secretsOf(given)
  const isKnown = (name: string) => known.includes(name) || secrets.includes(name.replace(/_FILE$/, ''))
  for (const name of Object.keys(given).filter((name) => !isKnown(name))) {
    const plain = plainNames.find((plain) => name === fileOf(plain))
    if (plain !== undefined) fault(name, `there is no such setting; ${plain} is not read from a file`)
    else if (name.startsWith('GATEHOUSE_') && !serviceLink.test(name)) {
      fault(
        name,
        unknownSetting(
          name,
          known.filter((name) => name.startsWith('GATEHOUSE_')),
        ),
      )
    }
  }
  const environment = { ...given }
  const fromFile = new Set(secrets.filter((name) => given[fileOf(name)]))
  for (const name of fromFile) {
    if (given[name]) {
      fault(fileOf(name), `${name} is given too; expected one of the two`)
      continue
    }
    const read = readSecret(given[fileOf(name)]!, { severalLines: providerSecret.test(name) })
    if ('secret' in read) environment[name] = read.secret
    else fault(fileOf(name), read.reason)
  }
  return { environment, nameOf: (name) => (fromFile.has(name) ? fileOf(name) : name) }
}

/** The environment of a command that needs no secret, and so runs where there are none. */
export function withoutSecrets(environment: Environment): Environment {
  const secret = new Set(secretsOf(environment).flatMap((name) => [name, fileOf(name)]))
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !secret.has(name)))
}

function readSecret(
  path: string,
  { severalLines }: { severalLines: boolean },
): { secret: string } | { reason: string } {
  let bytes: Buffer
  try {
    bytes = readBounded(path)
  } catch (error) {
    return { reason: `expected a file that can be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})` }
  }
  if (bytes.length > maxBytes) return { reason: `expected a file of at most ${maxBytes} bytes` }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
  } catch {
    return { reason: 'expected a file of UTF-8 text' }
  }
  if (text === '') return { reason: 'expected a secret; the file is empty' }
  const isOneLine = !/[\r\n\0]/.test(text)
  return isOneLine || severalLines ? { secret: text } : { reason: 'expected a file of one line' }
}

/** One byte more than is allowed at most: what is named may be a device without an end. */
function readBounded(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(maxBytes + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, null)
    }
    return bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}
