/** Whether a token is shown by whoever it was given to: by proofs of a key (RFC 9449), or by a certificate (RFC 8705). */
import type { IncomingMessage } from 'node:http'
import type { Base } from '../../base.ts'
import type { Confirmation, SenderFault, Shown } from '../../core/confirmation.ts'
import type { Edges } from '../../core/edges.ts'
import { type CheckedProof, createCheckProof, proofAlgorithms } from './check-proof.ts'
import { createNonces } from './nonces.ts'
import { readCertificate } from './read-certificate.ts'
import type { ClientCertificateSettings, DpopSettings } from './settings.ts'

export interface SenderConstraints {
  /** Of a request at the token endpoint. */
  checkProof(request: { proof: string; method: string; url: string }): Promise<CheckedProof>
  /**
   * What keeps a token that is bound to something, or to nothing, from being its sender's; nothing when it is. Answers at once for what is no
   * proof. Rejects when a store is down.
   */
  faultOf(
    confirmation: Confirmation | undefined,
    shown: Shown,
  ): SenderFault | undefined | Promise<SenderFault | undefined>
  /** What the next proof may hold, in a header `DPoP-Nonce`. */
  nonce(): string
  readonly algorithms: readonly string[]
  /** Thumbprint of the certificate of a request's client (RFC 8705 §3.1), where an edge tells it that shows its secret. */
  certificateOf(request: IncomingMessage): string | undefined
  /** The header in which edges tell certificates; nothing where tokens are bound to none. */
  readonly certificateHeader: string | undefined
  /** A URL of the service at the host that asks for certificates (RFC 8705 §5); nothing where there is none of its own. */
  aliasOf(url: string): string | undefined
  /** The same URL as a request to this host had it. */
  urlAt(host: string, url: string): string
}

export function createSenderConstraints(
  { stores, clock, box, issuer }: Base,
  settings: { dpop: DpopSettings; client_certificates: ClientCertificateSettings },
  { edges }: { edges: Pick<Edges, 'hasShownSecret'> },
): SenderConstraints {
  const { dpop, client_certificates: certificates } = settings
  const header = certificates.header.toLowerCase()
  const { origin, protocol } = new URL(issuer)
  const otherOrigin = certificates.enabled && certificates.host && `${protocol}//${certificates.host}`
  const nonces = createNonces({ box: box('dpop nonce'), clock })
  const check = createCheckProof({ usedJtis: stores.usedJtis, nonces, clock })

  async function faultOfProof(jkt: string, { token, proof, method, url }: Shown): Promise<SenderFault | undefined> {
    if (proof === undefined) return 'invalid_dpop_proof'
    const needsNonce = dpop.nonce === 'everywhere'
    const { kind } = await check({ proof, method, url, bound: { token, jkt }, needsNonce })
    if (kind === 'proven') return undefined
    return kind === 'nonce' ? 'use_dpop_nonce' : 'invalid_dpop_proof'
  }

  const aliasOf = (url: string) => (otherOrigin ? otherOrigin + url.slice(origin.length) : undefined)

  return {
    checkProof: (request) => check({ ...request, needsNonce: dpop.nonce !== 'offered' }),
    faultOf({ jkt, 'x5t#S256': thumbprint } = {}, shown) {
      if (thumbprint !== undefined && shown.certificate?.() !== thumbprint) return 'invalid_token'
      // RFC 9449 §7.2: neither may pass for the other.
      if ((jkt !== undefined) !== (shown.scheme === 'DPoP')) return 'invalid_token'
      return jkt === undefined ? undefined : faultOfProof(jkt, shown)
    },
    nonce: nonces.current,
    algorithms: proofAlgorithms,
    certificateOf: (request) =>
      certificates.enabled && edges.hasShownSecret(request) ? readCertificate(request.headers[header]) : undefined,
    certificateHeader: certificates.enabled ? certificates.header : undefined,
    aliasOf,
    urlAt: (host, url) => (host.toLowerCase() === certificates.host ? (aliasOf(url) ?? url) : url),
  }
}
