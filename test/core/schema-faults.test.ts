/** What settings are held to is JSON Schema: whatever is written, the verdict is that of Ajv, which compiles schemas. */
import { isDeepStrictEqual } from 'node:util'
import { Ajv } from 'ajv'
import * as fc from 'fast-check'
import { test } from 'tap'
import { ConfigFile } from '../../src/config-file.ts'
import { Type } from '../../src/json-schema.ts'
import { faultsOf, withDefaults } from '../../src/schema-faults.ts'

interface Shape {
  type?: string
  enum?: string[]
  const?: unknown
  anyOf?: Shape[]
  items?: Shape
  properties?: Record<string, Shape>
  patternProperties?: Record<string, Shape>
  required?: string[]
}

const whole: Shape = JSON.parse(JSON.stringify(ConfigFile))
const ajv = (options: object) => new Ajv({ strict: false, ...options }).compile(ConfigFile)

const words = [
  ...['/a/**', 'GET', 'X-User', 'ada', 'a b', '', 'a\nb', 'session', 'example.com', 'Gate <gate@example.com>'],
  ...['10.0.0.0/8', 'x'.repeat(33), '🔑'.repeat(33), '🔑', '__proto__', '..', 'a'.repeat(64)],
]
const numbers = [0, 1, -1, 0.5, 60, 300, 1e6, 1e9, 2 ** 53]
const anything = fc.oneof(fc.constantFrom<unknown>(...words, ...numbers, true, null), fc.jsonValue({ maxDepth: 2 }))

/** Mostly what a schema asks for, with now and then something else in the place of a part. */
function near(shape: Shape): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 40, arbitrary: meant(shape) }, { weight: 1, arbitrary: anything })
}

function meant(shape: Shape): fc.Arbitrary<unknown> {
  if (shape.anyOf) return fc.oneof(...shape.anyOf.map(near))
  if (shape.enum) return fc.constantFrom(...shape.enum)
  if ('const' in shape) return fc.constant(shape.const)
  if (shape.items) return fc.array(near(shape.items), { maxLength: 3 })
  if (shape.patternProperties) {
    return fc.dictionary(fc.constantFrom(...words), near(Object.values(shape.patternProperties)[0]!), {
      maxKeys: 3,
      noNullPrototype: true,
    })
  }
  if (shape.properties) {
    const known = Object.entries(shape.properties).map(([name, part]) => [name, near(part)] as const)
    const requiredKeys = shape.required ?? []
    const table = fc.record(Object.fromEntries(known), { requiredKeys, noNullPrototype: true })
    const other = fc.tuple(
      table,
      fc.dictionary(fc.constantFrom('', 'a', 'toString'), anything, { maxKeys: 1, noNullPrototype: true }),
    )
    const partial = fc.record(Object.fromEntries(known), { requiredKeys: [], noNullPrototype: true })
    return fc.oneof(
      { weight: 40, arbitrary: table },
      { weight: 1, arbitrary: other.map(([one, more]) => Object.assign({}, one, more)) },
      { weight: 1, arbitrary: partial },
    )
  }
  if (shape.type === 'integer') return fc.oneof(fc.constantFrom(...numbers), fc.integer({ min: 1, max: 1_000 }))
  if (shape.type === 'boolean') return fc.boolean()
  return fc.constantFrom(...words)
}

void test('a file fits exactly where Ajv says so', async (t) => {
  const fits = ajv({})
  const seen = { fitting: 0, other: 0 }
  for (const [section, shape] of Object.entries(whole.properties!)) {
    const empty = withDefaults(ConfigFile, {}) as object
    const property = fc.property(near(shape), (content) => {
      const file = { ...empty, [section]: content }
      const expected = fits(file)
      seen[expected ? 'fitting' : 'other']++
      return (faultsOf(ConfigFile, file).length === 0) === expected
    })
    fc.assert(property, { numRuns: section === 'hosts' ? 2_000 : 200 })
  }
  t.ok(seen.fitting > 500 && seen.other > 500, `both come about: ${JSON.stringify(seen)}`)
})

void test('what is missing gets the defaults that Ajv would give it', async () => {
  const fill = ajv({ useDefaults: true, allErrors: true })
  const property = fc.property(near(whole), (content) => {
    const file = typeof content === 'object' && content !== null && !Array.isArray(content) ? content : {}
    const filled = structuredClone(file)
    fill(filled)
    return isDeepStrictEqual(withDefaults(ConfigFile, file), filled)
  })
  fc.assert(property, { numRuns: 300 })
})

void test('of two files that lack a part, neither sees what is done to the other’s', async (t) => {
  const one = withDefaults(ConfigFile, {}) as { cors: { origins: string[] } }
  one.cors.origins.push('https://app.example.com')
  t.strictSame((withDefaults(ConfigFile, {}) as typeof one).cors.origins, [])
})

void test('a schema that asks for what is not known here is no schema of settings', async (t) => {
  t.throws(() => faultsOf(Type.Object({ when: Type.String({ format: 'date' }) }), { when: 'x' }), {
    message: 'no settings can be held to format',
  })
})
