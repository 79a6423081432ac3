import type { FastifyReply, FastifyRequest } from 'fastify'
import { limitKey } from '../../core/network.ts'
import { OAuthError, type OAuthErrorCode, oauthErrorTable } from '../../core/oauth-error.ts'
import { type Client, openIdSettingsOf } from '../../core/records/client.ts'
import { noteAnswers } from '../../http/document.ts'
import { handleOAuthErrors } from '../../http/oauth-errors.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { ClientRegistration, Registered } from './register-client.ts'

export const registrationPath = '/oauth/register'

const Body = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  additionalProperties: true,
  description: 'RFC 7591 §2.',
  examples: [
    { client_name: 'A program', redirect_uris: ['http://127.0.0.1/callback'], token_endpoint_auth_method: 'none' },
  ],
})
const Answer = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  additionalProperties: true,
  description: 'RFC 7591 §3.2.1, RFC 7592 §3: what was registered, with the token by which the program manages it.',
})
const Managed = { params: Type.Object({ client: Type.String({ maxLength: 200 }) }) }

function errors(...codes: OAuthErrorCode[]) {
  const of = (description: string, ...some: OAuthErrorCode[]) => ({
    description,
    content: {
      'application/json': {
        schema: { $ref: 'OAuthError#' },
        examples: Object.fromEntries(
          some.map((error) => [error, { value: { error, error_description: oauthErrorTable[error] } }]),
        ),
      },
    },
  })
  return {
    400: of('What the program says of itself is refused.', 'invalid_request', ...codes),
    401: of('The token is missing or not valid.', 'invalid_token'),
    413: of('The body is too large.', 'invalid_request'),
    429: of('Too many registrations; `Retry-After` says when to go on.', 'slow_down'),
    500: of('Something went wrong on our side.', 'server_error'),
    503: of('The service cannot answer right now.', 'temporarily_unavailable'),
  }
}
const ofMetadata = errors(
  'access_denied',
  'invalid_redirect_uri',
  'invalid_client_metadata',
  'unapproved_software_statement',
)

/** Programs register themselves (RFC 7591), and manage that by a token of their own (RFC 7592). */
export async function registrationRoutes(
  app: App,
  { registration, issuer }: { registration: ClientRegistration; issuer: string },
): Promise<void> {
  app.setErrorHandler((thrown, request, reply) => {
    if (!(thrown instanceof OAuthError) || thrown.code !== 'invalid_token')
      return handleOAuthErrors(thrown, request, reply)
    reply.header('www-authenticate', 'Bearer error="invalid_token"')
    return reply.code(401).send({ error: thrown.code, error_description: thrown.message })
  })
  noteAnswers(app, { headers: () => ['Cache-Control'] })
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    done()
  })
  const config = { access: 'client' } as const
  const shared = { tags: ['OAuth'], security: [{ bearer: [] as string[] }] }
  const managed = `${registrationPath}/:client`
  const show = (registered: Registered) => describe(registered, `${issuer}${registrationPath}/`)

  app.post(
    registrationPath,
    {
      config,
      schema: {
        ...shared,
        operationId: 'registerClient',
        summary: 'Register a program',
        description:
          'RFC 7591, where `clients.registration` lets programs register themselves. It gets codes and refresh tokens alone.',
        security: [{}, { bearer: [] as string[] }],
        body: Body,
        response: { 201: Answer, ...ofMetadata },
      },
    },
    async (request, reply) =>
      sendMade(reply, show(await registration.register(request.body, tokenOf(request), limitKey(request.ip)))),
  )
  app.get(
    managed,
    {
      config,
      schema: {
        ...shared,
        ...Managed,
        operationId: 'getRegistration',
        summary: 'What a program has registered',
        response: { 200: Answer, ...errors() },
      },
    },
    async (request) => {
      const token = tokenOf(request)
      return show({ client: await registration.find(request.params.client, token), token: token! })
    },
  )
  app.put(
    managed,
    {
      config,
      schema: {
        ...{
          ...shared,
          ...Managed,
          operationId: 'replaceRegistration',
          summary: 'Replace what a program has registered',
        },
        description: 'All of it. The answer has another token; the former one ends.',
        body: Body,
        response: { 200: Answer, ...ofMetadata },
      },
    },
    async (request) => show(await registration.replace(request.params.client, tokenOf(request), request.body)),
  )
  app.delete(
    managed,
    {
      config,
      schema: {
        ...{ ...shared, ...Managed, operationId: 'deleteRegistration', summary: 'Take a registration back' },
        response: { 204: Type.Null({ description: 'The program is gone, with all its tokens.' }), ...errors() },
      },
    },
    async (request, reply) => {
      await registration.delete(request.params.client, tokenOf(request))
      return reply.code(204).send(null)
    },
  )
}

const sendMade = (reply: FastifyReply, body: Record<string, unknown>) => reply.code(201).send(body)

function tokenOf({ headers: { authorization } }: FastifyRequest): string | undefined {
  return /^Bearer ([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1]
}

function describe({ client, token }: { client: Client; token: string }, at: string): Record<string, unknown> {
  const { jwksUri, initiateLoginUri, backchannelLogoutUri, backchannelLogoutSessionRequired } = openIdSettingsOf(client)
  return {
    client_id: client.id,
    client_id_issued_at: Math.floor(client.createdAt.getTime() / 1000),
    client_name: client.name,
    redirect_uris: client.redirectUris,
    grant_types: client.grants,
    response_types: ['code'],
    token_endpoint_auth_method: client.authMethod,
    scope: client.scopes.join(' '),
    ...(client.jwks !== null && { jwks: client.jwks }),
    ...(jwksUri !== '' && { jwks_uri: jwksUri }),
    ...(initiateLoginUri !== '' && { initiate_login_uri: initiateLoginUri }),
    ...(backchannelLogoutUri !== '' && {
      backchannel_logout_uri: backchannelLogoutUri,
      backchannel_logout_session_required: backchannelLogoutSessionRequired,
    }),
    registration_access_token: token,
    registration_client_uri: at + client.id,
  }
}
