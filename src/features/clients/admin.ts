import { type Static, Type } from '../../json-schema.ts'
import { grantTypes } from '../../core/grants.ts'
import type { Client } from '../../core/records/client.ts'
import { administers, ClientId, ListedName } from '../../http/admin-schema.ts'
import { PageOf, pageAsked, pageOf } from '../../http/lists.ts'
import { Instant, Name, OneOf, problems, strict } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { ClientAdministration, ClientWishes } from './administer-clients.ts'
import type { ClientRegistration } from './register-client.ts'
import { openIdMembers, openIdOf, openIdWishes, showOpenId } from './openid-settings.ts'

const Names = Type.Array(Type.String())
const Uris = Type.Array(Type.String({ maxLength: 2_048 }))
const Shown = Type.Object(
  {
    client_id: Type.String(),
    client_secret: Type.Optional(Type.String({ description: 'Shown when it is made, and never again.' })),
    name: Type.String(),
    token_endpoint_auth_method: Type.Enum(['client_secret_basic', 'private_key_jwt', 'none']),
    grants: Names,
    redirect_uris: Names,
    scopes: Names,
    audiences: Names,
    ...openIdMembers,
    verified: Type.Boolean({ description: 'Whether an operator says what it is; false: it registered itself.' }),
    jwks: Type.Optional(
      Type.Unsafe<NonNullable<Client['jwks']>>({
        type: 'object',
        additionalProperties: true,
        description: 'RFC 7517.',
      }),
    ),
    created_at: Instant,
  },
  {
    description: 'The client as it is now.',
    examples: [
      {
        client_id: 'reports-job',
        name: 'Reports',
        token_endpoint_auth_method: 'client_secret_basic',
        grants: ['client_credentials'],
        redirect_uris: [],
        scopes: ['reports:read'],
        audiences: [],
        ...{ pkce: 'optional', first_party: false, id_token_claims: 'full', refresh_tokens: 'with_offline_access' },
        post_logout_redirect_uris: [],
        ...{ require_pushed_authorization_requests: false, require_signed_request_object: false },
        ...{
          jwks_uri: '',
          initiate_login_uri: '',
          backchannel_logout_uri: '',
          backchannel_logout_session_required: false,
        },
        ...{ request_object_signing_alg: 'any', id_token_signed_response_alg: 'default' },
        ...{ authorization_signed_response_alg: 'default', profile: 'none' },
        ...{ dpop_bound_access_tokens: false, tls_client_certificate_bound_access_tokens: false },
        verified: true,
        ...{ access_token_ttl_seconds: null, refresh_idle_ttl_seconds: null, refresh_absolute_ttl_seconds: null },
        ...{ id_token_ttl_seconds: null, refresh_token_rotation: 'on', default_acr_values: [], default_max_age: null },
        ...{ subject_type: 'public', sector_identifier_uri: '', userinfo_signed_response_alg: 'none' },
        created_at: '2026-11-20T08:00:00.000Z',
      },
    ],
  },
)
/** A client as administrators see it. */
export type ShownClient = Static<typeof Shown>

const ClientKey = Type.Object({ client: ClientId })
const NewClient = Type.Object(
  {
    id: Type.Optional(ListedName),
    name: Name,
    grants: Type.Array(OneOf(grantTypes), { minItems: 1 }),
    redirect_uris: Uris,
    scopes: Type.Array(ListedName),
    audiences: Type.Array(ListedName),
    ...openIdWishes,
    public: Type.Boolean({ description: 'A program that cannot keep a secret, such as an app.' }),
    jwks: Type.Optional(
      Type.Unknown({ description: 'Public keys, for a client that authenticates by `private_key_jwt`.' }),
    ),
  },
  {
    ...strict,
    examples: [
      {
        id: 'reports-job',
        name: 'Reports',
        grants: ['client_credentials'],
        redirect_uris: [],
        scopes: ['reports:read'],
        audiences: [],
        public: false,
      },
    ],
  },
)
const read = administers('gatehouse:clients:read')
const write = administers('gatehouse:clients:write')
const give = administers('gatehouse:clients:write', { fresh: true })

/** What administrators and operators do to clients. */
export async function clientRoutes(
  app: App,
  clients: ClientAdministration,
  registration: Pick<ClientRegistration, 'makeToken'>,
): Promise<void> {
  app.post(
    '/client-registration-tokens',
    give('createRegistrationToken', 'Make a token by which programs register themselves', {
      description: 'For `clients.registration: token`. It is shown in this answer alone.',
      body: Type.Object(
        {
          uses: Type.Integer({ minimum: 1, maximum: 1_000, description: 'For how many programs.' }),
          expires_in: Type.Integer({ minimum: 60, maximum: 31_536_000, description: 'Seconds.' }),
        },
        { ...strict, examples: [{ uses: 1, expires_in: 86_400 }] },
      ),
      response: {
        201: Type.Object(
          { token: Type.String(), uses: Type.Integer(), expires_at: Instant },
          {
            description: 'The token.',
            examples: [
              { token: 'Zr1cVtq8mUuFq0Cw2lX6oSxHkTgJ9b3eYdNaPiRWvMs', uses: 1, expires_at: '2026-11-20T08:00:00.000Z' },
            ],
          },
        ),
      },
    }),
    async (request, reply) => {
      const { uses, expires_in } = request.body
      const { token, expiresAt } = await registration.makeToken(uses, expires_in)
      return reply.code(201).send({ token, uses, expires_at: expiresAt.toISOString() })
    },
  )

  const ofClient = { params: ClientKey, response: { 200: Shown, ...problems('not_found') } }

  app.post(
    '/clients',
    give('createClient', 'Register a client', {
      description: 'Its secret is shown in this answer alone.',
      body: NewClient,
      response: { 201: Shown, ...problems('conflict') },
    }),
    async (request, reply) => {
      const { id, name, grants, scopes, audiences, public: isPublic, jwks } = request.body
      const { client, secret } = await clients.create({
        ...{ id, name, grants, scopes, audiences, public: isPublic, jwks },
        redirectUris: request.body.redirect_uris,
        openid: openIdOf(request.body),
      })
      return reply.code(201).send(showClient(client, secret))
    },
  )

  app.get(
    '/clients',
    read('listClients', 'All clients', {
      querystring: Type.Object(pageAsked(ClientId), strict),
      response: { 200: PageOf(Shown, { description: 'By id.' }) },
    }),
    ({ query }) =>
      pageOf(
        query,
        (after, limit) => clients.list({ after, limit }),
        (client) => showClient(client),
      ),
  )

  app.get('/clients/:client', read('getClient', 'One client', ofClient), async (request) =>
    showClient(await clients.find(request.params.client)),
  )

  app.put(
    '/clients/:client',
    give('changeClient', 'Change what a client may do', {
      description: 'What is left out stays. What the client got before goes on as it is.',
      ...ofClient,
      body: Type.Object(
        {
          name: Type.Optional(Name),
          grants: Type.Optional(Type.Array(OneOf(grantTypes), { minItems: 1 })),
          redirect_uris: Type.Optional(Uris),
          scopes: Type.Optional(Type.Array(ListedName)),
          audiences: Type.Optional(Type.Array(ListedName)),
          ...openIdWishes,
        },
        strict,
      ),
    }),
    async (request) => {
      const { name, grants, redirect_uris: redirectUris, scopes, audiences } = request.body
      const given = Object.entries({ name, grants, redirectUris, scopes, audiences }).filter(
        ([, value]) => value !== undefined,
      )
      const wishes = { ...(Object.fromEntries(given) as ClientWishes), openid: openIdOf(request.body) }
      return showClient(await clients.change(request.params.client, wishes))
    },
  )

  app.post(
    '/clients/:client/secret',
    give('rotateClientSecret', 'Replace a client’s secret', {
      description: 'The former one ends at once.',
      ...ofClient,
    }),
    async (request) => {
      const { client, secret } = await clients.rotateSecret(request.params.client)
      return showClient(client, secret)
    },
  )

  app.put(
    '/clients/:client/jwks',
    give('setClientKeys', 'Replace a client’s public keys', {
      ...ofClient,
      body: Type.Object({ jwks: Type.Unknown() }, strict),
    }),
    async (request) => showClient(await clients.setJwks(request.params.client, request.body.jwks)),
  )

  const Deleted = Type.Object(
    { deleted: Type.Boolean() },
    { description: 'It is gone.', examples: [{ deleted: true }] },
  )
  app.delete(
    '/clients/:client',
    write('deleteClient', 'Remove a client', {
      description: 'All its tokens and API keys end with it.',
      params: ClientKey,
      response: { 200: Deleted, ...problems('not_found') },
    }),
    async (request) => {
      await clients.delete(request.params.client)
      return { deleted: true }
    },
  )
}

function showClient(client: Client, secret?: string): ShownClient {
  return {
    client_id: client.id,
    ...(secret === undefined ? {} : { client_secret: secret }),
    name: client.name,
    token_endpoint_auth_method: client.authMethod === 'client_secret' ? 'client_secret_basic' : client.authMethod,
    grants: client.grants,
    redirect_uris: client.redirectUris,
    scopes: client.scopes,
    audiences: client.audiences,
    ...showOpenId(client),
    ...(client.jwks === null ? {} : { jwks: client.jwks }),
    verified: !client.selfRegistered,
    created_at: client.createdAt.toISOString(),
  }
}
