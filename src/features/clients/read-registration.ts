import { authorizationCodeGrant } from '../../core/grants.ts'
import { OAuthError } from '../../core/oauth-error.ts'
import { JwksFault, readPublicJwks } from '../../core/public-jwks.ts'
import type { Client, OpenIdSettings, PublicJwkSet } from '../../core/records/client.ts'
import { isRedirectUri } from '../../core/redirect-uris.ts'
import { askableExpected, isAskable } from './askable.ts'
import type { ClientSettings } from './settings.ts'

type Wanted = Pick<
  Client,
  'name' | 'authMethod' | 'grants' | 'redirectUris' | 'scopes' | 'audiences' | 'jwks' | 'openid'
>

const grantsThere: readonly string[] = [authorizationCodeGrant, 'refresh_token']
const maxUris = 10

/**
 * What a program says of itself (RFC 7591 §2), as far as such a program may be: by codes and refresh tokens alone, public or with keys,
 * and with scopes and resources of the operator's list. What it says beside that is ignored. Throws what RFC 7591 §3.2.2 says of it.
 * `home`: the origin at which the program is for certain; without it those count at which it receives codes.
 */
export function readRegistration(
  body: Readonly<Record<string, unknown>>,
  { scopes: may, resources }: Pick<ClientSettings, 'scopes' | 'resources'>,
  home?: string,
): Wanted {
  if (body['software_statement'] !== undefined) {
    throw new OAuthError('unapproved_software_statement', 'No software statement is taken.')
  }
  const redirectUris = body['redirect_uris']
  if (!isListOfTexts(redirectUris) || redirectUris.length === 0 || redirectUris.length > maxUris) {
    throw new OAuthError('invalid_redirect_uri', `redirect_uris must be a list of 1 to ${maxUris} addresses.`)
  }
  if (!redirectUris.every((uri) => uri.length <= 2_048 && mayReceive(uri))) {
    const expected = 'https, http of a loopback address, or a scheme with a dot, in ASCII and without a fragment'
    throw new OAuthError('invalid_redirect_uri', `redirect_uris must be absolute addresses of ${expected}.`)
  }
  const grants = listOf(body, 'grant_types', [authorizationCodeGrant], grantsThere)
  if (!grants.includes(authorizationCodeGrant)) throw fault('grant_types must have authorization_code.')
  listOf(body, 'response_types', ['code'], ['code'])
  const method = body['token_endpoint_auth_method'] ?? 'none'
  if (method !== 'none' && method !== 'private_key_jwt') {
    throw fault('token_endpoint_auth_method must be none or private_key_jwt.')
  }
  const { jwks, jwksUri } = method === 'none' ? { jwks: null, jwksUri: '' } : keysOf(body)
  return {
    name: nameOf(body['client_name'], redirectUris),
    authMethod: method,
    ...{ grants, redirectUris, jwks, scopes: scopesOf(body['scope'], may), audiences: [...resources] },
    openid: {
      refreshTokens: 'with_offline_access',
      ...(jwksUri !== '' && { jwksUri }),
      ...placesOf(body, home === undefined ? redirectUris.map((uri) => new URL(uri).origin) : [home]),
    },
  }
}

const fault = (description: string) => new OAuthError('invalid_client_metadata', description)

function isListOfTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function listOf(body: Readonly<Record<string, unknown>>, name: string, fallback: string[], may: readonly string[]) {
  const list = body[name] ?? fallback
  if (isListOfTexts(list) && list.length > 0 && list.every((one) => may.includes(one))) return [...new Set(list)]
  throw fault(`${name} must be a list of ${may.join(' and ')}.`)
}

/** Where nobody else listens: plain http stays on the machine (RFC 8252 §7.3). */
function mayReceive(uri: string): boolean {
  if (!isRedirectUri(uri)) return false
  const { protocol, hostname, username, password } = new URL(uri)
  if (username !== '' || password !== '') return false
  return protocol !== 'http:' || ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)
}

/** As people see it. Without one it is called by where it is. */
function nameOf(name: unknown, [first]: string[]): string {
  const { host, protocol } = new URL(first!)
  if (name === undefined) return host === '' ? protocol.slice(0, -1) : host
  if (typeof name !== 'string' || name.trim() === '' || name.length > 100 || /\p{C}/u.test(name)) {
    throw fault('client_name must be 1 to 100 visible characters.')
  }
  return name.trim()
}

/** Those of the wanted that are in the list: the answer says which. */
function scopesOf(scope: unknown, may: readonly string[]): string[] {
  if (scope === undefined) return [...may]
  if (typeof scope !== 'string') throw fault('scope must be a text with spaces between scopes.')
  const wanted = new Set(scope.split(' '))
  const given = may.filter((one) => wanted.has(one))
  if (given.length === 0) throw fault('scope must have one that is there for programs that register themselves.')
  return given
}

/**
 * Where the program is told of the end of sessions (OpenID Connect Back-Channel Logout 1.0 §2.2), and where a sign-in to it begins
 * (OpenID Connect Core §4). Both are at its own origins: nobody has this service send people or requests to somebody else.
 */
function placesOf(body: Readonly<Record<string, unknown>>, origins: readonly string[]): Partial<OpenIdSettings> {
  function placeOf(name: string): string | undefined {
    const uri = body[name]
    if (uri === undefined) return undefined
    if (typeof uri !== 'string' || uri === '' || uri.length > 2_048 || !isAskable(uri)) {
      throw fault(`${name} ${askableExpected}.`)
    }
    if (!origins.includes(new URL(uri).origin)) throw fault(`${name} must be at an origin of the program.`)
    return uri
  }
  const initiateLoginUri = placeOf('initiate_login_uri')
  const backchannelLogoutUri = placeOf('backchannel_logout_uri')
  const needsSession = body['backchannel_logout_session_required']
  if (needsSession !== undefined && typeof needsSession !== 'boolean') {
    throw fault('backchannel_logout_session_required must be true or false.')
  }
  return {
    ...(initiateLoginUri !== undefined && { initiateLoginUri }),
    ...(backchannelLogoutUri !== undefined && { backchannelLogoutUri }),
    ...(needsSession !== undefined && { backchannelLogoutSessionRequired: needsSession }),
  }
}

function keysOf(body: Readonly<Record<string, unknown>>): { jwks: PublicJwkSet | null; jwksUri: string } {
  const { jwks, jwks_uri: uri } = body
  if ((jwks === undefined) === (uri === undefined)) throw fault('private_key_jwt needs either jwks or jwks_uri.')
  if (uri !== undefined) {
    const isAddress = typeof uri === 'string' && uri.length <= 2_048 && /^https:\/\/[\x21\x22\x24-\x7e]+$/i.test(uri)
    if (!isAddress || !URL.canParse(uri)) throw fault('jwks_uri must be an https address without a fragment.')
    return { jwks: null, jwksUri: uri }
  }
  try {
    readPublicJwks(jwks)
  } catch (error) {
    if (!(error instanceof JwksFault)) throw error
    throw fault('jwks must be a set of public keys for signatures.')
  }
  return { jwks: jwks as PublicJwkSet, jwksUri: '' }
}
