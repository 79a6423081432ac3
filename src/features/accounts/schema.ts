import { Type } from '../../json-schema.ts'
import { passwordLength } from '../../core/password-policy.ts'
import { documentedAs, Email, Instant, Name, strict, WrittenEmail } from '../../http/schema.ts'

/** Longer than any password that the policy accepts, so that the policy itself says what is wrong. */
export const Password = Type.String({
  maxLength: 512,
  examples: ['correct horse battery staple'],
  ...documentedAs({ minLength: passwordLength.min, maxLength: passwordLength.max, format: 'password' }),
})

export const Registration = Type.Object({ name: Name, email: WrittenEmail, password: Password }, strict)

export const Registered = Type.Object(
  { status: Type.Enum(['check_your_email']) },
  { description: 'A mail says how to go on.' },
)

export const Confirmation = Type.Object(
  {
    token: Type.String({ minLength: 1, maxLength: 512, examples: ['0pXq2v…'] }),
    password: Type.Optional(Password),
  },
  strict,
)

export const Profile = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    email: Email,
    email_verified: Type.Boolean(),
    name: Type.String(),
    roles: Type.Array(Type.String()),
    permissions: Type.Array(Type.String()),
    created_at: Instant,
  },
  {
    $id: 'Profile',
    description: 'A person’s account.',
    examples: [
      {
        id: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f',
        email: 'ada@example.com',
        email_verified: true,
        name: 'Ada Lovelace',
        roles: ['admin'],
        permissions: [],
        created_at: '2026-11-20T08:00:00.000Z',
      },
    ],
  },
)

export const ProfileChange = Type.Object({ name: Type.Optional(Name) }, { ...strict, minProperties: 1 })
