import { type Static, Type } from '../../json-schema.ts'
import { GatehouseError } from '../../core/errors.ts'
import type { ApiKey, ApiKeyOwner } from '../../core/records/api-key.ts'
import { administers, ClientId } from '../../http/admin-schema.ts'
import { PageOf, pageAsked, pageOf } from '../../http/lists.ts'
import { IdInPath, IdOrEmail, Instant, Name, problems, strict } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { Accounts } from '../accounts/index.ts'
import type { Clients } from '../clients/index.ts'
import type { ApiKeyManagement } from './manage.ts'
import { exampleKey, exampleSecret, keyItself, showApiKey, shownKey } from './schema.ts'

const NewKey = Type.Object(
  {
    client: ClientId,
    name: Name,
    scopes: Type.Array(Type.String({ maxLength: 100 })),
    expires_at: Type.Optional(Type.Union([Instant, Type.Null()])),
  },
  { ...strict, examples: [{ client: 'reports-job', name: 'Nightly', scopes: ['reports:read'] }] },
)
const owner = { client: Type.Optional(ClientId), user: Type.Optional(IdOrEmail) }
const OfOwner = Type.Object({ ...owner, ...pageAsked() }, strict)

const { id, ...others } = shownKey
const owned = { id, owner: Type.String({ description: 'Id of the person or client that it stands for.' }), ...others }
const example = { ...exampleKey, owner: 'reports-job' }
const Shown = Type.Object(owned)
const Made = Type.Object(
  { ...owned, ...keyItself },
  { description: 'A new API key.', examples: [{ ...example, key: exampleSecret }] },
)
/** An API key as administrators see it. */
export type OwnedApiKey = Static<typeof Shown>
export type MadeApiKeyOfOwner = Static<typeof Made>

const write = administers('gatehouse:api-keys:write')
const give = administers('gatehouse:api-keys:write', { fresh: true })

/** API keys, as administrators and operators handle them: they make a client's, list and revoke anybody's. */
export async function administeredApiKeyRoutes(
  app: App,
  options: {
    apiKeys: ApiKeyManagement
    clients: Pick<Clients['administration'], 'find'>
    users: Pick<Accounts['administration'], 'find'>
  },
): Promise<void> {
  const { apiKeys, clients, users } = options

  async function ownerOf({ client, user }: { client?: string; user?: string }): Promise<ApiKeyOwner | undefined> {
    if (user !== undefined && client !== undefined) {
      const fault = { path: '/querystring/client', message: 'must not be named beside a user: a key has one owner' }
      throw new GatehouseError('invalid_request', { fields: [fault] })
    }
    if (user !== undefined) return { kind: 'user', id: (await users.find(user)).id }
    return client === undefined ? undefined : { kind: 'client', id: (await clients.find(client)).id }
  }

  app.post(
    '/api-keys',
    give('createApiKey', 'Make a key that stands for a client', {
      body: NewKey,
      response: { 201: Made, ...problems('conflict', 'not_found') },
    }),
    async (request, reply) => {
      const { client: id, name, scopes, expires_at: expiresAt } = request.body
      const client = await clients.find(id)
      const owner = { kind: 'client' as const, id: client.id }
      const { apiKey, key } = await apiKeys.create(owner, client.scopes, { name, scopes, expiresAt })
      return reply.code(201).send({ ...showKey(apiKey), key })
    },
  )

  const Keys = PageOf(Shown, { description: 'The newest first, without those revoked.', examples: [example] })
  app.get(
    '/api-keys',
    administers('gatehouse:api-keys:read')('listAllApiKeys', 'The API keys of one owner, or of everybody', {
      querystring: OfOwner,
      response: { 200: Keys, ...problems('not_found') },
    }),
    async ({ query }) => {
      const owner = await ownerOf(query)
      return pageOf(query, (before, limit) => apiKeys.list({ owner, before, limit }), showKey)
    },
  )

  const Revoked = Type.Object(
    { revoked: Type.Boolean() },
    { description: 'It counts no more.', examples: [{ revoked: true }] },
  )
  app.delete(
    '/api-keys/:id',
    write('revokeAnyApiKey', 'Revoke anybody’s API key', {
      params: Type.Object({ id: IdInPath }),
      response: { 200: Revoked, ...problems('not_found') },
    }),
    async (request) => {
      await apiKeys.revoke(request.params.id)
      return { revoked: true }
    },
  )
}

function showKey(key: ApiKey): OwnedApiKey {
  return { ...showApiKey(key), owner: key.owner.id }
}
