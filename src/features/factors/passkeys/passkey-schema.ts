import { Instant, Name, Nullable } from '../../../http/schema.ts'
import { type Static, Type } from '../../../json-schema.ts'
import type { Passkey } from '../../../core/records/passkey.ts'

const passkey = {
  id: Type.String({ format: 'uuid' }),
  name: Name,
  synced: Nullable(
    Type.Boolean({
      description:
        'Whether its key is kept on several devices, as of its last use; null where it cannot leave the one it is on.',
    }),
  ),
  created_at: Instant,
  last_used_at: Nullable(Instant),
}
const example = {
  id: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f',
  name: 'Phone',
  synced: true,
  created_at: '2026-11-20T08:00:00.000Z',
  last_used_at: '2026-11-29T17:12:00.000Z',
}
export const ShownPasskey = Type.Object(passkey, { $id: 'Passkey', description: 'A passkey.', examples: [example] })

export const AddedPasskey = Type.Object(
  {
    ...passkey,
    recovery_codes: Type.Optional(
      Type.Array(Type.String(), {
        description:
          'With the first factor. Each works once in place of one. They are shown here alone, and void those before.',
      }),
    ),
  },
  { description: 'Added.', examples: [{ ...example, recovery_codes: ['7k2m-x9fq-3ab4-p0rz', 'w8nd-55tc-q1ye-h3js'] }] },
)

export function showPasskey({
  id,
  name,
  backupEligible,
  backedUp,
  createdAt,
  lastUsedAt,
}: Passkey): Static<typeof ShownPasskey> {
  return {
    ...{ id, name, synced: backupEligible ? backedUp : null },
    created_at: createdAt.toISOString(),
    last_used_at: lastUsedAt?.toISOString() ?? null,
  }
}
