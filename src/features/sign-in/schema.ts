import { Type } from '../../json-schema.ts'
import { documentedAs, Name, strict } from '../../http/schema.ts'
import { NewCredential, ShownCredential } from '../../http/webauthn-schema.ts'

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

/** What somebody types or pastes: spaces and hyphens do not matter. */
const Code = Type.String({
  minLength: 1,
  maxLength: 64,
  examples: ['492039'],
  description: 'A code of the authenticator app, or a recovery code.',
})

/** Proofs of a person who is signed in: one of them. */
export const Proof = Type.Object(
  {
    password: Type.Optional(Login.properties.password),
    code: Type.Optional(Code),
    credential: Type.Optional(ShownCredential),
    token_delivery: Login.properties.token_delivery,
  },
  { ...strict, oneOf: [{ required: ['password'] }, { required: ['code'] }, { required: ['credential'] }] },
)

const MfaToken = Type.String({ minLength: 1, maxLength: 100, description: 'Of the answer to `POST /api/auth/login`.' })
const LinkToken = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 100,
    description: 'After a reset of the factors by an operator: of the link that was mailed.',
  }),
)

const RememberDevice = Type.Optional(
  Type.Boolean({
    description:
      'Not to be asked for a second factor by this browser any more, for `sign_in.factors.remember_days` days.',
  }),
)

export const SecondFactor = Type.Object({ mfa_token: MfaToken, code: Code, remember_device: RememberDevice }, strict)

export const PasskeyAsked = Type.Object({ mfa_token: Type.Optional(MfaToken) }, strict)
export const PasskeyLogin = Type.Object(
  {
    credential: ShownCredential,
    mfa_token: Type.Optional(MfaToken),
    remember: Login.properties.remember,
    remember_device: RememberDevice,
    token_delivery: Login.properties.token_delivery,
  },
  strict,
)
export const Enrolment = Type.Object({ mfa_token: MfaToken, token: LinkToken }, strict)
export const EnrolmentCode = Type.Object({ mfa_token: MfaToken, token: LinkToken, code: Code }, strict)
export const EnrolmentPasskey = Type.Object(
  { mfa_token: MfaToken, token: LinkToken, name: Name, credential: NewCredential },
  strict,
)

export const Refresh = Type.Object(
  { refresh_token: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })) },
  strict,
)

const signedIn = {
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
}
const example = {
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
}

export const SignedIn = Type.Object(signedIn, { $id: 'SignedIn', description: 'Signed in.', examples: [example] })

/** The answer to a factor that was set up in order to sign in. */
export const Enrolled = Type.Object(
  {
    ...signedIn,
    recovery_codes: Type.Array(Type.String(), {
      description: 'Each works once in place of the factor. They are shown here alone.',
    }),
  },
  {
    description: 'Signed in.',
    examples: [{ ...example, recovery_codes: ['7k2m-x9fq-3ab4-p0rz', 'w8nd-55tc-q1ye-h3js'] }],
  },
)
