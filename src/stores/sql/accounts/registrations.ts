import { and, eq, gt, sql } from '../drizzle.ts'
import type { RegistrationStore } from '../../../core/records/registration.ts'
import { type Database, rowsOf, type Transaction } from '../database.ts'
import { registrations } from './tables.ts'

export function createRegistrationStore(db: Database): RegistrationStore {
  return {
    async open(registration) {
      await db.insert(registrations).values(registration).onConflictDoNothing()
    },
    async openAgain(email, { tokenHash, expiresAt }, at) {
      const opened = await rowsOf(
        db,
        sql`insert into registrations (token_hash, email, name, password_hash, expires_at)
          select ${tokenHash}, email, name, password_hash, ${expiresAt.toISOString()}::timestamptz
          from (select * from registrations where email = ${email} and token_hash <> ${tokenHash}
              and expires_at > ${at.toISOString()}::timestamptz
            order by expires_at desc limit 1) as latest
          on conflict (token_hash) do update set email = excluded.email
          returning 1`,
      )
      return opened.length === 1
    },
    async find(tokenHash, at) {
      const [pending] = await db
        .select({ email: registrations.email, name: registrations.name })
        .from(registrations)
        .where(and(eq(registrations.tokenHash, tokenHash), gt(registrations.expiresAt, at)))
      return pending
    },
    async confirm({ tokenHash, userId, passwordHash = null, at }) {
      const now = sql`${at.toISOString()}::timestamptz`
      // A hash has its own salt: rows of one hash are of one registration. All rows of the address are held, in one order: whoever comes second by another link finds them gone.
      const [outcome] = await rowsOf<{ pending: number; created: number }>(
        db,
        sql`
        with pending as (
          select token_hash, email, name, password_hash from registrations
          where email = (select email from registrations where token_hash = ${tokenHash}) and expires_at > ${now}
          order by token_hash for update
        ), link as (
          select pending.*, (select count(distinct password_hash) from pending) as rivals from pending where token_hash = ${tokenHash}
        ), created as (
          insert into users (id, email, name, password_hash, email_verified_at, created_at)
          select ${userId}::uuid, email, name, coalesce(${passwordHash}::text, password_hash), ${now}, ${now} from link
          where ${passwordHash}::text is not null or rivals = 1
          on conflict (email) do nothing
          returning email
        ), ended as (
          delete from registrations where email in (select email from created)
        )
        select (select count(*) from link)::int as pending, (select count(*) from created)::int as created`,
      )
      if (outcome!.created === 1) return 'confirmed'
      return outcome!.pending === 1 && passwordHash === null ? 'password_required' : 'invalid_token'
    },
  }
}

/**
 * Ends what is pending for an address, before the account's own row is touched: in the order in which a confirmation
 * takes its locks, so that the two never wait for one another.
 */
export async function endRegistrations(tx: Transaction, email: string): Promise<void> {
  await tx.execute(sql`
    delete from registrations where token_hash in (
      select token_hash from registrations where email = ${email} order by token_hash for update)`)
}
