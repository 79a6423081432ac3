/** Whether a token is shown by whoever it was given to: by proofs of a key (RFC 9449), or by a certificate (RFC 8705). */
import type { Base } from '../../base.ts'
import type { Confirmation, SenderFault, Shown } from '../../core/confirmation.ts'
import { type CheckedProof, createCheckProof, proofAlgorithms } from './check-proof.ts'
import { createNonces } from './nonces.ts'
import type { DpopSettings } from './settings.ts'

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
}

export function createSenderConstraints({ stores, clock, box }: Base, settings: DpopSettings): SenderConstraints {
  const nonces = createNonces({ box: box('dpop nonce'), clock })
  const check = createCheckProof({ usedJtis: stores.usedJtis, nonces, clock })

  async function faultOfProof(jkt: string, { token, proof, method, url }: Shown): Promise<SenderFault | undefined> {
    if (proof === undefined) return 'invalid_dpop_proof'
    const needsNonce = settings.nonce === 'everywhere'
    const { kind } = await check({ proof, method, url, bound: { token, jkt }, needsNonce })
    if (kind === 'proven') return undefined
    return kind === 'nonce' ? 'use_dpop_nonce' : 'invalid_dpop_proof'
  }

  return {
    checkProof: (request) => check({ ...request, needsNonce: settings.nonce !== 'offered' }),
    faultOf({ jkt, 'x5t#S256': thumbprint } = {}, shown) {
      if (thumbprint !== undefined && shown.certificate?.() !== thumbprint) return 'invalid_token'
      // RFC 9449 §7.2: neither may pass for the other.
      if ((jkt !== undefined) !== (shown.scheme === 'DPoP')) return 'invalid_token'
      return jkt === undefined ? undefined : faultOfProof(jkt, shown)
    },
    nonce: nonces.current,
    algorithms: proofAlgorithms,
  }
}
