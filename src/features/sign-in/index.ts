/** How people prove who they are, by page and by API, and stop being signed in. */
import type { Base } from '../../base.ts'
import type { RequestTarget } from '../../core/request-target.ts'
import type { BrowserGuards } from '../../http/browser-guards.ts'
import type { Feature } from '../../http/feature.ts'
import type { PageUsers } from '../../http/page-users.ts'
import type { Pages } from '../../http/pages.ts'
import type { Credentials } from '../credentials/index.ts'
import type { Sessions } from '../sessions/index.ts'
import type { SigningKeys } from '../signing-keys/index.ts'
import type { Tokens } from '../tokens/index.ts'
import { createCheckPassword } from './check-password.ts'
import type { FailureLimits } from './settings.ts'
import { createBeginSession } from './http/begin-session.ts'
import { createNotices } from './http/notices.ts'
import { createAddress } from './http/page-options.ts'
import { createSessionsShown } from './http/sessions-shown.ts'
import { createKnownDevices } from './known-devices.ts'
import { createLogIn } from './log-in.ts'
import { createLeftBehind, createReturnTo } from './return-to.ts'
import { signInRoutes } from './routes.ts'
import { SignedIn } from './schema.ts'
import { signInPages } from './sign-in-pages.ts'
import { signOutPages } from './sign-out-pages.ts'
import { createStepUp } from './step-up.ts'
import { stepUpPages } from './step-up-pages.ts'
import type { SignInTexts } from './texts.ts'

export function createSignIn(
  { stores, clock, audit, hasher, issuer, basePath }: Base,
  config: {
    limits: FailureLimits
    cookieDomain: string | undefined
  },
  needs: {
    sessions: Sessions
    tokens: Tokens
    credentials: Credentials
    signingKeys: SigningKeys
    browser: BrowserGuards
    pages: Pages<SignInTexts>
    pageUsers: PageUsers
    /** Whether somebody may be sent to an address after signing in. */
    decidesAbout(target: RequestTarget): boolean
  },
): Feature {
  const { sessions, tokens, credentials, decidesAbout, browser } = needs
  const { cookies, csrf, checkCrossSite, limits } = browser
  const knownDevices = createKnownDevices({ devices: stores.knownDevices, clock, limits: config.limits })
  const checkPassword = createCheckPassword({
    users: stores.users,
    hasher,
    counters: stores.counters,
    knownDevices,
    audit,
    limits: config.limits,
  })
  const sessionsShown = createSessionsShown({
    cookies,
    sessionOfCookie: sessions.ofCookie,
    sessionOfRefreshToken: sessions.ofRefreshToken,
  })
  const waysBack = { issuer, decidesAbout }
  const returnTo = createReturnTo(waysBack)
  const shared = {
    logIn: createLogIn({ checkPassword, knownDevices, startSession: sessions.begin, audit }),
    stepUp: createStepUp({ checkPassword, renewSession: sessions.renew, audit }),
    beginSession: createBeginSession({ cookies, sessionsShown, endSession: sessions.end }),
    sessionsShown,
    endSession: sessions.end,
    cookies,
    limits,
  }
  return {
    schemas: [SignedIn],
    routes: {
      async people(app) {
        await app.register(signInRoutes, {
          ...shared,
          forSession: tokens.issuer.forSession,
          beginFamily: tokens.issuer.beginFamily,
          rotateRefresh: tokens.rotateRefresh,
          chooseRefreshToken: tokens.chooseRefresh,
          refreshCookieExpiry: () => tokens.issuer.refreshExpiry(clock.now()),
          verifyAccessToken: needs.signingKeys.ring.verifyAccessToken,
          accessToken: credentials.accessToken,
          checkCrossSite,
        })
      },
      async pages(app) {
        const options = {
          ...shared,
          ...needs.pageUsers,
          returnTo,
          address: createAddress(returnTo),
          notices: createNotices({
            issuer,
            cookieDomain: config.cookieDomain,
            cookies,
            leftBehind: createLeftBehind(waysBack),
          }),
          pages: needs.pages,
          csrf,
          basePath,
        }
        for (const pages of [signInPages, signOutPages, stepUpPages]) await app.register(pages, options)
      },
    },
  }
}
