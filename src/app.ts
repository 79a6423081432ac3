import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import { createOwnAddresses } from './adapters/own-addresses.ts'
import type { Base } from './base.ts'
import type { Config } from './config.ts'
import type { Audit } from './core/audit.ts'
import { createForwardedAddress } from './core/client-address.ts'
import { compileIdentityLimits, createShorteningLog } from './core/identity-limits.ts'
import { parseNetworks } from './core/network.ts'
import type { RequestTarget } from './core/request-target.ts'
import { hashSecret } from './core/secrets.ts'
import { longestToken } from './core/sizes.ts'
import { createRegister } from './features/accounts/register.ts'
import { accountRoutes } from './features/accounts/routes.ts'
import { Profile } from './features/accounts/schema.ts'
import { createEmailVerification } from './features/accounts/verify-email.ts'
import { createProveApiKey } from './features/api-keys/prove.ts'
import { apiKeyRoutes } from './features/api-keys/routes.ts'
import { ApiKeyBody, MadeApiKey } from './features/api-keys/schema.ts'
import type { AccessRules } from './features/forward-auth/access-rules.ts'
import { applyFileRoles } from './features/admin/roles.ts'
import { createAnswer } from './features/forward-auth/answer.ts'
import { createDecide } from './features/forward-auth/decide.ts'
import { createEdgeCheck } from './features/forward-auth/edges.ts'
import { explainRoutes } from './features/forward-auth/explain-routes.ts'
import { createIdentityHeaders } from './features/forward-auth/identity.ts'
import { createShareDenial } from './features/forward-auth/negotiation.ts'
import { createOutageLog, decideWithin } from './features/forward-auth/outage.ts'
import { probeRoutes } from './features/forward-auth/probe-routes.ts'
import { createProbes } from './features/forward-auth/probes.ts'
import { answerAhead, forwardAuthRoutes } from './features/forward-auth/routes.ts'
import { createWhatIsLeft } from './features/forward-auth/withheld.ts'
import { openKeyRing } from './features/keys/key-ring.ts'
import { jwksPath, keyRoutes } from './features/keys/routes.ts'
import { createAuthenticateClient, createProveClientSecret } from './features/oauth/authenticate-client.ts'
import { createVerifyClientAssertion } from './features/oauth/client-assertion.ts'
import { OAuthErrorBody } from './features/oauth/errors.ts'
import { createIntrospect } from './features/oauth/introspect.ts'
import { introspectionRoutes } from './features/oauth/introspection-routes.ts'
import { metadataRoutes } from './features/oauth/metadata-routes.ts'
import { createRevokeToken } from './features/oauth/revoke.ts'
import { rememberClients } from './features/oauth/remember-clients.ts'
import { createSignIntrospection } from './features/oauth/sign-introspection.ts'
import { oauthRoutes } from './features/oauth/routes.ts'
import { createExchangeToken } from './features/oauth/token-exchange.ts'
import { createGrantTokens } from './features/oauth/token.ts'
import { createMetrics } from './features/operations/metrics.ts'
import { createHousekeeping } from './features/operations/housekeeping.ts'
import { mailRoutes } from './features/operations/mail-routes.ts'
import { operationsRoutes } from './features/operations/routes.ts'
import { createCredentials } from './features/sessions/credentials.ts'
import { createEndSession } from './features/sessions/end-session.ts'
import { createKnownSubjects } from './features/sessions/known-subjects.ts'
import { followRevocations } from './features/sessions/revocation-feed.ts'
import { createRenewSession } from './features/sessions/renew-session.ts'
import { createStartSession } from './features/sessions/start-session.ts'
import { createBeginSession } from './features/sign-in/begin-session.ts'
import { createCheckPassword } from './features/sign-in/check-password.ts'
import { createKnownDevices } from './features/sign-in/known-devices.ts'
import { createLogIn } from './features/sign-in/log-in.ts'
import { signInPageRoutes } from './features/sign-in/page-routes.ts'
import { createNotices } from './features/sign-in/notices.ts'
import { createLeftBehind, createReturnTo } from './features/sign-in/return-to.ts'
import { signInRoutes } from './features/sign-in/routes.ts'
import { SignedIn } from './features/sign-in/schema.ts'
import { createSessionsShown } from './features/sign-in/sessions-shown.ts'
import { createStepUp } from './features/sign-in/step-up.ts'
import { createChooseRefreshToken } from './features/tokens/choose-refresh.ts'
import { createTokenIssuer } from './features/tokens/issue-tokens.ts'
import { createKnownGrants } from './features/tokens/known-grants.ts'
import { createRotateRefresh } from './features/tokens/rotate-refresh.ts'
import { createTellOfReuse } from './features/tokens/tell-of-reuse.ts'
import { logInto, logRequests, tagReplies } from './http/access-log.ts'
import { corsOptions, shareAnswers } from './http/cors.ts'
import { createCookies, readCookie } from './http/cookies.ts'
import { createCrossSiteCheck, createSourceOf } from './http/cross-site.ts'
import { createCsrfTokens } from './http/csrf.ts'
import { handleErrors, refusePath } from './http/errors.ts'
import { guard, requireAccessLevels } from './http/guard.ts'
import { documentRoutes, openApi } from './http/openapi.ts'
import { rateLimits, rateLimitsOf } from './http/rate-limits.ts'
import { traceOrigins } from './http/request-origin.ts'
import { securityHeaders } from './http/security-headers.ts'
import { type App, createServer } from './http/server.ts'
import { staticAssets } from './http/static-assets.ts'
import {
  administerKeys,
  buildControl,
  configuredFacts,
  createConfiguredMailer,
  createOperatorSide,
  scheduleOf,
} from './operator-side.ts'

const upkeepMilliseconds = 60_000

export interface Gatehouse {
  /** The service. */
  app: App
  /** What operators' commands talk to; never listens on a network. */
  control: App
  audit: Audit
  /** Decides by other rules from the next question on. */
  replaceRules(rules: AccessRules): void
  /** Makes these the roles of the file; throws a `SetupError` when one stands in the database too. */
  replaceRoles(roles: Config['roles']): Promise<void>
  /** What the service does on its own every minute: successors of signing keys, and letting go of old rows. */
  upkeep(): Promise<void>
  /** Says in the log what keeps mails from being sent. */
  checkMail(): Promise<void>
  /** From now on not ready: balancers send no new requests, and each answer is the last of its connection. */
  beginStop(): void
  /** Finishes requests under way, then releases everything but the stores. */
  close(): Promise<void>
}

/**
 * The composition root: everything that the service consists of is made and joined here, and nowhere else. Read top to
 * bottom it is the table of contents.
 */
export async function buildApp(base: Base, config: Config, version: string): Promise<Gatehouse> {
  const { issuer, basePath, clock, log, audit, stores, hasher, hashNewPassword } = base
  let stopping = false
  await applyFileRoles(config.roles, { roles: stores.roles, audit })

  // Revocation and keys
  const keyRing = await openKeyRing({
    store: stores.signingKeys,
    box: base.box('signing keys'),
    clock,
    log,
    issuer,
    schedule: scheduleOf(config),
    algorithmOf: (type) => (type === 'identity-assertion+jwt' ? config.keys.assertions : config.keys.access_tokens),
  })
  await administerKeys(base, config).keepSchedule()
  const feed = await followRevocations(stores.revocations, log, (changed) => keyRing.reload(changed))
  // What was made just now, or changed before the feed was followed.
  await keyRing.reload()

  // Who is told what of somebody's rights
  let rules = config.accessRules
  const everywhere = compileIdentityLimits(config.tokens.identity, longestToken)
  const identityLimits = (audience: string) => (audience === issuer ? [everywhere] : rules.identityLimits(audience))
  const noteShortening = createShorteningLog({ log, clock })

  // Sessions and tokens
  const startSession = createStartSession({
    sessions: stores.sessions,
    clock,
    idleSeconds: config.sessions.idle_ttl_seconds,
    absoluteSeconds: config.sessions.absolute_ttl_seconds,
  })
  const endSession = createEndSession({ sessions: stores.sessions, audit, clock })
  const authenticateClient = createAuthenticateClient({
    clients: stores.clients,
    proven: rememberClients({ feed, clock }),
    counters: stores.counters,
    verifyAssertion: createVerifyClientAssertion({ assertions: stores.assertions, clock, issuer }),
    audit,
  })
  const credentials = createCredentials({
    verifyAccessToken: keyRing.verifyAccessToken,
    proveApiKey: createProveApiKey({ apiKeys: stores.apiKeys, counters: stores.counters, audit, clock, log }),
    authenticateClient: createProveClientSecret(authenticateClient),
    sessions: stores.sessions,
    known: createKnownSubjects({ ...stores, feed, clock }),
    feed,
    clock,
    log,
    sessionIdleSeconds: config.sessions.idle_ttl_seconds,
  })
  const knownGrants = createKnownGrants(feed)
  const tokenIssuer = createTokenIssuer({
    sign: keyRing.sign,
    identityLimits,
    noteShortening,
    refreshTokens: stores.refreshTokens,
    knownGrants,
    clock,
    deploymentAudience: issuer,
    lifetimes: {
      accessSeconds: config.tokens.access_ttl_seconds,
      refreshIdleSeconds: config.tokens.refresh_idle_ttl_seconds,
      refreshAbsoluteSeconds: config.tokens.refresh_absolute_ttl_seconds,
    },
  })
  const mailer = createConfiguredMailer(config, clock, log)
  const rotateRefresh = createRotateRefresh({
    refreshTokens: stores.refreshTokens,
    knownGrants,
    issuer: tokenIssuer,
    endSession,
    tellOfReuse: createTellOfReuse({ mailer, log, issuer }),
    audit,
    box: base.box('refresh replay'),
    clock,
    graceSeconds: config.tokens.refresh_grace_seconds,
    sessionIdleSeconds: config.sessions.idle_ttl_seconds,
    refreshesPerMinute: config.limits.refreshes_per_minute,
  })

  // Accounts and sign-in
  const { registration, domains } = config.accounts
  log.info(
    { event: 'registration.mode', registration: registration.mode },
    `registration is ${registration.mode}: ${registration.reason}`,
  )
  const registering = {
    rules: { mode: registration.mode, domains },
    registrations: stores.registrations,
    hashNewPassword,
    clock,
  }
  const register = createRegister({
    ...registering,
    mailer,
    counters: stores.counters,
    issuer,
  })
  const emailVerification = createEmailVerification({ ...registering, audit })
  const failures = { max: config.limits.failures_per_account, windowSeconds: config.limits.failure_window_seconds }
  const knownDevices = createKnownDevices({ devices: stores.knownDevices, clock, failures })
  const checkPassword = createCheckPassword({
    users: stores.users,
    hasher,
    counters: stores.counters,
    knownDevices,
    audit,
    failures,
  })
  const logIn = createLogIn({ checkPassword, knownDevices, startSession, audit })
  const stepUp = createStepUp({
    checkPassword,
    renewSession: createRenewSession({ sessions: stores.sessions, clock }),
    audit,
  })

  // What operators and administrators do
  const operator = createOperatorSide(base, { config, rules: () => rules })

  // What the HTTP features share
  const cookies = createCookies(config)
  const sessionOfRefreshToken = async (token: string) =>
    (await stores.refreshTokens.find(hashSecret(token)))?.session.id
  const sessionOfCookie = async (secret: string) =>
    (await stores.sessions.findLive({ secretHash: hashSecret(secret) }, new Date(clock.now())))?.session.id
  const sessionsShown = createSessionsShown({ cookies, sessionOfCookie, sessionOfRefreshToken })
  const beginSession = createBeginSession({ cookies, sessionsShown, endSession })
  const sourceOf = createSourceOf({ issuer, allowedOrigins: config.cors.origins })
  const csrf = createCsrfTokens({ secrets: config.secrets, cookies, clock, sourceOf })
  const checkCrossSite = createCrossSiteCheck(sourceOf)
  const limits = rateLimitsOf(config.limits)
  const trustedPeer = parseNetworks(config.proxies.trusted)
  const knowsHost = (authority: string) => rules.host(authority) !== undefined
  const waysBack = {
    issuer,
    decidesAbout: (target: RequestTarget) => rules.host(target.authority)?.isAmbiguous(target) === false,
  }
  const returnTo = createReturnTo(waysBack)
  const notices = createNotices({ ...config, cookies, leftBehind: createLeftBehind(waysBack) })
  const decide = createDecide({
    rules: () => rules,
    bearer: credentials.bearer,
    basic: credentials.basic,
    basicByDefault: config.proxies.basic,
    apiKey: credentials.apiKey,
    sessionCookie: credentials.sessionCookie,
    identity: createIdentityHeaders({ sign: keyRing.sign, noteShortening, issuer, clock }),
    deploymentAudience: issuer,
  })

  const forwardedAddress = createForwardedAddress({ isTrusted: trustedPeer, ownAddresses: createOwnAddresses(clock) })
  const checkEdge = createEdgeCheck(trustedPeer, config.proxies.edges)
  const probes = createProbes({ clock, checkEdge })

  const answer = probes.watch(
    createAnswer({
      decide: decideWithin(decide, config.proxies.decide_within_milliseconds),
      readSessionCookie: (header) => readCookie(header, cookies.sessionName),
      whatIsLeft: createWhatIsLeft({ cookieNames: cookies.names, issuer }),
      checkEdge,
      clientAddress: forwardedAddress.ofClient,
      shareDenial: createShareDenial({ issuer, allowedOrigins: config.cors.origins, knowsHost }),
      outages: createOutageLog(log, clock),
      issuer,
      log,
    }),
  )

  const app = createServer({
    trustedPeer,
    forwardedAddress,
    refusePath,
    ahead: answerAhead(answer),
    isStopping: () => stopping,
  })
  requireAccessLevels(app)
  handleErrors(app, { basePath, allowedOrigins: config.cors.origins })
  await app.register(openApi, { issuer, version, cookies })
  for (const schema of [Profile, SignedIn, ApiKeyBody, MadeApiKey, OAuthErrorBody]) app.addSchema(schema)

  // Hot and bare: no hook of the service's runs here
  await app.register(forwardAuthRoutes, { answer })

  // Everything else, behind the shared guards
  const below = { prefix: basePath }
  await app.register(async (service) => {
    logInto(service, log)
    tagReplies(service)
    logRequests(service)
    await service.register(helmet, securityHeaders(issuer))
    service.addHook('onRoute', (route) => {
      // The route that the CORS plugin adds for preflights. What is none is answered before a body is read.
      if (route.method !== 'OPTIONS' || route.url !== `${basePath}*`) return
      route.config = { ...route.config, access: 'public' }
      route.onRequest = async (_request, reply) => reply.callNotFound()
    })
    await service.register(cors, corsOptions(config.cors.origins))
    await service.register(cookie)
    await service.register(rateLimits, {
      counters: stores.counters,
      requestsPerMinute: config.limits.requests_per_minute,
    })
    await service.register(guard, {
      publicKey: keyRing.publicKey,
      claims: credentials.claims,
      apiKey: credentials.apiKey,
      sessionCookie: credentials.sessionCookie,
      cookies,
      checkCrossSite,
      clock,
      issuer,
      freshSeconds: config.sign_in.fresh_seconds,
    })

    traceOrigins(service, ({ principal, ip, id }) => ({ actor: principal?.subject, ip, requestId: id }))

    await service.register(accountRoutes, { register, emailVerification, users: stores.users, limits })
    await service.register(apiKeyRoutes, { apiKeys: operator.apiKeys, limits })
    await service.register(signInRoutes, {
      logIn,
      beginSession,
      stepUp,
      forSession: tokenIssuer.forSession,
      beginFamily: tokenIssuer.beginFamily,
      rotateRefresh,
      chooseRefreshToken: createChooseRefreshToken({ refreshTokens: stores.refreshTokens, clock }),
      sessionsShown,
      verifyAccessToken: keyRing.verifyAccessToken,
      accessToken: credentials.accessToken,
      endSession,
      cookies,
      checkCrossSite,
      limits,
      refreshCookieExpiry: () => tokenIssuer.refreshExpiry(clock.now()),
    })
    await service.register(signInPageRoutes, {
      logIn,
      beginSession,
      stepUp,
      sessionCookie: credentials.sessionCookie,
      sessionsShown,
      endSession,
      emailVerification,
      returnTo,
      basePath,
      notices,
      cookies,
      csrf,
      limits,
    })
    await service.register(explainRoutes, {
      url: '/api/admin/access/explain',
      access: 'admin',
      explain: operator.explain,
    })
    await service.register(staticAssets)
    await service.register(documentRoutes)
  }, below)

  // Asked by machines, in short intervals: no limit on requests, no cookies, no security headers for pages
  await app.register(async (machines) => {
    logInto(machines, log)
    tagReplies(machines)
    traceOrigins(machines, ({ ip, id }) => ({ ip, requestId: id }))
    await machines.register(keyRoutes, { keyRing, maxAgeSeconds: config.keys.max_age_seconds, ...below })
    await machines.register(metadataRoutes, {
      issuer,
      jwksPath,
      introspectionAlgorithms: () => keyRing.algorithms('token-introspection+jwt'),
    })
    await machines.register(introspectionRoutes, {
      authenticateClient,
      introspect: createIntrospect({
        accessToken: credentials.accessToken,
        apiKey: credentials.apiKey,
        refreshTokens: stores.refreshTokens,
        clock,
        issuer,
      }),
      signIntrospection: createSignIntrospection({ sign: keyRing.sign, clock }),
      ...below,
    })
    await machines.register(async (clients) => {
      logRequests(clients)
      shareAnswers(clients, config.cors.origins)
      await clients.register(oauthRoutes, {
        authenticateClient,
        grantTokens: createGrantTokens({
          forClient: tokenIssuer.forClient,
          rotateRefresh,
          exchangeToken: createExchangeToken({
            verifyAccessToken: keyRing.verifyAccessToken,
            prove: credentials.claims,
            issue: tokenIssuer.forDelegation,
            audit,
            deploymentAudience: issuer,
          }),
          deploymentAudience: issuer,
        }),
        revokeToken: createRevokeToken({
          verifyAccessToken: keyRing.verifyAccessToken,
          refreshTokens: stores.refreshTokens,
          accessTokens: stores.accessTokens,
          apiKeys: stores.apiKeys,
          endSession,
          audit,
          clock,
        }),
      })
    }, below)
    await machines.register(operationsRoutes, {
      ping: () => stores.ping(),
      feedIsCurrent: () => feed.isCurrent(),
      keysAreWhole: () => keyRing.isWhole(),
      isStopping: () => stopping,
      metrics: createMetrics({
        keyUsage: () => keyRing.usage(),
        feedIsCurrent: () => feed.isCurrent(),
        feedPosition: () => feed.position,
      }),
      mayReadMetrics: parseNetworks(config.metrics.networks),
    })
  })

  const control = await buildControl(operator, log)
  await control.register(mailRoutes, { mailer })
  await control.register(probeRoutes, { probes, facts: (url) => configuredFacts(config, rules, url), clock })
  const sweep = createHousekeeping({
    store: stores.housekeeping,
    clock,
    log,
    graceSeconds: config.tokens.refresh_grace_seconds,
    auditRetentionDays: config.audit.retention_days,
    isStopping: () => stopping,
  })
  const upkeep = async () => {
    await operator.keys.keepSchedule()
    await sweep()
  }
  let upkeepUnderWay = Promise.resolve()
  const timer = setInterval(() => {
    upkeepUnderWay = upkeep().catch((error: unknown) =>
      log.error({ event: 'upkeep.failed', err: error }, 'upkeep failed'),
    )
  }, upkeepMilliseconds)

  return {
    app,
    control,
    audit,
    replaceRules: (others) => void (rules = others),
    async replaceRoles(roles) {
      await applyFileRoles(roles, { roles: stores.roles, audit })
    },
    upkeep,
    async checkMail() {
      const fault = await mailer.check()
      if (fault !== undefined) log.warn({ event: 'mail.unusable' }, fault)
    },
    beginStop: () => void (stopping = true),
    async close() {
      stopping = true
      clearInterval(timer)
      // A connection is kept alive past the request that was under way, and the server would wait for it.
      const sweep = setInterval(() => app.server.closeIdleConnections(), 50)
      await Promise.all([app.close(), control.close()]).finally(() => clearInterval(sweep))
      await mailer.close()
      await upkeepUnderWay
      await audit.close()
      await feed.stop()
    },
  }
}
