import { Socket } from 'node:net'
import type { ClientConfig, PoolClient, QueryConfig, QueryResult } from 'pg'
import type { Database } from './database.ts'
import { loadPostgres } from './drizzle.ts'
import * as schema from './schema.ts'

/** How long a call waits for a connection, and a connection for the server's greeting. */
const connectWithinMilliseconds = 3_000
const closeWithinMilliseconds = 5_000
const reconnectAfterMilliseconds = 250

type Ask = (statement: QueryConfig, values?: unknown[]) => Promise<QueryResult>

/** All that Drizzle needs of a driver's client. */
class Line {
  readonly query: Ask
  constructor(query: Ask) {
    this.query = query
  }
}

/** A connection in use. */
interface Borrowed {
  ask: Ask
  db: Database
  /** The server broke it off, or did not answer: nobody knows what it will say next. */
  isLost(): boolean
}

export interface PostgresPool {
  db: Database
  /** Waits for what is under way, five seconds at most; no connection is left. */
  close(): Promise<void>
}

/**
 * Opens a pool of at most `max` connections; the first statement makes the first one. A connection that breaks, or that has
 * no answer after `answerMilliseconds`, fails the statement or the transaction that it carries with the code
 * `CONNECTION_LOST`. Nothing is sent through it any more, and the next statement gets another one.
 */
export function openPostgresPool(
  databaseUrl: string,
  { max, answerMilliseconds }: { max: number; answerMilliseconds: number },
): PostgresPool {
  const { Pool, drizzle } = loadPostgres()
  const wires = new Set<Socket>()
  const pool = new Pool({
    ...settingsOf(databaseUrl, wires),
    Client: quietClient(),
    max,
    idleTimeoutMillis: 0,
    maxLifetimeSeconds: 3_600,
    connectionTimeoutMillis: connectWithinMilliseconds,
    statement_timeout: 10_000,
    // A replica that freezes inside a transaction must not keep the others from revoking.
    idle_in_transaction_session_timeout: 5_000,
    query_timeout: answerMilliseconds,
  })
  const overLine = (ask: Ask) => drizzle(new Line(ask) as never, { schema }) as unknown as Database

  const connections = new WeakMap<PoolClient, Borrowed>()
  pool.on('connect', (client) => {
    let lost = false
    client.on('error', () => (lost = true))
    const ask: Ask = async (statement, values) => {
      if (lost) throw connectionLost(undefined)
      try {
        return await client.query(statement, values)
      } catch (error) {
        if (isAnswer(error)) throw error
        lost = true
        throw connectionLost(error)
      }
    }
    connections.set(client, { ask, db: overLine(ask), isLost: () => lost })
  })
  // The pool has let go of the connection; whoever used it has been told.
  pool.on('error', () => {})

  async function borrow<T>(task: (connection: Borrowed) => Promise<T>): Promise<T> {
    const client = await pool.connect().catch((error: unknown) => {
      throw isAnswer(error) ? error : connectionLost(error)
    })
    const connection = connections.get(client)!
    try {
      return await task(connection)
    } finally {
      // A transaction that could not be ended ends with its connection.
      client.release(connection.isLost() || client.getTransactionStatus() !== 'I')
    }
  }

  const db = overLine((statement, values) => borrow(({ ask }) => ask(statement, values)))
  db.transaction = (task, config) => borrow((connection) => connection.db.transaction(task, config))
  return {
    db,
    async close() {
      let timer: NodeJS.Timeout
      const bound = new Promise<void>((done) => (timer = setTimeout(done, closeWithinMilliseconds)))
      await Promise.race([pool.end(), bound]).finally(() => clearTimeout(timer))
      close(wires)
    },
  }
}

/**
 * Listens on a channel through a connection of its own, which is made again when it breaks. `wake` is called for each
 * notification, and whenever some may have been missed. Rejects when the first connection cannot be made. Returns what ends
 * it.
 */
export async function listenOnPostgres(
  databaseUrl: string,
  channel: string,
  wake: () => void,
): Promise<() => Promise<void>> {
  const Client = quietClient()
  const wires = new Set<Socket>()
  let stopped = false
  let timer: NodeJS.Timeout | undefined

  async function connect(): Promise<void> {
    const client = new Client({
      ...settingsOf(databaseUrl, wires),
      connectionTimeoutMillis: connectWithinMilliseconds,
      query_timeout: connectWithinMilliseconds,
    })
    client.on('notification', wake)
    try {
      await client.connect()
      await client.query(`listen ${channel}`)
    } catch (error) {
      close(wires)
      throw error
    }
    client.once('end', again)
    wake()
  }
  function again(): void {
    if (!stopped) timer = setTimeout(() => void connect().catch(again), reconnectAfterMilliseconds)
  }
  await connect()
  return async () => {
    stopped = true
    clearTimeout(timer)
    close(wires)
  }
}

/** Runs a task on a connection of its own, such as what must hold a lock of its session; it is closed afterwards. */
export async function withPostgresConnection<T>(databaseUrl: string, task: (db: Database) => Promise<T>): Promise<T> {
  const { drizzle } = loadPostgres()
  const wires = new Set<Socket>()
  const client = new (quietClient())({ ...settingsOf(databaseUrl, wires), connectionTimeoutMillis: 10_000 })
  try {
    await client.connect()
    return await task(drizzle(client, { schema }))
  } finally {
    void client.end()
    close(wires)
  }
}

/** The driver's client tells of broken connections by an event that ends the process when nobody listens. */
function quietClient() {
  return class extends loadPostgres().Client {
    constructor(settings?: ClientConfig) {
      super(settings)
      this.on('error', () => {})
    }
  }
}

function settingsOf(databaseUrl: string, wires: Set<Socket>): ClientConfig {
  const url = new URL(databaseUrl)
  // What `sslmode` means to PostgreSQL's own programs, and to everybody who copies a URL from their documentation.
  if (url.searchParams.has('sslmode')) url.searchParams.set('uselibpqcompat', 'true')
  return {
    connectionString: url.href,
    application_name: 'gatehouse',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    stream: () => {
      const wire = new Wire()
      wires.add(wire)
      return wire.once('close', () => wires.delete(wire))
    },
  }
}

/** A socket on which bytes that are not PostgreSQL's protocol end the connection, instead of being thrown at the process. */
class Wire extends Socket {
  override emit(event: string | symbol, ...given: unknown[]): boolean {
    if (event !== 'data') return super.emit(event, ...given)
    try {
      return super.emit(event, ...given)
    } catch (error) {
      this.destroy(error as Error)
      return true
    }
  }
}

/** Closes what the driver may have left open. A network that is gone does not keep the process alive. */
function close(wires: Iterable<Socket>): void {
  for (const wire of wires) wire.unref().destroySoon()
}

/** Whether the server said so, and goes on with the connection. What it says when it ends one is no answer. */
function isAnswer(error: unknown): boolean {
  const { severity, code } = error as { severity?: unknown; code?: unknown }
  return severity !== undefined && !/^(08|57P|25P03)/.test(String(code))
}

function connectionLost(cause: unknown): Error {
  return Object.assign(new Error('the connection to PostgreSQL was lost', { cause }), { code: 'CONNECTION_LOST' })
}
