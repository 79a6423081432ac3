/**
 * What the sections of gatehouse.yaml are made of. Each section stands in the `settings.ts` of the feature that it is
 * for, with the checks that a schema cannot express; `config-file.ts` joins them.
 */
import { type TProperties, type TSchema, Type } from './json-schema.ts'
import { parseNetworks } from './core/network.ts'

/** Unknown keys are refused, so that a misspelt setting never keeps its default in silence. */
export const strict = { additionalProperties: false } as const

/** A section that may be left out, as each of its settings may. */
export function section<P extends TProperties>(properties: P) {
  return Type.Object(properties, { ...strict, default: {} })
}

/** A setting, with the sentences that say what it does. Its schema may stand elsewhere with others. */
export function setting<S extends TSchema>(description: string, schema: S): S {
  return { ...schema, description }
}

/** Ten years, which is longer than anything here should last. */
const longest = 3_650 * 86_400

export const seconds = (fallback: number, minimum = 1, maximum = longest) =>
  Type.Integer({ minimum, maximum, default: fallback })

/** Which roles or permissions are told. */
export const toldNames = (options: object = {}) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 100, title: 'a name of at most 100 characters' }), {
    title: 'a list of names, in which * stands for any text: [reports:*, …]',
    ...options,
  })
/** Room for anybody without rights whose name is no longer than names are. */
export const leastIdentityBytes = 4_096

/** Keys that the operator chooses. Of its own accord a record looks at no value whose key holds a line break. */
export const anyKey = Type.String({ pattern: '^[\\s\\S]*$' })

/** The keys that lead to a setting; places in a list count from 0. */
export type Keys = readonly (string | number)[]

/** Takes what is wrong with a setting that its schema lets pass. No reason repeats a value, which may be a secret. */
export interface Findings {
  /** The file is refused. */
  fault(keys: Keys, reason: string): void
  /** The file is taken, and whoever reads the log or runs `rules check` is told. */
  warning(keys: Keys, reason: string): void
}

/** Finds fault with entries that are no networks. */
export function checkNetworks(findings: Findings, keys: Keys, entries: readonly string[]): void {
  for (const [place, entry] of entries.entries()) {
    try {
      parseNetworks([entry])
    } catch (error) {
      findings.fault([...keys, place], (error as Error).message)
    }
  }
}

/** Why a time without use that is longer than the whole time makes no sense. */
export const neverEnds = (absolute: string) => `it is longer than ${absolute}, and so never ends anything`
