import { Type } from '../../json-schema.ts'
import { clientAuthMethods } from '../../core/client-auth.ts'
import type { Client } from '../../core/records/client.ts'
import type { App } from '../../http/server.ts'
import type { AuthenticateClient } from '../clients/index.ts'
import {
  clientOf,
  clientSecurity,
  oauthErrors,
  requireForm,
  useOAuthErrors,
  TokenReferenceForm,
} from './http/client-requests.ts'
import { OAuthError } from '../../core/oauth-error.ts'
import type { Introspect, Introspection } from './introspect.ts'
import { signedIntrospectionType, wantsSigned } from './sign-introspection.ts'

export const introspectionPath = '/oauth/introspect'

/** A public client cannot prove who it is, so anybody could ask in its name (RFC 7662 §2.1). */
export const introspectionAuthMethods = clientAuthMethods.filter((method) => method !== 'none')

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

/**
 * Introspection, which resource servers ask for each request of theirs: so it stands apart from what browsers need, and
 * writes no line a request.
 */
export async function introspectionRoutes(
  app: App,
  options: {
    authenticateClient: AuthenticateClient
    introspect: Introspect
    signIntrospection(caller: Client, introspection: Introspection): string
  },
): Promise<void> {
  const { authenticateClient, introspect, signIntrospection } = options
  useOAuthErrors(app)

  /** What was told before of the same token is the same object, until something about it changes. */
  const texts = new WeakMap<Introspection, string>()
  const textOf = (introspection: Introspection): string => {
    let text = texts.get(introspection)
    if (text === undefined) texts.set(introspection, (text = JSON.stringify(introspection)))
    return text
  }
  const asItIs = (text: string) => text

  app.post(
    introspectionPath,
    {
      config: { access: 'client', answers: [{ headers: () => ['Vary'] }] },
      preValidation: requireForm,
      schema: {
        operationId: 'introspect',
        summary: 'Ask about a token',
        description:
          'RFC 7662, for every kind of token. `{"active": false}` at once after revocation. ' +
          `With \`Accept: ${signedIntrospectionType}\` the answer is signed for the caller (RFC 9701).`,
        tags: ['OAuth'],
        security: clientSecurity,
        consumes: ['application/x-www-form-urlencoded'],
        body: TokenReferenceForm,
        response: { 200: introspectionAnswers, ...oauthErrors() },
      },
    },
    async (request, reply) => {
      reply.header('vary', 'accept')
      const client = await clientOf(authenticateClient, request, request.body)
      if (client.authMethod === 'none') throw new OAuthError('invalid_client', 'Client authentication failed.')
      if (request.body.token === undefined) throw new OAuthError('invalid_request', 'token is missing.')
      const introspection = await introspect(client, request.body.token)
      if (!wantsSigned(request.headers.accept)) {
        return reply.type('application/json').serializer(asItIs).send(textOf(introspection))
      }
      return reply.type(signedIntrospectionType).serializer(asItIs).send(signIntrospection(client, introspection))
    },
  )
}
