import { type Static, Type } from 'typebox'

/** The `hosts` part of gatehouse.yaml. Unknown keys are refused, so that a misspelt rule never widens access. */
const strict = { additionalProperties: false } as const

const Allow = Type.Union(
  [
    Type.Literal('anyone'),
    Type.Literal('signed-in'),
    Type.Object({ roles: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }) }, strict),
  ],
  { description: 'anyone, signed-in or { roles: [name, …] }' },
)

const AccessRule = Type.Object(
  {
    paths: Type.Optional(Type.Array(Type.String({ pattern: '^/' }), { minItems: 1 })),
    methods: Type.Optional(Type.Array(Type.String({ pattern: '^[A-Z]+$' }), { minItems: 1 })),
    allow: Allow,
  },
  strict,
)

export const HostRules = Type.Object(
  {
    audience: Type.Optional(Type.String({ minLength: 1 })),
    headers: Type.Optional(Type.Literal('gatehouse')),
    rules: Type.Array(AccessRule),
  },
  strict,
)

export const Hosts = Type.Record(Type.String(), HostRules)

export type AccessRule = Static<typeof AccessRule>
export type HostRules = Static<typeof HostRules>
export type Hosts = Static<typeof Hosts>
