import { type Static, type TSchema, Type } from '../json-schema.ts'
import { type ErrorCode, errorCodes, errorTable, GatehouseError } from '../core/errors.ts'
import { defaultPolicy, lengthBounds } from '../core/password-policy.ts'
import { problemOf } from './problem.ts'

/** An object that refuses fields it does not know. */
export const strict = { additionalProperties: false } as const

/** One of some words. With its type, which generators of clients want to be told. */
export const OneOf = <const Words extends readonly string[]>(words: Words, options: object = {}) =>
  Type.Unsafe<Words[number]>({ type: 'string', enum: [...words], ...options })

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Always `about:blank`: the `code` says which problem it is.' }),
    title: Type.String({ description: 'The name of the status.' }),
    status: Type.Integer(),
    code: OneOf(errorCodes, { description: 'Stable. What a program should act on.' }),
    detail: Type.String({ description: 'A sentence for people.' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.String({ description: 'JSON pointer (RFC 6901) into the request: `/body/email`.' }),
          message: Type.String(),
        }),
        { description: 'What is wrong, part by part.' },
      ),
    ),
    acr_values: Type.Optional(
      OneOf(['aal1', 'aal2'], { description: 'Of a missing step-up: the level to reach (RFC 9470).' }),
    ),
    max_age: Type.Optional(
      Type.Integer({
        description: 'Of a missing step-up: the seconds within which the person must have proven who they are.',
      }),
    ),
    mfa_token: Type.Optional(
      Type.String({
        description:
          'Of a sign-in that needs more than the password: what continues it, for ten minutes (POST /api/auth/mfa).',
      }),
    ),
    factors: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Of such a sign-in: what the person can prove themselves by, `totp` and `recovery_code`.',
      }),
    ),
    deleted_at: Type.Optional(
      Type.Unsafe<string>({
        type: 'string',
        format: 'date-time',
        description: 'Of an account that is going to be deleted: when it goes.',
      }),
    ),
    keep_token: Type.Optional(
      Type.String({ description: 'Of such an account: what keeps it, for ten minutes (POST /api/users/me/keep).' }),
    ),
    request_id: Type.String({ description: 'Names the request in the log of the service.' }),
  },
  { $id: 'Problem', description: 'RFC 9457 problem details.' },
)

export type ShownProblem = Static<typeof Problem>

/** The documented error answers of a route; those that follow from how it is declared are added (`document.ts`). */
export function problems(...codes: ErrorCode[]): Record<number, TSchema> {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of new Set(codes)) {
    const { status } = errorTable[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries([...byStatus].map(([status, names]) => [status, problemAnswer(names)]))
}

/** Errors of one status: the names of the examples are the codes that can occur. */
export function problemAnswer(codes: readonly ErrorCode[]): TSchema {
  return {
    description: codes.map((code) => `\`${code}\`: ${errorTable[code].title}`).join(' '),
    content: {
      'application/problem+json': {
        schema: { $ref: 'Problem#' },
        examples: Object.fromEntries(codes.map((code) => [code, { value: problemExample(code) }])),
      },
    },
  }
}

function problemExample(code: ErrorCode): object {
  const errors = {
    invalid_request: [{ path: '/body/name', message: 'is required' }],
    password_rejected: [{ path: '/body/password', message: 'is too easy to guess' }],
  }[code as string]
  const proof = code === 'insufficient_user_authentication' && ({ level: 'aal1', maxAgeSeconds: 300 } as const)
  const factors = { mfa_required: ['totp', 'recovery_code'], enrolment_required: [] }[code as string]
  const step = factors && { mfaToken: 'R2xkUThjWm5Wb1dDc3pYdE1hS2pCaHlFdVBmSXdOZ0w', factors }
  const told = { ...(errors && { fields: errors }), ...(proof && { proof }), ...(step && { step }) }
  return problemOf(new GatehouseError(code, told), 'A6RrFEJF-1c')
}

/**
 * What the document says of a schema in place of what is checked by it: where an operation itself checks more, and has a
 * better word for what is wrong.
 */
export const documentedAs = (said: object) => ({ [documentedKey]: said })
export const documentedKey = 'x-document'

/** What may be null. */
export const Nullable = <Of extends TSchema>(schema: Of) => Type.Union([schema, Type.Null()])

/** An instant in the JSON API: RFC 3339, UTC. */
export const Instant = Type.Unsafe<string>({ type: 'string', format: 'date-time' })

/**
 * An id in a path. What has not the form of one names nothing, so that it is answered as an unknown one is, with 404; the
 * feature must see to it before a store does.
 */
export const IdInPath = Type.String({ description: 'A UUID.', examples: ['01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f'] })

/**
 * Text for people: no control characters, marks of direction or half surrogates, from which logs, mails, headers and
 * terminals would suffer. The document names by a pattern what every engine reads alike; what Rust, Go and .NET cannot name in
 * one is left to the format.
 */
export const plainText = { format: 'plain-text', ...documentedAs({ pattern: '^[^\\x00-\\x1f\\x7f-\\x9f]*$' }) } as const

/** A name for people. */
export const Name = Type.String({ minLength: 1, maxLength: 200, ...plainText, examples: ['Ada Lovelace'] })

export const Email = Type.String({ format: 'email', maxLength: 254, examples: ['ada@example.com'] })

/** An email address as people write it. The operation itself reads it (`core/email.ts`), and says what is wrong with one. */
export const WrittenEmail = Type.String({
  description:
    'White space around it and the case of its letters do not matter, and the domain may be written in any letters: ' +
    '`ada@bücher.example` is `ada@xn--bcher-kva.example`, and is answered as such. Before the @ it is ASCII.',
  examples: ['ada@example.com'],
  ...documentedAs({ format: 'idn-email', maxLength: 254 }),
})

/** Longer than any password that the policy accepts, so that the policy itself says what is wrong. */
export const Password = Type.String({
  maxLength: 512,
  examples: ['correct horse battery staple'],
  description:
    `From ${defaultPolicy.min} to ${defaultPolicy.max} characters, unless \`passwords\` of gatehouse.yaml says otherwise; not widely known, ` +
    'hard to guess, and without the email address.',
  ...documentedAs({
    minLength: lengthBounds.min.minimum,
    maxLength: lengthBounds.max.maximum,
    format: 'password',
  }),
})

/** Names an account to operators and administrators. */
export const IdOrEmail = Type.String({
  minLength: 1,
  maxLength: 254,
  ...plainText,
  description: 'Id, email address or user name.',
})

/** The one-line answer of calls that only say that they were accepted. */
export const NoContent = Type.Null({ description: 'Done.' })

/** Of a new password. */
export const EndApiKeys = Type.Boolean({ default: false, description: 'The person’s API keys end too.' })
export const EndedApiKeys = Type.Object(
  { ended_api_keys: Type.Integer({ description: 'How many were ended.' }) },
  { description: 'Done, with `end_api_keys`.', examples: [{ ended_api_keys: 2 }] },
)
