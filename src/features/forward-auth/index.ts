/** The question that edge proxies ask of every request, and what explains its answers. */
import type { Base } from '../../base.ts'
import type { ForwardedAddress } from '../../core/client-address.ts'
import type { Edges } from '../../core/edges.ts'
import { getsOwnCookie } from '../../core/cookie-reach.ts'
import { createShorteningLog, type IdentityLimits } from '../../core/identity-limits.ts'
import { parseAuthority, type RequestTarget, splitAbsoluteUrl } from '../../core/request-target.ts'
import { type Cookies, readCookie } from '../../http/cookies.ts'
import type { Feature } from '../../http/feature.ts'
import type { Pages } from '../../http/pages.ts'
import type { BeforeRouting } from '../../http/server.ts'
import type { Accounts } from '../accounts/index.ts'
import type { Clients } from '../clients/index.ts'
import type { Credentials } from '../credentials/index.ts'
import type { SenderConstraints } from '../sender-constraints/index.ts'
import type { SigningKeys } from '../signing-keys/index.ts'
import type { AccessRules } from './access-rules.ts'
import { explainRoutes } from './admin.ts'
import { createDecide } from './decide.ts'
import { edgeFactsOf } from './edge-facts.ts'
import { createExplain } from './explain.ts'
import { createAnswer } from './http/answer.ts'
import { createShareDenial } from './http/negotiation.ts'
import { createProbes } from './http/probes.ts'
import { createIdentityHeaders } from './identity.ts'
import { createOutageLog, decideWithin } from './outage.ts'
import { probeRoutes } from './probe-routes.ts'
import type { ProxySettings } from './proxy-settings.ts'
import { resourceRoutes } from './resource-routes.ts'
import { type Applications, createApplications } from './applications.ts'
import { answerBeforeRouting, forwardAuthRoutes } from './routes.ts'
import type { ForwardAuthTexts } from './texts.ts'
import { createWhatIsLeft } from './withheld.ts'

export type { Applications } from './applications.ts'
export type { AccessRules } from './access-rules.ts'
export type { forwardAuthEvents } from './audit-events.ts'
export type { ShownExplanation } from './admin.ts'
export type { Behaviour, Observation } from './http/probes.ts'

export interface ForwardAuth extends Feature {
  /** Answers the proxies' questions before the router sees them. */
  readonly beforeRouting: BeforeRouting
  /** Decides by other rules from the next question on. */
  replaceRules(rules: AccessRules): void
  readonly applications: Applications
  /** Whether the rules of a host decide about a target. */
  decidesAbout(target: RequestTarget): boolean
}

/** The hosts of gatehouse.yaml, as they are at any time. */
export interface Hosts {
  rules(): AccessRules
  replace(rules: AccessRules): void
  /** What is told of somebody's rights to those who stand for an audience. */
  identityLimits(audience: string): readonly IdentityLimits[]
  /** The audience of the host that a URL leads to; nothing where it is no host's. */
  audienceOf(url: string): string | undefined
}

export function createHosts(given: AccessRules): Hosts {
  let rules = given
  return {
    rules: () => rules,
    replace: (others) => void (rules = others),
    identityLimits: (audience) => rules.identityLimits(audience),
    audienceOf(url) {
      const parts = splitAbsoluteUrl(url)
      const scheme = parts?.scheme === 'http' || parts?.scheme === 'https' ? parts.scheme : undefined
      const authority = parts && scheme && parseAuthority(parts.host, scheme)
      if (scheme === undefined || authority === undefined) return undefined
      return rules.host(authority)?.presentation({ scheme, authority }).audience
    },
  }
}

export function createForwardAuth(
  { stores, clock, log, issuer }: Base,
  config: {
    proxies: ProxySettings
    cors: { origins: readonly string[] }
    cookieDomain: string | undefined
    sessions: { other_domains: readonly string[] }
  },
  needs: {
    hosts: Hosts
    credentials: Credentials
    senders: SenderConstraints
    signingKeys: SigningKeys
    accounts: Accounts
    clients: Clients
    cookies: Cookies
    pages: Pages<ForwardAuthTexts>
    edges: Edges
    forwardedAddress: ForwardedAddress
  },
): ForwardAuth {
  const { hosts, credentials, cookies, forwardedAddress } = needs
  const { rules } = hosts
  const { cookieDomain, sessions } = config
  const { other_domains: otherDomains } = sessions
  const reach = { issuer, cookieDomain, otherDomains }
  const { check: checkEdge } = needs.edges
  const { certificateHeader } = needs.senders
  const probes = createProbes({ clock, checkEdge, certificateHeader })
  const decide = createDecide({
    rules,
    bearer: credentials.bearer,
    basic: credentials.basic,
    basicByDefault: config.proxies.basic,
    apiKey: credentials.apiKey,
    sessionCookie: credentials.sessionCookie,
    hostCookie: credentials.hostCookie,
    identity: createIdentityHeaders({
      sign: needs.signingKeys.ring.sign,
      noteShortening: createShorteningLog({ log, clock }),
      issuer,
      clock,
    }),
    deploymentAudience: issuer,
  })
  const takesTokens = (authority: string) => rules().host(authority)?.takesTokens === true
  const answer = probes.watch(
    createAnswer({
      dpop: credentials.dpop,
      dpopNonce: needs.senders.nonce,
      certificateOf: needs.senders.certificateOf,
      decide: decideWithin(decide, config.proxies.decide_within_milliseconds),
      readSessionCookie: (header) => readCookie(header, cookies.sessionName),
      readHostCookie: (header) => readCookie(header, cookies.hostName),
      getsOwnCookie: otherDomains.length === 0 ? () => false : (authority) => getsOwnCookie(authority, reach),
      takesTokens,
      whatIsLeft: createWhatIsLeft({ cookieNames: cookies.names, issuer }),
      checkEdge,
      clientAddress: forwardedAddress.ofClient,
      shareDenial: createShareDenial({
        issuer,
        origins: config.cors.origins,
        knowsHost: (authority) => rules().host(authority) !== undefined,
      }),
      outages: createOutageLog(log, clock),
      pages: needs.pages,
      issuer,
      log,
    }),
  )
  const explain = createExplain({
    rules,
    findUser: needs.accounts.administration.find,
    findClient: needs.clients.administration.find,
    listRoles: () => stores.roles.list(),
    clock,
    issuer,
  })
  const facts = (url: string) =>
    edgeFactsOf(url, { ...reach, certificateHeader, pageCookie: cookies.csrfName, rules: rules() })
  return {
    beforeRouting: answerBeforeRouting(answer),
    applications: createApplications({ rules, clock, issuer }),
    replaceRules: hosts.replace,
    decidesAbout: (target) => rules().host(target.authority)?.isAmbiguous(target) === false,
    routes: {
      bare: (app) => forwardAuthRoutes(app, { answer }),
      hosts: (app) => resourceRoutes(app, { rules, issuer, senders: needs.senders }),
      admin: (app) => explainRoutes(app, { explain }),
      control: (app) => probeRoutes(app, { probes, facts, clock }),
    },
  }
}
