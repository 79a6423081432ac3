/** What browsers say for a passkey, as it is sent here (Web Authentication Level 3 §5.1.8). */
import { GatehouseError } from './errors.ts'

interface Credential {
  id: string
  rawId: string
  type: 'public-key'
}
/** A `RegistrationResponseJSON` (§5.1.8), as far as it is read here. */
export interface NewCredential extends Credential {
  response: { clientDataJSON: string; attestationObject: string; transports?: string[] }
}
/** An `AuthenticationResponseJSON`. */
export interface ShownCredential extends Credential {
  response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle?: string | null }
}

/**
 * Why a passkey is not accepted, as far as its answer alone says so: it answers no challenge of this kind any more, it was made by pages
 * of another site, or its authenticator has not verified the person. Of everything else nobody is told more than that it is `unknown`.
 */
export type PasskeyFault = 'stale' | 'other_site' | 'not_verified' | 'unknown'

const details: Record<PasskeyFault, string | undefined> = {
  stale:
    'The challenge is unknown, too old or already answered, or was made for something else. Ask for options again.',
  other_site: 'This answer was made by a page of another site, or for another domain.',
  not_verified: 'The authenticator has not verified the person.',
  unknown: undefined,
}

/** What a program is told of a passkey that is not accepted. */
export function invalidPasskey(fault: PasskeyFault): GatehouseError {
  const detail = details[fault]
  return new GatehouseError('invalid_passkey', detail === undefined ? {} : { detail })
}

/** What a program is told where there are no passkeys. */
export const noPasskeys = () => new GatehouseError('not_found', { detail: 'There are no passkeys here.' })

const base64url = /^[\w-]{1,65536}$/
const isText = (value: unknown): value is string => typeof value === 'string' && base64url.test(value)

/** What a form holds that a script has filled in; nothing where it is no such thing. */
export const shownCredentialIn = (text: string): ShownCredential | undefined => {
  const read = credentialIn(text)
  const { clientDataJSON, authenticatorData, signature, userHandle = null } = read?.response ?? {}
  if (read === undefined || ![clientDataJSON, authenticatorData, signature].every(isText)) return undefined
  return userHandle === null || isText(userHandle) ? (read as unknown as ShownCredential) : undefined
}
export const newCredentialIn = (text: string): NewCredential | undefined => {
  const read = credentialIn(text)
  const { clientDataJSON, attestationObject, transports = [] } = read?.response ?? {}
  if (read === undefined || ![clientDataJSON, attestationObject].every(isText)) return undefined
  const areFit =
    Array.isArray(transports) && transports.length <= 10 && transports.every((one) => isText(one) && one.length <= 32)
  return areFit ? (read as unknown as NewCredential) : undefined
}

function credentialIn(text: string): (Credential & { response: Record<string, unknown> }) | undefined {
  try {
    const read = JSON.parse(text) as Partial<Credential & { response: Record<string, unknown> | null }> | null
    const { id, rawId, type, response } = read ?? {}
    const isFit = isText(id) && id.length <= 1364 && rawId === id && type === 'public-key'
    return isFit && typeof response === 'object' && response !== null ? { id, rawId, type, response } : undefined
  } catch {
    return undefined
  }
}
