import { Type } from '../../json-schema.ts'
import { documentedAs, strict } from '../../http/schema.ts'

export const Login = Type.Object(
  {
    email: Type.String({
      description: 'An email address, written as for a registration, or a user name.',
      examples: ['ada@example.com'],
      ...documentedAs({ maxLength: 254 }),
    }),
    password: Type.String({ minLength: 1, maxLength: 512, examples: ['correct horse battery staple'] }),
    remember: Type.Optional(
      Type.Boolean({
        description:
          'Whether to stay signed in (default). With `false` the cookies end with the browser, and the session and its ' +
          'refresh tokens have the lifetimes of `sessions.short`.',
      }),
    ),
    token_delivery: Type.Optional(
      Type.Enum(['cookie', 'body'], { description: 'How the refresh token comes: `cookie` (default) or `body`.' }),
    ),
  },
  strict,
)

/** Proofs of a person who is signed in. */
export const Proof = Type.Object({ password: Login.properties.password }, strict)

export const Refresh = Type.Object(
  { refresh_token: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })) },
  strict,
)

export const SignedIn = Type.Object(
  {
    access_token: Type.String({ description: 'JWT, RFC 9068.' }),
    token_type: Type.Enum(['Bearer']),
    expires_in: Type.Integer({ description: 'Seconds.' }),
    refresh_token: Type.Optional(Type.String()),
    user: Type.Object({
      id: Type.String(),
      email: Type.String(),
      username: Type.Union([Type.String(), Type.Null()]),
      name: Type.String(),
      roles: Type.Array(Type.String()),
    }),
  },
  {
    $id: 'SignedIn',
    description: 'Signed in.',
    examples: [
      {
        access_token: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ik56Yk…',
        token_type: 'Bearer',
        expires_in: 300,
        user: {
          id: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f',
          email: 'ada@example.com',
          username: 'ada',
          name: 'Ada Lovelace',
          roles: ['admin'],
        },
      },
    ],
  },
)
