/** What is sent: mails are written and sealed here, queued by the stores with what causes them, and sent by a worker. */
import type { Base } from '../../base.ts'
import type { MailFacts, MailKinds, MailOf, MailWriter } from '../../core/mail.ts'
import type { Mailer } from '../../core/mailer.ts'
import type { QueuedMail } from '../../core/records/mail.ts'
import type { Feature } from '../../http/feature.ts'
import { composeMail, type MailDefinition, type MailDefinitions, type MailsOf } from '../../pages/mail.ts'
import type { KitTexts } from '../../pages/texts.ts'
import type { Languages } from '../../pages/view.ts'
import { createDeliverMails } from './deliver-mails.ts'
import { mailRoutes } from './routes.ts'
import { createMailWriter } from './write-mails.ts'

export interface Mail<Written = never> extends Feature, MailWriter<Written> {
  /** Queues mails that no change causes. */
  queue(mails: readonly QueuedMail[]): Promise<void>
  readonly check: Mailer['check']
  /** Sends what is due now, as the worker does by itself. */
  deliver(): Promise<void>
}

/** A mail whose link has no store to tell of it, or that is due again, waits no longer. */
const lookEveryMilliseconds = 1_000

/** `make`: makes what sends, which reads files; called by the start, or when it is asked what keeps mails. */
export function createMail<Definitions extends MailDefinitions>(
  { stores, box, clock, log, issuer }: Base,
  needs: { definitions: Definitions; languages: Languages; make: () => Mailer },
): Mail<MailsOf<Definitions>> {
  const { languages } = needs
  const definitions = needs.definitions as Readonly<Record<string, MailDefinition<MailFacts, KitTexts>>>
  let made: Mailer | undefined
  const mailer = () => (made ??= needs.make())
  const ownBox = box('mail')

  function write({ kind, to, language, facts }: MailOf<MailKinds>) {
    const spoken = languages.inLanguage(language)
    return composeMail(to, spoken, definitions[kind]!.content(spoken.texts, { ...facts, issuer }))
  }
  const writer = createMailWriter({ write, box: ownBox, clock })
  const delivery = createDeliverMails({
    mails: stores.mails,
    mailer: { send: (mail, signal) => mailer().send(mail, signal) },
    box: ownBox,
    clock,
    log,
  })
  const ends: (() => unknown)[] = []
  const check = async () => mailer().check()
  return {
    seal: (mail) => writer.seal(mail),
    queue: (mails) => stores.mails.queue(mails),
    check,
    deliver: () => delivery.run(),
    routes: { control: (app) => mailRoutes(app, { mailer: { check } }) },
    async start() {
      mailer()
      const timer = setInterval(() => void delivery.run(), lookEveryMilliseconds)
      ends.push(() => clearInterval(timer), await stores.mails.onQueued(() => void delivery.run()))
      void delivery.run()
    },
    async stop() {
      await Promise.allSettled(ends.map((end) => end()))
      await delivery.stop()
    },
  }
}
