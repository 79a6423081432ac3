/** Programs that ask for tokens: how one proves who it is, and what administrators do to it. */
import type { Base } from '../../base.ts'
import type { Outgoing } from '../../core/outgoing.ts'
import type { Client } from '../../core/records/client.ts'
import type { Feature } from '../../http/feature.ts'
import type { Revocations } from '../revocations/index.ts'
import { clientRoutes } from './admin.ts'
import { type ClientAdministration, createClientAdministration } from './administer-clients.ts'
import { type AuthenticateClient, createAuthenticateClient, createProveClientSecret } from './authenticate-client.ts'
import { createVerifyClientAssertion } from './client-assertion.ts'
import { createClientCache } from './client-cache.ts'
import { type ClientDocuments, createClientDocuments } from './client-documents.ts'
import { createClientRegistration } from './register-client.ts'
import { registrationPath, registrationRoutes } from './registration-routes.ts'
import type { ClientSettings } from './settings.ts'
import { createProgramsAt } from './programs-at.ts'
import { createKeysOfClient, type KeysOfClient } from './keys-of-client.ts'
import { createVerifySignedByClient, type VerifySignedByClient } from './signed-by-client.ts'

export type { ShownClient } from './admin.ts'
export type { AuthenticateClient, ClientCredentials } from './authenticate-client.ts'
export type { VerifySignedByClient } from './signed-by-client.ts'

export interface Clients extends Feature {
  readonly administration: ClientAdministration
  readonly authenticate: AuthenticateClient
  readonly verifySigned: VerifySignedByClient
  readonly keysOf: KeysOfClient
  /** Where programs register themselves; nothing where they may not. */
  readonly registrationEndpoint: string | undefined
  /** Those that are known by a document of theirs. */
  readonly documents: ClientDocuments
  /** Whether there may be such. */
  readonly takesDocuments: boolean
  /** The ids of the clients whose pages are at an origin; a second old at most, and nothing where SQL cannot say it. */
  programsAt(origin: string): Promise<ReadonlySet<string>>
  /** Calls, and is waited for, whenever a client was registered or changed in this process. */
  onChange(told: (client: Client) => Promise<void>): void
  /** The client that an `Authorization: Basic` header names and proves; nothing when it proves none. */
  proveSecret(authorization: string, address: string): Promise<Client | undefined>
}

export function createClients(
  { stores, budgets, clock, audit, log, issuer }: Base,
  settings: ClientSettings,
  { revocations: { feed }, outgoing }: { revocations: Revocations; outgoing: Outgoing },
): Clients {
  const keysOf = createKeysOfClient({ outgoing, clock, log })
  const authenticate = createAuthenticateClient({
    clients: stores.clients,
    proven: createClientCache({ feed, clock }),
    budgets,
    verifyAssertion: createVerifyClientAssertion({ usedJtis: stores.usedJtis, keysOf, clock, issuer }),
    audit,
  })
  const origins = createProgramsAt({ clients: stores.clients, clock })
  const listeners: ((client: Client) => Promise<void>)[] = [async () => origins.forget()]
  const changed = async (client: Client) => {
    for (const tell of listeners) await tell(client)
  }
  const administration = createClientAdministration({
    ...{ clients: stores.clients, outgoing, audit, clock },
    changed,
  })
  const registration = createClientRegistration({
    ...{ clients: stores.clients, budgets, settings, audit, clock, changed },
  })
  const documents = createClientDocuments({
    ...{ clients: stores.clients, outgoing, budgets, settings, audit, clock, log, changed },
  })
  return {
    administration,
    documents,
    takesDocuments: settings.metadata_documents,
    registrationEndpoint: settings.registration === 'off' ? undefined : issuer + registrationPath,
    authenticate,
    keysOf,
    programsAt: origins.programsAt,
    verifySigned: createVerifySignedByClient({
      async keysOf(client, kid) {
        const found = await keysOf(client, kid)
        return found.kind === 'keys' ? found.keys : []
      },
    }),
    onChange: (told) => void listeners.push(told),
    proveSecret: createProveClientSecret(authenticate),
    routes: {
      admin: (app) => clientRoutes(app, administration, registration),
      oauth: (app) => registrationRoutes(app, { registration, issuer }),
    },
    maintain: () => registration.deleteUnused(),
  }
}
