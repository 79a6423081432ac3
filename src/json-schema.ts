/**
 * Schemas as plain JSON Schema with TypeBox's types. TypeBox itself comes in hundreds of modules, which were a quarter of the
 * service's start (decision 28); of its builders these are the ones that are used here.
 */
import type { Static, TOptional, TProperties, TSchema, Type as TypeBox } from 'typebox'

export type { Static, TOptional, TProperties, TSchema }

type Used =
  | 'Array'
  | 'Boolean'
  | 'Enum'
  | 'Integer'
  | 'Literal'
  | 'Null'
  | 'Object'
  | 'Optional'
  | 'Partial'
  | 'Record'
  | 'Ref'
  | 'String'
  | 'Union'
  | 'Unknown'
  | 'Unsafe'

type Options = object | undefined

/** Properties that an object may lack. The same schema may stand in others that require it, so each is a copy. */
const optional = new WeakSet<object>()

const plain = (type: string) => (options: Options) => ({ type, ...options })

const builders: Record<Used, (...given: never[]) => object> = {
  Array: (items: object, options: Options) => ({ type: 'array', items, ...options }),
  Boolean: plain('boolean'),
  Enum: (values: readonly string[], options: Options) => ({ enum: [...values], ...options }),
  Integer: plain('integer'),
  Literal: (value: string | boolean, options: Options) => ({ type: typeof value, const: value, ...options }),
  Null: plain('null'),
  Object(properties: Record<string, object>, options: Options) {
    const required = Object.keys(properties).filter((name) => !optional.has(properties[name]!))
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...options }
  },
  Optional(schema: object) {
    const copy = { ...schema }
    optional.add(copy)
    return copy
  },
  Partial: ({ properties }: { properties: object }, options: Options) => ({ type: 'object', properties, ...options }),
  Record: ({ pattern = '^.*$' }: { pattern?: string }, value: object, options: Options) => ({
    type: 'object',
    patternProperties: { [pattern]: value },
    ...options,
  }),
  Ref: ($ref: string, options: Options) => ({ $ref, ...options }),
  String: plain('string'),
  Union: (anyOf: readonly object[], options: Options) => ({ anyOf, ...options }),
  Unknown: (options: Options) => ({ ...options }),
  Unsafe: (schema: object) => schema,
}

/** The builders of TypeBox by the same names: each returns the same JSON, and has the same type. */
export const Type = builders as unknown as Pick<typeof TypeBox, Used>
