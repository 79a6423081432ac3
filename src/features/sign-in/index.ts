/** How people prove who they are, by page and by API, and stop being signed in. */
import type { Base } from '../../base.ts'
import type { ReadDevice } from '../../core/device.ts'
import type { OfferedLanguages } from '../../core/language.ts'
import type { RequestTarget } from '../../core/request-target.ts'
import type { BrowserGuards } from '../../http/browser-guards.ts'
import type { Feature } from '../../http/feature.ts'
import type { PageUsers } from '../../http/page-users.ts'
import type { Pages } from '../../http/pages.ts'
import type { Senders } from '../../http/senders.ts'
import type { MailsOf } from '../../pages/mail.ts'
import type { RegistrationMode } from '../accounts/index.ts'
import type { Applications } from '../forward-auth/index.ts'
import type { Directories } from '../directories/index.ts'
import type { Factors } from '../factors/index.ts'
import type { Credentials } from '../credentials/index.ts'
import type { Mail } from '../mail/index.ts'
import type { Sessions } from '../sessions/index.ts'
import type { SigningKeys } from '../signing-keys/index.ts'
import type { Tokens } from '../tokens/index.ts'
import type { Upstream } from '../upstream/index.ts'
import { type AccountKeeping, createAccountKeeping } from './account-keeping.ts'
import { type CheckPassword, createCheckPassword } from './check-password.ts'
import type { FactorPolicy, FailureLimits } from './settings.ts'
import { createAdvance } from './advance.ts'
import { createContinueSignIn } from './continue-sign-in.ts'
import { createBeginSession, createSetRefreshCookie } from './http/begin-session.ts'
import { createSignInElsewhere } from './http/by-provider.ts'
import { createDelivery } from './http/delivery.ts'
import { createEnrollingSignIn } from './http/enrolling.ts'
import { createSenderOf } from './http/sender-of.ts'
import { createNotices } from './http/notices.ts'
import { createAddress } from './http/page-options.ts'
import { createSessionsShown } from './http/sessions-shown.ts'
import { createDummyHashes } from './dummy-hashes.ts'
import { createKnownDevices } from './known-devices.ts'
import type { signInMails } from './mails.ts'
import { createInteractions } from './interactions.ts'
import { createLogIn } from './log-in.ts'
import { createLogInByPasskey } from './log-in-by-passkey.ts'
import { mfaRoutes } from './mfa-routes.ts'
import { passkeyOptionPages } from './passkey-option-pages.ts'
import { passkeySignInRoutes } from './passkey-routes.ts'
import { createRenewHash } from './renew-hash.ts'
import { createGetsTokens, createLeftBehind, createReturnTo } from './return-to.ts'
import { signInRoutes } from './routes.ts'
import { SignedIn } from './schema.ts'
import { secondFactorPages } from './second-factor-pages.ts'
import { signInPages } from './sign-in-pages.ts'
import { signOutPages } from './sign-out-pages.ts'
import { createStepUp } from './step-up.ts'
import { stepUpPages } from './step-up-pages.ts'
import { createTakeProof } from './take-proof.ts'
import { createTellPerson } from './tell-person.ts'
import type { SignInTexts } from './texts.ts'

export type { AccountKeeping } from './account-keeping.ts'
export type { CheckPassword, TriedFrom } from './check-password.ts'

export interface SignIn extends Feature {
  /** The one place where a person's password is tested. */
  readonly checkPassword: CheckPassword
  readonly keeping: AccountKeeping
}

export function createSignIn(
  { stores, budgets, clock, audit, log, hasher, keyedHash, issuer, basePath, box }: Base,
  config: {
    limits: FailureLimits
    sign_in: { factors: FactorPolicy; passwords: boolean }
    cookieDomain: string | undefined
    sessions: { other_domains: readonly string[] }
    cors: { origins: readonly string[] }
  },
  needs: {
    sessions: Sessions
    tokens: Tokens
    factors: Factors
    directories: Directories
    upstream: Upstream
    credentials: Credentials
    signingKeys: SigningKeys
    browser: BrowserGuards
    pages: Pages<SignInTexts>
    mail: Mail<MailsOf<typeof signInMails>>
    languages: { offered: OfferedLanguages }
    readDevice: ReadDevice
    applications: Applications
    /** Who may make an account. */
    registration: RegistrationMode['mode']
    pageUsers: PageUsers
    /** Who sends people to the service itself. */
    referrers: Senders
    /** Whether somebody may be sent to an address after signing in. */
    decidesAbout(target: RequestTarget): boolean
  },
): SignIn {
  const { sessions, tokens, factors, credentials, decidesAbout, browser } = needs
  const { cookies, csrf, checkCrossSite, limits } = browser
  const knownDevices = createKnownDevices({ devices: stores.knownDevices, clock })
  const person = createTellPerson({
    mails: needs.mail,
    users: stores.users,
    budgets,
    readDevice: needs.readDevice,
    clock,
    log,
    firstLanguage: needs.languages.offered[0],
    windowSeconds: config.limits.failure_window_seconds,
  })
  const checkPassword = createCheckPassword({
    ...person,
    users: stores.users,
    hasher,
    dummies: createDummyHashes({ users: stores.users, hasher, keyedHash: keyedHash('dummy hashes'), clock }),
    renewHash: createRenewHash({ users: stores.users, hasher }),
    budgets,
    knownDevices,
    directories: needs.directories,
    audit,
    clock,
    limits: config.limits,
  })
  const keeping = createAccountKeeping({ box: box('keep-account'), clock })
  const sessionsShown = createSessionsShown({
    cookies,
    sessionOfCookie: sessions.ofCookie,
    sessionOfRefreshToken: sessions.ofRefreshToken,
  })
  const setRefreshCookie = createSetRefreshCookie({
    cookies,
    refreshExpiry: (session) => tokens.issuer.refreshExpiry(clock.now(), session),
  })
  const getsTokens = createGetsTokens(config.cors.origins)
  const waysBack = { issuer, decidesAbout, getsTokens }
  const returnTo = createReturnTo(waysBack)
  const { applications, referrers } = needs
  const senderOf = createSenderOf({ issuer, basePath, returnTo, applications, referrers })
  referrers.lead((request, wanted) => senderOf(request, returnTo(wanted)))
  const policy = config.sign_in.factors
  const { checkCode, management, reset, ceremonies } = factors
  const checkPasskey = ceremonies?.check
  const interactions = createInteractions({ store: stores.interactions, clock })
  const advance = createAdvance({
    ...person,
    ...{ policy, factors: management, notes: stores.factors, reset, interactions, knownDevices, audit, clock },
    ...{ startSession: sessions.begin, endSession: sessions.end, passkeys: stores.passkeys },
    takesPasskeys: ceremonies !== undefined,
  })
  const continueSignIn = createContinueSignIn({
    ...{ interactions, checkCode, checkPasskey, advance, knownDevices, audit, clock },
  })
  const beginSession = createBeginSession({
    ...{ cookies, sessionsShown, setRefreshCookie },
    endSession: sessions.end,
    beginFamily: tokens.issuer.beginFamily,
  })
  const { languageOf } = needs.pages
  const { users } = stores
  const { upstream } = needs
  const takeProof = createTakeProof({ renewSession: sessions.renew, raiseSession: sessions.raise, audit })
  const shared = {
    logIn: createLogIn({ checkPassword, advance, keeping, audit, clock, takesPasswords: config.sign_in.passwords }),
    logInByPasskey:
      checkPasskey &&
      createLogInByPasskey({
        ...{ checkPasskey, advance, keeping, knownDevices, users, audit, clock },
        directories: needs.directories,
      }),
    stepUp: createStepUp({ users, checkPassword, checkCode, checkPasskey, takeProof, audit }),
    ...{ continueSignIn, interactions, ceremonies, factors: management },
    beginSession,
    sessionsShown,
    endSession: sessions.end,
    cookies,
    limits,
  }
  return {
    checkPassword,
    keeping,
    schemas: [SignedIn],
    routes: {
      async people(app) {
        const delivery = createDelivery({ beginSession, setRefreshCookie })
        const byApi = { ...shared, languageOf, delivery, checkCrossSite }
        await app.register(mfaRoutes, { ...byApi, reset })
        await app.register(passkeySignInRoutes, byApi)
        await app.register(signInRoutes, {
          ...byApi,
          forSession: tokens.issuer.forSession,
          beginFamily: tokens.issuer.beginFamily,
          rotateRefresh: tokens.rotateRefresh,
          chooseRefreshToken: tokens.chooseRefresh,
          verifyAccessToken: needs.signingKeys.ring.verifyAccessToken,
          accessToken: credentials.accessToken,
        })
      },
      async pages(app) {
        const options = {
          ...shared,
          ...needs.pageUsers,
          returnTo,
          getsTokens,
          address: createAddress(returnTo),
          senderOf,
          applications: needs.applications,
          isOpen: needs.registration === 'open',
          notices: createNotices({
            issuer,
            cookieDomain: config.cookieDomain,
            otherDomains: config.sessions.other_domains,
            cookies,
            getsTokens,
            leftBehind: createLeftBehind(waysBack),
          }),
          pages: needs.pages,
          csrf,
          issuer,
          basePath,
          clock,
          rememberDays: policy.remember_days,
          checkCrossSite,
          users,
          upstream,
          takesPasswords: config.sign_in.passwords,
          keeperOf: needs.directories.keeperOf,
        }
        for (const pages of [signInPages, secondFactorPages, signOutPages, stepUpPages, passkeyOptionPages]) {
          await app.register(pages, options)
        }
        const enrolling = createEnrollingSignIn({ ...options, languageOf })
        await app.register((scope) => factors.pages(scope as typeof app, enrolling))
        const elsewhere = createSignInElsewhere({ ...options, advance, knownDevices, takeProof, keeping })
        await app.register((scope) => upstream.pages(scope as typeof app, elsewhere))
      },
    },
  }
}
