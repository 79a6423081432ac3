import { userInfo } from 'node:os'
import { type DatabaseAddress, readDatabaseUrl } from '../../core/database-url.ts'
import { SetupError } from '../../core/errors.ts'
import { within } from '../../core/within.ts'
import { type Database, healsOnNewConnection, isLostWhileAsking } from './database.ts'
import { type Connection, connectionLost, openConnection } from './postgres-connection.ts'
import { Driver } from './postgres-driver.ts'

/** How long a call waits for a connection that is in use. */
const waitMilliseconds = 3_000
const closeWithinMilliseconds = 5_000
const reconnectAfterMilliseconds = 250
const maxLifeMilliseconds = 3_600_000

export interface PostgresPool {
  db: Database
  /** Rejects unless a connection of the pool, or else a new one, takes writes. */
  ping(): Promise<void>
  /** Waits for what is under way, five seconds at most; no connection is left. */
  close(): Promise<void>
}

/** What a DATABASE_URL and libpq's variables say; throws a `SetupError` with every fault. */
export function databaseAddressOf(databaseUrl: string): DatabaseAddress {
  const read = readDatabaseUrl(databaseUrl, { ...process.env, PGUSER: process.env['PGUSER'] || ownUser() })
  if (read.kind === 'faulty') throw new SetupError(read.faults.join('\n'))
  return read.address
}

/** Who this process runs as, which is libpq's default for the role; nothing where the user has no name. */
function ownUser(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

/**
 * Opens a pool of at most `max` connections; the first statement makes the first one. A connection that breaks, or that has
 * no answer after `answerMilliseconds`, fails the statement or the transaction that it carries with the code
 * `CONNECTION_LOST`. Nothing is sent through it any more, and the next statement gets another one. What did nothing because
 * of the state that a connection is in (read-only since a fail-over) is asked once more, on a new one.
 */
export function openPostgresPool(
  address: DatabaseAddress,
  { max, answerMilliseconds }: { max: number; answerMilliseconds: number },
): PostgresPool {
  const connections = new Set<Connection>()
  const idle: Connection[] = []
  const waiting = new Set<(connection: Connection | Promise<Connection> | undefined) => void>()
  /** Of connections that are open or being made. */
  let count = 0
  let closed = false

  async function connect(): Promise<Connection> {
    count++
    try {
      const connection = await openConnection(address, {
        answerMilliseconds,
        // A replica that freezes inside a transaction must not keep the others from revoking.
        limits: { statementMilliseconds: 10_000, idleMilliseconds: 5_000 },
      })
      connections.add(connection)
      void connection.lost.then(() => forget(connection))
      if (closed) connection.lose()
      return connection
    } catch (error) {
      letNextConnect()
      throw error
    }
  }
  function forget(connection: Connection): void {
    connections.delete(connection)
    const place = idle.indexOf(connection)
    if (place !== -1) idle.splice(place, 1)
    letNextConnect()
  }
  function letNextConnect(): void {
    count--
    const [next] = waiting
    if (next !== undefined && !closed) next(connect())
  }
  async function take(): Promise<Connection> {
    if (closed) throw connectionLost(undefined)
    return idle.pop() ?? (count < max ? connect() : waitForOne())
  }
  function waitForOne(): Promise<Connection> {
    return new Promise((done, fail) => {
      const give = (connection: Connection | Promise<Connection> | undefined) => {
        clearTimeout(patience)
        waiting.delete(give)
        if (connection === undefined) fail(connectionLost(new Error('every connection is in use')))
        else done(connection)
      }
      const patience = setTimeout(give, waitMilliseconds, undefined)
      waiting.add(give)
    })
  }
  function giveBack(connection: Connection): void {
    if (connection.isLost) return
    // A transaction that could not be ended ends with its connection.
    const isUsable = !closed && !connection.inTransaction && !connection.isOutdated
    if (!isUsable || connection.age > maxLifeMilliseconds) return connection.lose()
    const [next] = waiting
    if (next === undefined) idle.push(connection)
    else next(connection)
  }
  /** Whatever became of one connection became of those of its age as well, as far as anybody knows. */
  function replaceAll(): void {
    for (const connection of connections) connection.isOutdated = true
    for (const connection of idle.splice(0)) connection.lose()
  }
  /** `mayAskAgain`: of a connection that was lost. */
  async function borrow<T>(
    task: (connection: Connection) => Promise<T>,
    mayAskAgain: () => boolean = () => false,
  ): Promise<T> {
    for (let isSecond = false; ; isSecond = true) {
      const connection = await take()
      try {
        return await task(connection)
      } catch (error) {
        const heals = healsOnNewConnection(error)
        const isLost = isLostWhileAsking(error)
        if (heals || isLost) replaceAll()
        if (isSecond || !(heals || (isLost && mayAskAgain()))) throw error
      } finally {
        giveBack(connection)
      }
    }
  }

  // Each statement may go through another connection; a transaction keeps one from `begin` to its end.
  const db = new Driver((statement, text) =>
    borrow(
      (connection) => (connection.isPooled ? connection.askAlone(statement) : connection.ask(statement)),
      () => /^\s*select\b/i.test(text),
    ),
  ).open()
  db.transaction = (task, config) => {
    let hasBegun = false
    return borrow(
      (connection) =>
        connection.db.transaction((tx) => {
          hasBegun = true
          return task(tx)
        }, config),
      () => !hasBegun,
    )
  }
  return {
    db,
    ping: () =>
      borrow(
        (connection) => connection.askForWrites(),
        () => true,
      ),
    async close() {
      closed = true
      for (const connection of idle.splice(0)) connection.lose()
      for (const give of waiting) give(undefined)
      const allLost = Promise.all([...connections].map((connection) => connection.lost))
      await within(closeWithinMilliseconds, allLost, () => new Error('some did not end')).catch(() => {})
      for (const connection of connections) connection.lose()
    },
  }
}

/**
 * Listens on a channel through a connection of its own, which is made again when it breaks. `wake` is called for each
 * notification, and whenever some may have been missed. Rejects when the first connection cannot be made. Returns what ends
 * it. Behind a pooler nothing is heard, and so nothing is listened for.
 */
export async function listenOnPostgres(
  address: DatabaseAddress,
  channel: string,
  told: (text?: string) => void,
): Promise<() => Promise<void>> {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let connection: Connection | undefined

  async function connect(): Promise<void> {
    const onnotify = (_: string, text: string) => told(text)
    connection = await openConnection(address, { answerMilliseconds: waitMilliseconds, onnotify })
    if (stopped || connection.isPooled) return connection.lose()
    await connection.ask((client) => client.unsafe(`listen ${channel}`))
    void connection.lost.then(again)
    told()
  }
  function again(): void {
    if (!stopped) timer = setTimeout(() => void connect().catch(again), reconnectAfterMilliseconds)
  }
  await connect()
  return async () => {
    stopped = true
    clearTimeout(timer)
    connection?.lose()
  }
}

/** Runs a task on a connection of its own, where it may take its time; it is closed afterwards. */
export async function withPostgresConnection<T>(
  address: DatabaseAddress,
  task: (db: Database) => Promise<T>,
): Promise<T> {
  const connection = await openConnection(address, {})
  try {
    return await task(connection.db)
  } finally {
    connection.lose()
  }
}
