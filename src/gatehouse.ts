import { createFeatures } from './app.ts'
import type { Base } from './base.ts'
import type { Config } from './config.ts'
import { type AccessRules } from './features/forward-auth/index.ts'
import { refusePath } from './http/errors.ts'
import type { Documentation } from './http/openapi.ts'
import { type App, createServer } from './http/server.ts'
import { type Control, mountControl, mountSurfaces } from './http/surfaces.ts'
import { type Presentation } from './i18n/languages.ts'
import { runEveryMinute } from './maintenance.ts'

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
  /** Tells programs now of sessions that have ended. */
  deliverLogouts(): Promise<void>
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
  const start = async () => {
    for (const feature of features) await feature.start?.()
  }
  // Routes are mounted while the stores answer.
  const starting = start()
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
    programsAt: made.clients.programsAt,
    brand: languages.brand,
    guard: {
      ...browser,
      ...credentials,
      senders: made.senders,
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
    deliverLogouts: () => made.logoutTokens.deliver(),
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
