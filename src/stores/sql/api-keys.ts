import { and, asc, eq, gt, isNull, lt, or } from './drizzle.ts'
import type { ApiKey, ApiKeyOwner, ApiKeyStore } from '../../core/ports.ts'
import { announce, type Database } from './database.ts'
import { apiKeys, clients, users } from './schema.ts'
import { userColumns } from './users.ts'

const keyColumns = {
  id: apiKeys.id,
  name: apiKeys.name,
  userId: apiKeys.userId,
  clientId: apiKeys.clientId,
  scopes: apiKeys.scopes,
  createdAt: apiKeys.createdAt,
  expiresAt: apiKeys.expiresAt,
  lastUsedAt: apiKeys.lastUsedAt,
}

export function createApiKeyStore(db: Database): ApiKeyStore {
  const ownedBy = ({ kind, id }: ApiKeyOwner) => eq(kind === 'user' ? apiKeys.userId : apiKeys.clientId, id)

  return {
    async create({ owner, ...key }) {
      const userId = owner.kind === 'user' ? owner.id : null
      await db.insert(apiKeys).values({ ...key, userId, clientId: owner.kind === 'client' ? owner.id : null })
    },
    async findLive(hash, at) {
      const [row] = await db
        .select({ key: keyColumns, user: userColumns, client: clients })
        .from(apiKeys)
        .leftJoin(users, eq(users.id, apiKeys.userId))
        .leftJoin(clients, eq(clients.id, apiKeys.clientId))
        .where(
          and(
            eq(apiKeys.hash, hash),
            isNull(apiKeys.revokedAt),
            or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, at)),
          ),
        )
      if (row === undefined) return undefined
      const { user, client } = row
      if (client !== null) return { kind: 'client', key: keyOf(row.key), client }
      return user?.status === 'active' ? { kind: 'user', key: keyOf(row.key), user } : undefined
    },
    async list(owner) {
      const rows = await db
        .select(keyColumns)
        .from(apiKeys)
        .where(and(ownedBy(owner), isNull(apiKeys.revokedAt)))
        .orderBy(asc(apiKeys.id))
      return rows.map(keyOf)
    },
    async markUsed(id, at, notSince) {
      await db
        .update(apiKeys)
        .set({ lastUsedAt: at })
        .where(and(eq(apiKeys.id, id), or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, notSince))))
    },
    async revoke(id, at, owner) {
      return await db.transaction(async (tx) => {
        const revoked = await tx
          .update(apiKeys)
          .set({ revokedAt: at })
          .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt), owner && ownedBy(owner)))
          .returning({ id: apiKeys.id })
        if (revoked.length === 0) return false
        await announce(tx, 'token', [id], at)
        return true
      })
    },
  }
}

type Row = Omit<ApiKey, 'owner'> & { userId: string | null; clientId: string | null }

function keyOf({ userId, clientId, ...key }: Row): ApiKey {
  const owner: ApiKeyOwner = userId === null ? { kind: 'client', id: clientId! } : { kind: 'user', id: userId }
  return { ...key, owner }
}
