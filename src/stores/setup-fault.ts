import { SetupError } from '../core/errors.ts'
import { connectionRemedies, type Remedies, remedyOf, serverFault } from '../core/server-fault.ts'

/** By SQLSTATE and the codes of Redis, with what else Node.js tells of sockets. */
const remedies: Remedies = [
  [/^ENOENT$/, 'there is no socket in that folder; start the server, or correct the folder and the port'],
  [/^EACCES$/, 'its socket may not be opened by the user of this process; let it, or connect by host and port'],
  [
    /^(28P01|WRONGPASS|NOAUTH)$/,
    'it does not accept this user with this password; correct them, with reserved characters percent-encoded',
  ],
  [
    /^28/,
    'it does not accept this user from here; correct user and password, or let it in by pg_hba.conf, which may want TLS (sslmode=require)',
  ],
  [/^3D000$/, 'it has no such database; create it, or correct the name'],
  [/^(3F000|42P01)$/, "the role's search_path leads to no table of the service; correct it, or run gatehouse migrate"],
  [
    /^42501$/,
    'the role lacks a right to its schema or tables; grant usage, create on the schema to it, or make it the owner of its tables',
  ],
  [
    /^(42P07|42710|42723)$/,
    'the schema holds tables of other programs by the same names; set the search_path of the role to a schema of its own',
  ],
  [/^(57P03|LOADING)$/, 'it is still starting or recovering; try again'],
  [/^57P04$/, 'the database was dropped; restore it'],
  [/^57014$/, 'it gave up a statement that took too long; look for locks that others hold, and for its load'],
  [/^57P/, 'it ends its connections, as for a restart; a new one is made by itself'],
  [/^53300$/, 'it has no connection left; raise max_connections, or run fewer replicas'],
  [/^53/, 'it lacks memory, disk or other resources; make room'],
  [/^(25006|55000)$/, 'it takes no writes; name the primary, or several hosts, or end default_transaction_read_only'],
  [/^(26000|42P05)$/, 'a pooler stands before it that does not show itself; add pgbouncer=true to the URL'],
  [
    /^08P01$/,
    'it, or the pooler before it, refuses what the connection asks for; look into its log, and leave out options',
  ],
  [/^0A000$/, 'it lacks something that is needed; PostgreSQL 14 or newer is'],
  [/^(08|25P03)/, 'the connection broke; a new one is made by itself'],
  [/^40/, 'transactions were in each other’s way; it is asked again by whoever asked'],
  [/^(58|XX)/, 'it has a fault of its own; look into its log'],
  [/^NO_TLS$/, 'it offers no TLS; switch that on there, or ask for sslmode=disable'],
  [
    /^NO_CHANNEL_BINDING$/,
    'it proves nothing that is bound to its certificate; let it use scram-sha-256, or ask for channel_binding=prefer and sslmode=verify-full',
  ],
  [
    /^NOPERM$/,
    'the user may not do what is needed; allow it EVAL, TIME, TTL, INCR, EXPIRE, HGETALL, HEXISTS, HINCRBY, HDEL and PING on the keys of the service, as docs/operations.md says',
  ],
  [/^(READONLY|MASTERDOWN|NOREPLICAS)$/, 'it is a replica, which takes no writes; name the primary'],
  [/^(OOM|MISCONF)$/, 'it takes no writes now; give it memory or disk, or look at maxmemory-policy'],
  [/^(MOVED|ASK|CROSSSLOT|CLUSTERDOWN)$/, 'it is part of a cluster; name a single server'],
  [/^NO_DB$/, 'it has no database of that number; correct it, or raise databases there'],
  [/^(ECONNRESET|NO_REDIS|NO_POSTGRES)$/, 'what listens there is another kind of server; correct host and port'],
]

/**
 * A server that cannot be used at the start, as one line: the setting that leads to it, why, and what to do. The setting
 * itself is not repeated, since it holds a password.
 */
export function unusable(setting: string, error: unknown): SetupError {
  return setupErrorIn(error) ?? new SetupError(told(setting, codeOf(error)))
}

/** The same for a fault whose remedy is known where it is found. */
export function unusableBecause(setting: string, code: string, remedy: string): SetupError {
  return new SetupError(serverFault(setting, code, remedy))
}

/**
 * A fault of a store in words that may be logged: its setting, its code and what to do. Messages and fields of Drizzle,
 * postgres.js and ioredis hold statements with their parameters, among them hashes of tokens and addresses of people.
 */
export function faultOf(setting: string, error: unknown): string {
  return setupErrorIn(error)?.message ?? told(setting, codeOf(error))
}

/** The cause whose words are for an operator already. */
function setupErrorIn(error: unknown): SetupError | undefined {
  for (let next = error; next instanceof Error; next = next.cause) if (next instanceof SetupError) return next
  return undefined
}

/** What a word of DATABASE_URL alone can change. */
const ofDatabase: Remedies = [
  [/ALTNAME/, 'its certificate is for another name; connect by a name that it holds, or say sslmode=verify-ca'],
]

function told(setting: string, code: string): string {
  const own = setting === 'DATABASE_URL' ? ofDatabase : []
  return serverFault(setting, code, remedyOf(code, own, remedies, connectionRemedies))
}

/** The code of the first cause that has one. Drivers give some faults none, and Redis puts it before the message. */
function codeOf(error: unknown): string {
  let name = 'unknown'
  for (let next = error; next instanceof Error; next = next.cause) {
    const { code, message } = next as { code?: unknown; message: string }
    if (code === '08P01') return stateOfPooler(message)
    if (typeof code === 'string' && code !== 'CONNECTION_LOST') return code
    if (/timeout|timed out/i.test(message)) return 'ETIMEDOUT'
    if (/RESP type|Protocol error/.test(message)) return 'NO_REDIS'
    if (/DB index is out of range/.test(message)) return 'NO_DB'
    if (/^ERR .*(can't (run|access)|no permissions)/i.test(message)) return 'NOPERM'
    const reply = /^([A-Z]{3,}) /.exec(message)?.[1]
    if (next.name === 'ReplyError' && reply !== undefined) return reply
    name = next.name
  }
  return name
}

/** PgBouncer has one code for whatever it refuses; PostgreSQL tells the same by these. */
function stateOfPooler(message: string): string {
  if (/no such database|database .* does not exist/.test(message)) return '3D000'
  if (/no more connections|too many|max_client_conn|query_wait_timeout|max_user_connections/.test(message))
    return '53300'
  if (/auth|no such user|password/i.test(message)) return '28P01'
  if (/cannot connect to server|server (login|conn)|pgbouncer.*shut|shutting down/i.test(message)) return '57P03'
  return '08P01'
}
