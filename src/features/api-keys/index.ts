/** Long-lived keys, which stand for a person's program or for a client. */
import type { Base } from '../../base.ts'
import type { Feature } from '../../http/feature.ts'
import type { BrowserGuards } from '../../http/browser-guards.ts'
import type { Pages } from '../../http/pages.ts'
import type { MailsOf } from '../../pages/mail.ts'
import type { Languages } from '../../pages/view.ts'
import type { Accounts } from '../accounts/index.ts'
import type { Clients } from '../clients/index.ts'
import type { Mail } from '../mail/index.ts'
import { administeredApiKeyRoutes } from './admin.ts'
import { apiKeyPages } from './key-pages.ts'
import type { apiKeysMails } from './mails.ts'
import { type ApiKeyManagement, createApiKeyManagement } from './manage.ts'
import { createProveApiKey, type ProveApiKey } from './prove.ts'
import { apiKeyRoutes } from './routes.ts'
import { ApiKeyBody, MadeApiKey } from './schema.ts'
import type { ApiKeySettings } from './settings.ts'
import type { ApiKeyTexts } from './texts.ts'

export type { MadeApiKeyOfOwner, OwnedApiKey } from './admin.ts'
export type { apiKeysEvents } from './audit-events.ts'

export interface ApiKeys extends Feature {
  readonly prove: ProveApiKey
  /** Ends everybody's keys, as after an emergency, and resolves to how many. */
  revokeAll(): Promise<number>
}

export function createApiKeys(
  { stores, budgets, clock, audit, log, issuer }: Base,
  settings: ApiKeySettings,
  needs: {
    accounts: Accounts
    clients: Clients
    browser: BrowserGuards
    pages: Pages<ApiKeyTexts>
    mail: Mail<MailsOf<typeof apiKeysMails>>
    languages: Pick<Languages, 'offered'>
  },
): ApiKeys {
  const apiKeys: ApiKeyManagement = createApiKeyManagement({
    ...{ apiKeys: stores.apiKeys, users: stores.users, mails: needs.mail },
    ...{ settings, audit, clock, issuer, firstLanguage: needs.languages.offered[0] },
  })
  const [users, clients] = [needs.accounts.administration, needs.clients.administration]
  return {
    prove: createProveApiKey({ apiKeys: stores.apiKeys, budgets, audit, clock, log }),
    revokeAll: () => apiKeys.revokeAll(),
    schemas: [ApiKeyBody, MadeApiKey],
    routes: {
      people: (app) => apiKeyRoutes(app, { apiKeys, ...needs.browser, languageOf: needs.pages.languageOf }),
      pages: (app) => apiKeyPages(app, { apiKeys, settings, pages: needs.pages, ...needs.browser, clock }),
      admin: (app) => administeredApiKeyRoutes(app, { apiKeys, clients, users }),
    },
  }
}
