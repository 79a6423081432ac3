import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Confirmation, dpopToken, type SenderFault } from '../../core/confirmation.ts'
import { type OAuthErrorCode, oauthErrorTable } from '../../core/oauth-error.ts'
import type { Principal } from '../../core/principal.ts'
import type { SigningAlgorithm } from '../../core/records/signing-key.ts'
import { type Client, signingAlgorithmsOf } from '../../core/records/client.ts'
import type { Subjects } from '../../core/subjects.ts'
import type { User } from '../../core/records/user.ts'
import { acceptForms } from '../../http/bodies.ts'
import { noteAnswers } from '../../http/document.ts'
import { dpopParameter } from '../../http/problem.ts'
import { handleOAuthErrors } from '../../http/oauth-errors.ts'
import type { App } from '../../http/server.ts'
import { Type } from '../../json-schema.ts'
import type { SenderConstraints } from '../sender-constraints/index.ts'
import { claimsAbout } from './scopes.ts'

export const userinfoPath = '/oauth/userinfo'

interface Credential {
  principal: Principal
  audiences: readonly string[]
  confirmation?: Confirmation
  /** Whom it was issued to. */
  client?: Client | undefined
  /** Whom it is about. */
  user?: User
}
type Proven = Credential | undefined

const Claims = Type.Object(
  {
    sub: Type.String(),
    name: Type.Optional(Type.String()),
    preferred_username: Type.Optional(Type.String()),
    locale: Type.Optional(Type.String()),
    email: Type.Optional(Type.String()),
    email_verified: Type.Optional(Type.Boolean()),
    groups: Type.Optional(Type.Array(Type.String())),
  },
  {
    description: 'OpenID Connect Core §5.3.2: what the scopes of the token cover, as it is now.',
    examples: [
      {
        sub: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f',
        name: 'Ada Lovelace',
        email: 'ada@example.com',
        email_verified: true,
      },
    ],
  },
)

/** UserInfo (OpenID Connect Core §5.3), with a token in the header or in a form, and never in an address (RFC 6750 §2.3). */
export async function userinfoRoutes(
  app: App,
  options: {
    accessToken(token: string): Proven | Promise<Proven>
    subjects: Pick<Subjects, 'sub'>
    signFor(algorithm: SigningAlgorithm, claims: object): string
    senders: Pick<SenderConstraints, 'faultOf' | 'nonce' | 'certificateOf' | 'urlAt'>
    audience: string
  },
): Promise<void> {
  const { accessToken, subjects, signFor, senders, audience } = options
  acceptForms(app)
  app.setErrorHandler(handleOAuthErrors)
  noteAnswers(app, {
    headers: (status) => (status === 403 ? ['Cache-Control', 'WWW-Authenticate'] : ['Cache-Control']),
  })
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    done()
  })

  /** RFC 6750 §3.1: without a token there is nothing wrong with it. */
  function refuse(reply: FastifyReply, status: 401 | 403, error?: SenderFault | 'insufficient_scope') {
    const scope = error === 'insufficient_scope' ? ', scope="openid"' : ''
    const isDpop = /^DPoP /i.test(reply.request.headers.authorization ?? '')
    const said = `realm="gatehouse"${error === undefined ? '' : `, error="${error}"${scope}`}`
    const challenge = isDpop ? `DPoP ${said}, ${dpopParameter}` : `Bearer ${said}`
    if (isDpop) reply.header('dpop-nonce', senders.nonce())
    reply.code(status).header('www-authenticate', challenge)
    if (error === undefined) return reply.type('text/plain').serializer(String).send('Show an access token.')
    const answer = { error, error_description: oauthErrorTable[error] }
    return reply.type('application/json').serializer(JSON.stringify).send(answer)
  }

  async function tell(request: FastifyRequest, reply: FastifyReply) {
    const { authorization } = request.headers
    const form = (request.body ?? {}) as { access_token?: unknown }
    const [, shown] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? []
    const dpop = dpopToken(authorization ?? '')
    const token = dpop ?? shown ?? (authorization === undefined ? form.access_token : undefined)
    if (typeof token !== 'string') return refuse(reply, 401, authorization === undefined ? undefined : 'invalid_token')
    const proven = await accessToken(token)
    if (proven === undefined) return refuse(reply, 401, 'invalid_token')
    if (proven.confirmation !== undefined || dpop !== undefined) {
      const { method, headers } = request
      const fault = await senders.faultOf(proven.confirmation, {
        ...{ scheme: dpop === undefined ? 'Bearer' : 'DPoP', token, method },
        url: senders.urlAt(request.host, audience),
        certificate: () => senders.certificateOf(request.raw),
        proof: headers['dpop'] === undefined ? undefined : String(headers['dpop']),
      })
      if (fault !== undefined) return refuse(reply, 401, fault)
    }
    const { principal, audiences, user } = proven
    if (!principal.scopes.includes('openid')) return refuse(reply, 403, 'insufficient_scope')
    // Whoever receives it for something else learns no more by it.
    if (!audiences.includes(audience)) return refuse(reply, 401, 'invalid_token')
    if (user === undefined) return refuse(reply, 401, 'invalid_token')
    const claims = { sub: subjects.sub(proven.client, user.id), ...claimsAbout(user, principal.scopes) }
    const algorithm = proven.client && signingAlgorithmsOf(proven.client).userinfo
    if (algorithm === undefined) return reply.send(claims)
    // It has no time, so that nobody takes it for an ID token.
    const signed = signFor(algorithm, { ...claims, aud: proven.client!.id })
    return reply.type('application/jwt').serializer(String).send(signed)
  }

  const Refused = (description: string, ...codes: OAuthErrorCode[]) => ({
    description,
    content: {
      'application/json': {
        schema: { $ref: 'OAuthError#' },
        examples: Object.fromEntries(
          codes.map((error) => [error, { value: { error, error_description: oauthErrorTable[error] } }]),
        ),
      },
    },
  })
  const invalidToken = Refused(
    'There is no token, of which nothing more is said, or it is not valid.',
    'invalid_token',
    'invalid_dpop_proof',
    'use_dpop_nonce',
  )
  const schema = {
    tags: ['OAuth'],
    security: [{ bearer: [] as string[] }],
    response: {
      200: {
        description: 'OpenID Connect Core §5.3.2: what the scopes of the token cover, as it is now.',
        content: {
          'application/json': { schema: Claims },
          'application/jwt': {
            schema: Type.String({ description: 'The same, signed for a client with `userinfo_signed_response_alg`.' }),
          },
        },
      },
      400: Refused('The form cannot be read.', 'invalid_request'),
      401: {
        ...invalidToken,
        content: {
          ...invalidToken.content,
          'text/plain': { schema: Type.String() },
        },
      },
      403: Refused('The token has not the scope `openid`.', 'insufficient_scope'),
      413: Refused('The body is too large.', 'invalid_request'),
      500: Refused('Something went wrong on our side.', 'server_error'),
      503: Refused('The service cannot answer right now.', 'temporarily_unavailable'),
    },
  }
  const config = { access: 'client' } as const
  app.get(
    userinfoPath,
    { config, schema: { ...schema, operationId: 'userinfo', summary: 'Who a token is about' } },
    async (request, reply) => tell(request, reply),
  )
  app.post(
    userinfoPath,
    {
      config,
      schema: {
        ...schema,
        operationId: 'userinfoByPost',
        summary: 'Who a token is about, asked by POST',
        description: 'The token stands in the header, or in the form as `access_token`.',
      },
    },
    async (request, reply) => tell(request, reply),
  )
}
