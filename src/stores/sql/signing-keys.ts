import { asc, sql } from './drizzle.ts'
import type { SigningKeyStore } from '../../core/ports.ts'
import { advisoryLocks, type Database } from './database.ts'
import { signingKeys } from './schema.ts'

export function createSigningKeyStore(db: Database): SigningKeyStore {
  return {
    async loadOrCreate(make) {
      const stored = await db.select().from(signingKeys).orderBy(asc(signingKeys.createdAt))
      if (stored.length > 0) return stored
      return await db.transaction(async (tx) => {
        await tx.execute(sql`select pg_advisory_xact_lock(${advisoryLocks.signingKeys})`)
        const meanwhile = await tx.select().from(signingKeys).orderBy(asc(signingKeys.createdAt))
        if (meanwhile.length > 0) return meanwhile
        return await tx
          .insert(signingKeys)
          .values(await make())
          .returning()
      })
    },
  }
}
