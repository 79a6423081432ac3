import type { InteractionStore } from '../../../core/records/interaction.ts'
import { users } from '../accounts/tables.ts'
import { isUnchanged } from '../accounts/unchanged.ts'
import { userColumns } from '../accounts/users.ts'
import type { Database } from '../database.ts'
import { and, eq, gt, lt, type SQL, sql } from '../drizzle.ts'
import { interactions } from './tables.ts'

const columns = {
  id: interactions.id,
  userId: interactions.userId,
  proofs: interactions.proofs,
  wishes: interactions.wishes,
  expiresAt: interactions.expiresAt,
}

export function createInteractionStore(db: Database): InteractionStore {
  const goesOn = (secretHash: string, at: Date): SQL =>
    and(eq(interactions.secretHash, secretHash), gt(interactions.expiresAt, at))!
  async function find(secretHash: string, at: Date) {
    const [found] = await db
      .select({ interaction: columns, user: userColumns })
      .from(interactions)
      .innerJoin(users, eq(users.id, interactions.userId))
      .where(and(goesOn(secretHash, at), eq(users.status, 'active')))
    return found
  }
  return {
    open: (interaction, provenHash) =>
      db.transaction(async (tx) => {
        if (!(await isUnchanged(tx, eq(users.id, interaction.userId), provenHash))) return false
        await tx.insert(interactions).values(interaction)
        return true
      }),
    find,
    async countTry(secretHash, at, most) {
      const counted = await db
        .update(interactions)
        .set({ tries: sql`${interactions.tries} + 1` })
        .where(and(goesOn(secretHash, at), lt(interactions.tries, most)))
        .returning({ id: interactions.id })
      return counted.length === 0 ? undefined : find(secretHash, at)
    },
    async consume(secretHash, at) {
      const consumed = await db.delete(interactions).where(goesOn(secretHash, at)).returning({ id: interactions.id })
      return consumed.length === 1
    },
  }
}
