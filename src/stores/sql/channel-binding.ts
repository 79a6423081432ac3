import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { DatabaseAddress } from '../../core/database-url.ts'

/** SCRAM as node-postgres has it. postgres.js knows none that is bound to the server's certificate. */
interface Sasl {
  startSession(mechanisms: string[], stream: TLSSocket): Session
  continueSession(session: Session, password: string, said: string, stream: TLSSocket): Promise<void>
  finalizeSession(session: Session, said: string): void
}
interface Session {
  mechanism: string
  response: string
}

const [authentication, refusal, response] = ['R', 'E', 'p'].map((letter) => letter.charCodeAt(0)) as [
  number,
  number,
  number,
]
const granted = 0
const saslBegins = 10
const saslGoesOn = 11
const saslEnds = 12
/** Nothing that a server says before it lets somebody in is longer. */
const maxMessageLength = 30_000

/**
 * Begins the conversation on an encrypted socket and proves the password, bound to the server's certificate where the server can
 * (RFC 5802, RFC 5929 `tls-server-end-point`). Afterwards the socket is as if nothing had been said: the library's own
 * beginning is swallowed, and what the server has said since is its answer. Rejects with the code `NO_CHANNEL_BINDING` where
 * binding is required and the server lets somebody in without it.
 */
export async function bindPassword(socket: TLSSocket, address: DatabaseAddress): Promise<void> {
  const load = createRequire(import.meta.url)
  const sasl = load('pg/lib/crypto/sasl.js') as Sasl
  const required = address.channelBinding === 'require'
  const unbound = () =>
    Object.assign(new Error('the server proves nothing that is bound to its certificate'), {
      code: 'NO_CHANNEL_BINDING',
    })
  const messages = messagesOf(socket)
  const { user, database, parameters } = address
  socket.write(startupMessage({ user, database, client_encoding: 'UTF8', ...parameters }))

  let session: Session | undefined
  let isProven = false
  for (;;) {
    const { message, rest } = await messages.next()
    if (message[0] === refusal) throw refusalOf(message)
    const kind = message[0] === authentication ? message.readUInt32BE(5) : undefined
    const said = message.subarray(9)
    if (kind === saslBegins) {
      session = sasl.startSession(said.toString('utf8').split('\0').filter(Boolean), socket)
      if (required && session.mechanism !== 'SCRAM-SHA-256-PLUS') throw unbound()
      const first = Buffer.from(session.response)
      const length = Buffer.alloc(4)
      length.writeInt32BE(first.length)
      answer(socket, Buffer.concat([Buffer.from(`${session.mechanism}\0`), length, first]))
    } else if (kind === saslGoesOn && session !== undefined) {
      await sasl.continueSession(session, address.password ?? '', said.toString('utf8'), socket)
      answer(socket, Buffer.from(session.response))
    } else if (kind === saslEnds && session !== undefined) {
      sasl.finalizeSession(session, said.toString('utf8'))
      isProven = true
    } else {
      // Let in, or asked for something that the library answers.
      const isLetIn = kind === granted
      if (required && kind !== undefined && !(isLetIn && isProven)) throw unbound()
      if (isLetIn && session !== undefined && !isProven) throw unbound()
      messages.stop()
      handOver(socket, Buffer.concat([message, rest()]))
      return
    }
  }
}

function handOver(socket: TLSSocket, said: Buffer): void {
  const write = socket.write.bind(socket)
  // Nothing is read until the library listens, and what was read comes first then.
  socket.pause()
  socket.unshift(said)
  socket.write = ((_beginning: Buffer, done?: () => void) => {
    socket.write = write
    socket.resume()
    if (typeof done === 'function') done()
    return true
  }) as never
}

/** Why the server lets nobody in: pairs of a letter and a text, of which C is the SQLSTATE. */
function refusalOf(message: Buffer): Error {
  const fields = new Map(
    message
      .toString('utf8', 5)
      .split('\0')
      .map((field) => [field.slice(0, 1), field.slice(1)]),
  )
  const told = { severity: fields.get('V') ?? fields.get('S') ?? 'FATAL', code: fields.get('C') ?? '08P01' }
  return Object.assign(new Error(fields.get('M')), told)
}

/** The server's messages one by one, each whole; rejects when the socket ends. */
function messagesOf(socket: Socket) {
  let received = Buffer.alloc(0)
  let fault: Error | undefined
  let wake = () => {}
  const listeners = {
    data(chunk: Buffer) {
      received = Buffer.concat([received, chunk])
      wake()
    },
    error(error: Error) {
      fault = error
      wake()
    },
    close() {
      fault ??= Object.assign(new Error('the connection was closed'), { code: 'CONNECTION_LOST' })
      wake()
    },
  }
  for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener as () => void)
  return {
    async next(): Promise<{ message: Buffer; rest: () => Buffer }> {
      for (;;) {
        const length = received.length < 5 ? undefined : received.readUInt32BE(1) + 1
        if (length !== undefined && (length < 5 || length > maxMessageLength))
          throw Object.assign(new Error('no answer of PostgreSQL'), { code: 'NO_POSTGRES' })
        if (length !== undefined && received.length >= length) {
          const message = received.subarray(0, length)
          received = received.subarray(length)
          return { message, rest: () => received }
        }
        if (fault !== undefined) throw fault
        await new Promise<void>((done) => (wake = done))
      }
    },
    stop() {
      for (const [event, listener] of Object.entries(listeners)) socket.removeListener(event, listener as () => void)
    },
  }
}

function startupMessage(parameters: Record<string, string>): Buffer {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`)
  const body = Buffer.from(`${pairs.join('')}\0`)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length + head.length)
  head.writeUInt32BE(0x0003_0000, 4)
  return Buffer.concat([head, body])
}

function answer(socket: Socket, body: Buffer): void {
  const head = Buffer.alloc(5)
  head[0] = response
  head.writeUInt32BE(body.length + 4, 1)
  socket.write(Buffer.concat([head, body]))
}
