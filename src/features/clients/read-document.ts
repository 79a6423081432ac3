import { OAuthError } from '../../core/oauth-error.ts'
import type { Client } from '../../core/records/client.ts'
import { readRegistration } from './read-registration.ts'
import type { ClientSettings } from './settings.ts'

/**
 * Whether a `client_id` may be the address of a document that says what the client is (OAuth Client ID Metadata Document §3): https
 * with a path, in the one spelling that a browser gives it, without a query, a fragment, a name or a password.
 */
export function isDocumentAddress(id: string): boolean {
  if (!/^https:\/\/[\x21-\x7e]{1,152}$/.test(id) || !URL.canParse(id)) return false
  const { href, pathname, search, hash, username, password } = new URL(id)
  return href === id && pathname !== '/' && [search, hash, username, password].every((part) => part === '')
}

/**
 * The client that a document describes. It is called by the host of its address, since nobody vouches for another name, and comes back
 * to that origin or to a loopback address alone. Throws an `OAuthError` that says what is wrong with it.
 */
export function readDocument(
  id: string,
  document: unknown,
  settings: Pick<ClientSettings, 'scopes' | 'resources'>,
): Omit<Client, 'createdAt'> {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw fault('no object')
  const said = document as Readonly<Record<string, unknown>>
  if (said['client_id'] !== id) throw fault('client_id is not the address of the document')
  if (said['client_secret'] !== undefined || said['client_secret_expires_at'] !== undefined) throw fault('a secret')
  const { client_name: _name, ...rest } = said
  const { origin, host } = new URL(id)
  const wanted = readRegistration(rest, settings, origin)
  if (!wanted.redirectUris.every((uri) => isNear(uri, origin))) {
    throw fault('redirect_uris are neither at the origin of the document nor loopback addresses')
  }
  return { ...wanted, id, name: host, secretHash: null, selfRegistered: true, registrationTokenHash: null }
}

const fault = (what: string) => new OAuthError('invalid_client_metadata', `The document will not do: ${what}.`)

/** `readRegistration` takes plain http for loopback addresses alone. */
function isNear(uri: string, origin: string): boolean {
  const url = new URL(uri)
  return url.protocol === 'http:' || url.origin === origin
}
