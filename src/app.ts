import { createDirectoryMaker } from './adapters/directories.ts'
import { createMailer } from './adapters/mailer.ts'
import { createOutgoing } from './adapters/outgoing.ts'
import { createOwnAddresses } from './adapters/own-addresses.ts'
import { readDevice } from './adapters/user-agents.ts'
import type { Base } from './base.ts'
import type { Config } from './config.ts'
import { createForwardedAddress } from './core/client-address.ts'
import { createEdges } from './core/edges.ts'
import { parseNetworks } from './core/network.ts'
import { createAccounts } from './features/accounts/index.ts'
import { createApiKeys } from './features/api-keys/index.ts'
import { createAuditLog } from './features/audit-log/index.ts'
import { createClients } from './features/clients/index.ts'
import { createCredentials } from './features/credentials/index.ts'
import { createForwardAuth, createHosts } from './features/forward-auth/index.ts'
import { createDirectories } from './features/directories/index.ts'
import { createFactors } from './features/factors/index.ts'
import { createHealth } from './features/health/index.ts'
import { createLogoutTokens } from './features/logout-tokens/index.ts'
import { createMail } from './features/mail/index.ts'
import { createOAuth } from './features/oauth/index.ts'
import { createOpenId } from './features/openid/index.ts'
import { createOtherDomains } from './features/other-domains/index.ts'
import { createOwnAccount } from './features/own-account/index.ts'
import { createRevocations } from './features/revocations/index.ts'
import { createRoles } from './features/roles/index.ts'
import { createSenderConstraints } from './features/sender-constraints/index.ts'
import { createSessions } from './features/sessions/index.ts'
import { createSignIn } from './features/sign-in/index.ts'
import { createSigningKeys } from './features/signing-keys/index.ts'
import { createSubjects } from './features/subjects/index.ts'
import { createTokens } from './features/tokens/index.ts'
import { createUpstream } from './features/upstream/index.ts'
import { createBrowserGuards } from './http/browser-guards.ts'
import type { Feature } from './http/feature.ts'
import { createPageUsers } from './http/page-users.ts'
import { createPages } from './http/pages.ts'
import { createSenders } from './http/senders.ts'
import { createLanguages } from './i18n/languages.ts'
import { mails } from './mails.ts'

/**
 * The composition root and table of contents: everything that the service consists of is made and joined here, and nowhere
 * else, for the service, the command line and the tests. Making it does no I/O.
 */
export function createFeatures(base: Base, config: Config) {
  const lifecycle = { isStopping: false }
  const browser = createBrowserGuards(config, base.clock)
  const languages = createLanguages(config.pages.languages, config.presentation)
  const pages = createPages(languages, { ...browser, passwords: config.passwords })
  const trustedPeer = parseNetworks(config.proxies.trusted)
  const ownAddresses = createOwnAddresses(base.clock)
  const outgoing = createOutgoing(config.outgoing)
  const edges = createEdges(trustedPeer, config.proxies.edges)
  const server = { trustedPeer, forwardedAddress: createForwardedAddress({ isTrusted: trustedPeer, ownAddresses }) }

  // What changed, and what is sent
  const revocations = createRevocations(base)
  const make = () => createMailer(config.mail, base.log)
  const mail = createMail(base, config.mail, { definitions: mails, languages, make })

  // Who somebody is
  const roles = createRoles(base, config.roles)
  const speaking = { mail, languages, pages }
  const ofDirectory = createDirectoryMaker(base.clock)
  const directories = createDirectories(base, config.directories, { make: ofDirectory, browser, ...speaking })
  const referrers = createSenders()
  const accounts = createAccounts(base, config.accounts, { roles, browser, directories, referrers, ...speaking })
  const clients = createClients(base, config.clients, { revocations, outgoing })
  const apiKeys = createApiKeys(base, config.api_keys, { accounts, clients, browser, ...speaking })
  const signingKeys = createSigningKeys(base, config.keys, { revocations, apiKeys })
  const senders = createSenderConstraints(base, config, { edges })
  const subjects = createSubjects(base)
  const credentials = createCredentials(base, config.sessions, {
    revocations,
    signingKeys,
    subjects,
    clients,
    apiKeys,
    senders,
  })
  const pageUsers = createPageUsers({ ...base, ...browser, ...credentials })
  const sessions = createSessions(base, config.sessions, { accounts, browser, pages, readDevice })
  const factors = createFactors(base, config, { accounts, sessions, browser, readDevice, ...speaking })
  const upstream = createUpstream(base, config, { accounts, sessions, browser, ...speaking })
  const logoutTokens = createLogoutTokens(base, { subjects, signingKeys, outgoing })
  const hosts = createHosts(config.accessRules)
  const tokens = createTokens(base, config, { revocations, signingKeys, subjects, sessions, mail, languages, hosts })

  // What proxies and people ask
  const known = { credentials, subjects, senders, signingKeys, pages, hosts }
  const forwardAuth = createForwardAuth(base, config, { ...known, ...server, edges, accounts, clients, ...browser })
  const told = { mail, languages, readDevice, registration: config.accounts.registration.mode }
  const leading = { browser, pageUsers, referrers, ...forwardAuth }
  const proving = { sessions, factors, upstream, directories, tokens }
  const signIn = createSignIn(base, config, { ...known, ...told, ...leading, ...proving })
  const otherDomains = createOtherDomains(base, config, { ...leading, pages })
  const ownAccount = createOwnAccount(base, config, { accounts, sessions, signIn, directories, browser, ...speaking })

  // What programs and operators ask
  const openid = createOpenId(base, config.accounts, {
    ...known,
    ...leading,
    accounts,
    clients,
    sessions,
    tokens,
    mail,
  })
  const oauth = createOAuth(base, { ...known, clients, sessions, tokens, openid })
  const auditLog = createAuditLog(base, { accounts, pages })
  const health = createHealth(base, config, { revocations, signingKeys, isStopping: () => lifecycle.isStopping })

  const features: readonly Feature[] = [
    { start: async () => outgoing.open() },
    ...[auditLog, mail, revocations, subjects, roles, signingKeys, directories, accounts, clients, apiKeys],
    ...[
      sessions,
      factors,
      upstream,
      forwardAuth,
      signIn,
      otherDomains,
      ownAccount,
      openid,
      oauth,
      logoutTokens,
      health,
    ],
  ]
  return {
    features,
    lifecycle,
    server,
    browser,
    languages,
    pages,
    signingKeys,
    credentials,
    senders,
    forwardAuth,
    clients,
    roles,
    mail,
    logoutTokens,
  }
}
