import { Instant, strict } from '../../http/schema.ts'
import { type Static, Type } from '../../json-schema.ts'
import type { FactorFacts } from '../../core/records/factor.ts'
import type { ProposedTotp } from './manage-factors.ts'

/** What somebody types or pastes: spaces and hyphens do not matter. */
const Code = Type.String({
  minLength: 1,
  maxLength: 64,
  examples: ['492039'],
  description: 'The present code of the authenticator app, of six digits. Spaces do not matter.',
})
export const CodeRequest = Type.Object({ code: Code }, strict)

export const ShownFactors = Type.Object(
  {
    factors: Type.Array(
      Type.Object({
        id: Type.String({ format: 'uuid' }),
        kind: Type.Enum(['totp', 'passkey']),
        confirmed_at: Instant,
        last_used_at: Type.Union([Instant, Type.Null()]),
      }),
    ),
    recovery_codes_left: Type.Integer(),
  },
  {
    description: 'What you can prove yourself by, beside the password.',
    examples: [
      {
        factors: [
          {
            id: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f',
            kind: 'totp',
            confirmed_at: '2026-11-20T08:00:00.000Z',
            last_used_at: '2026-11-29T17:12:00.000Z',
          },
        ],
        recovery_codes_left: 10,
      },
    ],
  },
)

export const Proposal = Type.Object(
  {
    secret: Type.String({ description: 'The key in base 32, for whoever types it.' }),
    otpauth_uri: Type.String({ description: 'What an authenticator app reads from the picture.' }),
    qr_code: Type.String({ description: 'The picture: an SVG document.' }),
  },
  {
    $id: 'ProposedTotp',
    description: 'A key that counts once a code of it was confirmed. It is shown here alone, and works for an hour.',
    examples: [
      {
        secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
        otpauth_uri:
          'otpauth://totp/Gatehouse:ada%40example.com?issuer=Gatehouse&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30',
        qr_code: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 45 45">…</svg>',
      },
    ],
  },
)

export const RecoveryCodes = Type.Object(
  {
    recovery_codes: Type.Array(Type.String(), {
      description: 'Each works once in place of a code of the app. They are shown here alone, and void those before.',
    }),
  },
  { description: 'Done.', examples: [{ recovery_codes: ['7k2m-x9fq-3ab4-p0rz', 'w8nd-55tc-q1ye-h3js'] }] },
)

export function showProposal({ key, uri, qrCode }: ProposedTotp): Static<typeof Proposal> {
  return { secret: key, otpauth_uri: uri, qr_code: qrCode }
}

export function showFactors({ factors, recoveryCodes }: FactorFacts): Static<typeof ShownFactors> {
  return {
    factors: factors.map(({ id, kind, confirmedAt, lastUsedAt }) => ({
      id,
      kind,
      confirmed_at: confirmedAt.toISOString(),
      last_used_at: lastUsedAt?.toISOString() ?? null,
    })),
    recovery_codes_left: recoveryCodes,
  }
}
