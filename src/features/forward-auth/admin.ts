import { type Static, Type } from '../../json-schema.ts'
import { administers } from '../../http/admin-schema.ts'
import { documentedAs, IdOrEmail, plainText, problems, strict } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { Explain } from './explain.ts'

const Name = Type.String({ minLength: 1, maxLength: 254, ...plainText })
const Names = Type.Array(Name, { maxItems: 10_000 })

const asked = {
  method: Type.Optional(Type.String({ maxLength: 64, default: 'GET' })),
  url: Type.String({ maxLength: 16_384, description: 'Scheme, host, path and query.' }),
  address: Type.Optional(
    Type.Union([Type.String({ format: 'ipv4' }), Type.String({ format: 'ipv6' })], {
      description: 'Where the client would be.',
    }),
  ),
  preflight_for: Type.Optional(
    Type.String({
      format: 'method',
      description: 'The method that a CORS preflight asks about.',
      ...documentedAs({ pattern: '^[A-Z][A-Z-]{0,31}$' }),
    }),
  ),
  scopes: Type.Optional(Names),
}
const level = { level: Type.Optional(Type.Enum(['aal1', 'aal2'])) }
const granted = { roles: Type.Optional(Names), groups: Type.Optional(Names), permissions: Type.Optional(Names) }

/** Who would ask: one of these. The operation says what is wrong with another mixture better than a schema can. */
const askers = [
  Type.Object({ ...asked, client: Name }, { ...strict, title: 'AskedByClient' }),
  Type.Object({ ...asked, user: IdOrEmail, ...level }, { ...strict, title: 'AskedByUser' }),
  Type.Object({ ...asked, ...granted, ...level }, { ...strict, title: 'AskedByAnyone' }),
]

const Hypothesis = Type.Object(
  { ...asked, user: Type.Optional(IdOrEmail), client: Type.Optional(Name), ...granted, ...level },
  {
    ...strict,
    examples: [{ method: 'GET', url: 'https://app.example.com/admin/', user: 'ada@example.com', level: 'aal2' }],
    ...documentedAs({ oneOf: askers }),
  },
)

const numbered = {
  number: Type.Integer({ description: 'Within its host, from 1.' }),
  line: Type.Optional(Type.Integer({ description: 'Where it begins in gatehouse.yaml.' })),
}

const Explanation = Type.Object(
  {
    decision: Type.Enum(['allow', 'sign_in', 'step_up', 'forbidden', 'refused']),
    reason: Type.String({ description: 'One sentence for people.' }),
    host: Type.Optional(Type.String({ description: 'As the configuration spells it.' })),
    rule: Type.Optional(Type.Object({ ...numbered, allow: Type.Unknown() }, { description: 'The rule that decided.' })),
    segments: Type.Optional(
      Type.Array(Type.String(), {
        description: 'The decoded segments by which rules were found, where the path holds escapes.',
      }),
    ),
    other_reading: Type.Optional(
      Type.Object(
        { ...numbered, segments: Type.Array(Type.String()), allow: Type.Unknown() },
        {
          description:
            'An earlier rule that is held too: the path can be read as these segments once it is normalised or decoded again.',
        },
      ),
    ),
    earlier: Type.Array(Type.Object({ ...numbered, mismatch: Type.Enum(['path', 'method', 'network']) }), {
      description: 'The rules before it, or all of them, and why none of them applied.',
    }),
    headers: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'What the upstream would get. Never a usable token.' }),
    ),
    assertion: Type.Optional(Type.Unknown({ description: 'The claims of the identity assertion.' })),
  },
  {
    description: 'The decision and how it came about.',
    examples: [
      {
        decision: 'forbidden',
        reason: 'The condition `roles` does not hold.',
        host: 'app.example.com',
        rule: { number: 2, line: 9, allow: { roles: ['admin'] } },
        earlier: [{ number: 1, line: 6, mismatch: 'path' }],
      },
    ],
  },
)

/** A decision and how it came about, as administrators see it. */
export type ShownExplanation = Static<typeof Explanation>

/** "Why was I denied?", for administrators and operators. */
export async function explainRoutes(app: App, { explain }: { explain: Explain }): Promise<void> {
  app.post(
    '/access/explain',
    administers('gatehouse:access:explain')('explainAccess', 'Explain a decision', {
      description:
        'What the forward-auth question would be answered for a request, by the rules in force, and why. ' +
        'Name a `user`, a `client`, or `roles`, `groups`, `permissions` and `level` of somebody; otherwise nobody is signed in.',
      body: Hypothesis,
      response: { 200: Explanation, ...problems('not_found') },
    }),
    async (request) => {
      const { preflight_for: preflightFor, method = 'GET', ...rest } = request.body
      return explain({ ...rest, method, preflightFor })
    },
  )
}
