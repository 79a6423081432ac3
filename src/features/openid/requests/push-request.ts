import { type Budgets, overBudget } from '../../../core/budgets.ts'
import type { Clock } from '../../../core/clock.ts'
import { OAuthError } from '../../../core/oauth-error.ts'
import type { Client } from '../../../core/records/client.ts'
import type { PushedRequestStore } from '../../../core/records/pushed-request.ts'
import { hashSecret, randomSecret } from '../../../core/secrets.ts'
import type { OpenRequest } from './open-request.ts'
import { readAuthorizationRequest, single, type Where } from './read-request.ts'

/** What a name of ours begins with (RFC 9126 §2.2). */
export const pushedPrefix = 'urn:ietf:params:oauth:request_uri:'
/** A program leads the browser on as soon as it has the name. */
const usableSeconds = 90
/** So long somebody may take to sign in. */
export const answerSeconds = 3_600
/** Far more than a request of the widest scope, with claims. */
const maxLength = 16_384
/** A program that proves nothing has so many requests kept for it in a minute, from one address. */
const mostOfPublic = 60

/**
 * Keeps an authorization request that an authenticated client hands over (RFC 9126 §2). Throws what is wrong with it, as far as that
 * can be known without the person.
 */
export type PushRequest = (
  client: Client,
  parameters: URLSearchParams,
  from: {
    address: string | undefined
    /** The thumbprint of the key of which the request showed a proof, to which the code is bound (RFC 9449 §10.1). */
    dpopJkt?: string | undefined
  },
) => Promise<{ requestUri: string; expiresInSeconds: number }>

export function createPushRequest(dependencies: {
  pushedRequests: Pick<PushedRequestStore, 'keep'>
  openRequest: OpenRequest
  budgets: Pick<Budgets, 'spend'>
  where: Where
  clock: Clock
}): PushRequest {
  const { pushedRequests, openRequest, budgets, where, clock } = dependencies
  return async (client, sent, { address, dpopJkt }) => {
    if (sent.has('request_uri')) {
      throw new OAuthError('invalid_request', 'A request that is pushed names no other one.')
    }
    const opened = await openRequest(client, sent, Math.floor(clock.now() / 1000))
    if (opened.kind === 'fault') throw new OAuthError(opened.error, opened.description)
    const known = [...opened.parameters].filter(([name]) => name === 'resource' || single.includes(name))
    const parameters = new URLSearchParams(known)
    // Whoever authenticates by a header need not say it twice.
    parameters.set('client_id', client.id)
    if (dpopJkt !== undefined && (parameters.get('dpop_jkt') || dpopJkt) !== dpopJkt) {
      throw new OAuthError('invalid_dpop_proof', 'dpop_jkt is not the key of the proof.')
    }
    if (dpopJkt !== undefined) parameters.set('dpop_jkt', dpopJkt)
    const text = String(parameters)
    if (text.length > maxLength) throw new OAuthError('invalid_request', 'The request is too long.')
    const read = readAuthorizationRequest(parameters, client, where, 'pushed')
    if (read.kind === 'error') throw new OAuthError(read.error, read.description)
    if (read.kind === 'refused') {
      throw new OAuthError('invalid_request', 'redirect_uri is missing, or is not one of the client.')
    }
    if (client.authMethod === 'none') {
      const budget = { key: `pushed-requests:${address ?? 'unknown'}`, most: mostOfPublic, windowSeconds: 60 }
      const spent = await budgets.spend([budget])
      if (spent.kind === 'used_up') throw overBudget(spent)
    }
    const name = randomSecret()
    const usableUntil = clock.now() + usableSeconds * 1000
    const kept = await pushedRequests.keep({
      ...{ requestHash: hashSecret(name), clientId: client.id, parameters: text },
      usableUntil: new Date(usableUntil),
      expiresAt: new Date(usableUntil + answerSeconds * 1000),
    })
    if (!kept) throw new OAuthError('invalid_client', 'Client authentication failed.')
    return { requestUri: pushedPrefix + name, expiresInSeconds: usableSeconds }
  }
}
