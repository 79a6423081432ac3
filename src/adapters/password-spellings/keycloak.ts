import { readArgon2 } from './memory-hard.ts'
import { readPbkdf2 } from './pbkdf2.ts'
import { broken, bytesOf, type Reading, type Refusal, type Spelling } from './spelling.ts'

type Table = Record<string, unknown>

/** A table, also where it stands as JSON in a text, as Keycloak writes what stands inside of a credential. */
function tableOf(value: unknown): Table | undefined {
  if (typeof value === 'string') {
    try {
      return tableOf(JSON.parse(value) as object)
    } catch {
      return undefined
    }
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : undefined
}

/** One of the `credentials` of a user in the export of a realm, as JSON. */
export const keycloak: Spelling = {
  name: 'keycloak',
  read(text) {
    if (!/^\s*\{\s*"/.test(text)) return undefined
    const credential = tableOf(text)
    const [secret, data] = [tableOf(credential?.['secretData']), tableOf(credential?.['credentialData'])]
    if (secret === undefined || data === undefined) return broken
    const [salt, key] = [secret['salt'], secret['value']].map((told) =>
      typeof told === 'string' ? bytesOf(told) : undefined,
    )
    const { algorithm, hashIterations: iterations } = data
    if (typeof algorithm !== 'string' || typeof iterations !== 'number' || !Number.isInteger(iterations)) return broken
    if (salt === undefined || key === undefined) return broken
    if (algorithm === 'argon2') return argon2Of(data, iterations, salt, key)
    const [, digest = 'sha1'] = /^pbkdf2(?:-(sha\d+))?$/.exec(algorithm) ?? [undefined, 'unknown']
    return readPbkdf2({ digest, iterations, salt, key })
  },
}

/** From Keycloak 24 on, which keeps each parameter in a list. */
function argon2Of(data: Table, passes: number, salt: Buffer, key: Buffer): Reading | Refusal {
  const more = tableOf(data['additionalParameters']) ?? {}
  const told = (name: string) => [more[name]].flat()[0]
  const [type, version, memory, lanes] = ['type', 'version', 'memory', 'parallelism'].map(told)
  const v = { '1.0': 16, '1.3': 19 }[String(version)]
  const written = [salt, key].map((part) => part.toString('base64').replaceAll('=', ''))
  const words = `$argon2${String(type)}$v=${v}$m=${String(memory)},t=${passes},p=${String(lanes)}`
  return readArgon2([words, ...written].join('$')) ?? broken
}
