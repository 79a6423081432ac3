import { asc, eq, inArray, sql } from '../drizzle.ts'
import type { Clock } from '../../../core/clock.ts'
import { allKeys } from '../../../core/records/revocation.ts'
import type { SigningKeyStore } from '../../../core/records/signing-key.ts'
import type { Change } from '../changes.ts'
import { advisoryLocks, type Database } from '../database.ts'
import { signingKeys } from './tables.ts'

export function createSigningKeyStore(db: Database, change: Change, clock: Clock): SigningKeyStore {
  return {
    list: () => db.select().from(signingKeys).orderBy(asc(signingKeys.createdAt), asc(signingKeys.kid)),
    async change(decide) {
      return await change(async (tx, announce) => {
        await tx.execute(sql`select pg_advisory_xact_lock(${advisoryLocks.signingKeys})`)
        const keys = await tx.select().from(signingKeys).orderBy(asc(signingKeys.createdAt), asc(signingKeys.kid))
        const { create, reschedule, compromised, remove, reseal } = await decide(keys)
        if (create.length > 0) await tx.insert(signingKeys).values(create)
        for (const { kid, activatesAt, retiresAt } of reschedule) {
          await tx.update(signingKeys).set({ activatesAt, retiresAt }).where(eq(signingKeys.kid, kid))
        }
        for (const { kid, at } of compromised) {
          await tx.update(signingKeys).set({ compromisedAt: at }).where(eq(signingKeys.kid, kid))
        }
        for (const { kid, sealedPrivateKey } of reseal) {
          await tx.update(signingKeys).set({ sealedPrivateKey }).where(eq(signingKeys.kid, kid))
        }
        if (remove.length > 0) await tx.delete(signingKeys).where(inArray(signingKeys.kid, remove))
        const changed = [...remove, ...[create, reschedule, compromised, reseal].flat().map(({ kid }) => kid)]
        await announce('key', compromised.length > 0 ? [...changed, allKeys] : changed, new Date(clock.now()))
        return create
      })
    },
  }
}
