import type { Database } from './database.ts'
import { Connection, connectionLost, connectWithinMilliseconds, Driver } from './postgres-connection.ts'

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
    const place = idle.indexOf(connection)
    if (place !== -1) idle.splice(place, 1)
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
