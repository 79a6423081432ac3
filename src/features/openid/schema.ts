import type { Consent } from '../../core/records/authorization.ts'
import { Instant } from '../../http/schema.ts'
import { type Static, Type } from '../../json-schema.ts'

export const ShownGrant = Type.Object(
  {
    client_id: Type.String(),
    name: Type.String(),
    scopes: Type.Array(Type.String()),
    granted_at: Instant,
  },
  {
    description: 'A program that a person has let in, and what for.',
    examples: [
      {
        client_id: 'wiki',
        name: 'Wiki',
        scopes: ['openid', 'profile', 'email'],
        granted_at: '2026-11-20T08:00:00.000Z',
      },
    ],
  },
)
export type ShownGrant = Static<typeof ShownGrant>

export function showGrant({ clientId, clientName, scopes, grantedAt }: Consent & { clientName: string }): ShownGrant {
  return { client_id: clientId, name: clientName, scopes, granted_at: grantedAt.toISOString() }
}
