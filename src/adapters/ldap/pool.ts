import { Client } from 'ldapts'
import type { TLSSocket } from 'node:tls'
import { faultOf, isAnswer } from './answers.ts'
import { createTurns } from '../turns.ts'
import { tooLate } from './secure-socket.ts'

/** How long a connection may rest: less than directories and what lies between mostly allow. */
const restMilliseconds = 30_000

export interface Connection {
  readonly client: Client
  /** Ends it at once. */
  destroy(): void
  isOpen(): boolean
}

/** A client of the library on a connection that is there already, and is never replaced by another: one that was lost would come back as nobody's. */
export function clientOn(socket: TLSSocket, timeoutMilliseconds: number): Connection {
  let isTaken = false
  const client = new Client({
    // The library connects nowhere by itself: what it is handed is TLS.
    url: 'ldap://connected.invalid',
    timeout: timeoutMilliseconds,
    connectTimeout: timeoutMilliseconds,
    createConnection: () => {
      if (isTaken) throw Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })
      isTaken = true
      return socket
    },
  })
  return { client, destroy: () => void socket.destroy(), isOpen: () => !socket.destroyed && socket.readable }
}

export interface Pool {
  /**
   * Lends a connection of the service to one task, which alone uses it meanwhile. Rejects with a `DirectoryFault`. One that has met
   * anything but an answer is not used again; where it had rested before, the task is tried once more on a new one.
   */
  use<T>(signal: AbortSignal, task: (client: Client) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** `connect`: makes one that is signed in as the service. */
export function createPool(most: number, connect: (signal: AbortSignal) => Promise<Connection>): Pool {
  const resting: { connection: Connection; timer: NodeJS.Timeout }[] = []
  const turns = createTurns(most, tooLate)
  let isClosed = false

  function handBack(connection: Connection | undefined): void {
    if (connection?.isOpen() && !isClosed) {
      const timer = setTimeout(
        () =>
          end(
            resting.splice(
              resting.findIndex((each) => each.timer === timer),
              1,
            ),
          ),
        restMilliseconds,
      )
      resting.push({ connection, timer: timer.unref() })
    } else connection?.destroy()
    turns.giveBack()
  }
  function end(some: typeof resting): void {
    for (const { connection, timer } of some) {
      clearTimeout(timer)
      // As the protocol wants it (RFC 4511 §4.3); the socket ends with it.
      connection.client.unbind().catch(() => connection.destroy())
    }
  }
  /** One that rested and is still there, the last one first. */
  function rested(): Connection | undefined {
    for (let found = resting.pop(); found !== undefined; found = resting.pop()) {
      clearTimeout(found.timer)
      if (found.connection.isOpen()) return found.connection
      found.connection.destroy()
    }
    return undefined
  }

  return {
    async use(signal, task) {
      await turns.take(signal)
      let connection: Connection | undefined
      try {
        for (;;) {
          const old = rested()
          connection = old ?? (await connect(signal))
          try {
            return await unlessLate(signal, connection, task(connection.client))
          } catch (error) {
            if (isAnswer(error)) throw error
            connection.destroy()
            connection = undefined
            if (old === undefined || signal.aborted) throw error
          }
        }
      } catch (error) {
        throw faultOf(error)
      } finally {
        handBack(connection)
      }
    },
    async close() {
      isClosed = true
      end(resting.splice(0))
    },
  }
}

/** What a task comes to; one that is late ends with its connection, since the library would leave it waiting. */
export function unlessLate<T>(signal: AbortSignal, connection: Connection, task: Promise<T>): Promise<T> {
  return new Promise((done, fail) => {
    const late = () => {
      connection.destroy()
      fail(tooLate())
    }
    if (signal.aborted) late()
    signal.addEventListener('abort', late, { once: true })
    task.then(done, fail).finally(() => signal.removeEventListener('abort', late))
  })
}
