import { createMailer } from './adapters/mailer.ts'
import { createOwnAddresses } from './adapters/own-addresses.ts'
import { readDevice } from './adapters/user-agents.ts'
import type { Base } from './base.ts'
import type { Config } from './config.ts'
import { createForwardedAddress } from './core/client-address.ts'
import { parseNetworks } from './core/network.ts'
import { createAccounts } from './features/accounts/index.ts'
import { createApiKeys } from './features/api-keys/index.ts'
import { createAuditLog } from './features/audit-log/index.ts'
import { createClients } from './features/clients/index.ts'
import { createCredentials } from './features/credentials/index.ts'
import { type AccessRules, createForwardAuth, createHosts } from './features/forward-auth/index.ts'
import { createFactors } from './features/factors/index.ts'
import { createHealth } from './features/health/index.ts'
import { createMail } from './features/mail/index.ts'
import { createOAuth } from './features/oauth/index.ts'
import { createOpenId } from './features/openid/index.ts'
import { createOtherDomains } from './features/other-domains/index.ts'
import { createOwnAccount } from './features/own-account/index.ts'
import { createRevocations } from './features/revocations/index.ts'
import { createRoles } from './features/roles/index.ts'
import { createSessions } from './features/sessions/index.ts'
import { createSignIn } from './features/sign-in/index.ts'
import { createSigningKeys } from './features/signing-keys/index.ts'
import { createTokens } from './features/tokens/index.ts'
import { createBrowserGuards } from './http/browser-guards.ts'
import { refusePath } from './http/errors.ts'
import type { Feature } from './http/feature.ts'
import { createPageUsers } from './http/page-users.ts'
import { createPages } from './http/pages.ts'
import type { Documentation } from './http/openapi.ts'
import { type App, createServer } from './http/server.ts'
import { type Control, mountControl, mountSurfaces } from './http/surfaces.ts'
import { createLanguages, type Presentation } from './i18n/languages.ts'
import { mails } from './mails.ts'
import { runEveryMinute } from './maintenance.ts'

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
  const reachedBy = { isTrusted: trustedPeer, ownAddresses: createOwnAddresses(base.clock) }
  const forwardedAddress = createForwardedAddress(reachedBy)

  // What changed, and what is sent
  const revocations = createRevocations(base)
  const make = () => createMailer(config.mail, base.log)
  const mail = createMail(base, config.mail, { definitions: mails, languages, make })

  // Who somebody is
  const roles = createRoles(base, config.roles)
  const accounts = createAccounts(base, config.accounts, { mail, languages, roles, browser, pages })
  const clients = createClients(base, { revocations })
  const speaking = { mail, languages, pages }
  const apiKeys = createApiKeys(base, config.api_keys, { accounts, clients, browser, ...speaking })
  const signingKeys = createSigningKeys(base, config.keys, { revocations, apiKeys })
  const credentials = createCredentials(base, config.sessions, { revocations, signingKeys, clients, apiKeys })
  const pageUsers = createPageUsers({ ...base, ...browser, ...credentials })
  const sessions = createSessions(base, config.sessions, { accounts, browser, pages, readDevice })
  const factors = createFactors(base, config, { accounts, sessions, browser, ...speaking })
  const hosts = createHosts(config.accessRules)
  const tokens = createTokens(base, config, { revocations, signingKeys, sessions, mail, languages, hosts })

  // What proxies and people ask
  const known = { credentials, signingKeys, pages, hosts }
  const asked = { ...known, accounts, clients, ...browser, trustedPeer, forwardedAddress }
  const forwardAuth = createForwardAuth(base, config, asked)
  const told = { mail, languages, readDevice, registration: config.accounts.registration.mode }
  const leading = { browser, pageUsers, ...forwardAuth }
  const signIn = createSignIn(base, config, { ...known, ...told, ...leading, sessions, factors, tokens })
  const otherDomains = createOtherDomains(base, config, { ...leading, pages })
  const ownAccount = createOwnAccount(base, config, { accounts, sessions, signIn, mail, languages, browser, pages })

  // What programs and operators ask
  const openid = createOpenId(base, config.accounts, { ...known, ...leading, accounts, clients, sessions, tokens })
  const oauth = createOAuth(base, { ...known, clients, sessions, tokens, openid })
  const auditLog = createAuditLog(base, { accounts, pages })
  const health = createHealth(base, config, { revocations, signingKeys, isStopping: () => lifecycle.isStopping })

  const features: readonly Feature[] = [
    ...[auditLog, mail, revocations, roles, signingKeys, accounts, clients, apiKeys],
    ...[sessions, factors, forwardAuth, signIn, otherDomains, ownAccount, openid, oauth, health],
  ]
  const server = { trustedPeer, forwardedAddress }
  return { features, lifecycle, server, browser, languages, pages, signingKeys, credentials, forwardAuth, roles, mail }
}

export interface Gatehouse {
  /** The service. */
  app: App
  /** What operators' commands talk to; never listens on a network. */
  control: Control
  /** What describes the service; `swagger()` is its OpenAPI document. */
  documentation: Documentation
  audit: Base['audit']
  /** Decides by other rules from the next question on. */
  replaceRules(rules: AccessRules): void
  /** Looks and speaks otherwise from the next page on. */
  present(presentation: Presentation): void
  /** Makes these the roles of the file; throws a `SetupError` when one stands in the database too. */
  replaceRoles(roles: Config['roles']): Promise<void>
  /** Reads the templates of mails; throws a `SetupError` that says what is wrong with them. They count once what is returned is called. */
  readMailTemplates(folder: string | undefined): Promise<() => void>
  /** What the service does on its own every minute: successors of signing keys, and letting go of old rows. */
  maintain(): Promise<void>
  /** Sends the mails that are due now, as the service does on its own. */
  deliverMails(): Promise<void>
  /** Says in the log what keeps mails from being sent. */
  checkMail(): Promise<void>
  /** From now on not ready: balancers send no new requests, and each answer is the last of its connection. */
  beginStop(): void
  /** Finishes requests under way, then releases everything but the stores. */
  close(): Promise<void>
}

/** The service, started but not listening. Rejects when a feature cannot start, with nothing left running. */
export async function buildApp(base: Base, config: Config, version: string): Promise<Gatehouse> {
  const { issuer, basePath, clock, log, logger, audit, counters, faults } = base
  const made = createFeatures(base, config)
  const { features, lifecycle, browser, languages, signingKeys, credentials, forwardAuth, mail } = made
  const app = createServer({
    ...made.server,
    refusePath,
    beforeRouting: forwardAuth.beforeRouting,
    isStopping: () => lifecycle.isStopping,
  })
  const stop = async () => {
    for (const feature of features.toReversed()) await feature.stop?.()
  }
  // Routes are mounted while the stores answer.
  const starting = (async () => {
    for (const feature of features) await feature.start?.()
  })()
  const mounting = mountSurfaces(app, features, {
    issuer,
    basePath,
    version,
    log: logger,
    faults,
    counters,
    config,
    cookies: browser.cookies,
    pages: made.pages,
    brand: languages.brand,
    guard: {
      ...browser,
      ...credentials,
      publicKey: signingKeys.ring.publicKey,
      noteRefusal: (refused) => audit.record({ event: 'administration.refused', ...refused }),
      clock,
      issuer,
      settings: config.sign_in,
    },
  })
  const [started, mounted] = await Promise.allSettled([starting, mounting])
  if (started.status === 'rejected' || mounted.status === 'rejected') {
    await stop()
    throw started.status === 'rejected' ? started.reason : (mounted as PromiseRejectedResult).reason
  }
  const control = mountControl(features, base)
  const maintenance = runEveryMinute([faults, ...features], log)

  return {
    app,
    control,
    documentation: mounted.value,
    audit,
    replaceRules: forwardAuth.replaceRules,
    present: languages.present,
    replaceRoles: made.roles.replaceFileRoles,
    readMailTemplates: mail.readTemplates,
    maintain: maintenance.run,
    deliverMails: () => mail.deliver(),
    async checkMail() {
      const fault = await mail.check()
      if (fault !== undefined) log.warn({ event: 'mail.unusable' }, fault)
    },
    beginStop: () => void (lifecycle.isStopping = true),
    async close() {
      lifecycle.isStopping = true
      // A connection is kept alive past the request that was under way, and the server would wait for it.
      const sweep = setInterval(() => app.server.closeIdleConnections(), 50)
      await Promise.all([app.close(), control.close()]).finally(() => clearInterval(sweep))
      await maintenance.stop()
      await stop()
    },
  }
}

/** The operator's side alone, for a command that works on stores of its own: nothing is started. */
export function buildControl(base: Base, config: Config): Control {
  return mountControl(createFeatures(base, config).features, base)
}
