import { Socket } from 'node:net'
import type { Database } from './database.ts'
import { loadPostgres, type PostgresOptions, type Sql } from './drizzle.ts'
import * as schema from './schema.ts'

/** How long a call waits for a connection, and a connection for its server. */
const connectWithinMilliseconds = 3_000
const closeWithinMilliseconds = 5_000
const reconnectAfterMilliseconds = 250
const longestLifeMilliseconds = 3_600_000

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
  const connections = new Set<Connection>()
  const idle: Connection[] = []
  const waiting = new Set<(connection: Connection | undefined) => void>()
  let closed = false

  function connect(): Connection {
    const connection = new Connection(databaseUrl, {
      answerMilliseconds,
      parameters: {
        statement_timeout: 10_000,
        // A replica that freezes inside a transaction must not keep the others from revoking.
        idle_in_transaction_session_timeout: 5_000,
      },
    })
    connections.add(connection)
    void connection.lost.then(() => forget(connection))
    return connection
  }
  function forget(connection: Connection): void {
    connections.delete(connection)
    if (idle.includes(connection)) idle.splice(idle.indexOf(connection), 1)
    const [next] = waiting
    if (next !== undefined && !closed) next(connect())
  }
  async function take(): Promise<Connection> {
    if (closed) throw connectionLost(undefined)
    const connection = idle.pop() ?? (connections.size < max ? connect() : undefined)
    return connection ?? waitForOne()
  }
  function waitForOne(): Promise<Connection> {
    return new Promise((done, fail) => {
      const give = (connection: Connection | undefined) => {
        clearTimeout(patience)
        waiting.delete(give)
        if (connection === undefined) fail(connectionLost(new Error('every connection is in use')))
        else done(connection)
      }
      const patience = setTimeout(give, connectWithinMilliseconds, undefined)
      waiting.add(give)
    })
  }
  function giveBack(connection: Connection): void {
    if (connection.isLost) return
    // A transaction that could not be ended ends with its connection.
    if (closed || connection.inTransaction || connection.age > longestLifeMilliseconds) return connection.lose()
    const [next] = waiting
    if (next === undefined) idle.push(connection)
    else next(connection)
  }
  async function borrow<T>(task: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await take()
    try {
      return await task(connection)
    } finally {
      giveBack(connection)
    }
  }

  // Each statement may go through another connection; a transaction keeps one from `begin` to its end.
  const db = new Driver((statement) => borrow((connection) => connection.ask(statement))).open()
  db.transaction = (task, config) => borrow((connection) => connection.db.transaction(task, config))
  return {
    db,
    async close() {
      closed = true
      for (const connection of idle.splice(0)) connection.lose()
      for (const give of waiting) give(undefined)
      const allLost = Promise.all([...connections].map((connection) => connection.lost))
      let timer: NodeJS.Timeout
      const bound = new Promise<void>((done) => (timer = setTimeout(done, closeWithinMilliseconds)))
      await Promise.race([allLost, bound]).finally(() => clearTimeout(timer))
      for (const connection of connections) connection.lose()
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
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let connection: Connection

  async function connect(): Promise<void> {
    connection = new Connection(databaseUrl, { answerMilliseconds: connectWithinMilliseconds, onnotify: wake })
    await connection.ask((client) => client.unsafe(`listen ${channel}`))
    void connection.lost.then(again)
    wake()
  }
  function again(): void {
    if (!stopped) timer = setTimeout(() => void connect().catch(again), reconnectAfterMilliseconds)
  }
  await connect()
  return async () => {
    stopped = true
    clearTimeout(timer)
    connection.lose()
  }
}

/** Runs a task on a connection of its own, such as what must hold a lock of its session; it is closed afterwards. */
export async function withPostgresConnection<T>(databaseUrl: string, task: (db: Database) => Promise<T>): Promise<T> {
  const connection = new Connection(databaseUrl, { answerMilliseconds: undefined })
  try {
    return await task(connection.db)
  } finally {
    connection.lose()
  }
}

type Statement<T> = (client: Sql) => PromiseLike<T>
type Ask = <T>(statement: Statement<T>) => Promise<T>

/**
 * One connection, and never another in its place: postgres.js would make a new one by itself, and go on there with what was
 * begun on the old one. It is made by the first statement.
 */
class Connection {
  readonly db: Database
  /** Resolves when nothing can be asked any more. */
  readonly lost: Promise<void>
  isLost = false
  inTransaction = false
  readonly #client: Sql
  readonly #answerMilliseconds: number | undefined
  readonly #madeAt = performance.now()
  /** What fails when the connection is lost. */
  readonly #carried = new Set<() => void>()
  #wire: Wire | undefined
  #reason: unknown
  #settle = () => {}

  constructor(
    databaseUrl: string,
    settings: { answerMilliseconds: number | undefined; parameters?: object; onnotify?: () => void },
  ) {
    this.#answerMilliseconds = settings.answerMilliseconds
    this.lost = new Promise((done) => (this.#settle = done))
    this.#client = loadPostgres().postgres(databaseUrl, {
      max: 1,
      // The pool says when a connection ends: to the library it is idle between two statements of a transaction.
      idle_timeout: 0,
      max_lifetime: 0,
      connect_timeout: connectWithinMilliseconds / 1_000,
      keep_alive: 10,
      onnotice: () => {},
      onclose: () => this.lose(),
      socket: (address: Address) => this.#connect(address),
      ...(settings.onnotify && { onnotify: settings.onnotify }),
      connection: { application_name: 'gatehouse', ...settings.parameters },
    } as PostgresOptions<{}>)
    this.db = new Driver((statement) => this.ask(statement), this, this.#client.options).open()
  }

  /** In milliseconds. */
  get age(): number {
    return performance.now() - this.#madeAt
  }

  /** Rejects with the server's own words when it answered, and with `CONNECTION_LOST` when it did not. */
  async ask<T>(statement: Statement<T>): Promise<T> {
    if (this.isLost) throw connectionLost(this.#reason)
    let timer: NodeJS.Timeout | undefined
    let giveUp = () => {}
    try {
      return await new Promise<T>((done, fail) => {
        giveUp = () => fail(connectionLost(this.#reason))
        this.#carried.add(giveUp)
        if (this.#answerMilliseconds !== undefined) timer = setTimeout(() => this.lose(), this.#answerMilliseconds)
        statement(this.#client).then(done, fail)
      })
    } catch (error) {
      if (isAnswer(error)) throw error
      this.lose(error)
      throw connectionLost(this.#reason)
    } finally {
      clearTimeout(timer)
      this.#carried.delete(giveUp)
    }
  }

  /** Closes the connection. What it carries fails at once; a network that is gone does not keep the process alive. */
  lose(reason?: unknown): void {
    if (this.isLost) return
    this.isLost = true
    this.#reason = reason
    for (const giveUp of this.#carried) giveUp()
    this.#settle()
    void this.#client.end({ timeout: 0 }).catch(() => {})
    this.#wire?.unref().destroySoon()
  }

  #connect({ host, port, path, ssl }: Address): Promise<Socket> {
    if (this.isLost) throw connectionLost(undefined)
    const wire = new Wire((error) => this.lose(error))
    this.#wire = wire
    // The name that a certificate must have.
    wire.host = host[0]
    wire.mustBeSecured = ssl !== false && ssl !== 'prefer' && ssl !== 'allow'
    let patience: NodeJS.Timeout
    return new Promise<Socket>((done, fail) => {
      patience = setTimeout(fail, connectWithinMilliseconds, new Error('the server does not take the connection'))
      wire
        .once('error', fail)
        .once('close', fail)
        .once('connect', () => done(wire))
      if (path) wire.connect(path)
      else wire.connect(port[0]!, host[0]!)
    }).finally(() => clearTimeout(patience))
  }
}

interface Address {
  host: string[]
  port: number[]
  path: string | false
  ssl: unknown
}

/** What a server says that is asked for TLS and has none. */
const noTls = 'N'.charCodeAt(0)

/** A socket of whose end the connection learns before the library does, and which throws nothing at the process. */
class Wire extends Socket {
  host: string | undefined
  /** The first answer must not be that the server knows no TLS. */
  mustBeSecured = false
  readonly #onEnd: (error?: unknown) => void

  constructor(onEnd: (error?: unknown) => void) {
    super()
    this.#onEnd = onEnd
  }

  override emit(event: string | symbol, ...given: unknown[]): boolean {
    if (event === 'error') this.#onEnd(given[0])
    if (event === 'end' || event === 'close') this.#onEnd()
    // The library lets go of its listeners early, and an error without one would end the process.
    if (event === 'error' && this.listenerCount('error') === 0) return false
    if (event !== 'data') return super.emit(event, ...given)
    if (this.mustBeSecured && (given[0] as Buffer)[0] === noTls) {
      this.destroy(Object.assign(new Error('the server does not offer TLS'), { code: 'NO_TLS' }))
      return true
    }
    this.mustBeSecured = false
    try {
      return super.emit(event, ...given)
    } catch (error) {
      // Bytes that are not PostgreSQL's protocol.
      this.destroy(error as Error)
      return true
    }
  }
}

/** All that Drizzle needs of the library's client. */
class Driver {
  /** Where Drizzle says how values are read and written. */
  readonly options: object
  readonly #ask: Ask
  readonly #connection: Connection | undefined

  constructor(ask: Ask, connection?: Connection, options: object = { parsers: {}, serializers: {} }) {
    this.#ask = ask
    this.#connection = connection
    this.options = options
  }

  open(): Database {
    return loadPostgres().drizzle(this as never, { schema })
  }

  /** The rows as objects; as lists when `values` is called on the answer at once. */
  unsafe(text: string, parameters: unknown[] = [], options: { prepare?: boolean } = {}) {
    let asLists = false
    const statement = (client: Sql): PromiseLike<unknown> => {
      const query = client.unsafe(text, parameters as never, options)
      return asLists ? query.values() : query
    }
    const answer = Promise.resolve().then(() => this.#ask(statement))
    return Object.assign(answer, {
      values() {
        asLists = true
        return answer
      },
    })
  }

  /** A transaction. The library's own goes on when its connection is gone, on another one or on none. */
  async begin<T>(task: (driver: Driver) => Promise<T>): Promise<T> {
    const connection = this.#connection!
    await this.unsafe('begin')
    connection.inTransaction = true
    try {
      const outcome = await task(this)
      await this.unsafe('commit')
      connection.inTransaction = false
      return outcome
    } catch (error) {
      if (!connection.isLost) {
        // What cannot be rolled back ends with its connection.
        await this.unsafe('rollback').then(
          () => (connection.inTransaction = false),
          () => {},
        )
      }
      throw error
    }
  }
}

/** Whether the server said so, and goes on with the connection. What it says when it ends one is no answer. */
function isAnswer(error: unknown): boolean {
  const { severity, code } = (error ?? {}) as { severity?: unknown; code?: unknown }
  return severity !== undefined && !/^(08|57P|25P03)/.test(String(code))
}

function connectionLost(cause: unknown): Error {
  return Object.assign(new Error('the connection to PostgreSQL was lost', { cause }), { code: 'CONNECTION_LOST' })
}
