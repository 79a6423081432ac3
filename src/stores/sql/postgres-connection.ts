import { Socket } from 'node:net'
import type { Database } from './database.ts'
import { loadPostgres, makePgArray, parsePgArray, type PostgresOptions, type Sql } from './drizzle.ts'
import * as schema from './schema.ts'

/** How long a call waits for a connection, and a connection for its server. */
export const connectWithinMilliseconds = 3_000

/** How `text[]` is written and read, whose number is 1009. Drizzle hands over what belongs in a column already written. */
const listOfTexts = {
  to: 1_009,
  from: [1_009],
  serialize: (list: string | string[]) => (typeof list === 'string' ? list : makePgArray(list)),
  parse: (written: string) => parsePgArray(written) as string[],
}

type Statement<T> = (client: Sql) => PromiseLike<T>
type Ask = <T>(statement: Statement<T>) => Promise<T>

/**
 * One connection, and never another in its place: postgres.js would make a new one by itself, and go on there with what was
 * begun on the old one. It is made by the first statement.
 */
export class Connection {
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
      // The library would ask for it by itself, in a call whose failure nobody could catch.
      fetch_types: false,
      types: { texts: listOfTexts },
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
export class Driver {
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

/** What tells of a server that did not answer, or cannot be reached. */
export function connectionLost(cause: unknown): Error {
  return Object.assign(new Error('the connection to PostgreSQL was lost', { cause }), { code: 'CONNECTION_LOST' })
}
