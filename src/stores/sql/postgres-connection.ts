import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { DatabaseAddress, DatabaseHost } from '../../core/database-url.ts'
import { SetupError } from '../../core/errors.ts'
import { bindPassword } from './channel-binding.ts'
import { causesOf, type Database } from './database.ts'
import { loadPostgres, makePgArray, parsePgArray, type PostgresOptions, type Sql } from './drizzle.ts'
import { Driver, type Statement } from './postgres-driver.ts'
import { dial, guard, isSocketFolder, securitiesOf, type Security } from './postgres-wire.ts'

/** How `text[]` is written and read, whose number is 1009. Drizzle hands over what belongs in a column already written. */
const listOfTexts = {
  to: 1_009,
  from: [1_009],
  serialize: (list: string | string[]) => (typeof list === 'string' ? list : makePgArray(list)),
  parse: (written: string) => parsePgArray(written) as string[],
}

export interface ConnectionSettings {
  /** A server that is silent for longer is given up; absent: it may take its time. */
  answerMilliseconds?: number
  /** After how long the server gives up a statement, and a transaction in which nothing happens. */
  limits?: { statementMilliseconds: number; idleMilliseconds: number }
  onnotify?: (channel: string, told: string) => void
}

interface Way {
  host: DatabaseHost
  address: DatabaseAddress
  security: Security
}

/** Where the last connection was made: tried first by the next, so that a dead host costs its time once. */
const lastGood = new WeakMap<DatabaseAddress, DatabaseHost>()

/**
 * Makes a connection to the first of the hosts that takes writes. Rejects with what was in the way there, or else at the first
 * host that said anything.
 */
export async function openConnection(address: DatabaseAddress, settings: ConnectionSettings): Promise<Connection> {
  const good = lastGood.get(address)
  const faults: unknown[] = []
  for (const host of good === undefined ? address.hosts : [good, ...address.hosts.filter((host) => host !== good)]) {
    const ways = isSocketFolder(host) ? (['never'] as const) : securitiesOf[address.tls.mode]
    for (const [number, security] of ways.entries()) {
      const connection = new Connection({ host, address, security }, settings)
      try {
        await connection.open()
        lastGood.set(address, host)
        return connection
      } catch (error) {
        connection.lose(error)
        if (causesOf(error).some((cause) => cause instanceof SetupError)) throw error
        faults.push(error)
        if (number + 1 < ways.length && !isAboutSecurity(error)) break
      }
    }
    // Who is not let in by one of the hosts will not be by the next.
    if (sqlStateOf(faults.at(-1))?.match(/^(28|3D)/)) break
  }
  throw connectionLost(faults.find((fault) => sqlStateOf(fault) !== undefined) ?? faults[0])
}

/**
 * One connection, and never another in its place: postgres.js would make a new one by itself, and go on there with what was
 * begun on the old one.
 */
export class Connection {
  readonly db: Database
  /** Resolves when nothing can be asked any more. */
  readonly lost: Promise<void>
  isLost = false
  inTransaction = false
  /** Closed when it is given back. */
  isOutdated = false
  /** Whether the server behind it may be another for each transaction. */
  isPooled: boolean
  /** Begins a transaction. */
  beginning = 'begin'
  readonly #client: Sql
  readonly #settings: ConnectionSettings
  readonly #way: Way
  readonly #madeAt = performance.now()
  /** What fails when the connection is lost. */
  readonly #carried = new Set<() => void>()
  #socket: Socket | undefined
  #reason: unknown
  #settle = () => {}

  constructor(way: Way, settings: ConnectionSettings) {
    const { host, address } = way
    this.#way = way
    this.#settings = settings
    this.isPooled = address.isPooled === true
    this.lost = new Promise((done) => (this.#settle = done))
    this.#client = loadPostgres().postgres({
      // For its messages alone: the way there is made here.
      host: [host.name],
      port: [host.port],
      user: address.user,
      database: address.database,
      pass: address.password ?? '',
      max: 1,
      // The pool says when a connection ends: to the library it is idle between two statements of a transaction.
      idle_timeout: 0,
      max_lifetime: 0,
      connect_timeout: address.connectSeconds,
      keep_alive: address.keepAliveSeconds,
      // The library reads variables of its own for whatever is not said.
      ssl: false,
      sslnegotiation: null,
      target_session_attrs: undefined,
      max_pipeline: 100,
      prepare: true,
      debug: false,
      // The library would ask for it by itself, in a call whose failure nobody could catch.
      fetch_types: false,
      types: { texts: listOfTexts },
      onnotice: () => {},
      onclose: () => this.lose(),
      socket: () => this.#dial(),
      ...(settings.onnotify && { onnotify: settings.onnotify }),
      connection: address.parameters,
    } as unknown as PostgresOptions<{}>)
    this.db = new Driver((statement) => this.ask(statement), this, this.#client.options).open()
  }

  /** In milliseconds. */
  get age(): number {
    return performance.now() - this.#madeAt
  }

  /** Reaches the server; rejects where that takes no writes (25006). Everything else is asked afterwards. */
  async open(): Promise<void> {
    const milliseconds = 2 * this.#way.address.connectSeconds * 1_000
    const [row, told] = await this.ask(async (client) => {
      const answer = await client.unsafe<{ pid: number }[]>(`select pg_backend_pid() as pid`)
      return [answer[0]!, (answer as unknown as { state?: { pid?: number } }).state] as const
    }, milliseconds)
    // A pooler tells a number of its own when the connection begins.
    if (this.#way.address.isPooled === undefined) this.isPooled = row.pid !== told?.pid
    const { limits } = this.#settings
    if (limits !== undefined) {
      const { statementMilliseconds, idleMilliseconds } = limits
      const set = (scope: string) =>
        `set ${scope} statement_timeout = ${statementMilliseconds};` +
        `set ${scope} idle_in_transaction_session_timeout = ${idleMilliseconds}`
      // What is set for the session would stay with a server that serves others next.
      if (this.isPooled) this.beginning = `begin;${set('local')}`
      else await this.ask((client) => client.unsafe(set('session')))
    }
    await this.askForWrites()
  }

  /** Rejects with 25006 where nothing can be written. */
  async askForWrites(): Promise<void> {
    const [row] = await this.ask(
      (client) => client.unsafe<{ no: string }[]>(`select current_setting('transaction_read_only') as no`),
      this.#settings.answerMilliseconds ?? this.#way.address.connectSeconds * 1_000,
    )
    if (row?.no !== 'off')
      throw Object.assign(new Error('the server takes no writes'), { severity: 'ERROR', code: '25006' })
  }

  /** Rejects with the server's own words when it answered, and with `CONNECTION_LOST` when it did not. */
  async ask<T>(statement: Statement<T>, milliseconds = this.#settings.answerMilliseconds): Promise<T> {
    if (this.isLost) throw connectionLost(this.#reason)
    let timer: NodeJS.Timeout | undefined
    let giveUp = () => {}
    try {
      return await new Promise<T>((done, fail) => {
        giveUp = () => fail(connectionLost(this.#reason))
        this.#carried.add(giveUp)
        if (milliseconds !== undefined) timer = setTimeout(() => this.lose(timedOut()), milliseconds)
        statement(this.#client, !this.isPooled).then(done, fail)
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

  /** Asks one thing in a transaction of its own, all of it sent at once. */
  async askAlone<T>(statement: Statement<T>): Promise<T> {
    const parts = [
      this.ask((client) => client.unsafe(this.beginning)),
      this.ask(statement),
      this.ask((client) => client.unsafe('commit')),
    ] as const
    const outcomes = await Promise.allSettled(parts)
    // Of a statement that failed the commit makes an end without an error, and so of one that could not be begun.
    const failed = [outcomes[1], outcomes[0], outcomes[2]].find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    return (outcomes[1] as PromiseFulfilledResult<T>).value
  }

  /** Closes the connection. What it carries fails at once; a network that is gone does not keep the process alive. */
  lose(reason?: unknown): void {
    if (this.isLost) return
    this.isLost = true
    this.#reason = reason
    for (const giveUp of this.#carried) giveUp()
    this.#settle()
    void this.#client.end({ timeout: 0 }).catch(() => {})
    this.#socket?.unref().destroySoon()
  }

  async #dial(): Promise<Socket> {
    if (this.isLost) throw connectionLost(undefined)
    const { host, address, security } = this.#way
    const hold = (socket: Socket) => {
      guard(socket, (error) => this.lose(error))
      this.#socket = socket
      if (this.isLost) socket.destroy()
    }
    const socket = await dial(host, address, security, hold)
    const isEncrypted = (socket as Partial<TLSSocket>).encrypted === true
    if (isEncrypted && address.channelBinding !== 'disable') await bindPassword(socket as TLSSocket, address)
    return socket
  }
}

/** Whether the server said so, and goes on with the connection. What it says when it ends one is no answer. */
function isAnswer(error: unknown): boolean {
  const { severity, code } = (error ?? {}) as { severity?: unknown; code?: unknown }
  return severity !== undefined && !/^(08|57P|25P03)/.test(String(code))
}

/** Whether the same host may let somebody in who asks with TLS instead of without, or the other way round. */
function isAboutSecurity(error: unknown): boolean {
  return causesOf(error).some((cause) =>
    /^(28000|NO_TLS|ECONNRESET|ERR_SSL_.*|ERR_TLS_.*|EPROTO)$/.test(String((cause as { code?: unknown }).code)),
  )
}

/** What PostgreSQL calls the fault; nothing when it was not PostgreSQL that spoke. */
function sqlStateOf(error: unknown): string | undefined {
  const codes = causesOf(error).map((cause) => String((cause as { code?: unknown }).code))
  return codes.find((code) => /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code))
}

function timedOut(): Error {
  return Object.assign(new Error('the server did not answer in time'), { code: 'ETIMEDOUT' })
}

/** What tells of a server that did not answer, or cannot be reached. */
export function connectionLost(cause: unknown): Error {
  return Object.assign(new Error('the connection to PostgreSQL was lost', { cause }), { code: 'CONNECTION_LOST' })
}
