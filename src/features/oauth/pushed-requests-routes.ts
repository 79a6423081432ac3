import { limitKey } from '../../core/network.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { AuthenticateClient } from '../clients/index.ts'
import type { PushRequest } from '../openid/index.ts'
import {
  clientOf,
  clientParameters,
  type ClientParameters,
  clientSecurity,
  oauthErrors,
  requireForm,
  useOAuthErrors,
} from './http/client-requests.ts'
import { proofAnswers, type ReadProof } from './http/proofs.ts'

export const pushedRequestsPath = '/oauth/par'

const PushedForm = Type.Object({
  response_type: Type.Optional(Type.String({ examples: ['code'] })),
  redirect_uri: Type.Optional(Type.String()),
  scope: Type.Optional(Type.String({ examples: ['openid email'] })),
  state: Type.Optional(Type.String()),
  code_challenge: Type.Optional(Type.String({ description: 'RFC 7636 §4.3.' })),
  code_challenge_method: Type.Optional(Type.String({ examples: ['S256'] })),
  request: Type.Optional(Type.String({ description: 'RFC 9101: all of it, as a JWT signed by a key of the client.' })),
  resource: Type.Optional(Type.Array(Type.String())),
  ...clientParameters,
})
const Kept = Type.Object(
  {
    request_uri: Type.String({ description: 'What the browser brings to the authorization endpoint, once.' }),
    expires_in: Type.Integer({ description: 'Seconds.' }),
  },
  {
    description: 'RFC 9126 §2.2.',
    examples: [
      {
        request_uri: 'urn:ietf:params:oauth:request_uri:Zr1cVtq8mUuFq0Cw2lX6oSxHkTgJ9b3eYdNaPiRWvMs',
        expires_in: 90,
      },
    ],
  },
)

/** Takes authorization requests from clients themselves (RFC 9126). */
export async function pushedRequestsRoutes(
  app: App,
  options: { authenticateClient: AuthenticateClient; pushRequest: PushRequest; readProof: ReadProof; issuer: string },
): Promise<void> {
  const { authenticateClient, pushRequest, readProof, issuer } = options
  useOAuthErrors(app, ['resource'])
  app.post(
    pushedRequestsPath,
    {
      config: { access: 'client', answers: proofAnswers },
      preValidation: requireForm,
      schema: {
        operationId: 'pushAuthorizationRequest',
        summary: 'Hand over an authorization request',
        description:
          'RFC 9126: the parameters of an authorization request, which are checked at once. The browser then brings `client_id` and `request_uri` alone.',
        tags: ['OAuth'],
        security: clientSecurity,
        consumes: ['application/x-www-form-urlencoded'],
        body: PushedForm,
        response: {
          201: Kept,
          ...oauthErrors(
            ...(['unauthorized_client', 'unsupported_response_type', 'invalid_scope', 'invalid_target'] as const),
            ...(['invalid_authorization_details', 'invalid_request_object', 'registration_not_supported'] as const),
            ...(['unmet_authentication_requirements', 'invalid_dpop_proof', 'use_dpop_nonce'] as const),
          ),
        },
      },
    },
    async (request, reply) => {
      const client = await clientOf(authenticateClient, request, request.body)
      const { requestUri, expiresInSeconds } = await pushRequest(client, parametersOf(request.body), {
        address: limitKey(request.ip),
        dpopJkt: await readProof(request, reply, issuer + pushedRequestsPath),
      })
      return reply.code(201).send({ request_uri: requestUri, expires_in: expiresInSeconds })
    },
  )
}

/** What was sent, without that which proves the client. */
function parametersOf(body: ClientParameters): URLSearchParams {
  const { client_secret: _, client_assertion: _a, client_assertion_type: _t, ...sent } = body
  const entries = Object.entries(sent as Record<string, string | string[]>)
  return new URLSearchParams(
    entries.flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, one])),
  )
}
