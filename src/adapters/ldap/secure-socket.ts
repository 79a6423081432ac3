import { connect as connectClear, isIP, type Socket } from 'node:net'
import { connect as connectByTls, type TLSSocket } from 'node:tls'
import type { DirectorySettings } from '../../core/directory.ts'
import { DirectoryFault } from '../../core/directory.ts'

/** An ExtendedRequest with the OID of StartTLS (RFC 4511 §4.12, §4.14), numbered 1. */
const startTls = Buffer.concat([
  Buffer.from([0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16]),
  Buffer.from('1.3.6.1.4.1.1466.20037', 'latin1'),
])
/** No answer to it is longer. */
const maxAnswerBytes = 4_096

/**
 * Connects, and resolves to a socket whose peer has shown a certificate for the configured host by a trusted authority. Nothing
 * of LDAP but the wish for StartTLS is sent before. What comes in the clear together with the answer to that, or after it, ends the
 * connection: bytes from before TLS must not be read as if they had come by it. `signal` breaks it off.
 */
export async function connectSecurely(
  { host, port, security }: Pick<DirectorySettings, 'host' | 'port' | 'security'>,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const clear = security === 'starttls' ? await askForTls(host, port, signal) : undefined
  const options = {
    host,
    rejectUnauthorized: true,
    // Addresses are no server names (RFC 6066 §3); the certificate is compared with `host` all the same.
    servername: isIP(host) === 0 ? host : '',
    ...(ca !== undefined && { ca }),
  }
  const secure = connectByTls(clear === undefined ? { ...options, port } : { ...options, socket: clear })
  await settled(secure, 'secureConnect', signal, clear)
  return secure
}

async function askForTls(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connectClear({ host, port })
  await settled(socket, 'connect', signal)
  socket.write(startTls)
  const answer = await new Promise<Buffer>((done, fail) => {
    let read = Buffer.alloc(0)
    const end = (then: () => void) => {
      socket.off('data', look).off('error', broken).off('close', broken)
      signal.removeEventListener('abort', late)
      then()
    }
    const refuse = (error: Error) =>
      end(() => {
        socket.on('error', () => {}).destroy()
        fail(error)
      })
    const broken = (error?: unknown) => refuse(error instanceof Error ? error : closed())
    const late = () => refuse(tooLate())
    function look(bytes: Buffer) {
      read = Buffer.concat([read, bytes])
      const length = lengthOf(read)
      if (read[0] !== 0x30 || read.length > maxAnswerBytes)
        refuse(new DirectoryFault('settings', 'NO_LDAP', 'correct host and port'))
      else if (length !== undefined && read.length >= length) {
        socket.pause()
        end(() => done(read))
      }
    }
    socket.on('data', look).once('error', broken).once('close', broken)
    signal.addEventListener('abort', late, { once: true })
  })
  if (answer.length === lengthOf(answer) && isSuccess(answer)) return socket
  socket.on('error', () => {}).destroy()
  throw new DirectoryFault(
    'settings',
    'NO_STARTTLS',
    'it does not begin TLS when asked to; use ldaps://, or let it offer StartTLS',
  )
}

/** The length of the message that begins here, with its head; nothing as long as that is not known. */
function lengthOf(bytes: Buffer): number | undefined {
  const head = headAt(bytes, 0)
  return head === undefined ? undefined : head.content + head.length
}

function headAt(bytes: Buffer, at: number): { tag: number; content: number; length: number } | undefined {
  const [tag, first] = [bytes[at], bytes[at + 1]]
  if (tag === undefined || first === undefined) return undefined
  if (first < 0x80) return { tag, content: at + 2, length: first }
  const size = first & 0x7f
  if (size === 0 || size > 4 || bytes.length < at + 2 + size) return undefined
  return { tag, content: at + 2 + size, length: bytes.readUIntBE(at + 2, size) }
}

/** An ExtendedResponse to message 1 whose result code is `success`. */
function isSuccess(bytes: Buffer): boolean {
  const message = headAt(bytes, 0)
  const id = message && headAt(bytes, message.content)
  const response = id && headAt(bytes, id.content + id.length)
  const code = response && headAt(bytes, response.content)
  if (message?.tag !== 0x30 || id?.tag !== 0x02 || response?.tag !== 0x78 || code?.tag !== 0x0a) return false
  return id.length === 1 && bytes[id.content] === 1 && code.length === 1 && bytes[code.content] === 0
}

/** Waits for an event of a socket, and destroys it when that does not come. `below`: what it stands on. */
function settled(socket: Socket, event: string, signal: AbortSignal, below?: Socket): Promise<void> {
  return new Promise((done, fail) => {
    const end = (error?: Error) => {
      socket.off(event, happened).off('error', broken).off('close', broken)
      signal.removeEventListener('abort', late)
      if (error === undefined) return done()
      // What comes after the end is nobody's concern.
      for (const each of [socket, below]) each?.on('error', () => {}).destroy()
      return fail(error)
    }
    const happened = () => end()
    const broken = (error?: unknown) => end(error instanceof Error ? error : closed())
    const late = () => end(tooLate())
    socket.once(event, happened).once('error', broken).once('close', broken)
    if (signal.aborted) late()
    else signal.addEventListener('abort', late, { once: true })
  })
}

const closed = () => Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })
/** There was no answer in time. */
export const tooLate = () => new DirectoryFault('away', 'ETIMEDOUT', 'it does not answer in time')
