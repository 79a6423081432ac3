/** libpq's words of a connection, as docs/configuration.md lists them. */

interface Rule {
  /** libpq's variable for it. */
  variable?: string
  /** Completes "expected …". */
  expected: string
  accepts(value: string): boolean
}

const oneOf = (variable: string | undefined, ...values: string[]): Rule => ({
  ...(variable && { variable }),
  expected: values.length === 1 ? values[0]! : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`,
  accepts: (value) => values.includes(value),
})
const text = (variable: string | undefined, expected: string): Rule => ({
  ...(variable && { variable }),
  expected,
  accepts: (value) => !/[\0\r\n]/.test(value),
})
const number = (variable: string | undefined, least: number, most: number, unit: string): Rule => ({
  ...(variable && { variable }),
  expected: `${unit} from ${least} to ${most}`,
  accepts: (value) => /^\d{1,5}$/.test(value) && Number(value) >= least && Number(value) <= most,
})
const listOf = (variable: string, expected: string, one: RegExp): Rule => ({
  variable,
  expected,
  accepts: (value) => value.split(',').every((part) => one.test(part)),
})

const port = /^(?:0*(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]))?$/
const versions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

export const databaseWords = {
  host: listOf('PGHOST', 'names, addresses or folders of sockets, divided by commas', /^(\/[^\0]*|[^\0/\s@]*)$/),
  hostaddr: listOf('PGHOSTADDR', 'numeric addresses, divided by commas', /^[0-9a-f.:]+$/i),
  port: listOf('PGPORT', 'port numbers from 1 to 65535, divided by commas', port),
  user: text('PGUSER', 'the name of a role'),
  password: text('PGPASSWORD', 'a password'),
  dbname: text('PGDATABASE', 'the name of a database'),
  sslmode: oneOf('PGSSLMODE', 'disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'),
  sslnegotiation: oneOf('PGSSLNEGOTIATION', 'postgres', 'direct'),
  sslrootcert: text('PGSSLROOTCERT', 'the file of an authority, or system'),
  sslcrl: text('PGSSLCRL', 'a file of revoked certificates'),
  sslcert: text('PGSSLCERT', 'the file of a certificate'),
  sslkey: text('PGSSLKEY', 'the file of a private key'),
  sslpassword: text(undefined, 'the passphrase of sslkey'),
  sslsni: oneOf('PGSSLSNI', '0', '1'),
  ssl_min_protocol_version: oneOf('PGSSLMINPROTOCOLVERSION', ...versions),
  ssl_max_protocol_version: oneOf('PGSSLMAXPROTOCOLVERSION', ...versions),
  channel_binding: oneOf('PGCHANNELBINDING', 'disable', 'prefer', 'require'),
  // The service writes: whichever of these is said, a server that takes no writes is passed over.
  target_session_attrs: oneOf('PGTARGETSESSIONATTRS', 'any', 'read-write', 'primary'),
  connect_timeout: number('PGCONNECT_TIMEOUT', 1, 600, 'seconds'),
  keepalives: oneOf(undefined, '0', '1'),
  keepalives_idle: number(undefined, 1, 32_767, 'seconds'),
  application_name: text('PGAPPNAME', 'a name'),
  fallback_application_name: text(undefined, 'a name'),
  options: text('PGOPTIONS', 'options of the server, such as -c%20search_path%3Dauth'),
  pgbouncer: oneOf(undefined, 'true', 'false'),
  // What nothing but one value is meaningful of.
  client_encoding: oneOf(undefined, 'UTF8', 'utf8', 'UTF-8', 'utf-8', 'auto'),
  gssencmode: oneOf(undefined, 'disable', 'prefer'),
  load_balance_hosts: oneOf(undefined, 'disable'),
  replication: oneOf(undefined, 'false', 'off', 'no', '0'),
  sslcompression: oneOf(undefined, '0'),
  sslcertmode: oneOf(undefined, 'allow'),
} satisfies Record<string, Rule>

export type Word = keyof typeof databaseWords

const givenUp = 'Node.js has no such setting; leave it out: a server that is silent for 12 seconds is given up anyway'
const schema = "leave it out, and set the role's search_path, or options=-c%20search_path%3Dauth"
const elsewhere = 'nothing is read from other files; say it in DATABASE_URL or by the variables of libpq'

/** Words that others know and that would otherwise be passed over or passed on, each with what to do instead. */
export const refusedWords: Record<string, string> = {
  keepalives_interval: givenUp,
  keepalives_count: givenUp,
  tcp_user_timeout: givenUp,
  passfile: elsewhere,
  service: elsewhere,
  servicefile: elsewhere,
  sslcrldir: 'a folder is not read; name one file in sslcrl',
  sslaccept: 'leave it out, and say sslmode',
  ssl: 'expected true, or sslmode',
  schema,
  currentSchema: schema,
  search_path: schema,
  requirepeer: 'who owns a socket is not checked here; leave it out, and protect its folder',
  require_auth: 'how a password is proven is not chosen here; channel_binding=require takes SCRAM alone',
  krbsrvname: 'Kerberos is not supported; leave it out, and use a password or a certificate',
  gsslib: 'Kerberos is not supported; leave it out, and use a password or a certificate',
  gssdelegation: 'Kerberos is not supported; leave it out, and use a password or a certificate',
  connection_limit: 'leave it out: a replica makes ten connections, two for revocations and one for a start',
  pool_timeout: 'leave it out: a call waits three seconds for a connection',
}
