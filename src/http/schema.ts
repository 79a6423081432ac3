import { type Static, type TSchema, Type } from 'typebox'
import { type ErrorCode, errorTable } from '../core/errors.ts'

/** An object that refuses fields it does not know. */
export const strict = { additionalProperties: false } as const

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Always `about:blank`: the `code` says which problem it is.' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable; listed in the documentation.' }),
    detail: Type.Optional(Type.String()),
    errors: Type.Optional(
      Type.Array(Type.Object({ path: Type.String({ description: 'JSON pointer.' }), message: Type.String() })),
    ),
    request_id: Type.String(),
  },
  { $id: 'Problem', description: 'RFC 9457 problem details.' },
)

/** The shape of `Problem`, by reference, so that the document names it once. */
export const ProblemRef = Type.Unsafe<Static<typeof Problem>>(Type.Ref('Problem'))

/** Errors that any route may answer. */
const always: readonly ErrorCode[] = ['invalid_request', 'too_many_requests', 'internal_error', 'unavailable']

/** The documented error answers of a route: those of `codes`, and the ones that any route may give. */
export function problems(...codes: ErrorCode[]): Record<number, TSchema> {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of new Set([...codes, ...always])) {
    const { status } = errorTable[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries(
    [...byStatus].map(([status, names]) => [
      status,
      {
        description: names.map((name) => `\`${name}\`: ${errorTable[name].title}`).join(' '),
        content: {
          'application/problem+json': {
            schema: {
              ...ProblemRef,
            },
          },
        },
      },
    ]),
  )
}

/** An instant in the JSON API: RFC 3339, UTC. */
export const Instant = Type.Unsafe<string>({ type: 'string', format: 'date-time' })

/**
 * An id in a path. What has not the form of one names nothing, so that it is answered as an unknown one is, with 404; the
 * feature must see to it before a store does.
 */
export const IdInPath = Type.String({ description: 'A UUID.', examples: ['01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f'] })

/** Text for people: no control characters or half surrogates, from which logs, mails and headers would suffer. */
// oxlint-disable-next-line no-control-regex
export const plainText = { pattern: '^[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]*$' } as const

export const Email = Type.String({ format: 'email', maxLength: 254, examples: ['ada@example.com'] })

/** The one-line answer of calls that only say that they were accepted. */
export const NoContent = Type.Null({ description: 'Done.' })
