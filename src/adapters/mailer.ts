import { randomUUID } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { createTransport } from 'nodemailer'
import type { Clock, Log, Mail, Mailer } from '../core/ports.ts'

export interface MailSettings {
  from: string
  /** Absent: mails become `.eml` files in `outboxDirectory`. */
  smtpUrl?: string | undefined
  outboxDirectory: string
}

export function createMailer(settings: MailSettings, clock: Clock, log: Log): Mailer {
  return settings.smtpUrl === undefined
    ? createOutboxMailer(settings, clock, log)
    : createSmtpMailer(settings.smtpUrl, settings.from, log)
}

/** Writes each mail as one file that appears whole. The link inside is a secret: the log names the file alone. */
function createOutboxMailer({ from, outboxDirectory }: MailSettings, clock: Clock, log: Log): Mailer {
  const composer = onFirstMail((create) => create({ streamTransport: true, buffer: true }))
  // Names sort in the order of writing, also within one millisecond.
  let written = 0
  return {
    async send(mail) {
      const composed = await (await composer()).sendMail({ from, ...mail })
      await mkdir(outboxDirectory, { recursive: true, mode: 0o700 })
      const time = new Date(clock.now()).toISOString().replaceAll(':', '')
      const name = `${time}-${String(written++).padStart(6, '0')}-${randomUUID().slice(0, 8)}.eml`
      const draft = join(outboxDirectory, `.${name}.part`)
      await writeFile(draft, composed.message as Buffer, { mode: 0o600 })
      await rename(draft, join(outboxDirectory, name))
      log.info({ event: 'mail.written', file: name }, 'mail written to the outbox')
    },
    close: async () => {},
  }
}

/** Queues mails and tries each up to four times; a caller never waits for the mail server, nor learns from its pace. */
function createSmtpMailer(smtpUrl: string, from: string, log: Log): Mailer {
  const transport = onFirstMail((create) => create(smtpUrl))
  let sent = false
  const underWay = new Set<Promise<void>>()
  const pauses = [1_000, 5_000, 30_000]

  async function deliver(mail: Mail): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await (await transport()).sendMail({ from, ...mail })
        return
      } catch (error) {
        const pause = pauses[attempt]
        const reason = error instanceof Error ? ((error as { code?: string }).code ?? error.name) : 'unknown'
        log.warn({ event: 'mail.failed', attempt, reason, last: pause === undefined }, 'mail was not accepted')
        if (pause === undefined) return
        await new Promise((resolve) => setTimeout(resolve, pause).unref())
      }
    }
  }

  return {
    async send(mail) {
      sent = true
      const delivery = deliver(mail).finally(() => underWay.delete(delivery))
      underWay.add(delivery)
    },
    async close() {
      const bound = new Promise((resolve) => setTimeout(resolve, 5_000).unref())
      await Promise.race([Promise.allSettled(underWay), bound])
      // Where nothing was sent there is nothing to close.
      if (sent) (await transport()).close()
    },
  }
}

/** Loads the library with the first mail: most starts send none. */
function onFirstMail<Transport>(make: (create: typeof createTransport) => Transport): () => Promise<Transport> {
  let made: Promise<Transport> | undefined
  return () => (made ??= import('nodemailer').then((library) => make(library.createTransport)))
}
