import { isIP, Socket } from 'node:net'
import { connect as connectTls, getCACertificates, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { DatabaseAddress, DatabaseHost } from '../../core/database-url.ts'
import { type PemKind, readPem } from '../../pem.ts'

/** Whether a connection is encrypted: `offered` where the server offers it. */
export type Security = 'never' | 'offered' | 'always'

/** Which of them a mode tries, in turn. */
export const securitiesOf: Record<DatabaseAddress['tls']['mode'], readonly Security[]> = {
  disable: ['never'],
  allow: ['never', 'always'],
  prefer: ['offered', 'never'],
  require: ['always'],
  'verify-ca': ['always'],
  'verify-full': ['always'],
}

/** Whether a server listens in a folder of this machine, where nothing is encrypted. */
export const isSocketFolder = ({ name, address }: DatabaseHost): boolean =>
  address === undefined && name.startsWith('/')

/** What a client says that wants to speak TLS, and what a server answers. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const [yes, no] = ['S', 'N'].map((letter) => letter.charCodeAt(0))

/**
 * Makes the way to a server, encrypted and checked as the address says; rejects with what was in the way. `hold` is handed each
 * socket on the way as soon as it exists.
 */
export async function dial(
  host: DatabaseHost,
  address: DatabaseAddress,
  security: Security,
  hold: (socket: Socket) => void,
): Promise<Socket> {
  const wire = new Socket()
  hold(wire)
  const milliseconds = address.connectSeconds * 1_000
  await happens(wire, 'connect', milliseconds, () => {
    if (isSocketFolder(host)) wire.connect(`${host.name}/.s.PGSQL.${host.port}`)
    else wire.connect(host.port, host.address ?? host.name)
  })
  if (security === 'never' || isSocketFolder(host)) return wire
  if (!address.tls.direct) {
    const answer = (await happens(wire, 'data', milliseconds, () => wire.write(sslRequest))) as Buffer
    // More than one letter would be read as if it had come encrypted.
    if (answer.length !== 1 || (answer[0] !== yes && answer[0] !== no))
      throw fault('NO_POSTGRES', 'no answer of PostgreSQL')
    if (answer[0] === no) {
      if (security === 'offered') return wire
      throw fault('NO_TLS', 'the server does not offer TLS')
    }
  }
  const secured = connectTls({ socket: wire, ...tlsOptions(host, address) })
  hold(secured)
  await happens(secured, 'secureConnect', milliseconds)
  return secured
}

/** The files are read for each connection, so that a renewed certificate counts. */
function tlsOptions(host: DatabaseHost, { tls }: DatabaseAddress): ConnectionOptions {
  const checks = tls.mode === 'verify-ca' || tls.mode === 'verify-full'
  return {
    rejectUnauthorized: checks,
    ...(tls.mode === 'verify-ca' && { checkServerIdentity: () => undefined }),
    // The name that the certificate must have.
    host: host.name,
    servername: tls.sendsServerName && isIP(host.name) === 0 ? host.name : '',
    ...(tls.direct && { ALPNProtocols: ['postgresql'] }),
    ...(tls.rootCertificates && { ca: authorities(tls.rootCertificates) }),
    ...(tls.revocations && { crl: pem('sslcrl', tls.revocations, 'revocations') }),
    ...(tls.certificate && { cert: pem('sslcert', tls.certificate, 'certificate') }),
    ...(tls.key && { key: pem('sslkey', tls.key, 'key') }),
    ...(tls.passphrase && { passphrase: tls.passphrase }),
    ...(tls.minVersion && { minVersion: tls.minVersion }),
    ...(tls.maxVersion && { maxVersion: tls.maxVersion }),
  }
}

function authorities(named: string): string | string[] {
  if (named !== 'system') return pem('sslrootcert', named, 'certificate')
  // With those of NODE_EXTRA_CA_CERTS.
  return [...getCACertificates('system'), ...getCACertificates('extra')]
}

const pem = (word: string, path: string, kind: PemKind) => readPem('DATABASE_URL', word, path, kind)

/** Resolves to what an event tells. Rejects when the socket ends or errs before, or nothing happens for too long. */
function happens(socket: Socket | TLSSocket, event: string, milliseconds: number, begin = () => {}): Promise<unknown> {
  return new Promise((done, fail) => {
    const settle = (act: () => void) => {
      clearTimeout(patience)
      for (const [name, listener] of Object.entries(listeners)) socket.removeListener(name, listener)
      act()
    }
    const failed = (error: unknown) => settle(() => fail(error))
    const listeners = {
      [event]: (given: unknown) => settle(() => done(given)),
      error: failed,
      close: () => failed(fault('CONNECTION_LOST', 'the connection was closed')),
    }
    const patience = setTimeout(() => failed(fault('ETIMEDOUT', 'no answer in time')), milliseconds)
    for (const [name, listener] of Object.entries(listeners)) socket.on(name, listener)
    begin()
  })
}

function fault(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

/**
 * Makes a socket tell of its end before whoever else listens, and throw nothing at the process. Others let go of their
 * listeners early, and an error without one would end the process.
 */
export function guard(socket: Socket, onEnd: (error?: unknown) => void): void {
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...given: unknown[]) => boolean
  socket.emit = (event: string | symbol, ...given: unknown[]): boolean => {
    if (event === 'error') onEnd(given[0])
    if (event === 'end' || event === 'close') onEnd()
    if (event === 'error' && socket.listenerCount('error') === 0) return false
    if (event !== 'data') return emit(event, ...given)
    try {
      return emit(event, ...given)
    } catch (error) {
      // Bytes that are not PostgreSQL's protocol.
      socket.destroy(error as Error)
      return true
    }
  }
}
