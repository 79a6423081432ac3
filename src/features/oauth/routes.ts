import type { FastifyRequest } from 'fastify'
import { type TSchema, Type } from 'typebox'
import type { Client } from '../../core/ports.ts'
import { limitKey } from '../../core/network.ts'
import { acceptForms, type App } from '../../http/server.ts'
import { clientAssertionType } from './client-assertion.ts'
import type { AuthenticateClient } from './authenticate-client.ts'
import { handleOAuthErrors, OAuthError } from './errors.ts'
import type { Introspect, Introspection } from './introspect.ts'
import type { RevokeToken } from './revoke.ts'
import { signedIntrospectionType, wantsSigned } from './sign-introspection.ts'
import { accessTokenType } from './token-exchange.ts'
import type { GrantTokens } from './token.ts'

export interface OAuthOptions {
  authenticateClient: AuthenticateClient
  grantTokens: GrantTokens
  introspect: Introspect
  signIntrospection(caller: Client, introspection: Introspection): string
  revokeToken: RevokeToken
}

const Text = (maxLength: number, options: object = {}) => Type.Optional(Type.String({ maxLength, ...options }))

/** Unknown parameters are ignored (RFC 6749 §3.2), so these objects are open. */
const clientParameters = {
  client_id: Text(200),
  client_secret: Text(512),
  client_assertion: Text(4_096, { description: 'RFC 7523: a JWT signed by a key of the client.' }),
  client_assertion_type: Text(200, { examples: [clientAssertionType] }),
}
interface ClientParameters {
  client_id?: string
  client_secret?: string
  client_assertion?: string
  client_assertion_type?: string
}
const TokenForm = Type.Object({
  grant_type: Text(200, { examples: ['client_credentials'] }),
  scope: Text(2_048, { examples: ['reports:read'] }),
  resource: Text(2_048),
  refresh_token: Text(512),
  subject_token: Text(4_096),
  subject_token_type: Text(200, { examples: [accessTokenType] }),
  actor_token: Text(4_096),
  actor_token_type: Text(200),
  requested_token_type: Text(200),
  audience: Text(2_048),
  ...clientParameters,
})
const TokenReferenceForm = Type.Object({ token: Text(8_192), token_type_hint: Text(200), ...clientParameters })

const TokenAnswer = Type.Object(
  {
    access_token: Type.String(),
    token_type: Type.Enum(['Bearer']),
    expires_in: Type.Integer({ description: 'Seconds.' }),
    scope: Type.Optional(Type.String()),
    refresh_token: Type.Optional(Type.String()),
    issued_token_type: Type.Optional(Type.String({ description: 'Of a token exchange (RFC 8693 §2.2.1).' })),
  },
  {
    description: 'RFC 6749 §5.1.',
    examples: [
      {
        access_token: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ik56Yk…',
        token_type: 'Bearer',
        expires_in: 300,
        scope: 'reports:read',
      },
    ],
  },
)

const IntrospectionAnswer = Type.Object(
  { active: Type.Boolean() },
  {
    description: 'RFC 7662 §2.2.',
    additionalProperties: true,
    examples: [{ active: true, token_type: 'Bearer', sub: 'reports-job', exp: 1795000000 }],
  },
)

const introspectionAnswers = {
  description: 'What the service knows about the token.',
  content: {
    'application/json': { schema: IntrospectionAnswer },
    [signedIntrospectionType]: { schema: Type.String({ description: 'RFC 9701 §5.' }) },
  },
} as const

const errorAnswer = (description: string) =>
  ({ description, content: { 'application/json': { schema: Type.Ref('OAuthError') } } }) as unknown as TSchema
const errors = {
  400: errorAnswer('The request, grant or scope is not valid.'),
  401: errorAnswer('Client authentication failed.'),
  413: errorAnswer('The body is too large.'),
  429: errorAnswer('Too many failed authentications.'),
  500: errorAnswer('Something went wrong on our side.'),
  503: errorAnswer('The service cannot answer right now.'),
}

/** The OAuth endpoints. They authenticate clients themselves and limit failures instead of requests. */
export async function oauthRoutes(app: App, options: OAuthOptions): Promise<void> {
  const { authenticateClient, grantTokens, introspect, signIntrospection, revokeToken } = options
  acceptForms(app)
  app.setErrorHandler(handleOAuthErrors)
  app.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'))
  const config = { access: 'client', rateLimit: false } as const
  const security = [{ clientBasic: [] }, {}]
  const consumes = ['application/x-www-form-urlencoded']

  function clientOf(request: FastifyRequest, body: ClientParameters): Promise<Client> {
    return authenticateClient({
      authorization: request.headers.authorization,
      clientId: body.client_id,
      clientSecret: body.client_secret,
      assertion: body.client_assertion,
      assertionType: body.client_assertion_type,
      address: limitKey(request.ip),
    })
  }

  app.post(
    '/oauth/token',
    {
      config,
      preValidation: requireForm,
      schema: {
        operationId: 'token',
        summary: 'Get tokens',
        description:
          'Grants: `client_credentials`, `refresh_token` (RFC 6749), and the token exchange of RFC 8693, by which a ' +
          'service acts for the subject of a token at another service.',
        tags: ['OAuth'],
        security,
        consumes,
        body: TokenForm,
        response: { 200: TokenAnswer, ...errors },
      },
    },
    async (request) => {
      const { body } = request
      if (body.grant_type === undefined) throw new OAuthError('invalid_request', 'grant_type is missing.')
      const client = await clientOf(request, body)
      const tokens = await grantTokens(client, {
        grantType: body.grant_type,
        scope: body.scope,
        resource: body.resource,
        refreshToken: body.refresh_token,
        exchange: {
          subjectToken: body.subject_token,
          subjectTokenType: body.subject_token_type,
          actorToken: body.actor_token,
          actorTokenType: body.actor_token_type,
          requestedTokenType: body.requested_token_type,
          audience: body.audience,
        },
      })
      return {
        access_token: tokens.accessToken,
        token_type: 'Bearer' as const,
        expires_in: tokens.expiresInSeconds,
        ...(tokens.scopes.length > 0 ? { scope: tokens.scopes.join(' ') } : {}),
        ...(tokens.issuedTokenType === undefined ? {} : { issued_token_type: tokens.issuedTokenType }),
        ...(tokens.refreshToken === undefined ? {} : { refresh_token: tokens.refreshToken }),
      }
    },
  )

  app.post(
    '/oauth/introspect',
    {
      config,
      preValidation: requireForm,
      schema: {
        operationId: 'introspect',
        summary: 'Ask about a token',
        description:
          'RFC 7662, for every kind of token. `{"active": false}` at once after revocation. ' +
          `With \`Accept: ${signedIntrospectionType}\` the answer is signed for the caller (RFC 9701).`,
        tags: ['OAuth'],
        security,
        consumes,
        body: TokenReferenceForm,
        response: { 200: introspectionAnswers, ...errors },
      },
    },
    async (request, reply) => {
      reply.header('vary', [reply.getHeader('vary') ?? [], 'accept'].flat().join(', '))
      const client = await clientOf(request, request.body)
      // A public client cannot prove who it is, so anybody could ask in its name (RFC 7662 §2.1).
      if (client.authMethod === 'none') throw new OAuthError('invalid_client', 'Client authentication failed.')
      if (request.body.token === undefined) throw new OAuthError('invalid_request', 'token is missing.')
      const introspection = await introspect(client, request.body.token)
      if (!wantsSigned(request.headers.accept)) return introspection
      return reply
        .type(signedIntrospectionType)
        .serializer((text: string) => text)
        .send(signIntrospection(client, introspection))
    },
  )

  app.post(
    '/oauth/revoke',
    {
      config,
      preValidation: requireForm,
      schema: {
        operationId: 'revoke',
        summary: 'Revoke a token',
        description: 'RFC 7009, for every kind of token. A refresh token takes its session along.',
        tags: ['OAuth'],
        security,
        consumes,
        body: TokenReferenceForm,
        response: { 200: Type.Null({ description: 'The token is not valid, now at the latest.' }), ...errors },
      },
    },
    async (request, reply) => {
      const client = await clientOf(request, request.body)
      if (request.body.token === undefined) throw new OAuthError('invalid_request', 'token is missing.')
      await revokeToken(client, request.body.token)
      return reply.code(200).send(undefined as never)
    },
  )
}

/** The endpoints take forms alone (RFC 6749 §3.2); an empty body has no content type, and no parameters. */
async function requireForm(request: FastifyRequest): Promise<void> {
  request.body ??= {}
  const type = request.headers['content-type'] ?? 'application/x-www-form-urlencoded'
  if (!/^application\/x-www-form-urlencoded(;|$)/i.test(type)) {
    throw new OAuthError('invalid_request', 'Send the parameters form-encoded.')
  }
}
