/** What a browser says for a passkey, read and verified (Web Authentication Level 3 §7). */
import { createHash } from 'node:crypto'
import type { NewCredential, PasskeyFault, ShownCredential } from '../../../core/passkey-answers.ts'

/** A service as passkeys know it. */
export interface RelyingParty {
  /** The domain that they are made for. */
  id: string
  /** The one origin whose pages may ask for them. */
  origin: string
}

/** What an authenticator says about itself (§6.1). */
export interface AuthenticatorFacts {
  counter: number
  backupEligible: boolean
  backedUp: boolean
}

/** Of a public key: EdDSA, ES256 and RS256 (RFC 9053), of which every authenticator knows one. */
export const algorithms = [-8, -7, -257] as const

/** The library takes long to load, and many processes never need it. */
let library: Promise<typeof import('@simplewebauthn/server')> | undefined
const load = () => (library ??= import('@simplewebauthn/server'))

/** The challenge that a browser says it has answered; nothing where it says none. */
export function challengeIn({ response }: { response: { clientDataJSON: string } }): string | undefined {
  const { challenge } = clientDataOf(response.clientDataJSON)
  return typeof challenge === 'string' ? challenge : undefined
}

/** Verifies a new passkey; resolves to what is kept of it. */
export async function verifyNewCredential(
  credential: NewCredential,
  challenge: string,
  rp: RelyingParty,
): Promise<({ publicKey: string } & AuthenticatorFacts) | PasskeyFault> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers')
  try {
    const attestation = decodeAttestationObject(
      new Uint8Array(Buffer.from(credential.response.attestationObject, 'base64url')),
    )
    const read = readAnswer(credential.response.clientDataJSON, attestation.get('authData'), 'webauthn.create', rp)
    if (typeof read === 'string') return read
    const { verifyRegistrationResponse } = await load()
    const outcome = await verifyRegistrationResponse({
      response: { ...credential, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: rp.origin,
      expectedRPID: rp.id,
      supportedAlgorithmIDs: [...algorithms],
    })
    if (!outcome.verified || outcome.registrationInfo.credential.id !== credential.id) return 'unknown'
    return { ...read, publicKey: Buffer.from(outcome.registrationInfo.credential.publicKey).toString('base64url') }
  } catch {
    // Whatever is wrong with what a browser has sent is the fault of that.
    return 'unknown'
  }
}

/** What is wrong with an answer by itself, whosever passkey it is. */
export function readShownCredential(
  { response }: ShownCredential,
  rp: RelyingParty,
): AuthenticatorFacts | PasskeyFault {
  const authenticatorData = Buffer.from(response.authenticatorData, 'base64url')
  return readAnswer(response.clientDataJSON, authenticatorData, 'webauthn.get', rp)
}

/** Verifies the signature of an answer. What its counter says is left to whoever knows the one before. */
export async function verifyShownCredential(
  credential: ShownCredential,
  { publicKey, challenge, rp }: { publicKey: string; challenge: string; rp: RelyingParty },
): Promise<boolean> {
  const { verifyAuthenticationResponse } = await load()
  try {
    const { verified } = await verifyAuthenticationResponse({
      response: { ...credential, clientExtensionResults: {} } as never,
      expectedChallenge: challenge,
      expectedOrigin: rp.origin,
      expectedRPID: rp.id,
      credential: { id: credential.id, publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')), counter: 0 },
    })
    return verified
  } catch {
    return false
  }
}

/** Reads what the browser and the authenticator say, before anything is looked up (§7.1, §7.2). */
function readAnswer(
  clientDataJSON: string,
  authenticatorData: Uint8Array,
  type: 'webauthn.create' | 'webauthn.get',
  rp: RelyingParty,
): AuthenticatorFacts | PasskeyFault {
  const data = Buffer.from(authenticatorData)
  const client = clientDataOf(clientDataJSON)
  if (client['type'] !== type || data.length < 37) return 'unknown'
  const isOurs = client['origin'] === rp.origin && client['crossOrigin'] !== true && client['topOrigin'] === undefined
  const hash = createHash('sha256').update(rp.id).digest()
  if (!isOurs || !data.subarray(0, 32).equals(hash)) return 'other_site'
  const flags = data[32]!
  const [isPresent, isVerified] = [(flags & 0x01) !== 0, (flags & 0x04) !== 0]
  if (!isPresent || !isVerified) return 'not_verified'
  const [backupEligible, backedUp] = [(flags & 0x08) !== 0, (flags & 0x10) !== 0]
  if (backedUp && !backupEligible) return 'unknown'
  return { counter: data.readUInt32BE(33), backupEligible, backedUp }
}

function clientDataOf(clientDataJSON: string): Record<string, unknown> {
  try {
    const read: unknown = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8'))
    return typeof read === 'object' && read !== null ? (read as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
