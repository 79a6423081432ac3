/** What browsers ask a passkey with and what they answer, as JSON (Web Authentication Level 3 §5.1.8 to §5.1.10). */
import { Type } from '../json-schema.ts'
import { Nullable } from './schema.ts'

/** As browsers answer, with all that they come to say beside. */
const Bytes = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^[A-Za-z0-9_-]+$' })
const credential = { id: Bytes(1_364), rawId: Bytes(1_364), type: Type.Enum(['public-key']) }

export const NewCredential = Type.Object(
  {
    ...credential,
    response: Type.Object({
      clientDataJSON: Bytes(8_192),
      attestationObject: Bytes(49_152),
      transports: Type.Optional(Type.Array(Type.String({ maxLength: 32 }), { maxItems: 10 })),
    }),
  },
  { description: 'A `RegistrationResponseJSON`, as `PublicKeyCredential.toJSON()` makes it.' },
)
export const ShownCredential = Type.Object(
  {
    ...credential,
    response: Type.Object({
      clientDataJSON: Bytes(8_192),
      authenticatorData: Bytes(8_192),
      signature: Bytes(8_192),
      userHandle: Type.Optional(Nullable(Bytes(128))),
    }),
  },
  { description: 'An `AuthenticationResponseJSON`, as `PublicKeyCredential.toJSON()` makes it.' },
)

const Named = Type.Array(
  Type.Object({ id: Type.String(), type: Type.Enum(['public-key']), transports: Type.Array(Type.String()) }),
)
const challenge = 'Yk3vX1xV0l9pZcR2hQmA7sJd4uTeWgBn5oKfLiPz6M8'

export const RequestOptions = Type.Object(
  {
    challenge: Type.String(),
    rpId: Type.String(),
    timeout: Type.Integer({ description: 'Milliseconds.' }),
    userVerification: Type.Enum(['required']),
    allowCredentials: Named,
  },
  {
    $id: 'PasskeyRequestOptions',
    description:
      'For `PublicKeyCredential.parseRequestOptionsFromJSON()`. The challenge is good for five minutes and one answer.',
    examples: [
      { challenge, rpId: 'auth.example.com', timeout: 300_000, userVerification: 'required', allowCredentials: [] },
    ],
  },
)
export const CreationOptions = Type.Object(
  {
    challenge: Type.String(),
    rp: Type.Object({ id: Type.String(), name: Type.String() }),
    user: Type.Object({ id: Type.String(), name: Type.String(), displayName: Type.String() }),
    pubKeyCredParams: Type.Array(Type.Object({ type: Type.Enum(['public-key']), alg: Type.Integer() })),
    timeout: Type.Integer({ description: 'Milliseconds.' }),
    attestation: Type.Enum(['none']),
    authenticatorSelection: Type.Object({
      residentKey: Type.Enum(['required']),
      requireResidentKey: Type.Boolean(),
      userVerification: Type.Enum(['required']),
    }),
    excludeCredentials: Named,
  },
  {
    $id: 'PasskeyCreationOptions',
    description:
      'For `PublicKeyCredential.parseCreationOptionsFromJSON()`. The challenge is good for five minutes and one answer.',
    examples: [
      {
        challenge,
        rp: { id: 'auth.example.com', name: 'Gatehouse' },
        user: { id: 'AZMsByClfpyPXisdOkxebw', name: 'ada@example.com', displayName: 'Ada Lovelace' },
        pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
        timeout: 300_000,
        attestation: 'none',
        authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
        excludeCredentials: [],
      },
    ],
  },
)
