import { and, eq, gt, sql } from '../drizzle.ts'
import type { PendingRegistration, RegistrationStore } from '../../../core/records/registration.ts'
import { type Database, rowsOf, type Transaction } from '../database.ts'
import { holdAddresses, isKeptForAnother } from './addresses.ts'
import { registrations } from './tables.ts'

export function createRegistrationStore(db: Database): RegistrationStore {
  return {
    open: (registration) => openRegistration(db, registration),
    async find(tokenHash, at) {
      const [pending] = await db
        .select({ email: registrations.email, name: registrations.name })
        .from(registrations)
        .where(and(eq(registrations.tokenHash, tokenHash), gt(registrations.expiresAt, at)))
      return pending
    },
    async confirm({ tokenHash, userId, passwordHash = null, at }) {
      const now = sql`${at.toISOString()}::timestamptz`
      const [link] = await db
        .select({ email: registrations.email })
        .from(registrations)
        .where(eq(registrations.tokenHash, tokenHash))
      if (link === undefined) return 'invalid_token'
      return await db.transaction(async (tx) => {
        await holdAddresses(tx, link.email)
        if (await isKeptForAnother(tx, link.email, userId, at)) return 'invalid_token'
        // A hash has its own salt: rows of one hash are of one registration. All rows of the address are held, in one order: whoever comes second by another link finds them gone.
        const [outcome] = await rowsOf<{ pending: number; created: number }>(
          tx,
          sql`
        with pending as (
          select token_hash, email, name, password_hash, language from registrations
          where email = (select email from registrations where token_hash = ${tokenHash}) and expires_at > ${now}
          order by token_hash for update
        ), link as (
          select pending.*, (select count(distinct password_hash) from pending) as rivals from pending where token_hash = ${tokenHash}
        ), created as (
          insert into users (id, email, name, locale, password_hash, email_verified_at, created_at)
          select ${userId}::uuid, email, name, language, coalesce(${passwordHash}::text, password_hash), ${now}, ${now} from link
          where ${passwordHash}::text is not null or rivals = 1
          on conflict (email) do nothing
          returning email
        ), ended as (
          delete from registrations where email in (select email from created)
        ), uninvited as (
          delete from invitations where email in (select email from created)
        )
        select (select count(*) from link)::int as pending, (select count(*) from created)::int as created`,
        )
        if (outcome!.created === 1) return 'confirmed'
        return outcome!.pending === 1 && passwordHash === null ? 'password_required' : 'invalid_token'
      })
    },
  }
}

/** Keeps what was registered; once, however often it is called. */
export async function openRegistration(db: Database | Transaction, registration: PendingRegistration): Promise<void> {
  await db.insert(registrations).values(registration).onConflictDoNothing()
}

/** Makes another link for what was registered last for an address, in the words of that; false where nothing is pending at `at`. */
export async function openRegistrationAgain(
  tx: Transaction,
  { email, tokenHash, expiresAt }: Pick<PendingRegistration, 'email' | 'tokenHash' | 'expiresAt'>,
  at: Date,
): Promise<boolean> {
  const opened = await rowsOf(
    tx,
    sql`insert into registrations (token_hash, email, name, password_hash, language, expires_at)
      select ${tokenHash}, email, name, password_hash, language, ${expiresAt.toISOString()}::timestamptz
      from registrations where email = ${email} and expires_at > ${at.toISOString()}::timestamptz
      order by expires_at desc limit 1
      returning 1`,
  )
  return opened.length === 1
}
