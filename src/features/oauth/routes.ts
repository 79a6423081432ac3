import { Type } from '../../json-schema.ts'
import { grantTypes } from '../../core/grants.ts'
import { maxScopeLength, maxTokenLength, maxAudiences } from '../../core/sizes.ts'
import { noteAnswers } from '../../http/document.ts'
import { documentedAs } from '../../http/schema.ts'
import type { App } from '../../http/server.ts'
import type { AuthenticateClient } from '../clients/index.ts'
import type { SenderConstraints } from '../sender-constraints/index.ts'
import {
  clientOf,
  clientParameters,
  clientSecurity,
  oauthErrors,
  requireForm,
  useOAuthErrors,
  Text,
  TokenReferenceForm,
} from './http/client-requests.ts'
import { OAuthError } from '../../core/oauth-error.ts'
import { proofAnswers, type ReadProof } from './http/proofs.ts'
import type { RevokeToken } from './revoke.ts'
import { accessTokenType } from './token-exchange.ts'
import { type GrantTokens, grantTypeOf } from './token.ts'

export const tokenPath = '/oauth/token'
export const revocationPath = '/oauth/revoke'

export interface OAuthOptions {
  authenticateClient: AuthenticateClient
  grantTokens: GrantTokens
  revokeToken: RevokeToken
  readProof: ReadProof
  certificateOf: SenderConstraints['certificateOf']
  issuer: string
}

/** May be repeated (RFC 8707 §2, RFC 8693 §2.1). */
const Targets = Type.Optional(Type.Array(Type.String({ maxLength: 2_048 }), { maxItems: maxAudiences }))
const repeatable = ['resource', 'audience']

const TokenForm = Type.Object(
  {
    grant_type: Text(200, { examples: ['client_credentials'], ...documentedAs({ enum: grantTypes }) }),
    scope: Text(maxScopeLength, { examples: ['reports:read'] }),
    resource: Targets,
    code: Text(512, { description: 'RFC 6749 §4.1.3.' }),
    redirect_uri: Text(2_048),
    code_verifier: Text(512, { description: 'RFC 7636 §4.5.' }),
    refresh_token: Text(512),
    device_code: Text(512, { description: 'RFC 8628 §3.4.' }),
    subject_token: Text(maxTokenLength),
    subject_token_type: Text(200, { examples: [accessTokenType] }),
    actor_token: Text(maxTokenLength),
    actor_token_type: Text(200),
    requested_token_type: Text(200),
    audience: Targets,
    ...clientParameters,
  },
  // Its absence is told after that of the client is: RFC 6749 has an error of its own for either.
  documentedAs({ required: ['grant_type'] }),
)
const TokenAnswer = Type.Object(
  {
    access_token: Type.String(),
    token_type: Type.Enum(['Bearer', 'DPoP']),
    expires_in: Type.Integer({ description: 'Seconds.' }),
    scope: Type.Optional(Type.String()),
    refresh_token: Type.Optional(Type.String()),
    id_token: Type.Optional(
      Type.String({ description: 'Of a code with the scope `openid` (OpenID Connect Core §3.1.3.3).' }),
    ),
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

/** The OAuth endpoints. They authenticate clients themselves and limit failures instead of requests. */
export async function oauthRoutes(app: App, options: OAuthOptions): Promise<void> {
  const { authenticateClient, grantTokens, revokeToken, readProof, certificateOf, issuer } = options
  useOAuthErrors(app, repeatable)
  // RFC 6749 §5.1, for caches of HTTP/1.0.
  noteAnswers(app, { headers: () => ['Pragma'] })
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('pragma', 'no-cache')
    done()
  })
  const config = { access: 'client' } as const
  const consumes = ['application/x-www-form-urlencoded']

  app.post(
    tokenPath,
    {
      config: { ...config, answers: proofAnswers },
      preValidation: requireForm,
      schema: {
        operationId: 'token',
        summary: 'Get tokens',
        description:
          'Grants: `authorization_code`, `client_credentials`, `refresh_token` (RFC 6749), the device flow of RFC 8628, and the token exchange of RFC 8693, by which a ' +
          'service acts for the subject of a token at another service. With a proof in the header `DPoP` (RFC 9449) tokens are bound to its key, ' +
          'those of a client with `tls_client_certificate_bound_access_tokens` to the certificate by which it is connected (RFC 8705).',
        tags: ['OAuth'],
        security: clientSecurity,
        consumes,
        body: TokenForm,
        response: {
          200: TokenAnswer,
          ...oauthErrors(
            'invalid_grant',
            'unauthorized_client',
            'unsupported_grant_type',
            'invalid_scope',
            'invalid_target',
            'authorization_pending',
            'slow_down',
            'access_denied',
            'expired_token',
            'invalid_dpop_proof',
            'use_dpop_nonce',
          ),
        },
      },
    },
    async (request, reply) => {
      const { body } = request
      const grantType = grantTypeOf(body.grant_type)
      const client = await clientOf(authenticateClient, request, body)
      const jkt = await readProof(request, reply, issuer + tokenPath)
      const tokens = await grantTokens(client, {
        ...{ grantType, jkt, certificate: () => certificateOf(request.raw) },
        scope: body.scope,
        targets: [...new Set([...(body.resource ?? []), ...(body.audience ?? [])])],
        refreshToken: body.refresh_token,
        code: { code: body.code, redirectUri: body.redirect_uri, verifier: body.code_verifier },
        deviceCode: body.device_code,
        exchange: {
          subjectToken: body.subject_token,
          subjectTokenType: body.subject_token_type,
          actorToken: body.actor_token,
          actorTokenType: body.actor_token_type,
          requestedTokenType: body.requested_token_type,
        },
      })
      return {
        access_token: tokens.accessToken,
        token_type: tokens.confirmation?.jkt === undefined ? ('Bearer' as const) : ('DPoP' as const),
        expires_in: tokens.expiresInSeconds,
        ...(tokens.scopes.length > 0 ? { scope: tokens.scopes.join(' ') } : {}),
        ...(tokens.issuedTokenType === undefined ? {} : { issued_token_type: tokens.issuedTokenType }),
        ...(tokens.refreshToken === undefined ? {} : { refresh_token: tokens.refreshToken }),
        ...(tokens.idToken === undefined ? {} : { id_token: tokens.idToken }),
      }
    },
  )

  app.post(
    revocationPath,
    {
      config,
      preValidation: requireForm,
      schema: {
        operationId: 'revoke',
        summary: 'Revoke a token',
        description:
          'RFC 7009, for every kind of token. A person’s own refresh token takes its session along, one of a program what the program was let in for.',
        tags: ['OAuth'],
        security: clientSecurity,
        consumes,
        body: TokenReferenceForm,
        response: { 200: Type.Null({ description: 'The token is not valid, now at the latest.' }), ...oauthErrors() },
      },
    },
    async (request, reply) => {
      const client = await clientOf(authenticateClient, request, request.body, { uncounted: true })
      if (request.body.token === undefined) throw new OAuthError('invalid_request', 'token is missing.')
      await revokeToken(client, request.body.token)
      return reply.code(200).send(undefined as never)
    },
  )
}
