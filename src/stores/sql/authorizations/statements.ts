import { users } from '../accounts/tables.ts'
import { userColumns } from '../accounts/users.ts'
import type { Database } from '../database.ts'
import { and, eq, type PgColumn, type SQL, sql } from '../drizzle.ts'
import { liveSessions, sessionColumns } from '../sessions/sessions.ts'
import { sessions } from '../sessions/tables.ts'
import { authorizations, consents } from './tables.ts'

/** The columns that an authorization begins with. */
const columns = [
  ...['id', 'codeHash', 'userId', 'clientId', 'sessionId', 'redirectUri', 'challenge', 'nonce', 'dpopJkt'],
  ...['scopes', 'audiences', 'authenticatedAt', 'level', 'methods', 'createdAt', 'codeExpiresAt', 'expiresAt'],
] as (keyof typeof authorizations.$inferInsert & keyof typeof authorizations)[]

/** What stands in a column, told with each use of the statement under the name that code has for it. */
const told = (name: string, column: PgColumn) =>
  sql`${sql.param(sql.placeholder(name), column)}::${sql.raw(column.getSQLType())}`
const ofAuthorization = (name: (typeof columns)[number]) => told(name, authorizations[name])

const names = (of: readonly PgColumn[]) =>
  sql.join(
    of.map(({ name }) => sql.identifier(name)),
    sql`, `,
  )

/**
 * The one statement that keeps an authorization with its code, for a session that lives. `before`: where all of its scopes were
 * allowed before, by a consent that nobody takes back meanwhile; `own`: for a program of the operator's, whose consent it writes
 * down where that is not wide enough. It returns how many rows there were of each. What begins with each sign-in to a program is
 * prepared: reading and planning it would take longer than doing it.
 */
export function prepareIssue(db: Database, consent: 'before' | 'own') {
  const [userId, clientId, scopes, createdAt] = (['userId', 'clientId', 'scopes', 'createdAt'] as const).map(
    ofAuthorization,
  ) as [SQL, SQL, SQL, SQL]
  const live = db.$with('live', {}).as(sql`
    select 1 from ${sessions} inner join ${users} on ${eq(users.id, sessions.userId)}
    where ${eq(sessions.id, ofAuthorization('sessionId'))} and ${liveSessions(createdAt)} and ${eq(users.status, 'active')}
    for key share`)
  // Locked, so that whoever takes it back meanwhile finds this authorization.
  const before = sql`
    select 1 from ${consents}, live
    where ${eq(consents.userId, userId)} and ${eq(consents.clientId, clientId)} and ${consents.scopes} @> ${scopes}
    for key share of ${consents}`
  const own = sql`
    insert into ${consents} (${names([consents.userId, consents.clientId, consents.scopes, consents.grantedAt])})
    select ${userId}, ${clientId}, ${scopes}, ${createdAt} from live
    on conflict (${names([consents.userId, consents.clientId])}) do update
    set scopes = ${unionOfScopes}, granted_at = excluded.granted_at where not ${consents.scopes} @> excluded.scopes
    returning 1`
  const allowed = db.$with('allowed', {}).as(consent === 'before' ? before : own)
  const kept = db.$with('kept', {}).as(sql`
    insert into ${authorizations} (${names(columns.map((name) => authorizations[name]))})
    select ${sql.join(columns.map(ofAuthorization), sql`, `)} from live${consent === 'before' ? sql`, allowed` : sql``}
    returning 1`)
  const number = (name: string) => sql<number>`${sql.identifier(name)}`.mapWith(Number).as(name)
  const rows = db.$with('rows', { live: number('live_rows'), kept: number('kept_rows') }).as(sql`
    select (select count(*) from live) as live_rows, (select count(*) from kept) as kept_rows`)
  return db.with(live, allowed, kept, rows).select().from(rows).prepare(`issue_authorization_${consent}`)
}

/** What was allowed before is allowed still. */
export const unionOfScopes = sql`(
  select coalesce(array_agg(distinct scope), '{}') from unnest(${consents.scopes} || excluded.scopes) as scope)`

/**
 * The one statement that uses a code for which nothing but tokens is made. It returns session and person where they live still: as
 * they are now, since the tokens say so.
 */
export function prepareRedeem(db: Database) {
  const at = sql`${sql.placeholder('at')}::timestamptz`
  const used = db.$with('used', { sessionId: sql<string>`session_id`.as('session_id') }).as(sql`
    update ${authorizations} set redeemed_at = ${at}
    where code_hash = ${sql.placeholder('codeHash')} and redeemed_at is null and revoked_at is null and code_expires_at > ${at}
    returning session_id`)
  return db
    .with(used)
    .select({ session: sessionColumns, user: userColumns })
    .from(used)
    .innerJoin(sessions, eq(sessions.id, used.sessionId))
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(liveSessions(at), eq(users.status, 'active')))
    .for('key share', { of: sessions })
    .prepare('redeem_code')
}
