import { mkdir, rename, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { domainToASCII } from 'node:url'
import type { createTransport } from 'nodemailer'
import { SetupError } from '../core/errors.ts'
import { isThisMachine } from '../core/network.ts'
import type { Log } from '../core/log.ts'
import type { Mailer, OutgoingMail } from '../core/mailer.ts'
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
export function createMailer(settings: MailSettings, log: Log): Mailer {
  const { smtpUrl, from, requiresTls } = settings
  const domain = domainOf(from)
  return smtpUrl === undefined
    ? createOutboxMailer(settings, domain, log)
    : createSmtpMailer(connectionTo(smtpUrl, requiresTls), from, domain, log)
}

/** Whose ids the mails have: the domain that they come from, in ASCII, which every mail server takes. */
function domainOf(from: string): string {
  const [, domain] = /@([^@<>\s]+)>?\s*$/.exec(from)!
  return domainToASCII(domain!)
}

/**
 * Writes each mail as one file that appears whole, under a name that follows from the mail: however often it is written, it is there
 * once. Names sort in the order of the mails. The link inside is a secret: the log names the file alone.
 */
function createOutboxMailer({ from, outboxDirectory }: MailSettings, domain: string, log: Log): Mailer {
  const composer = onFirstMail((create) => create({ streamTransport: true, buffer: true }))
  return {
    async send(mail) {
      const name = `${mail.date.toISOString().replaceAll(':', '')}-${mail.id}.eml`
      const draft = join(outboxDirectory, `.${name}.part`)
      try {
        const composed = await (await composer()).sendMail(messageOf(mail, from, domain))
        await mkdir(outboxDirectory, { recursive: true, mode: 0o700 })
        await writeFile(draft, composed.message as Buffer, { mode: 0o600 })
        await rename(draft, join(outboxDirectory, name))
      } catch (error) {
        const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
        const text = `GATEHOUSE_DATA_DIR: a mail cannot be written to its folder outbox (${reason})`
        return { kind: 'failed', reason, text, isPermanent: false }
      }
      log.info({ event: 'mail.written', file: name }, 'mail written to the outbox')
      return { kind: 'accepted' }
    },
    check: async () => undefined,
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
    // Some servers let strangers wait before they greet, and others take their time to look into a mail.
    socketTimeout: 90_000,
  }
}

/** Hands each mail to the server on a connection of its own. */
function createSmtpMailer(connection: ReturnType<typeof connectionTo>, from: string, domain: string, log: Log): Mailer {
  const transport = onFirstMail((create) => create(connection))
  return {
    async send(mail, signal) {
      try {
        await (await transport()).sendMail({ ...messageOf(mail, from, domain), signal })
      } catch (error) {
        return { kind: 'failed', ...smtpFault(error) }
      }
      log.info({ event: 'mail.sent', mail: mail.id }, 'mail sent')
      return { kind: 'accepted' }
    },
    async check() {
      try {
        await (await transport()).verify()
        return undefined
      } catch (error) {
        return smtpFault(error).text
      }
    },
  }
}

/**
 * A mail as the library takes it. A program has written it, and nobody's program shall answer (RFC 3834 §5). The recipient is one
 * address, whatever it holds: nothing of it is read as a list.
 */
function messageOf({ id, to, subject, text, html, language, date }: OutgoingMail, from: string, domain: string) {
  return {
    from,
    to: { name: '', address: to },
    subject,
    text,
    html,
    date,
    messageId: `<${id}@${domain}>`,
    headers: { 'Content-Language': language, 'Auto-Submitted': 'auto-generated' },
  }
}

/** Loads the library with the first mail: most starts send none. */
function onFirstMail<Transport>(make: (create: typeof createTransport) => Transport): () => Promise<Transport> {
  let made: Promise<Transport> | undefined
  return () => (made ??= import('nodemailer').then((library) => make(library.createTransport)))
}
