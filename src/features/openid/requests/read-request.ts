import { authorizationCodeGrant } from '../../../core/grants.ts'
import { type Client, openIdSettingsOf } from '../../../core/records/client.ts'
import { matchesRedirectUri } from '../../../core/redirect-uris.ts'
import { maxAudiences, maxScopeLength } from '../../../core/sizes.ts'
import { isStrongAlone } from '../wanted-proof.ts'
import { type AskedClaims, readClaims } from './read-claims.ts'

/** How an answer is told; those of JARM as one JWT, and `jwt` as is usual for codes (§2.3). */
export const responseModes = ['query', 'form_post', 'jwt', 'query.jwt', 'form_post.jwt'] as const
type ResponseMode = (typeof responseModes)[number]

/** What can be wrong with a request itself, by the names that RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6, RFC 8707 and 9396 register. */
type RequestError =
  | 'invalid_request'
  | 'unauthorized_client'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'invalid_authorization_details'
  | 'invalid_request_object'
  | 'request_uri_not_supported'
  | 'registration_not_supported'
  | 'unmet_authentication_requirements'

/** Why an authorization is refused: for what it asks, or for what the person is or does (OpenID Connect Core §3.1.2.6, RFC 9470). */
export type AuthorizationError = RequestError | 'access_denied' | 'login_required' | 'consent_required'

/** Where the answer goes, proven to be the program's. */
export interface AnswerTo {
  redirectUri: string
  client: Client
  mode: ResponseMode
  state: string | undefined
}

/** What a program asks of a person, checked by all that can be known without the person. */
export interface AuthorizationRequest extends AnswerTo {
  scopes: string[]
  audiences: string[]
  challenge: string | undefined
  nonce: string | undefined
  /** The thumbprint of the key to which the code shall be bound (RFC 9449 §10). */
  dpopJkt: string | undefined
  prompts: ReadonlySet<string>
  maxAge: number | undefined
  /** Whether nothing below `aal2` will do. */
  isStrong: boolean
  loginHint: string | undefined
  uiLocales: string | undefined
  idTokenHint: string | undefined
  /** Of whom alone the program wants to hear, where it says so. */
  subjects: string[] | undefined
}

/** Before program and address are proven nothing is sent anywhere: the person is told. */
type Unanswerable = { kind: 'refused'; reason: 'client' | 'redirect_uri' }

export type ReadRequest =
  | { kind: 'request'; request: AuthorizationRequest }
  | Unanswerable
  | { kind: 'error'; to: AnswerTo; error: RequestError; description: string }

/** What is looked at, beside `resource`; anything else is ignored (RFC 6749 §3.1). */
export const single = [
  ...['client_id', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state', 'nonce', 'prompt', 'max_age'],
  ...['code_challenge', 'code_challenge_method', 'dpop_jkt', 'acr_values', 'login_hint', 'ui_locales', 'id_token_hint'],
  ...['request', 'request_uri', 'registration', 'claims', 'authorization_details'],
]
const notSupported = {
  request_uri: 'request_uri_not_supported',
  registration: 'registration_not_supported',
  authorization_details: 'invalid_authorization_details',
} as const
const noClaims: AskedClaims = { scopes: [], levels: undefined, subjects: undefined }
const maxNonceLength = 1_000

/** What a request is held against, beside its client. */
export interface Where {
  /** The audience of the host that a URL leads to. */
  audienceOf(url: string): string | undefined
  issuer: string
  /** What userinfo is asked with. */
  userinfoAudience: string
}

/**
 * Reads an authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1). `client`: the one that it names, where there is
 * such. `way`: whether it comes by the browser, or from the client itself (RFC 9126). A parameter that comes twice is refused, since
 * two readers could take either.
 */
export function readAuthorizationRequest(
  parameters: URLSearchParams,
  client: Client | undefined,
  where: Where,
  way: 'address' | 'pushed',
): ReadRequest {
  const isTwice = (name: string) => parameters.getAll(name).length > 1
  const sent = (name: string) => parameters.get(name) || undefined
  const to = findAnswerTo(parameters, client)
  if (client === undefined || 'kind' in to) return to as Unanswerable
  const error = (code: RequestError, description: string): ReadRequest => ({
    ...{ kind: 'error', to, error: code, description },
  })
  const isPublic = client.authMethod === 'none'
  const mode = sent('response_mode') ?? 'query'
  const settings = openIdSettingsOf(client)
  if (way === 'address' && settings.requirePushedAuthorizationRequests) {
    return error('invalid_request', 'The client must push its requests (RFC 9126).')
  }
  if (settings.profile === 'fapi2' && sent('redirect_uri') === undefined) {
    return error('invalid_request', 'redirect_uri is missing.')
  }
  if (single.some(isTwice)) return error('invalid_request', 'A parameter was sent more than once.')
  for (const [name, code] of Object.entries(notSupported)) {
    if (sent(name) !== undefined) return error(code, `The parameter ${name} is not supported.`)
  }
  if (!(responseModes as readonly string[]).includes(mode)) {
    return error('invalid_request', `response_mode must be one of ${responseModes.join(', ')}.`)
  }
  if (sent('response_type') === undefined) return error('invalid_request', 'response_type is missing.')
  if (sent('response_type') !== 'code') return error('unsupported_response_type', 'response_type must be code.')
  if (!client.grants.includes(authorizationCodeGrant)) {
    return error('unauthorized_client', 'The client is not registered for the grant authorization_code.')
  }

  const challenge = sent('code_challenge')
  const method = sent('code_challenge_method') ?? (challenge === undefined ? undefined : 'plain')
  if (method !== undefined && method !== 'S256') {
    return error('invalid_request', 'code_challenge_method must be S256.')
  }
  const isBound = isPublic || settings.pkce === 'required'
  if (challenge === undefined && (isBound || method !== undefined)) {
    return error('invalid_request', 'code_challenge is missing.')
  }
  if (challenge !== undefined && !/^[\w-]{43}$/.test(challenge)) {
    return error('invalid_request', 'code_challenge must be 43 characters of base64url.')
  }

  const access = readAccess(client, { scope: sent('scope'), resources: parameters.getAll('resource') }, where)
  if ('error' in access) return error(access.error, access.description)
  const claims = sent('claims') === undefined ? noClaims : readClaims(sent('claims')!)
  if (claims === undefined) return error('invalid_request', 'claims is not of the form of OpenID Connect Core 5.5.')
  const { audiences } = access
  // The person is asked for what brings a claim, as if the program had asked for that.
  const scopes = access.scopes.includes('openid')
    ? [...new Set([...access.scopes, ...claims.scopes.filter((scope) => client.scopes.includes(scope))])]
    : access.scopes

  const prompts = new Set(sent('prompt')?.split(' '))
  if (prompts.has('none') && prompts.size > 1) {
    return error('invalid_request', 'prompt must hold nothing else beside none.')
  }
  const maxAge = sent('max_age')
  if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge)) {
    return error('invalid_request', 'max_age must be a number of seconds.')
  }
  const nonce = sent('nonce')
  if (nonce !== undefined && nonce.length > maxNonceLength) return error('invalid_request', 'nonce is too long.')
  const dpopJkt = sent('dpop_jkt')
  if (dpopJkt !== undefined && !isThumbprint(dpopJkt)) {
    return error('invalid_request', 'dpop_jkt must be 43 characters of base64url.')
  }
  const levels = new Set(claims.levels?.names ?? sent('acr_values')?.split(' ') ?? settings.defaultAcrValues)
  if (claims.levels?.isEssential && !levels.has('aal1') && !levels.has('aal2')) {
    return error('unmet_authentication_requirements', 'acr can be nothing but aal1 and aal2.')
  }
  const request: AuthorizationRequest = {
    ...{ ...to, scopes, audiences, challenge, nonce, dpopJkt, prompts },
    maxAge: maxAge === undefined ? (settings.defaultMaxAge ?? undefined) : Number(maxAge),
    isStrong: isStrongAlone(levels),
    loginHint: sent('login_hint'),
    uiLocales: sent('ui_locales'),
    idTokenHint: sent('id_token_hint'),
    subjects: claims.subjects,
  }
  return { kind: 'request', request }
}

/** Where the answer to a request goes, whatever else is wrong with it. */
export function findAnswerTo(parameters: URLSearchParams, client: Client | undefined): AnswerTo | Unanswerable {
  const isTwice = (name: string) => parameters.getAll(name).length > 1
  const sent = (name: string) => parameters.get(name) || undefined
  if (client === undefined || isTwice('client_id')) return { kind: 'refused', reason: 'client' }
  const redirectUri = sent('redirect_uri') ?? (client.redirectUris.length === 1 ? client.redirectUris[0] : undefined)
  if (
    redirectUri === undefined ||
    isTwice('redirect_uri') ||
    !matchesRedirectUri(client.redirectUris, redirectUri, client.authMethod === 'none')
  ) {
    return { kind: 'refused', reason: 'redirect_uri' }
  }
  const mode = responseModes.find((known) => known === sent('response_mode')) ?? 'query'
  return { redirectUri, client, mode, state: isTwice('state') ? undefined : sent('state') }
}

/** What a program may be let in for of what it asks: scopes, and audiences, of which there is always one (RFC 8707 §2). */
export function readAccess(
  client: Client,
  asked: { scope: string | undefined; resources: readonly string[] },
  where: Where,
): { scopes: string[]; audiences: string[] } | { error: 'invalid_scope' | 'invalid_target'; description: string } {
  const scopes = scopesOf(client, asked.scope)
  if (scopes === undefined) {
    return { error: 'invalid_scope', description: 'The client is not registered for this scope.' }
  }
  const resources = asked.resources.filter((one) => one !== '')
  const own = client.audiences.filter((audience) => audience !== where.issuer)
  const meant = resources.map((url) => [url, where.audienceOf(url)].find((one) => one && own.includes(one)))
  if (meant.includes(undefined) || resources.length > maxAudiences) {
    return { error: 'invalid_target', description: 'The client is not registered for this resource.' }
  }
  const audiences = [...new Set(resources.length === 0 ? own : (meant as string[]))]
  if (scopes.includes('openid') || audiences.length === 0) audiences.push(where.userinfoAudience)
  return { scopes, audiences }
}

/** Whether a text can be the SHA-256 thumbprint of a key (RFC 7638), as `dpop_jkt` has it. */
function isThumbprint(text: string): boolean {
  return /^[\w-]{43}$/.test(text)
}

/**
 * The scopes that are asked for; nothing when the client may not. Left out, it is all but a refresh token. `offline_access` is ignored where it
 * can bring none (OpenID Connect Core §11): clients ask for it because the metadata has it.
 */
function scopesOf(client: Client, text: string | undefined): string[] | undefined {
  if (text === undefined) return client.scopes.filter((scope) => scope !== 'offline_access')
  if (text.length > maxScopeLength) return undefined
  const mayRefresh = client.grants.includes('refresh_token') && client.scopes.includes('offline_access')
  const wanted = [...new Set(text.split(' '))].filter((scope) => scope !== 'offline_access' || mayRefresh)
  return wanted.every((scope) => client.scopes.includes(scope)) ? wanted : undefined
}
