import type { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'
import { Unreachable } from './bounded-fetch.ts'

/**
 * Why a provider has proven nothing. `unreachable`: down or slow; `denied`: it says no, mostly because the person did; `unknown_key`:
 * signed by a key that it has not announced, which may be announced by now; `code_refused`: it does not know the code, or knows it as
 * used; `misconfigured`: it does not know this service, or its secret; `not_trusted`: what it says contradicts itself or what was asked.
 */
type ProviderFault = 'unreachable' | 'denied' | 'unknown_key' | 'code_refused' | 'misconfigured' | 'not_trusted'

export interface Failed {
  kind: 'failed'
  reason: ProviderFault
  /** A code in the words of OAuth or of its library, for the audit trail. */
  code: string
}

/** An answer of an API that tells of no account. */
export class NoAccount extends Error {
  readonly isOutage: boolean
  constructor(code: string, isOutage = false) {
    super(code)
    this.isOutage = isOutage
  }
}

/** Codes of answers that come from no provider: of a proxy in front of one that is down. */
const unreadable = new Set(['OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR'])
const outages = new Set(['server_error', 'temporarily_unavailable'])

/** Reads what openid-client has thrown. Throws what is none of a provider's. */
export function faultOf(error: unknown): Failed {
  if (!(error instanceof Error)) throw error
  const { name, code = '' } = error as ClientError
  if (error instanceof NoAccount) return failed(error.isOutage ? 'unreachable' : 'not_trusted', error.message)
  if (isUnreachable(error)) return failed('unreachable', 'unreachable')
  if (name === 'AuthorizationResponseError') {
    const told = wordOf((error as AuthorizationResponseError).error)
    return failed(outages.has(told) ? 'unreachable' : 'denied', told)
  }
  if (name === 'WWWAuthenticateChallengeError') return failed('misconfigured', 'invalid_client')
  if (name === 'ResponseBodyError') {
    const { error: told, status } = error as ResponseBodyError
    const word = wordOf(told)
    if (status >= 500 || outages.has(word)) return failed('unreachable', word)
    return failed(word === 'invalid_grant' ? 'code_refused' : 'misconfigured', word)
  }
  if (name !== 'ClientError') throw error
  if (code === 'OAUTH_KEY_SELECTION_FAILED') return failed('unknown_key', code)
  return failed(unreadable.has(code) ? 'unreachable' : 'not_trusted', wordOf(code))
}

function failed(reason: ProviderFault, code: string): Failed {
  return { kind: 'failed', reason, code }
}

function isUnreachable(error: Error): boolean {
  if (error instanceof Unreachable || (error as ClientError).code === 'OAUTH_TIMEOUT') return true
  return error.cause instanceof Error && isUnreachable(error.cause)
}

/** A word that somebody else has chosen, as far as it is one. */
function wordOf(text: unknown): string {
  return typeof text === 'string' && /^\w{1,64}$/.test(text) ? text : 'unknown'
}
