/** The operator's side of the composition: what commands and administrators ask for, apart from the service itself. */
import type { FastifyBaseLogger } from 'fastify'
import { createMailer } from './adapters/mailer.ts'
import type { Base } from './base.ts'
import type { Config } from './config.ts'
import { operatorActor } from './core/audit.ts'
import type { Clock, Log, Mailer } from './core/ports.ts'
import { createClientAdministration } from './features/admin/clients.ts'
import { apiKeyControlRoutes } from './features/admin/api-key-routes.ts'
import { type ControlOptions, controlRoutes } from './features/admin/control-routes.ts'
import { createRoleAdministration } from './features/admin/roles.ts'
import { createUserAdministration } from './features/admin/users.ts'
import { type ApiKeyManagement, createApiKeyManagement } from './features/api-keys/manage.ts'
import { type AuditOptions, auditRoutes } from './features/audit/routes.ts'
import type { AccessRules } from './features/forward-auth/access-rules.ts'
import { type EdgeFacts, edgeFactsOf } from './features/forward-auth/edge-facts.ts'
import { explainRoutes } from './features/forward-auth/explain-routes.ts'
import { createExplain, type Explain } from './features/forward-auth/explain.ts'
import { assertionLifetimeSeconds } from './features/forward-auth/identity.ts'
import { createKeyAdministration, type KeyAdministration } from './features/keys/rotate-keys.ts'
import { keyScheduleOf } from './features/keys/schedule.ts'
import { logInto } from './http/access-log.ts'
import { createCookies } from './http/cookies.ts'
import { handleErrors } from './http/errors.ts'
import { traceOrigins } from './http/request-origin.ts'
import { Problem } from './http/schema.ts'
import { type App, createServer } from './http/server.ts'

/** What has to be so at the edge for one URL; nothing when it is ambiguous or its host is not listed. */
export function configuredFacts(config: Config, rules: AccessRules, url: string): EdgeFacts | undefined {
  const { issuer, cookieDomain } = config
  return edgeFactsOf(url, { issuer, cookieDomain, pageCookie: createCookies(config).csrfName, rules })
}

/** What sends the service's mails. */
export function createConfiguredMailer(config: Config, clock: Clock, log: Log): Mailer {
  const { mailFrom: from, smtpUrl, mailRequiresTls: requiresTls, dataDirectory } = config
  return createMailer({ from, smtpUrl, requiresTls, outboxDirectory: `${dataDirectory}/outbox` }, clock, log)
}

/** The operations of operators and administrators. */
export function createOperatorSide(
  base: Base,
  dependencies: { config: Config; rules: () => AccessRules },
): OperatorSide {
  const { stores, clock, audit, hashNewPassword, issuer } = base
  const { config, rules } = dependencies
  const users = createUserAdministration({
    users: stores.users,
    roles: stores.roles,
    hashNewPassword,
    audit,
    clock,
  })
  const clients = createClientAdministration({ clients: stores.clients, audit, clock })
  const roles = createRoleAdministration({ roles: stores.roles, audit })
  const explain = createExplain({
    rules,
    findUser: users.find,
    findClient: clients.find,
    listRoles: () => stores.roles.list(),
    clock,
    issuer,
  })
  const keys = administerKeys(base, config)
  const apiKeys = createApiKeyManagement({
    apiKeys: stores.apiKeys,
    settings: config.api_keys,
    audit,
    clock,
  })
  return { users, clients, apiKeys, roles, keys, explain, trail: { audit: stores.audit, findUser: users.find } }
}

export interface OperatorSide extends ControlOptions {
  explain: Explain
  apiKeys: ApiKeyManagement
  keys: KeyAdministration
  trail: AuditOptions
}

/** What the command line asks for, as an application that never listens on a network. */
export async function buildControl(
  { explain, apiKeys, trail, ...options }: OperatorSide,
  logger: FastifyBaseLogger,
): Promise<App> {
  const control = createServer({ trustedPeer: () => false })
  logInto(control, logger)
  handleErrors(control)
  control.addSchema(Problem)
  traceOrigins(control, ({ id }) => ({ actor: operatorActor, requestId: id }))
  await control.register(controlRoutes, { ...options, endApiKeys: apiKeys.revokeAll })
  await control.register(apiKeyControlRoutes, { apiKeys, clients: options.clients, users: options.users })
  await control.register(auditRoutes, trail)
  await control.register(explainRoutes, { url: '/access/explain', access: 'public', explain })
  return control
}

/** What may be done to the ring of signing keys. */
export function administerKeys(base: Base, config: Config): KeyAdministration {
  const { stores, clock, audit } = base
  const schedule = scheduleOf(config)
  return createKeyAdministration({
    store: stores.signingKeys,
    box: base.box('signing keys'),
    clock,
    audit,
    schedule,
  })
}

/** The ring's schedule, which must outlast the longest token. */
export function scheduleOf({ keys, tokens }: Config) {
  return keyScheduleOf(keys, Math.max(tokens.access_ttl_seconds, assertionLifetimeSeconds))
}
