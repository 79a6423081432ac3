import { randomUUID } from 'node:crypto'
import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Outgoing } from '../../core/outgoing.ts'
import { type Client, type ClientStore, openIdSettingsOf } from '../../core/records/client.ts'
import type { LogoutOutcome, LogoutStore, QueuedLogout } from '../../core/records/logout.ts'
import type { Subjects } from '../../core/subjects.ts'
import { createWorkQueue, type WorkQueue } from '../../core/work-queue.ts'
import type { logoutTokensEvents } from './audit-events.ts'

const [second, hour] = [1_000, 3_600_000]

const lanes = 5
/** A request takes five seconds at most; long after that another replica may take it over. */
const claimMilliseconds = 60 * second
/** After so many tries: 10 s, 30 s, 90 s and so on, every two hours in the end. */
const pauseAfter = (attempts: number) => Math.min(10 * second * 3 ** (attempts - 1), 2 * hour)
/** For so long a program is tried again. */
const patienceMilliseconds = 24 * hour

/** OpenID Connect Back-Channel Logout §2.4 has two minutes as the most. */
const lifetimeSeconds = 120
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/**
 * Tells programs of the end of sessions (OpenID Connect Back-Channel Logout §2.5), one replica at a time each. A token is made for
 * each try, and says the session and the person. What is answered with 200 or 204 is done.
 */
export function createDeliverLogouts(dependencies: {
  logouts: Pick<LogoutStore, 'claim' | 'settle'>
  clients: Pick<ClientStore, 'find'>
  subjects: Pick<Subjects, 'sub' | 'sid'>
  outgoing: Pick<Outgoing, 'postForm'>
  sign(client: Client, claims: object): string
  audit: Audit<typeof logoutTokensEvents>
  clock: Clock
  log: Log
}): WorkQueue {
  const { logouts, clients, subjects, outgoing, sign, audit, clock, log } = dependencies

  function tokenOf(client: Client, { userId, sessionId }: QueuedLogout): string {
    const iat = Math.floor(clock.now() / 1000)
    const names = { sub: subjects.sub(client, userId), sid: subjects.sid(client, sessionId) }
    const about = { ...names, events: { [logoutEvent]: {} } }
    return sign(client, { ...about, aud: client.id, iat, exp: iat + lifetimeSeconds, jti: randomUUID() })
  }

  async function tell(claimed: QueuedLogout): Promise<LogoutOutcome> {
    const { clientId, userId, sessionId, createdAt, attempts } = claimed
    const client = await clients.find(clientId)
    const uri = client && openIdSettingsOf(client).backchannelLogoutUri
    if (client === undefined || !uri) return { state: 'done' }
    const answer = await outgoing.postForm(uri, { logout_token: tokenOf(client, claimed) })
    if (answer.kind === 'answered' && (answer.status === 200 || answer.status === 204)) return { state: 'done' }
    const reason = answer.kind === 'failed' ? answer.reason : `status_${answer.status}`
    const text = answer.kind === 'failed' ? answer.text : `the program answers ${answer.status}`
    const dueAt = new Date(clock.now() + pauseAfter(attempts))
    const isLast = dueAt.getTime() > createdAt.getTime() + patienceMilliseconds
    log.warn({ event: 'logout_token.failed', client: clientId, attempts, reason, last: isLast }, text)
    if (!isLast) return { state: 'queued', dueAt, isTry: true }
    audit.record({ event: 'logout_token.given_up', subject: userId, clientId, sessionId, reason, attempts })
    return { state: 'done' }
  }

  return createWorkQueue<QueuedLogout>({
    lanes,
    claim() {
      const now = clock.now()
      return logouts.claim(new Date(now), new Date(now + claimMilliseconds))
    },
    work: async (claimed) => logouts.settle(claimed, await tell(claimed)),
    fail(error) {
      log.error(
        { event: 'logout_token.unreadable', err: error },
        'programs cannot be told of the end of sessions: rows wait',
      )
    },
  })
}
