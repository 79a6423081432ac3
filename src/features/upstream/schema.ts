import { Instant } from '../../http/schema.ts'
import { type Static, Type } from '../../json-schema.ts'
import type { Identity } from '../../core/records/identity.ts'
import type { IdentityManagement } from './manage-identities.ts'

export const ShownIdentitySchema = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    source: Type.String({ description: '`provider:` or `directory:` and the name of gatehouse.yaml.' }),
    title: Type.String({ description: 'What the source is called.' }),
    label: Type.String({ description: 'What the account is called there.' }),
    groups: Type.Array(Type.String()),
    roles: Type.Array(Type.String(), { description: 'The roles that come with it.' }),
    created_at: Instant,
    last_used_at: Instant,
  },
  { $id: 'Identity', description: 'An account elsewhere by which somebody signs in.' },
)

export const ShownIdentities = Type.Object(
  { items: Type.Array(Type.Ref('Identity')) },
  {
    description: 'The accounts elsewhere, the one that was linked first ahead.',
    examples: [
      {
        items: [
          {
            id: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f',
            source: 'provider:google',
            title: 'Google',
            label: 'ada@example.com',
            groups: ['staff'],
            roles: ['editor'],
            created_at: '2026-11-20T08:00:00.000Z',
            last_used_at: '2026-11-29T17:12:00.000Z',
          },
        ],
      },
    ],
  },
)

export type ShownIdentities = Static<typeof ShownIdentities>

/** Shows the identities of one account. */
export async function showIdentities(
  { of, titleOf }: Pick<IdentityManagement, 'of' | 'titleOf'>,
  userId: string,
): Promise<ShownIdentities> {
  return { items: (await of(userId)).map((identity) => show(identity, titleOf(identity.source))) }
}

function show(identity: Identity, title: string): Static<typeof ShownIdentitySchema> {
  const { id, source, label, groups, roles, createdAt, lastUsedAt } = identity
  return {
    ...{ id, source, title, label, groups: [...groups], roles: [...roles] },
    ...{ created_at: createdAt.toISOString(), last_used_at: lastUsedAt.toISOString() },
  }
}
