import { type Client, fapiAlgorithms, openIdSettingsOf } from '../../../core/records/client.ts'
import type { VerifySignedByClient } from '../../clients/index.ts'

/** The parameters that count, or what is wrong with the object that should have held them. */
type Opened =
  | { kind: 'parameters'; parameters: URLSearchParams }
  | { kind: 'fault'; error: 'invalid_request' | 'invalid_request_object'; description: string }

/**
 * Opens the request object of an authorization request (RFC 9101), by value alone: its signature must be the client's, and nothing
 * beside it counts. A request without one is given back as it is, unless the client must sign its requests. `at`: the moment at which
 * it came, epoch seconds, at which the object must be in time; who takes long to sign in does not make it older.
 */
export type OpenRequest = (client: Client, sent: URLSearchParams, at: number) => Promise<Opened>

/** The name of RFC 9101 §10.8 keeps an object from being anything else; many clients write none, or the general one. */
const types = [undefined, 'jwt', 'oauth-authz-req+jwt', 'application/oauth-authz-req+jwt']
/** What says something of the object, and is no parameter (RFC 7519 §4.1). */
const ofTheObject = new Set(['iss', 'aud', 'exp', 'nbf', 'iat', 'jti', 'sub'])
/** An object is good for no longer (FAPI 2.0 Message Signing §5.3.1). */
const longestSeconds = 3_600
/** By how much the client's clock may differ. */
const leewaySeconds = 10

export function createOpenRequest(dependencies: { verify: VerifySignedByClient; issuer: string }): OpenRequest {
  const { verify, issuer } = dependencies

  /** What keeps the claims of a signed object from being a request of this client's to this service, now. */
  function faultOf(claims: Record<string, unknown>, client: Client, at: number): string | undefined {
    const { iss, aud, exp, nbf, iat, sub } = claims
    if (iss !== client.id || claims['client_id'] !== client.id) return 'iss and client_id must be the client.'
    if (![aud].flat().includes(issuer)) return 'aud must be the issuer of this service.'
    // It could be shown as an assertion otherwise.
    if (sub === client.id) return 'sub must not be the client.'
    const isTime = (time: unknown): time is number => typeof time === 'number' && Number.isFinite(time)
    if (!isTime(exp) || exp <= at - leewaySeconds) return 'exp is missing, or has passed.'
    if (iat !== undefined && (!isTime(iat) || iat > at + leewaySeconds)) return 'iat is not in the past.'
    const from = nbf ?? iat ?? at
    if (!isTime(from) || from > at + leewaySeconds || from < at - longestSeconds - leewaySeconds) {
      return 'nbf must be a time of the last hour.'
    }
    if (exp > from + longestSeconds + leewaySeconds) return 'exp must be within an hour of nbf.'
    return undefined
  }

  return async (client, sent, at) => {
    const [object, ...more] = sent.getAll('request').filter((value) => value !== '')
    const settings = openIdSettingsOf(client)
    if (object === undefined) {
      return settings.requireSignedRequestObject
        ? { kind: 'fault', error: 'invalid_request', description: 'The client must sign its requests.' }
        : { kind: 'parameters', parameters: sent }
    }
    if (more.length > 0 || sent.get('request_uri')) {
      return { kind: 'fault', error: 'invalid_request', description: 'There must be one request object.' }
    }
    const invalid = (description: string): Opened => ({ kind: 'fault', error: 'invalid_request_object', description })
    const { requestObjectSigningAlg: only, profile } = settings
    const isStrict = profile === 'fapi2'
    const any = isStrict ? fapiAlgorithms : undefined
    const claims = await verify(client, object, { types, algorithms: only === 'any' ? any : [only] })
    if (claims === undefined) return invalid('request is no JWT that a key of the client has signed.')
    const fault = isStrict && claims['nbf'] === undefined ? 'nbf is missing.' : faultOf(claims, client, at)
    if (fault !== undefined) return invalid(fault)
    if ('request' in claims || 'request_uri' in claims) return invalid('A request object holds no other one.')
    const parameters = parametersOf(claims)
    return parameters === undefined
      ? invalid('A parameter of the request object has a value that it cannot have.')
      : { kind: 'parameters', parameters }
  }
}

/** The parameters of an object, each as an address would hold it; nothing when there is one that no address could hold. */
function parametersOf(claims: Record<string, unknown>): URLSearchParams | undefined {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(claims)) {
    if (ofTheObject.has(name)) continue
    const texts = name === 'resource' && Array.isArray(value) ? value.map(textOf) : [textOf(value)]
    for (const text of texts) {
      if (text === undefined) return undefined
      parameters.append(name, text)
    }
  }
  return parameters
}

/** Numbers, and the objects that some parameters are, stand in JSON as themselves (RFC 9101 §4). */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : undefined
}
