import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Mail, MailDelivery, Mailer } from '../../core/mailer.ts'
import type { ClaimedMail, MailOutcome, MailStore } from '../../core/records/mail.ts'
import type { SecretBox } from '../../core/secrets.ts'
import { createWorkQueue, type WorkQueue } from '../../core/work-queue.ts'

const [second, hour] = [1_000, 3_600_000]

const lanes = 5
/** A try is broken off long before another replica may take the mail over. */
const [tryMilliseconds, claimMilliseconds] = [100 * second, 180 * second]

/** After so many tries: 10 s, 30 s, 90 s and so on, every two hours in the end. */
const pauseAfter = (attempts: number) => Math.min(10 * second * 3 ** (attempts - 1), 2 * hour)
/** For so long a mail is tried again. */
const patienceMilliseconds = 24 * hour

/**
 * Sends queued mails, one replica at a time each: a mail is claimed before it is sent, and whoever dies meanwhile loses the claim after
 * three minutes. A mail is sent twice, under one Message-ID, only where a process dies, or the store is gone for longer than the claim
 * lasts, between the mail server's answer and the note of it.
 */
export function createDeliverMails(dependencies: {
  mails: Pick<MailStore, 'claim' | 'settle'>
  mailer: Pick<Mailer, 'send'>
  box: SecretBox
  clock: Clock
  log: Log
}): WorkQueue {
  const { mails, mailer, box, clock, log } = dependencies
  async function deliver(claimed: ClaimedMail, stopping: AbortSignal): Promise<MailOutcome> {
    const { id, kind, language, createdAt: date, expiresAt, attempts } = claimed
    if (expiresAt !== null && expiresAt.getTime() <= clock.now()) {
      log.warn({ event: 'mail.expired', mail: id, kind }, 'a mail was not sent: the link in it has ended')
      return { state: 'expired' }
    }
    const mail = open(claimed)
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(tryMilliseconds)])
    const delivery = mail === undefined ? sealedOtherwise : await mailer.send({ ...mail, id, date, language }, signal)
    if (delivery.kind === 'accepted') return { state: 'sent' }
    if (stopping.aborted) {
      return { state: 'queued', dueAt: new Date(clock.now()), fault: null, isTry: false }
    }
    const { reason, text } = delivery
    const outcome = after(claimed, delivery)
    log.warn({ event: 'mail.failed', mail: id, kind, attempts, reason, last: outcome.state === 'dead' }, text)
    return outcome
  }

  /** What becomes of a mail that could not be sent. */
  function after({ queuedAt, attempts }: ClaimedMail, failed: Failure): MailOutcome {
    const fault = failed.reason
    const dueAt = clock.now() + pauseAfter(attempts)
    if (failed.isPermanent || dueAt > queuedAt.getTime() + patienceMilliseconds) return { state: 'dead', fault }
    return { state: 'queued', dueAt: new Date(dueAt), fault, isTry: true }
  }

  /** Nothing where no secret opens it. */
  function open({ id, sealed }: ClaimedMail): Mail | undefined {
    try {
      return JSON.parse(box.open(sealed, id)) as Mail
    } catch {
      return undefined
    }
  }

  /** What was sent is noted as soon as the store answers again: a mail whose claim ran out would be sent once more. */
  async function settle(claimed: ClaimedMail, outcome: MailOutcome, stopping: AbortSignal): Promise<void> {
    const until = performance.now() + claimMilliseconds
    for (;;) {
      try {
        await mails.settle(claimed, outcome, new Date(clock.now()))
        return
      } catch (error) {
        if (outcome.state !== 'sent' || stopping.aborted || performance.now() > until) throw error
        await new Promise((again) => setTimeout(again, second / 4))
      }
    }
  }

  return createWorkQueue<ClaimedMail>({
    lanes,
    claim() {
      const now = clock.now()
      return mails.claim(new Date(now), new Date(now + claimMilliseconds))
    },
    work: async (claimed, stopping) => settle(claimed, await deliver(claimed, stopping), stopping),
    fail(error) {
      log.error({ event: 'mail.unreadable', err: error }, 'the outbox cannot be read: mails wait in it')
    },
  })
}

type Failure = Extract<MailDelivery, { kind: 'failed' }>

const sealedOtherwise: Failure = {
  kind: 'failed',
  reason: 'SECRET',
  text: 'GATEHOUSE_SECRET: it does not open a mail that waits; give the secret that sealed it as GATEHOUSE_SECRET_PREVIOUS',
  isPermanent: false,
}
