import { and, asc, desc, eq, isNull, lt, or, sql } from '../drizzle.ts'
import type { ApiKey, ApiKeyOwner, ApiKeyStore } from '../../../core/records/api-key.ts'
import { allKeys } from '../../../core/records/revocation.ts'
import type { Change } from '../changes.ts'
import type { Database, Transaction } from '../database.ts'
import { endKeys, isLiveKey } from './live-keys.ts'
import { users } from '../accounts/tables.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { apiKeys } from './tables.ts'
import { clients } from '../clients/tables.ts'
import { sessions } from '../sessions/tables.ts'
import { userColumns } from '../accounts/users.ts'

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

export function createApiKeyStore(db: Database, change: Change): ApiKeyStore {
  const ownedBy = ({ kind, id }: ApiKeyOwner) => eq(kind === 'user' ? apiKeys.userId : apiKeys.clientId, id)

  return {
    async create({ owner, ...key }, { most, sessionId, mails = [] }) {
      return await db.transaction(async (tx) => {
        // Before the session is looked at: what ends it, or the keys of its user, has the row first or finds this key.
        if (!(await holdOwner(tx, owner))) return 'no_owner'
        if (sessionId !== undefined && !(await isLiveSession(tx, sessionId))) return 'no_owner'
        const live = await tx.$count(apiKeys, and(ownedBy(owner), isLiveKey(key.createdAt)))
        if (live >= most) return 'too_many'
        const userId = owner.kind === 'user' ? owner.id : null
        await tx.insert(apiKeys).values({ ...key, userId, clientId: owner.kind === 'client' ? owner.id : null })
        await queueMails(tx, mails)
        return 'created'
      })
    },
    async findLive(hash, at) {
      const [row] = await db
        .select({ key: keyColumns, user: userColumns, client: clients })
        .from(apiKeys)
        .leftJoin(users, eq(users.id, apiKeys.userId))
        .leftJoin(clients, eq(clients.id, apiKeys.clientId))
        .where(and(eq(apiKeys.hash, hash), isLiveKey(at)))
      if (row === undefined) return undefined
      const { user, client } = row
      if (client !== null) return { kind: 'client', key: keyOf(row.key), client }
      return user?.status === 'active' ? { kind: 'user', key: keyOf(row.key), user } : undefined
    },
    async find(hash) {
      const [row] = await db
        .select(keyColumns)
        .from(apiKeys)
        .where(and(eq(apiKeys.hash, hash), isNull(apiKeys.revokedAt)))
      return row && keyOf(row)
    },
    async listOf(owner) {
      const kept = and(ownedBy(owner), isNull(apiKeys.revokedAt))
      return (await db.select(keyColumns).from(apiKeys).where(kept).orderBy(asc(apiKeys.id))).map(keyOf)
    },
    async list({ owner, before, limit }) {
      const rows = await db
        .select(keyColumns)
        .from(apiKeys)
        .where(
          and(
            owner && ownedBy(owner),
            before === undefined ? undefined : lt(apiKeys.id, before),
            isNull(apiKeys.revokedAt),
          ),
        )
        .orderBy(desc(apiKeys.id))
        .limit(limit)
      return rows.map(keyOf)
    },
    async markUsed(id, at, notSince) {
      await db
        .update(apiKeys)
        .set({ lastUsedAt: at })
        .where(and(eq(apiKeys.id, id), or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, notSince))))
    },
    async revoke(id, at, owner) {
      return await change(async (tx, announce) => {
        const revoked = await tx
          .update(apiKeys)
          .set({ revokedAt: at })
          .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt), owner && ownedBy(owner)))
          .returning({ id: apiKeys.id })
        if (revoked.length === 0) return false
        await announce('token', [id], at)
        return true
      })
    },
    async revokeAll(at) {
      return await change(async (tx, announce) => {
        // Waits for keys that are being made; a new one waits for this.
        await tx.execute(sql`lock table ${apiKeys} in share row exclusive mode`)
        const ended = await endKeys(tx, undefined, at)
        // One row for all of them, on which whatever is remembered of a key hangs.
        await announce('key', [allKeys], at)
        return ended
      })
    },
  }
}

/** Keeps the owner as it is until the transaction ends, and others from making a key of theirs meanwhile. */
async function holdOwner(tx: Transaction, { kind, id }: ApiKeyOwner): Promise<boolean> {
  const held =
    kind === 'user'
      ? tx
          .select({ id: users.id })
          .from(users)
          .where(and(eq(users.id, id), eq(users.status, 'active')))
          .for('no key update')
      : tx.select({ id: clients.id }).from(clients).where(eq(clients.id, id)).for('no key update')
  return (await held).length > 0
}

async function isLiveSession(tx: Transaction, sessionId: string): Promise<boolean> {
  const live = and(eq(sessions.id, sessionId), isNull(sessions.revokedAt))
  return (await tx.select({ id: sessions.id }).from(sessions).where(live).for('share')).length > 0
}

type Row = Omit<ApiKey, 'owner'> & { userId: string | null; clientId: string | null }

function keyOf({ userId, clientId, ...key }: Row): ApiKey {
  const owner: ApiKeyOwner = userId === null ? { kind: 'client', id: clientId! } : { kind: 'user', id: userId }
  return { ...key, owner }
}
