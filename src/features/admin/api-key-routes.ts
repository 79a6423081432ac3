import { type Static, Type } from '../../json-schema.ts'
import type { ApiKey, ApiKeyOwner } from '../../core/ports.ts'
import { IdInPath, IdOrEmail, Instant, plainText, strict } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { ClientAdministration } from './clients.ts'
import type { UserAdministration } from './users.ts'

export interface ApiKeyAdministration {
  create(
    owner: ApiKeyOwner,
    allowed: readonly string[],
    request: { name: string; scopes: string[]; expiresAt: string | null | undefined },
  ): Promise<{ apiKey: ApiKey; key: string }>
  list(owner?: ApiKeyOwner): Promise<ApiKey[]>
  revoke(id: string): Promise<void>
}

const NewKey = Type.Object(
  {
    client: Type.String({ minLength: 1, maxLength: 200, ...plainText }),
    name: Type.String({ minLength: 1, maxLength: 200, ...plainText }),
    scopes: Type.Array(Type.String({ maxLength: 100 })),
    expires_at: Type.Optional(Type.Union([Instant, Type.Null()])),
  },
  strict,
)
const Owner = Type.Object(
  {
    client: Type.Optional(Type.String({ minLength: 1, maxLength: 200, ...plainText })),
    user: Type.Optional(IdOrEmail),
  },
  strict,
)

/** API keys, as the operator handles them: makes a client's, lists and revokes anybody's. */
export async function apiKeyControlRoutes(
  app: App,
  options: {
    apiKeys: ApiKeyAdministration
    clients: Pick<ClientAdministration, 'find'>
    users: Pick<UserAdministration, 'find'>
  },
): Promise<void> {
  const { apiKeys, clients, users } = options
  const config = { access: 'public' } as const

  async function ownerOf({ client, user }: Static<typeof Owner>): Promise<ApiKeyOwner | undefined> {
    if (user !== undefined) return { kind: 'user', id: (await users.find(user)).id }
    return client === undefined ? undefined : { kind: 'client', id: (await clients.find(client)).id }
  }

  app.post('/api-keys', { config, schema: { body: NewKey } }, async (request) => {
    const { client: id, name, scopes, expires_at: expiresAt } = request.body
    const client = await clients.find(id)
    const { apiKey, key } = await apiKeys.create({ kind: 'client', id: client.id }, client.scopes, {
      name,
      scopes,
      expiresAt,
    })
    return { ...showKey(apiKey), key }
  })
  app.get('/api-keys', { config, schema: { querystring: Owner } }, async (request) =>
    (await apiKeys.list(await ownerOf(request.query))).map(showKey),
  )
  app.delete('/api-keys/:id', { config, schema: { params: Type.Object({ id: IdInPath }) } }, async (request) => {
    await apiKeys.revoke(request.params.id)
    return { revoked: true }
  })
}

function showKey(key: ApiKey) {
  return {
    id: key.id,
    owner: key.owner.id,
    name: key.name,
    scopes: key.scopes,
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
  }
}
