import type { Clock } from '../../core/clock.ts'
import type { Counters } from '../../core/counters.ts'
import { createOrderedIds } from '../../core/ids.ts'
import type { Log } from '../../core/log.ts'
import type { AnswerMailRequest, MailRequest, MailRequestKind, MailRequests } from '../../core/mail-request.ts'
import { limitKey } from '../../core/network.ts'
import type { MailRequestStore, StoredMailRequest } from '../../core/records/mail-request.ts'
import { randomLinkToken, type SecretBox } from '../../core/secrets.ts'
import { createWorkQueue, type WorkQueue } from '../../core/work-queue.ts'

/**
 * Mails to one address within an hour: so many at the request of one network, and so many in all. Whoever uses up the latter has not
 * shut the owner out: each link in those mails is one that the owner can use.
 */
const mailLimits = { ofNetwork: 5, inAll: 20, windowSeconds: 3_600 }

/** Keeps what is asked. The work is the same for every address. */
export function createMailRequests(dependencies: {
  requests: Pick<MailRequestStore, 'add'>
  counters: Pick<Counters, 'increment'>
  /** Under which an address is stored beside what was asked for it. */
  recipientOf(email: string): string
  box: SecretBox
  clock: Clock
}): MailRequests {
  const { requests, counters, recipientOf, box, clock } = dependencies

  // What is asked for one address is answered in its order.
  const nextId = createOrderedIds()

  async function mayMail(email: string, ip: string): Promise<boolean> {
    // Who asks for what is nothing to whoever reads what is counted.
    const recipient = recipientOf(email)
    const network = limitKey(ip)
    if (network !== undefined) {
      const byNetwork = await counters.increment(`mail:${recipient}:${network}`, mailLimits.windowSeconds)
      if (byNetwork.count > mailLimits.ofNetwork) return false
    }
    const inAll = await counters.increment(`mail:${recipient}`, mailLimits.windowSeconds)
    return inAll.count <= mailLimits.inAll
  }

  return {
    mayMail,
    async ask(request, ip) {
      if (!(await mayMail(request.email, ip))) return
      const now = clock.now()
      const id = nextId(now)
      const sealed = box.seal(JSON.stringify({ ...request, ip, token: randomLinkToken() }), id)
      await requests.add({ id, sealed, recipient: recipientOf(request.email), createdAt: new Date(now) })
    },
  }
}

export type MailRequestAnswers = { [Kind in MailRequestKind]?: AnswerMailRequest<Kind> }

/** A request whose process died is answered by another one after this. */
const claimMilliseconds = 60_000

/** Answers what was asked, each request by the handler of its kind: looks up whose the address is, and queues the mails. */
export function createAnswerRequests(dependencies: {
  requests: Pick<MailRequestStore, 'claim' | 'answer'>
  answers: MailRequestAnswers
  box: SecretBox
  clock: Clock
  log: Log
}): WorkQueue {
  const { requests, answers, box, clock, log } = dependencies
  return createWorkQueue<Omit<StoredMailRequest, 'recipient'>>({
    lanes: 2,
    claim() {
      const now = clock.now()
      return requests.claim(new Date(now), new Date(now + claimMilliseconds))
    },
    async work({ id, sealed, createdAt: at }) {
      const request = JSON.parse(box.open(sealed, id)) as MailRequest & { ip: string; token: string }
      const answer = answers[request.kind] as AnswerMailRequest<MailRequestKind> | undefined
      if (answer === undefined) throw new Error(`nobody answers requests of the kind ${request.kind}`)
      const { answered, ...made } = await answer({ ...request, at })
      if ((await requests.answer({ id, createdAt: at }, made)) === 'answered') answered?.()
    },
    fail(error) {
      log.error({ event: 'mail.unanswered', err: error }, 'what people ask by mail cannot be answered, and waits')
    },
  })
}
