import { GatehouseError } from '../../core/errors.ts'
import { isUuid, uuidv7 } from '../../core/ids.ts'
import type { Client, ClientStore, Clock } from '../../core/ports.ts'
import { firstPartyClientId } from '../../core/principal.ts'
import { hashSecret, randomSecret } from '../../core/secrets.ts'

export interface NewClient {
  /** Chosen by the operator; otherwise a UUID. */
  id?: string | undefined
  name: string
  grants: string[]
  redirectUris: string[]
  scopes: string[]
  audiences: string[]
  public: boolean
}

export interface ClientAdministration {
  /** The secret is shown here and never again; public clients have none. */
  create(request: NewClient): Promise<{ client: Client; secret: string | undefined }>
  find(id: string): Promise<Client>
  list(): Promise<Client[]>
  rotateSecret(id: string): Promise<{ client: Client; secret: string }>
  delete(id: string): Promise<void>
}

/** What an operator may do to clients. */
export function createClientAdministration(dependencies: {
  clients: ClientStore
  catchUp(): Promise<void>
  clock: Clock
}): ClientAdministration {
  const { clients, catchUp, clock } = dependencies

  async function find(id: string): Promise<Client> {
    const client = await clients.find(id)
    if (client === undefined) throw noSuchClient()
    return client
  }

  return {
    async create(request) {
      const fault = faultOf(request)
      if (fault !== undefined) throw new GatehouseError('invalid_request', { fields: [fault] })
      const now = clock.now()
      const secret = request.public ? undefined : randomSecret()
      const client: Client = {
        id: request.id ?? uuidv7(now),
        name: request.name,
        authMethod: request.public ? 'none' : 'client_secret',
        secretHash: secret === undefined ? null : hashSecret(secret),
        grants: request.grants,
        redirectUris: request.redirectUris,
        scopes: request.scopes,
        audiences: request.audiences,
        jwks: null,
        createdAt: new Date(now),
      }
      if ((await clients.create(client)) === 'id_taken') {
        throw new GatehouseError('conflict', { detail: 'A client with this id exists already.' })
      }
      return { client, secret }
    },
    find,
    list: () => clients.list(),
    async rotateSecret(id) {
      const client = await find(id)
      if (client.authMethod === 'none') {
        throw new GatehouseError('invalid_request', { detail: 'A public client has no secret.' })
      }
      const secret = randomSecret()
      await clients.setSecret(id, hashSecret(secret))
      await catchUp()
      return { client, secret }
    },
    async delete(id) {
      if (!(await clients.delete(id))) throw noSuchClient()
      await catchUp()
    },
  }
}

function noSuchClient(): GatehouseError {
  return new GatehouseError('not_found', { detail: 'There is no such client.' })
}

function faultOf(request: NewClient): { path: string; message: string } | undefined {
  // A client named like a user could get tokens that read as that user's (RFC 9700 §4.15).
  if (request.id !== undefined && (isUuid(request.id) || request.id === firstPartyClientId)) {
    return { path: '/body/id', message: 'must be neither a UUID nor the name of the service' }
  }
  if (request.public && request.grants.includes('client_credentials')) {
    return { path: '/body/grants', message: 'a public client cannot use client_credentials (RFC 6749 §4.4)' }
  }
  const bad = request.redirectUris.find((uri) => !URL.canParse(uri) || uri.includes('#'))
  if (bad !== undefined) return { path: '/body/redirect_uris', message: 'must be absolute URIs without a fragment' }
  return undefined
}
