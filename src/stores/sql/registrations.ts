import { sql } from './drizzle.ts'
import type { RegistrationStore } from '../../core/ports.ts'
import { type Database, rowsOf } from './database.ts'
import { registrations, users } from './schema.ts'

export function createRegistrationStore(db: Database): RegistrationStore {
  return {
    async open({ user, tokenHash, expiresAt }) {
      return await db.transaction(async (tx) => {
        // The update of nothing holds the row, so that housekeeping cannot take the account away meanwhile.
        const [owner] = await tx
          .insert(users)
          .values(user)
          .onConflictDoUpdate({ target: users.email, set: { email: user.email } })
          .returning({ id: users.id, emailVerifiedAt: users.emailVerifiedAt })
        const { name, passwordHash } = user
        // Stored for a taken address too, where it can never be confirmed: the work must not tell the two apart.
        await tx.insert(registrations).values({ tokenHash, userId: owner!.id, name, passwordHash, expiresAt })
        return owner!.emailVerifiedAt === null ? 'opened' : 'taken'
      })
    },
    async confirm(tokenHash, at) {
      const now = at.toISOString()
      const [verified] = await rowsOf<{ id: string }>(
        db,
        sql`
        with used as (
          update registrations set used_at = ${now}::timestamptz
          where token_hash = ${tokenHash} and used_at is null and expires_at > ${now}::timestamptz
          returning user_id, name, password_hash
        )
        update users set email_verified_at = ${now}::timestamptz, name = used.name, password_hash = used.password_hash
        from used where users.id = used.user_id and users.email_verified_at is null
        returning users.id`,
      )
      return verified?.id
    },
  }
}
