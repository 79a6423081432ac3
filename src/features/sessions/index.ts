/** Sessions of people: how one begins, is proven again, is shown and ends. */
import type { Base } from '../../base.ts'
import type { Feature } from '../../http/feature.ts'
import { hashSecret } from '../../core/secrets.ts'
import type { ReadDevice } from '../../core/device.ts'
import type { BrowserGuards } from '../../http/browser-guards.ts'
import type { Accounts } from '../accounts/index.ts'
import { administeredSessionRoutes } from './admin.ts'
import { createEndSession, type EndSession } from './end-session.ts'
import { createSessionManagement, type SessionManagement } from './manage-sessions.ts'
import type { Pages } from '../../http/pages.ts'
import { sessionPages } from './session-pages.ts'
import type { SessionTexts } from './texts.ts'
import { createRenewSession, type RenewSession } from './renew-session.ts'
import { createRaiseSession, type RaiseSession } from './raise-session.ts'
import { sessionRoutes } from './routes.ts'
import { createSessionOfProgram, type SessionOfProgram } from './session-of-program.ts'
import type { SessionSettings } from './settings.ts'
import { createStartSession, type StartSession } from './start-session.ts'

export type { EndSession } from './end-session.ts'
export type { EndedSessions } from './admin.ts'
export type { RaiseSession } from './raise-session.ts'
export type { RenewSession } from './renew-session.ts'
export type { StartedSession, StartSession } from './start-session.ts'

export type { ShownSession } from './schema.ts'

export interface Sessions extends Feature {
  readonly begin: StartSession
  readonly renew: RenewSession
  readonly raise: RaiseSession
  readonly end: EndSession
  /** A session of a program's own, which no cookie opens, as it is stored with what the program gets. */
  readonly ofProgram: SessionOfProgram
  /** How many sessions a person may have; 0 is any number. */
  readonly maxPerUser: number
  /** Tells the trail of those that one more has put an end to. */
  tellSurplus(userId: string, ended: readonly string[]): void
  /** Tells the trail of sessions that ended together. */
  tellEnded(ended: readonly { id: string; userId: string; clientId: string }[], reason: string): void
  /** What people and administrators do to sessions. */
  readonly management: SessionManagement
  /** The live session of a cookie. */
  ofCookie(secret: string): Promise<string | undefined>
  /** The session behind a person's own refresh token, whether or not the token is still usable. A program's is none of theirs. */
  ofRefreshToken(token: string): Promise<string | undefined>
}

export function createSessions(
  { stores, clock, audit }: Base,
  settings: SessionSettings,
  needs: { accounts: Accounts; browser: BrowserGuards; pages: Pages<SessionTexts>; readDevice: ReadDevice },
): Sessions {
  const { sessions, refreshTokens } = stores
  const { accounts, browser, readDevice } = needs
  const begin = createStartSession({ sessions, clock, audit, settings })
  const end = createEndSession({ sessions, audit, clock })
  const management = createSessionManagement({ sessions, devices: stores.knownDevices, audit, clock })
  return {
    routes: {
      people: (app) => sessionRoutes(app, { sessions: management, readDevice, ...browser }),
      pages: (app) => sessionPages(app, { sessions: management, readDevice, pages: needs.pages, ...browser }),
      admin: (app) =>
        administeredSessionRoutes(app, { sessions: management, readDevice, users: accounts.administration }),
    },
    management,
    begin,
    renew: createRenewSession({ sessions, clock }),
    raise: createRaiseSession({ sessions, elsewhere: stores.elsewhere, startSession: begin, endSession: end, clock }),
    end,
    ofProgram: createSessionOfProgram({ clock, settings }),
    maxPerUser: settings.max_per_user,
    tellSurplus(subject, ended) {
      for (const sessionId of ended) {
        audit.record({ event: 'session.revoked', subject, sessionId, reason: 'too_many_sessions' })
      }
    },
    tellEnded(ended, reason) {
      for (const { id: sessionId, userId: subject, clientId } of ended) {
        audit.record({ event: 'session.revoked', subject, clientId, sessionId, reason })
      }
    },
    async ofCookie(secret) {
      const live = await sessions.findLive({ secretHash: hashSecret(secret) }, new Date(clock.now()))
      return live?.session.id
    },
    async ofRefreshToken(token) {
      const presented = await refreshTokens.find(hashSecret(token))
      return presented?.family.audiences.length === 0 ? presented.session.id : undefined
    },
  }
}
