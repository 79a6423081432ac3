import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '../json-schema.ts'
import type { GatehouseError } from '../core/errors.ts'
import { OAuthError, type OAuthErrorCode, oauthErrorTable } from '../core/oauth-error.ts'
import { setErrorHeaders } from './errors.ts'
import { toGatehouseError } from './problem.ts'
import { OneOf } from './schema.ts'

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
export function handleOAuthErrors(thrown: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const answer = (status: number, error: OAuthErrorCode, error_description: string) =>
    reply.code(status).type('application/json').serializer(JSON.stringify).send({ error, error_description })

  if (thrown instanceof OAuthError) {
    reply.header('cache-control', 'no-store')
    if (thrown.code !== 'invalid_client') return answer(400, thrown.code, thrown.message)
    reply.header('www-authenticate', 'Basic realm="gatehouse"')
    return answer(401, 'invalid_client', thrown.message)
  }
  const error = toGatehouseError(thrown)
  setErrorHeaders(reply, error)
  if (error.code === 'too_many_requests') return answer(429, 'slow_down', oauthErrorTable.slow_down)
  if (error.code === 'unavailable') return answer(503, 'temporarily_unavailable', 'Try again later.')
  if (error.status >= 500) return answer(500, 'server_error', 'Something went wrong on our side.')
  // RFC 6749 §3.2: whatever is wrong with the request itself is `invalid_request`.
  return answer(error.status === 413 ? 413 : 400, 'invalid_request', describe(error))
}

function describe(error: GatehouseError): string {
  if (error.code === 'unsupported_media_type') return error.detail ?? 'Send the parameters form-encoded.'
  return (error.detail ?? 'The request is not valid.').replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, ' ')
}
