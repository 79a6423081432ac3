import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { GatehouseError } from '../../core/errors.ts'
import { isUuid } from '../../core/ids.ts'
import type { KnownDeviceStore } from '../../core/records/known-device.ts'
import type { Session, SessionStore } from '../../core/records/session.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import { eachOf, hashSecret, type Shown } from '../../core/secrets.ts'
import type { sessionsEvents } from './audit-events.ts'

export interface SessionManagement {
  /** A person's live sessions, the one used last first, with those that programs have on devices. */
  ofPerson(userId: string): ReturnType<SessionStore['listOf']>
  /** Ends one of a person's own sessions. Throws `not_found`. */
  endOwn(person: UserPrincipal, sessionId: string): Promise<void>
  /**
   * Ends all of a person's sessions but the one that asks, and what other browsers are known by: `known` is what this one
   * shows that it is known by. Resolves to how many sessions ended.
   */
  endOthers(person: UserPrincipal & { sessionId: string }, known: Shown | undefined): Promise<number>
  /** The browsers in which a person is not asked for their second factor. */
  remembered(userId: string): ReturnType<KnownDeviceStore['listRemembered']>
  /** Asks for it in all of them again, and resolves to how many those are. */
  forgetRemembered(userId: string): Promise<number>
  /** A page of live sessions, of one person or of everybody, the one that began last first; `before`: an id. */
  list(asked: { userId?: string | undefined; before?: string | undefined; limit: number }): Promise<Session[]>
  /** Ends anybody's session. Throws `not_found`. */
  endAny(sessionId: string): Promise<void>
  /** Ends all sessions of a person, and what their browsers are known by. Resolves to how many sessions ended. */
  endAll(userId: string): Promise<number>
}

/** What people and administrators do to sessions. Each change acts on this replica when the call resolves. */
export function createSessionManagement(dependencies: {
  sessions: Pick<SessionStore, 'list' | 'listOf' | 'revoke' | 'revokeAll'>
  devices: Pick<KnownDeviceStore, 'listRemembered' | 'forgetRemembered'>
  audit: Audit<typeof sessionsEvents>
  clock: Clock
}): SessionManagement {
  const { sessions, devices, audit, clock } = dependencies
  const now = () => new Date(clock.now())

  async function end(sessionId: string, reason: string, ofUser?: string): Promise<void> {
    const ended = isUuid(sessionId) ? await sessions.revoke(sessionId, reason, now(), [], ofUser) : undefined
    if (ended === undefined) throw new GatehouseError('not_found', { detail: 'There is no such session.' })
    audit.record({ event: 'session.revoked', subject: ended.userId, clientId: ended.clientId, sessionId, reason })
  }

  /** One line for each session, and one for all: known devices end too, where there is no session. */
  function tell(subject: string, ended: readonly string[], reason: string): number {
    for (const sessionId of ended) audit.record({ event: 'session.revoked', subject, sessionId, reason })
    audit.record({ event: 'sessions.ended', subject, reason, ended: ended.length })
    return ended.length
  }

  return {
    ofPerson: (userId) => sessions.listOf(userId, now()),
    endOwn: (person, sessionId) => end(sessionId, 'ended_by_person', person.subject),
    async endOthers({ subject, sessionId }, known) {
      const but = { sessionId, deviceHashes: eachOf(known).map(hashSecret) }
      const reason = 'ended_by_person'
      return tell(subject, await sessions.revokeAll(subject, reason, now(), but), reason)
    },
    remembered: (userId) => devices.listRemembered(userId, now()),
    async forgetRemembered(userId) {
      const forgotten = await devices.forgetRemembered(userId, now())
      audit.record({ event: 'remembered_devices.forgotten', subject: userId, forgotten })
      return forgotten
    },
    list: (asked) => sessions.list({ ...asked, at: now() }),
    endAny: (sessionId) => end(sessionId, 'ended_by_administrator'),
    async endAll(userId) {
      const reason = 'ended_by_administrator'
      return tell(userId, await sessions.revokeAll(userId, reason, now()), reason)
    },
  }
}
