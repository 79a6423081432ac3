import type { FastifyReply, FastifyRequest } from 'fastify'
import { OAuthError, oauthErrorTable } from '../../../core/oauth-error.ts'
import type { SenderConstraints } from '../../sender-constraints/index.ts'

/**
 * The thumbprint of the key of which a request to an endpoint shows a proof (RFC 9449 §5); nothing where it shows none. `url`: of the
 * endpoint. Throws what is wrong with the proof. The answer brings a nonce for the next one.
 */
export type ReadProof = (request: FastifyRequest, reply: FastifyReply, url: string) => Promise<string | undefined>

export function createReadProof(senders: Pick<SenderConstraints, 'checkProof' | 'nonce' | 'urlAt'>): ReadProof {
  return async (request, reply, url) => {
    const { dpop: proof } = request.headers
    if (proof === undefined) return undefined
    reply.header('dpop-nonce', senders.nonce())
    const checked = await senders.checkProof({
      proof: String(proof),
      method: request.method,
      url: senders.urlAt(request.host, url),
    })
    if (checked.kind === 'proven') return checked.jkt
    const code = checked.kind === 'nonce' ? 'use_dpop_nonce' : 'invalid_dpop_proof'
    throw new OAuthError(code, oauthErrorTable[code])
  }
}

/** What the document says of the answers of such an endpoint. */
export const proofAnswers = [{ headers: () => ['DPoP-Nonce'] as const }]
