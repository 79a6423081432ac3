import type { Audit } from '../../../core/audit.ts'
import { type Budgets, overBudget } from '../../../core/budgets.ts'
import type { Clock } from '../../../core/clock.ts'
import { uuidv7 } from '../../../core/ids.ts'
import { limitKey } from '../../../core/network.ts'
import { OAuthError } from '../../../core/oauth-error.ts'
import type { Client } from '../../../core/records/client.ts'
import type { DeviceCodeStore } from '../../../core/records/device-code.ts'
import { hashSecret, randomSecret } from '../../../core/secrets.ts'
import { deviceCodeGrant } from '../../../core/grants.ts'
import type { openidEvents } from '../audit-events.ts'
import type { readAccess } from '../requests/read-request.ts'
import { makeUserCode, showUserCode } from './user-code.ts'

const deviceCodeSeconds = 600
const intervalSeconds = 5
const windowSeconds = 600

interface DeviceRequest {
  scope: string | undefined
  resources: readonly string[]
  ip: string
  userAgent: string
}

/** What the device is told (RFC 8628 §3.2). */
interface IssuedDeviceCode {
  deviceCode: string
  userCode: string
  expiresInSeconds: number
  intervalSeconds: number
}

/** Begins the device flow for a client that is authenticated already; throws what RFC 6749 §5.2 says of its request. */
export type RequestDeviceCode = (client: Client, request: DeviceRequest) => Promise<IssuedDeviceCode>

/** How many codes there may be is limited, of a public client by the network address too: the more there are, the sooner a guess is one. */
export function createRequestDeviceCode(dependencies: {
  deviceCodes: Pick<DeviceCodeStore, 'create'>
  readAccess(client: Client, asked: Parameters<typeof readAccess>[1]): ReturnType<typeof readAccess>
  hashUserCode(code: string): string
  budgets: Budgets
  audit: Audit<typeof openidEvents>
  clock: Clock
}): RequestDeviceCode {
  const { deviceCodes, readAccess: read, hashUserCode, budgets, audit, clock } = dependencies

  return async (client, { scope, resources, ip, userAgent }) => {
    if (!client.grants.includes(deviceCodeGrant)) {
      throw new OAuthError('unauthorized_client', 'The client is not registered for this grant type.')
    }
    const access = read(client, { scope, resources })
    if ('error' in access) throw new OAuthError(access.error, access.description)
    const spending = await budgets.spend([
      ...(client.authMethod === 'none' ? [{ key: `device-codes:of:${limitKey(ip)}`, most: 60, windowSeconds }] : []),
      { key: `device-codes:${client.id}`, most: 5_000, windowSeconds },
    ])
    if (spending.kind === 'used_up') throw overBudget(spending)
    const now = clock.now()
    const deviceCode = randomSecret()
    const asked = {
      ...{ id: uuidv7(now), codeHash: hashSecret(deviceCode), clientId: client.id, ...access, ip },
      ...{ userAgent: userAgent.slice(0, 512), intervalSeconds },
      ...{ createdAt: new Date(now), expiresAt: new Date(now + deviceCodeSeconds * 1000) },
    }
    for (;;) {
      const userCode = makeUserCode()
      if (!(await deviceCodes.create({ ...asked, userCodeHash: hashUserCode(userCode) }))) continue
      audit.record({ event: 'device.requested', clientId: client.id, scopes: access.scopes })
      const expiresInSeconds = deviceCodeSeconds
      return { deviceCode, userCode: showUserCode(userCode), expiresInSeconds, intervalSeconds }
    }
  }
}
