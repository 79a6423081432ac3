/** A mail server on loopback, with and without TLS, that keeps what it is told. */
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { domainToASCII } from 'node:url'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { Certificate } from './certificates.ts'
import { until } from './patience.ts'
import { freePort } from './servers.ts'

export const mailUser = { user: 'gate', password: 'p@ss/w#rd?%:é' }

/** A URL's user and password for it. */
export const mailCredentials = `${mailUser.user}:${encodeURIComponent(mailUser.password)}@`

interface ReceivedMail {
  from: string
  to: string[]
  /** Head and body, as they were sent. */
  content: string
  isSecured: boolean
  /** Who handed it in; nothing for nobody in particular. */
  user: unknown
}

export interface MailServer {
  port: number
  /** For `SMTP_URL`, without a login. */
  url: string
  /** Each login that was tried, and whether by TLS. */
  logins: { isSecured: boolean; isRight: boolean }[]
  received: ReceivedMail[]
  /** The mails to one address, once there are so many. */
  mailsTo(address: string, count?: number): Promise<ReceivedMail[]>
  /** How clients greeted. */
  greetings: string[]
  close(): Promise<void>
}

/** As it was sent: the library shows domains in their own letters. */
const inAscii = (address: string) => address.replace(/[^@]+$/, (domain) => domainToASCII(domain))

/** Runs until the test ends. Without a certificate it knows no TLS. Logins are taken on whatever connection they come. */
export async function startMailServer(
  t: { teardown(after: () => unknown): unknown },
  {
    certificate,
    port,
    host = '127.0.0.1',
    hangsUp = () => false,
    ...options
  }: SMTPServerOptions & {
    certificate?: Certificate
    port?: number
    host?: string
    /** Asked when a mail was read and not answered: whether its connection is cut then. */
    hangsUp?: () => boolean
  } = {},
): Promise<MailServer> {
  const at = port ?? (await freePort())
  const [logins, received, greetings]: [MailServer['logins'], ReceivedMail[], string[]] = [[], [], []]
  const server = new SMTPServer({
    logger: false,
    authOptional: true,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    // As with many servers.
    hideSMTPUTF8: true,
    ...(certificate === undefined
      ? { disabledCommands: ['STARTTLS'] }
      : { cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) }),
    onAuth({ username, password }, { secure }, done) {
      const isRight = username === mailUser.user && password === mailUser.password
      logins.push({ isSecured: secure, isRight })
      if (isRight) done(null, { user: username })
      else done(new Error('Invalid username or password'))
    },
    onData(stream, session, done) {
      const { secure, envelope, user, hostNameAppearsAs } = session
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (hangsUp()) {
          for (const connection of server.connections as Set<{ _socket: Socket }>) connection._socket.destroy()
          return
        }
        greetings.push(hostNameAppearsAs)
        const from = envelope.mailFrom === false ? '' : inAscii(envelope.mailFrom.address)
        const to = envelope.rcptTo.map(({ address }) => inAscii(address))
        received.push({ from, to, content: Buffer.concat(chunks).toString(), isSecured: secure, user })
        done()
      })
    },
    ...options,
  })
  // Clients that refuse its certificate, which is what the tests are about.
  server.on('error', () => {})
  await new Promise<void>((listening) => server.listen(at, host, listening))
  const close = () => new Promise<void>((closed) => server.close(closed))
  t.teardown(close)
  const mailsTo = (address: string) => received.filter((mail) => mail.to.includes(address))
  return {
    ...{ port: at, url: `smtp://${host}:${at}`, logins, received, greetings, close },
    async mailsTo(address, count = 1) {
      await until(`${count} mails to ${address}`, () => mailsTo(address).length >= count)
      return mailsTo(address)
    },
  }
}
