import { SetupError } from '../core/errors.ts'

/** What keeps a server from being used at the start, and what to do about it. */
const remedies: readonly (readonly [codes: RegExp, remedy: string])[] = [
  [/^ECONNREFUSED$/, 'nothing listens there; start the server, or correct host and port'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'nobody knows its host name; correct it'],
  [/^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/, 'it does not answer; correct host and port, or let the network through'],
  [/^(28P01|28000|WRONGPASS|NOAUTH)$/, 'it does not accept this user with this password; correct them'],
  [/^3D000$/, 'it has no such database; create it, or correct the name'],
  [/^42501$/, 'the role may not create tables; make it the owner of the database'],
  [/^57P03$|^LOADING$/, 'it is still starting; try again'],
  [/^53300$/, 'it has no connection left; raise max_connections, or run fewer replicas'],
  [
    /CERT|UNABLE_TO_VERIFY|ALTNAME/,
    'its certificate is not trusted; name the file of its authority in NODE_EXTRA_CA_CERTS',
  ],
  [/^NO_TLS$/, 'it offers no TLS; switch that on there, or ask for sslmode=disable'],
  [/^(NOPERM|READONLY)$/, 'the user may not write; allow it EVAL, GET, TTL, INCR, EXPIRE and DEL'],
  [/^(ECONNRESET|NO_REDIS)$/, 'what listens there is another kind of server; correct host and port'],
]

/**
 * A server that cannot be used at the start, as one line: the setting that leads to it, why, and what to do. The setting
 * itself is not repeated, since it holds a password.
 */
export function unusable(setting: string, error: unknown): SetupError {
  const code = codeOf(error)
  const remedy = remedies.find(([codes]) => codes.test(code))?.[1]
  return new SetupError(`${setting}: the server cannot be used (${code})${remedy === undefined ? '' : `: ${remedy}`}`)
}

/** The code of the first cause that has one. Drivers give some faults none, and Redis puts it before the message. */
function codeOf(error: unknown): string {
  let name = 'unknown'
  for (let next = error; next instanceof Error; next = next.cause) {
    const { code, message } = next as { code?: unknown; message: string }
    if (typeof code === 'string' && code !== 'CONNECTION_LOST') return code
    if (/timeout|timed out/i.test(message)) return 'ETIMEDOUT'
    if (/does not support SSL/i.test(message)) return 'NO_TLS'
    if (/RESP type|Protocol error/.test(message)) return 'NO_REDIS'
    const reply = /^([A-Z]{4,}) /.exec(message)?.[1]
    if (next.name === 'ReplyError' && reply !== undefined) return reply
    name = next.name
  }
  return name
}
