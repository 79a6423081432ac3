import { type TSchema, Type } from '../../json-schema.ts'
import { GatehouseError } from '../../core/errors.ts'
import { grantTypes } from '../../core/grants.ts'
import type { Client, SigningKey, User } from '../../core/ports.ts'
import { IdOrEmail, plainText, strict, WrittenEmail } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { ClientAdministration } from './clients.ts'
interface Rotation {
  takesEffectAt: Date
  notice: string
}
interface KeyAdministration {
  list(): Promise<{ key: SigningKey; status: string }[]>
  rotate(): Promise<Rotation>
  endCompromised(kid?: string): Promise<Rotation>
  rewrap(): Promise<number>
}
import type { RoleAdministration } from './roles.ts'
import type { UserAdministration } from './users.ts'

export interface ControlOptions {
  users: UserAdministration
  clients: ClientAdministration
  roles: RoleAdministration
  keys: KeyAdministration
}

const Name = Type.String({ minLength: 1, maxLength: 200, ...plainText })
const Token = Type.String({ format: 'listed-name' })
const Password = Type.String({ maxLength: 512 })
const UserKey = Type.Object({ user: IdOrEmail })
const ClientKey = Type.Object({ client: Type.String({ minLength: 1, maxLength: 200, ...plainText }) })

/**
 * What the command line asks for, as an API that only the operator reaches: over a socket in the data directory
 * (mode 0600) while the service runs, otherwise inside the command's own process.
 */
export async function controlRoutes(
  app: App,
  options: ControlOptions & {
    /** Ends everybody's API keys, and resolves to how many. */
    endApiKeys(): Promise<number>
  },
): Promise<void> {
  const { users, clients, roles, keys, endApiKeys } = options
  const body = <T extends TSchema>(schema: T) => ({ config: { access: 'public' as const }, schema: { body: schema } })
  const operator = { config: { access: 'public' as const } }

  app.post(
    '/users',
    body(
      Type.Object(
        { email: WrittenEmail, name: Name, roles: Type.Array(Token), password: Type.Optional(Password) },
        strict,
      ),
    ),
    async (request) => showUser(await users.create(request.body)),
  )
  app.get('/users', operator, async () => (await users.list()).map(showUser))
  app.get('/users/:user', { ...operator, schema: { params: UserKey } }, async (request) =>
    showUser(await users.find(request.params.user)),
  )
  app.put(
    '/users/:user/password',
    {
      ...operator,
      schema: {
        params: UserKey,
        body: Type.Object({ password: Password, end_api_keys: Type.Boolean({ default: false }) }, strict),
      },
    },
    async (request) => {
      const { password, end_api_keys: endApiKeys } = request.body
      const { user, endedApiKeys, apiKeysLeft } = await users.setPassword(request.params.user, password, endApiKeys)
      return { ...showUser(user), ended_api_keys: endedApiKeys, api_keys_left: apiKeysLeft }
    },
  )
  app.put(
    '/users/:user/status',
    {
      ...operator,
      schema: { params: UserKey, body: Type.Object({ status: Type.Enum(['active', 'disabled']) }, strict) },
    },
    async (request) => showUser(await users.setStatus(request.params.user, request.body.status)),
  )
  app.post('/users/:user/unlock', { ...operator, schema: { params: UserKey } }, async (request) =>
    showUser(await users.unlock(request.params.user)),
  )
  const RoleOfUser = Type.Object({ ...UserKey.properties, role: Token })
  app.put('/users/:user/roles/:role', { ...operator, schema: { params: RoleOfUser } }, async (request) =>
    showUser(await users.grantRole(request.params.user, request.params.role)),
  )
  app.delete('/users/:user/roles/:role', { ...operator, schema: { params: RoleOfUser } }, async (request) =>
    showUser(await users.revokeRole(request.params.user, request.params.role)),
  )

  const Permissions = Type.Array(Token)
  app.get('/roles', operator, () => roles.list())
  app.post('/roles', body(Type.Object({ name: Token, permissions: Permissions }, strict)), async ({ body: role }) => {
    await roles.create(role)
    return role
  })
  app.put(
    '/roles/:name/permissions',
    {
      ...operator,
      schema: { params: Type.Object({ name: Token }), body: Type.Object({ permissions: Permissions }, strict) },
    },
    async (request) => {
      const role = { name: request.params.name, permissions: request.body.permissions }
      await roles.setPermissions(role)
      return role
    },
  )
  app.put(
    '/roles/:name',
    {
      ...operator,
      schema: {
        params: Type.Object({ name: Token }),
        body: Type.Object({ permissions: Permissions }, strict),
      },
    },
    async (request) => {
      const role = { name: request.params.name, permissions: request.body.permissions }
      await roles.put(role)
      return role
    },
  )
  app.delete('/roles/:name', { ...operator, schema: { params: Type.Object({ name: Token }) } }, async (request) => ({
    role: request.params.name,
    deleted: true,
    users: await roles.delete(request.params.name),
  }))

  const showKeys = async () => (await keys.list()).map(showKey)
  app.get('/keys', operator, showKeys)
  app.post(
    '/keys/rotate',
    body(
      Type.Object(
        {
          compromised: Type.Boolean({ default: false }),
          kid: Type.Optional(Type.String({ maxLength: 100 })),
          end_api_keys: Type.Boolean({ default: false }),
        },
        strict,
      ),
    ),
    async (request) => {
      const { compromised, kid, end_api_keys: endThem } = request.body
      if (!compromised && (kid !== undefined || endThem)) {
        throw new GatehouseError('invalid_request', {
          detail: 'A kid or the end of API keys goes with "compromised" alone.',
        })
      }
      const { takesEffectAt, notice } = await (compromised ? keys.endCompromised(kid) : keys.rotate())
      const rotated = { takes_effect_at: takesEffectAt.toISOString(), notice }
      if (!compromised) return { ...rotated, keys: await showKeys() }
      const ended = endThem ? await endApiKeys() : 0
      const ofApiKeys = endThem ? `${ended} API keys were ended.` : 'API keys go on; with --api-keys they end too.'
      return { ...rotated, notice: `${notice} ${ofApiKeys}`, ended_api_keys: ended, keys: await showKeys() }
    },
  )
  app.post('/keys/rewrap', operator, async () => ({ resealed: await keys.rewrap() }))

  app.post(
    '/clients',
    body(
      Type.Object(
        {
          id: Type.Optional(Token),
          name: Name,
          grants: Type.Array(Type.Enum([...grantTypes]), { minItems: 1 }),
          redirect_uris: Type.Array(Type.String({ maxLength: 2_048 })),
          scopes: Type.Array(Token),
          audiences: Type.Array(Token),
          public: Type.Boolean(),
          jwks: Type.Optional(Type.Unknown()),
        },
        strict,
      ),
    ),
    async (request) => {
      const { redirect_uris: redirectUris, ...rest } = request.body
      const { client, secret } = await clients.create({ ...rest, redirectUris })
      return showClient(client, secret)
    },
  )
  app.get('/clients', operator, async () => (await clients.list()).map((client) => showClient(client)))
  app.get('/clients/:client', { ...operator, schema: { params: ClientKey } }, async (request) =>
    showClient(await clients.find(request.params.client)),
  )
  app.post('/clients/:client/secret', { ...operator, schema: { params: ClientKey } }, async (request) => {
    const { client, secret } = await clients.rotateSecret(request.params.client)
    return showClient(client, secret)
  })
  app.put(
    '/clients/:client/jwks',
    { ...operator, schema: { params: ClientKey, body: Type.Object({ jwks: Type.Unknown() }, strict) } },
    async (request) => showClient(await clients.setJwks(request.params.client, request.body.jwks)),
  )
  app.delete('/clients/:client', { ...operator, schema: { params: ClientKey } }, async (request) => {
    await clients.delete(request.params.client)
    return { deleted: true }
  })
}

function showKey({ key, status }: { key: SigningKey; status: string }) {
  return {
    kid: key.kid,
    alg: key.algorithm,
    status,
    created_at: key.createdAt.toISOString(),
    activates_at: key.activatesAt.toISOString(),
    retires_at: key.retiresAt?.toISOString() ?? null,
    compromised_at: key.compromisedAt?.toISOString() ?? null,
  }
}

function showUser(user: User) {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    roles: user.roles,
    permissions: user.permissions,
    status: user.status,
    email_verified: user.emailVerifiedAt !== null,
    created_at: user.createdAt.toISOString(),
  }
}

function showClient(client: Client, secret?: string) {
  return {
    client_id: client.id,
    ...(secret === undefined ? {} : { client_secret: secret }),
    name: client.name,
    token_endpoint_auth_method: client.authMethod === 'client_secret' ? 'client_secret_basic' : client.authMethod,
    grants: client.grants,
    redirect_uris: client.redirectUris,
    scopes: client.scopes,
    audiences: client.audiences,
    ...(client.jwks === null ? {} : { jwks: client.jwks }),
    created_at: client.createdAt.toISOString(),
  }
}
