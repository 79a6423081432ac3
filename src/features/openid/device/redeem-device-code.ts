import type { Clock } from '../../../core/clock.ts'
import type { Confirmation } from '../../../core/confirmation.ts'
import { OAuthError } from '../../../core/oauth-error.ts'
import type { AuthorizationStore } from '../../../core/records/authorization.ts'
import type { Client } from '../../../core/records/client.ts'
import { codeOfDevice, type DeviceCodeStore } from '../../../core/records/device-code.ts'
import { hashSecret } from '../../../core/secrets.ts'
import type { IssuedTokens } from '../../tokens/index.ts'
import type { HandOut } from '../hand-out.ts'

/** Of a device that asks too early, by so much its interval grows (RFC 8628 §3.5). */
const slowerSeconds = 5
/** Timers and networks are no more exact. */
const slackMilliseconds = 500

/** Exchanges a device code for tokens, for a client that is authenticated already; throws what RFC 8628 §3.5 says of it. */
export type RedeemDeviceCode = (
  client: Client,
  request: { deviceCode: string | undefined; targets: readonly string[]; confirmation: Confirmation | undefined },
) => Promise<IssuedTokens>

/** Of any number of parallel questions one gets tokens. The others end nothing: a device asks again whose answer was lost. */
export function createRedeemDeviceCode(dependencies: {
  deviceCodes: Pick<DeviceCodeStore, 'poll'>
  authorizations: Pick<AuthorizationStore, 'findByCode'>
  handOut: HandOut
  clock: Clock
}): RedeemDeviceCode {
  const { deviceCodes, authorizations, handOut, clock } = dependencies
  return async (client, { deviceCode, targets, confirmation }) => {
    if (deviceCode === undefined) throw new OAuthError('invalid_request', 'device_code is missing.')
    const hash = hashSecret(deviceCode)
    const at = new Date(clock.now())
    const polled = await deviceCodes.poll(hash, client.id, at, { slowerSeconds, slackMilliseconds })
    if (polled === undefined) throw refusal()
    const { state, expiresAt, ip, userAgent } = polled
    if (state === 'denied') throw new OAuthError('access_denied', 'The person did not agree.')
    const codeHash = codeOfDevice(hash)
    const found = state === 'approved' ? await authorizations.findByCode(codeHash) : undefined
    if (state === 'approved' && (found === undefined || found.redeemedAt !== null)) throw refusal()
    if (expiresAt.getTime() <= at.getTime()) throw new OAuthError('expired_token', 'The device code has expired.')
    if (state === 'too_fast') throw new OAuthError('slow_down', 'Ask less often.')
    if (found === undefined) throw new OAuthError('authorization_pending', 'The person has not decided yet.')
    const tokens = await handOut(client, found, codeHash, { targets, confirmation, device: { ip, userAgent } })
    // Another call was faster, or it has ended.
    if (tokens === undefined) throw refusal()
    return tokens
  }
}

const refusal = () => new OAuthError('invalid_grant', 'The device code is not valid.')
