import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '../../json-schema.ts'
import { EarlyEnd, GatehouseError } from '../../core/errors.ts'
import { logFault, setErrorHeaders } from '../../http/errors.ts'
import { toGatehouseError } from '../../http/problem.ts'
import { OneOf } from '../../http/schema.ts'

/** Error codes of RFC 6749 §5.2 and §4.1.2.1, RFC 8707 §2 and RFC 8628 §3.5 that the endpoints answer, and what each means. */
export const oauthErrorTable = {
  invalid_request: 'The request is not valid.',
  invalid_client: 'Client authentication failed.',
  invalid_grant: 'The refresh token is not valid.',
  unauthorized_client: 'The client is not registered for this grant type.',
  unsupported_grant_type: 'This grant type is not supported.',
  invalid_scope: 'The client is not registered for this scope.',
  invalid_target: 'The client is not registered for this resource.',
  slow_down: 'Too many requests.',
  temporarily_unavailable: 'Try again later.',
  server_error: 'Something went wrong on our side.',
} as const
export type OAuthErrorCode = keyof typeof oauthErrorTable

/** Ends an OAuth request. The description may hold no quote, backslash or anything that the client sent (§5.2). */
export class OAuthError extends EarlyEnd {
  readonly code: OAuthErrorCode
  constructor(code: OAuthErrorCode, description: string) {
    super(description)
    this.code = code
  }
}

export const OAuthErrorBody = Type.Object(
  {
    error: OneOf(Object.keys(oauthErrorTable) as OAuthErrorCode[], { description: 'What a program should act on.' }),
    error_description: Type.Optional(Type.String({ description: 'A sentence for people.' })),
  },
  {
    $id: 'OAuthError',
    description: 'RFC 6749 §5.2.',
    examples: [{ error: 'invalid_client', error_description: 'Client authentication failed.' }],
  },
)

/** Answers in the words of RFC 6749, whatever was thrown. */
export function handleOAuthErrors(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const answer = (status: number, error: OAuthErrorCode, error_description: string) =>
    reply.code(status).type('application/json').serializer(JSON.stringify).send({ error, error_description })

  if (thrown instanceof OAuthError) {
    reply.header('cache-control', 'no-store')
    if (thrown.code !== 'invalid_client') return answer(400, thrown.code, thrown.message)
    reply.header('www-authenticate', 'Basic realm="gatehouse"')
    return answer(401, 'invalid_client', thrown.message)
  }
  const error = toGatehouseError(thrown)
  logFault(request, error)
  setErrorHeaders(reply, error)
  if (error.code === 'too_many_requests') return answer(429, 'slow_down', oauthErrorTable.slow_down)
  if (error.code === 'unavailable') return answer(503, 'temporarily_unavailable', 'Try again later.')
  if (error.status >= 500) return answer(500, 'server_error', 'Something went wrong on our side.')
  // RFC 6749 §3.2: whatever is wrong with the request itself is `invalid_request`.
  return answer(error instanceof GatehouseError && error.status === 413 ? 413 : 400, 'invalid_request', describe(error))
}

function describe(error: GatehouseError): string {
  if (error.code === 'unsupported_media_type') return error.detail ?? 'Send the parameters form-encoded.'
  return (error.detail ?? 'The request is not valid.').replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, ' ')
}
