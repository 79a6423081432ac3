import { Type } from '../../json-schema.ts'
import { languageTags } from '../../core/language.ts'
import {
  documentedAs,
  Email,
  EndApiKeys,
  Instant,
  Name,
  Nullable,
  OneOf,
  Password,
  strict,
  WrittenEmail,
} from '../../http/schema.ts'

/** As people write it: the operation reads it (`core/username.ts`), and says what is wrong with one. */
export const Username = Type.String({
  maxLength: 254,
  examples: ['ada'],
  description: 'The case of its letters does not matter, and it is answered in lower case.',
  ...documentedAs({ pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$', maxLength: 64 }),
})

/** The language of mails to a person. */
export const Locale = OneOf(languageTags, { examples: ['en'] })

const LinkToken = Type.String({ minLength: 1, maxLength: 512, examples: ['0pXq2v…'] })

export const Registration = Type.Object(
  {
    name: Name,
    email: Type.Optional(WrittenEmail),
    password: Password,
    invitation: Type.Optional(
      Type.String({ ...LinkToken, description: 'The token of an invitation, in place of `email`.' }),
    ),
  },
  {
    ...strict,
    examples: [{ name: 'Ada Lovelace', email: 'ada@example.com', password: 'correct horse battery staple' }],
  },
)

export const NewPassword = Type.Object({ token: LinkToken, password: Password, end_api_keys: EndApiKeys }, strict)

export const Opened = Type.Object(
  { status: Type.Enum(['registered']) },
  { description: 'The account of the invitation is open.' },
)

export const Resending = Type.Object({ email: WrittenEmail }, strict)

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
    username: Nullable(Type.String()),
    name: Type.String(),
    locale: Nullable(Locale),
    roles: Type.Array(Type.String()),
    groups: Type.Array(Type.String()),
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
        username: 'ada',
        name: 'Ada Lovelace',
        locale: 'en',
        roles: ['admin'],
        groups: [],
        permissions: [],
        created_at: '2026-11-20T08:00:00.000Z',
      },
    ],
  },
)

export const ProfileChange = Type.Object(
  {
    name: Type.Optional(Name),
    locale: Type.Optional(Nullable(Locale)),
    username: Type.Optional(Nullable(Username)),
  },
  { ...strict, minProperties: 1 },
)
