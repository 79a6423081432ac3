import { randomUUID } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { createTransport } from 'nodemailer'
import { SetupError } from '../core/errors.ts'
import { isThisMachine } from '../core/network.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Mail, Mailer } from '../core/mailer.ts'
import { needsTls, readSmtpUrl } from '../core/smtp-url.ts'
import { readTlsFiles } from '../pem.ts'
import { smtpFault } from './smtp-fault.ts'

export interface MailSettings {
  from: string
  /** Absent: mails become `.eml` files in `outboxDirectory`. */
  smtpUrl?: string | undefined
  /** Whether a mail goes to another machine over TLS or not at all. */
  requiresTls: boolean
  outboxDirectory: string
}

/** Throws a `SetupError` when the SMTP_URL, or a file that it names, cannot be used. */
export function createMailer(settings: MailSettings, clock: Clock, log: Log): Mailer {
  const { smtpUrl, from, requiresTls } = settings
  return smtpUrl === undefined
    ? createOutboxMailer(settings, clock, log)
    : createSmtpMailer(connectionTo(smtpUrl, requiresTls), from, log)
}

/** Writes each mail as one file that appears whole. The link inside is a secret: the log names the file alone. */
function createOutboxMailer({ from, outboxDirectory }: MailSettings, clock: Clock, log: Log): Mailer {
  const composer = onFirstMail((create) => create({ streamTransport: true, buffer: true }))
  // Names sort in the order of writing, also within one millisecond.
  let written = 0
  return {
    async send(mail) {
      const composed = await (await composer()).sendMail({ from, ...messageOf(mail) })
      await mkdir(outboxDirectory, { recursive: true, mode: 0o700 })
      const time = new Date(clock.now()).toISOString().replaceAll(':', '')
      const name = `${time}-${String(written++).padStart(6, '0')}-${randomUUID().slice(0, 8)}.eml`
      const draft = join(outboxDirectory, `.${name}.part`)
      await writeFile(draft, composed.message as Buffer, { mode: 0o600 })
      await rename(draft, join(outboxDirectory, name))
      log.info({ event: 'mail.written', file: name }, 'mail written to the outbox')
    },
    check: async () => undefined,
    close: async () => {},
  }
}

/** What the mail library is told of a server. Nothing of the URL reaches it but through here. */
function connectionTo(smtpUrl: string, requiresTls: boolean) {
  const read = readSmtpUrl(smtpUrl)
  if (read.kind === 'faulty') throw new SetupError(read.faults.join('\n'))
  const { host, port, credentials, security, tls, name } = read.address
  // A name of this machine may stand for another one in somebody's DNS.
  const isOwnName = isThisMachine(host) && isIP(host) === 0
  return {
    host: isOwnName ? '127.0.0.1' : host,
    port,
    ...(credentials && { auth: { user: credentials.user, pass: credentials.password } }),
    ...(name && { name }),
    secure: security === 'implicit',
    ignoreTLS: security === 'never',
    requireTLS: needsTls(read.address, requiresTls),
    tls: {
      rejectUnauthorized: true,
      ...(isOwnName && { servername: host }),
      ...readTlsFiles('SMTP_URL', tls),
    },
    connectionTimeout: 15_000,
  }
}

/** Queues mails and tries each up to four times; a caller never waits for the mail server, nor learns from its pace. */
function createSmtpMailer(connection: ReturnType<typeof connectionTo>, from: string, log: Log): Mailer {
  const transport = onFirstMail((create) => create(connection))
  let asked = false
  const underWay = new Set<Promise<void>>()
  const pauses = [1_000, 5_000, 30_000]

  async function deliver(mail: Mail): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await (await transport()).sendMail({ from, ...messageOf(mail) })
        return
      } catch (error) {
        const pause = pauses[attempt]
        const { reason, text } = smtpFault(error)
        log.warn({ event: 'mail.failed', attempt, reason, last: pause === undefined }, text)
        if (pause === undefined) return
        await new Promise((resolve) => setTimeout(resolve, pause).unref())
      }
    }
  }

  return {
    async send(mail) {
      asked = true
      const delivery = deliver(mail).finally(() => underWay.delete(delivery))
      underWay.add(delivery)
    },
    async check() {
      asked = true
      try {
        await (await transport()).verify()
        return undefined
      } catch (error) {
        return smtpFault(error).text
      }
    },
    async close() {
      const bound = new Promise((resolve) => setTimeout(resolve, 5_000).unref())
      await Promise.race([Promise.allSettled(underWay), bound])
      // Where nobody was asked there is nothing to close.
      if (asked) (await transport()).close()
    },
  }
}

/** A mail as the library takes it. */
function messageOf({ language, ...mail }: Mail) {
  return { ...mail, headers: { 'Content-Language': language } }
}

/** Loads the library with the first mail: most starts send none. */
function onFirstMail<Transport>(make: (create: typeof createTransport) => Transport): () => Promise<Transport> {
  let made: Promise<Transport> | undefined
  return () => (made ??= import('nodemailer').then((library) => make(library.createTransport)))
}
