/** Whom a credential stands for now: access tokens, API keys, clients' secrets and session cookies. */
import type { Base } from '../../base.ts'
import type { SessionLifetimes } from '../../core/records/session.ts'
import type { ApiKeys } from '../api-keys/index.ts'
import type { Clients } from '../clients/index.ts'
import type { Revocations } from '../revocations/index.ts'
import type { SenderConstraints } from '../sender-constraints/index.ts'
import type { Subjects } from '../subjects/index.ts'
import type { SigningKeys } from '../signing-keys/index.ts'
import { createCredentials as joinCredentials, type Credentials } from './credentials.ts'
import { createEntityCache } from './entity-cache.ts'

export type { Credentials } from './credentials.ts'

export function createCredentials(
  { stores, clock, log }: Base,
  settings: SessionLifetimes,
  needs: {
    revocations: Revocations
    signingKeys: SigningKeys
    subjects: Subjects
    clients: Clients
    apiKeys: ApiKeys
    senders: SenderConstraints
  },
): Credentials {
  const { feed } = needs.revocations
  return joinCredentials({
    verifyAccessToken: needs.signingKeys.ring.verifyAccessToken,
    proveApiKey: needs.apiKeys.prove,
    authenticateClient: needs.clients.proveSecret,
    subjects: needs.subjects,
    senderFaultOf: needs.senders.faultOf,
    sessions: stores.sessions,
    hostSessions: stores.hostSessions,
    known: createEntityCache({ ...stores, feed, clock }),
    feed,
    clock,
    log,
    settings,
  })
}
