import type { FastifyReply, FastifyRequest } from 'fastify'
import { type TSchema, Type } from '../../../json-schema.ts'
import { clientAssertionType } from '../../../core/client-auth.ts'
import { createCohort } from '../../../core/cohort.ts'
import { limitKey } from '../../../core/network.ts'
import { OAuthError, type OAuthErrorCode, oauthErrorTable } from '../../../core/oauth-error.ts'
import type { Client } from '../../../core/records/client.ts'
import { maxTokenLength } from '../../../core/sizes.ts'
import { noteAnswers } from '../../../http/document.ts'
import { documentedAs } from '../../../http/schema.ts'
import { acceptForms } from '../../../http/bodies.ts'
import { handleOAuthErrors } from '../../../http/oauth-errors.ts'
import type { App } from '../../../http/server.ts'
import type { AuthenticateClient, ClientCredentials } from '../../clients/index.ts'

/** What the endpoints that authenticate clients have in common. */

export const Text = (maxLength: number, options: object = {}) => Type.Optional(Type.String({ maxLength, ...options }))

/** Unknown parameters are ignored (RFC 6749 §3.2), so these objects are open. */
export const clientParameters = {
  client_id: Text(200),
  client_secret: Text(512),
  client_assertion: Text(maxTokenLength, { description: 'RFC 7523: a JWT signed by a key of the client.' }),
  client_assertion_type: Text(200, { examples: [clientAssertionType] }),
}
export interface ClientParameters {
  client_id?: string
  client_secret?: string
  client_assertion?: string
  client_assertion_type?: string
}

export const TokenReferenceForm = Type.Object(
  {
    // The body's limit is limit enough: counting its characters would be a twentieth of an introspection.
    token: Type.Optional(Type.String()),
    token_type_hint: Text(200),
    ...clientParameters,
  },
  // Its absence is told to clients alone.
  documentedAs({ required: ['token'] }),
)

/** The documented error answers of an endpoint: those that any may give, and `codes` with the status 400. */
export function oauthErrors(...codes: OAuthErrorCode[]): Record<number, TSchema> {
  return {
    400: errorAnswer('The request, grant or scope is not valid.', 'invalid_request', ...codes),
    401: errorAnswer('Client authentication failed.', 'invalid_client'),
    405: errorAnswer('The endpoint takes POST alone.', 'invalid_request'),
    413: errorAnswer('The body is too large.', 'invalid_request'),
    429: errorAnswer('Too many failed tries; `Retry-After` says when to go on.', 'slow_down'),
    500: errorAnswer('Something went wrong on our side.', 'server_error'),
    503: errorAnswer('The service cannot answer right now.', 'temporarily_unavailable'),
  }
}

function errorAnswer(description: string, ...codes: OAuthErrorCode[]): TSchema {
  const examples = codes.map((error) => [error, { value: { error, error_description: oauthErrorTable[error] } }])
  const content = { 'application/json': { schema: { $ref: 'OAuthError#' }, examples: Object.fromEntries(examples) } }
  return { description, content }
}

export const clientSecurity = [{ clientBasic: [] }, {}]

/**
 * Lets the routes of a scope take forms and answer in the words of RFC 6749, those that come together step by step. Answers
 * are nobody's to keep. `repeatable`: parameters that may come more than once.
 */
export function useOAuthErrors(app: App, repeatable: readonly string[] = []): void {
  acceptForms(app, repeatable)
  app.setErrorHandler(handleOAuthErrors)
  noteAnswers(app, { headers: () => ['Cache-Control'] })
  // First of all, so that it stands on errors too.
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    done()
  })
  app.addHook('preValidation', createCohort())
}

/** The client that a request comes from. Throws `invalid_client` and whatever else authentication has to say. */
export function clientOf(
  authenticate: AuthenticateClient,
  request: FastifyRequest,
  body: ClientParameters,
  options: Pick<ClientCredentials, 'uncounted'> = {},
): Promise<Client> {
  return authenticate({
    ...options,
    authorization: request.headers.authorization,
    clientId: body.client_id,
    clientSecret: body.client_secret,
    assertion: body.client_assertion,
    assertionType: body.client_assertion_type,
    address: () => limitKey(request.ip),
  })
}

/** The endpoints take forms alone (RFC 6749 §3.2); an empty body has no content type, and no parameters. */
export function requireForm(request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  request.body ??= {}
  const type = request.headers['content-type'] ?? 'application/x-www-form-urlencoded'
  if (!/^application\/x-www-form-urlencoded(;|$)/i.test(type)) {
    return done(new OAuthError('invalid_request', 'Send the parameters form-encoded.'))
  }
  done()
}
