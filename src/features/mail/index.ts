/** What is sent: mails are written and sealed here, queued by the stores with what causes them, and sent by a worker. */
import type { Base } from '../../base.ts'
import type { Language } from '../../core/language.ts'
import type { MailFacts, MailKinds, MailOf, MailWriter } from '../../core/mail.ts'
import type { MailRequests } from '../../core/mail-request.ts'
import type { Mailer } from '../../core/mailer.ts'
import type { QueuedMail } from '../../core/records/mail.ts'
import type { Feature } from '../../http/feature.ts'
import { composeMail, type MailDefinition, type MailDefinitions, type MailsOf } from '../../pages/mail.ts'
import type { KitTexts } from '../../pages/texts.ts'
import type { Languages } from '../../pages/view.ts'
import { createAnswerRequests, createMailRequests, type MailRequestAnswers } from './mail-requests.ts'
import { createDeliverMails } from './delivery.ts'
import { mailAdminRoutes } from './admin.ts'
import { createRetryMail } from './retry-mail.ts'
import { mailRoutes } from './routes.ts'
import { type MailTemplates, noTemplates, readTemplates } from './templates.ts'
import { createMailWriter } from './mail-writer.ts'

export type { ShownMail, ShownPreview } from './admin.ts'
export type { MailCheck } from './routes.ts'

export interface Mail<Written = never> extends Feature, MailWriter<Written>, MailRequests {
  /** Says how requests are answered. Each kind has one answer. */
  answer(answers: MailRequestAnswers): void
  /** The hashes under which an address may be stored beside mails and requests, by any secret of the service. */
  recipientsOf(email: string): string[]
  /** Queues mails that no change causes. */
  queue(mails: readonly QueuedMail[]): Promise<void>
  readonly check: Mailer['check']
  /** Reads the templates of a folder, or none; throws a `SetupError` that says what is wrong. They count once what is returned is called. */
  readTemplates(folder: string | undefined): Promise<() => void>
  /** Answers and sends what is due now, as the workers do by themselves. */
  deliver(): Promise<void>
}

/**
 * What is due again, or has no hint of the store, waits no longer. Requests wait for it too: their answers are not made while whoever
 * asked could measure that.
 */
const lookEveryMilliseconds = 1_000

/** `make`: makes what sends, which reads files; called by the start, or when it is asked what keeps mails. */
export function createMail<Definitions extends MailDefinitions>(
  { stores, counters, box, keyedHashes, clock, log, audit, issuer }: Base,
  settings: { templates: string | undefined },
  needs: { definitions: Definitions; languages: Languages; make: () => Mailer },
): Mail<MailsOf<Definitions>> {
  const { languages } = needs
  const definitions = needs.definitions as Readonly<Record<string, MailDefinition<MailFacts, KitTexts>>>
  let made: Mailer | undefined
  const mailer = () => (made ??= needs.make())
  const ownBox = box('mail')

  let templates: MailTemplates = noTemplates
  async function readOwnTemplates(folder: string | undefined) {
    const facts = Object.entries(definitions).map(
      ([kind, { facts }]) => [kind, ['issuer', ...Object.keys(facts)]] as const,
    )
    const read = folder === undefined ? noTemplates : await readTemplates(folder, Object.fromEntries(facts))
    return () => void (templates = read)
  }
  const loadTemplates = async () => (await readOwnTemplates(settings.templates))()
  function write({ kind, to, language, facts: own }: MailOf<MailKinds>) {
    const facts = { ...own, issuer }
    const replaced = templates.render(kind, language, facts)
    if (replaced !== undefined) return { ...replaced, to, language }
    const spoken = languages.inLanguage(language)
    return composeMail(to, spoken, definitions[kind]!.content(spoken.texts, facts))
  }
  function preview(kind: string, language: Language) {
    const examples = Object.entries(definitions[kind]!.facts).map(([name, [, example]]) => [name, example] as const)
    return write({ kind, to: 'ada@example.com', language, facts: Object.fromEntries(examples) })
  }
  const recipientHashes = keyedHashes('mail recipient')
  const recipientsOf = (email: string) => recipientHashes(email).map((hash) => hash.toString('base64url'))
  const recipientOf = (email: string) => recipientsOf(email)[0]!
  const writer = createMailWriter({ write, recipientOf, box: ownBox, clock })
  const delivery = createDeliverMails({
    mails: stores.mails,
    mailer: { send: (mail, signal) => mailer().send(mail, signal) },
    box: ownBox,
    clock,
    log,
  })
  const answers: MailRequestAnswers = {}
  const requestBox = box('mail request')
  const asking = createMailRequests({
    requests: stores.mailRequests,
    counters,
    recipientOf,
    box: requestBox,
    clock,
  })
  const requests = createAnswerRequests({ requests: stores.mailRequests, answers, box: requestBox, clock, log })
  const ends: (() => unknown)[] = []
  const check = async () => mailer().check()
  return {
    seal: (mail) => writer.seal(mail),
    recipientsOf,
    queue: (mails) => stores.mails.queue(mails),
    check,
    async deliver() {
      await requests.run()
      await delivery.run()
    },
    ask: asking.ask,
    mayMail: asking.mayMail,
    answer: (more) => void Object.assign(answers, more),
    readTemplates: readOwnTemplates,
    routes: {
      control: (app) => mailRoutes(app, { mailer: { check }, mails: stores.mails }),
      async admin(app) {
        // A command that starts nothing writes mails too.
        app.addHook('onReady', loadTemplates)
        const retry = createRetryMail({ mails: stores.mails, audit, clock })
        await mailAdminRoutes(app, { mails: stores.mails, retry, kinds: Object.keys(definitions), preview })
      },
    },
    async start() {
      mailer()
      await loadTemplates()
      const timer = setInterval(() => void Promise.all([requests.run(), delivery.run()]), lookEveryMilliseconds)
      ends.push(() => clearInterval(timer))
      ends.push(await stores.mails.onQueued(() => void delivery.run()))
      void delivery.run()
    },
    async stop() {
      await Promise.allSettled(ends.map((end) => end()))
      await Promise.all([requests.stop(), delivery.stop()])
    },
  }
}
