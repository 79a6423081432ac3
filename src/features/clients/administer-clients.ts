import type { Audit } from '../../core/audit.ts'
import { GatehouseError } from '../../core/errors.ts'
import { authorizationCodeGrant, deviceCodeGrant, signInGrants } from '../../core/grants.ts'
import { isUuid, uuidv7 } from '../../core/ids.ts'
import { isReservedName, notReserved } from '../../core/permissions.ts'
import type { Outgoing } from '../../core/outgoing.ts'
import type { Clock } from '../../core/clock.ts'
import {
  type Client,
  type ClientStore,
  type OpenIdSettings,
  openIdSettingsOf,
  type PublicJwkSet,
} from '../../core/records/client.ts'
import { firstPartyClientId } from '../../core/principal.ts'
import { JwksFault, readPublicJwks } from '../../core/public-jwks.ts'
import { hashSecret, randomSecret } from '../../core/secrets.ts'
import { maxScopeLength, maxAudiences } from '../../core/sizes.ts'
import { isOrigin, isRedirectUri } from '../../core/redirect-uris.ts'
import { askableExpected, isAskable } from './askable.ts'
import type { clientsEvents } from './audit-events.ts'
import { fapiFaultOf } from './fapi-faults.ts'
import { sectorFaultOf } from './sector-faults.ts'

interface NewClient {
  /** Chosen by the operator; otherwise a UUID. */
  id?: string | undefined
  name: string
  grants: string[]
  redirectUris: string[]
  scopes: string[]
  audiences: string[]
  public: boolean
  /** The client then authenticates by `private_key_jwt` and has no secret. */
  jwks?: unknown
  openid?: Partial<OpenIdSettings> | undefined
}

/** What is left out stays as it is. */
export type ClientWishes = Partial<
  Pick<NewClient, 'name' | 'grants' | 'redirectUris' | 'scopes' | 'audiences' | 'openid'>
>

export interface ClientAdministration {
  /** The secret is shown here and never again; public clients and those with keys have none. */
  create(request: NewClient): Promise<{ client: Client; secret: string | undefined }>
  find(id: string): Promise<Client>
  list: ClientStore['page']
  rotateSecret(id: string): Promise<{ client: Client; secret: string }>
  /** Replaces the keys of a client that has keys. */
  setJwks(id: string, jwks: unknown): Promise<Client>
  /** Changes what a client may do; what it got before goes on as it is. */
  change(id: string, wishes: ClientWishes): Promise<Client>
  delete(id: string): Promise<void>
}

/** What an operator may do to clients. */
export function createClientAdministration(dependencies: {
  clients: ClientStore
  outgoing: Pick<Outgoing, 'readJson'>
  audit: Audit<typeof clientsEvents>
  clock: Clock
  /** Waited for, once a client is there or is another one. */
  changed(client: Client): Promise<void>
}): ClientAdministration {
  const { clients, outgoing, audit, clock, changed } = dependencies

  async function find(id: string): Promise<Client> {
    const client = await clients.find(id)
    if (client === undefined) throw noSuchClient()
    return client
  }

  return {
    async create(request) {
      const fault = faultOf(request, request.jwks !== undefined || Boolean(request.openid?.jwksUri))
      refuse(fault)
      const now = clock.now()
      const jwks = request.jwks === undefined ? null : keysOf(request.jwks)
      const hasKeys = jwks !== null || Boolean(request.openid?.jwksUri)
      const authMethod = request.public ? 'none' : hasKeys ? 'private_key_jwt' : 'client_secret'
      refuse(fapiFaultOf({ ...request, authMethod, jwks }))
      refuse(await sectorFaultOf(outgoing, { ...request, openid: request.openid ?? null }))
      const secret = request.public || hasKeys ? undefined : randomSecret()
      const client: Client = {
        id: request.id ?? uuidv7(now),
        name: request.name,
        authMethod,
        secretHash: secret === undefined ? null : hashSecret(secret),
        grants: [...new Set(request.grants)],
        redirectUris: request.redirectUris,
        scopes: scopesOf(request),
        audiences: [...new Set(request.audiences)],
        jwks,
        openid: request.openid ?? null,
        selfRegistered: false,
        registrationTokenHash: null,
        createdAt: new Date(now),
      }
      if ((await clients.create(client)) === 'id_taken') {
        throw new GatehouseError('conflict', { detail: 'A client with this id exists already.' })
      }
      const { grants, scopes } = client
      audit.record({ event: 'client.created', clientId: client.id, grants, scopes })
      await changed(client)
      return { client, secret }
    },
    find,
    list: (wanted) => clients.page(wanted),
    async rotateSecret(id) {
      const client = await find(id)
      if (client.authMethod !== 'client_secret') {
        throw new GatehouseError('invalid_request', { detail: 'This client has no secret.' })
      }
      const secret = randomSecret()
      await clients.setSecret(id, hashSecret(secret))
      audit.record({ event: 'client.secret_rotated', clientId: id })
      return { client, secret }
    },
    async setJwks(id, jwks) {
      const client = await find(id)
      if (client.authMethod !== 'private_key_jwt') {
        throw new GatehouseError('invalid_request', { detail: 'This client does not authenticate by keys.' })
      }
      if (openIdSettingsOf(client).jwksUri !== '') {
        throw new GatehouseError('invalid_request', { detail: 'The keys of this client are at its jwks_uri.' })
      }
      const keys = keysOf(jwks)
      refuse(fapiFaultOf({ ...client, jwks: keys }))
      await clients.setJwks(id, keys)
      audit.record({ event: 'client.keys_replaced', clientId: id })
      return find(id)
    },
    async change(id, wishes) {
      const before = await find(id)
      const wanted = { ...before, ...wishes, openid: { ...before.openid, ...wishes.openid } }
      const isPublic = before.authMethod === 'none'
      const hasKeys = before.authMethod === 'private_key_jwt'
      const fault =
        faultOfStranger(before, wanted) ??
        faultOfKeys(before, wanted) ??
        faultOf({ ...wanted, id: undefined, jwks: undefined, public: isPublic }, hasKeys)
      refuse(fault)
      refuse(fapiFaultOf(wanted))
      refuse(await sectorFaultOf(outgoing, wanted, before))
      const { name, redirectUris, audiences, openid } = wanted
      const grants = [...new Set(wanted.grants)]
      const scopes = scopesOf(wanted)
      await clients.change(id, { name, grants, redirectUris, scopes, audiences: [...new Set(audiences)], openid })
      audit.record({ event: 'client.changed', clientId: id, grants, scopes })
      const client = await find(id)
      await changed(client)
      return client
    },
    async delete(id) {
      if (!(await clients.delete(id))) throw noSuchClient()
      audit.record({ event: 'client.deleted', clientId: id })
    },
  }
}

function refuse(fault: { path: string; message: string } | undefined): void {
  if (fault !== undefined) throw new GatehouseError('invalid_request', { fields: [fault] })
}

/** The set, when it is one of public keys. */
function keysOf(jwks: unknown): PublicJwkSet {
  try {
    readPublicJwks(jwks)
  } catch (error) {
    if (!(error instanceof JwksFault)) throw error
    throw new GatehouseError('invalid_request', { fields: [{ path: '/body/jwks', message: error.message }] })
  }
  return jwks as PublicJwkSet
}

/** A program by which people sign in wants to know who they are. */
function scopesOf({ grants, scopes }: Pick<NewClient, 'grants' | 'scopes'>): string[] {
  const signsIn = signInGrants.some((grant) => grants.includes(grant))
  if (scopes.length === 0 && signsIn) return ['openid', 'profile', 'email']
  return [...new Set(scopes)]
}

function noSuchClient(): GatehouseError {
  return new GatehouseError('not_found', { detail: 'There is no such client.' })
}

function faultOf(request: NewClient, hasKeys: boolean): { path: string; message: string } | undefined {
  // A client named like a user could get tokens that read as that user's (RFC 9700 §4.15).
  if (request.id !== undefined && (isUuid(request.id) || request.id === firstPartyClientId)) {
    return { path: '/body/id', message: 'must be neither a UUID nor the name of the service' }
  }
  // RFC 6749 §2.3.1 has ids form-encoded before they stand in a header, which many clients forget.
  if (request.id !== undefined && /[:%+]/.test(request.id)) {
    return { path: '/body/id', message: 'must not hold ":", "%" or "+", which many clients send unencoded' }
  }
  // RFC 6749 §4.4, and whoever acts for others must prove who it is.
  const ofPublic = new Set<string>(['refresh_token', authorizationCodeGrant, deviceCodeGrant])
  if (request.public && request.grants.some((grant) => !ofPublic.has(grant))) {
    const message = `a public client can use nothing but authorization_code, refresh_token and ${deviceCodeGrant}`
    return { path: '/body/grants', message }
  }
  if (request.grants.includes(authorizationCodeGrant) && request.redirectUris.length === 0) {
    return { path: '/body/redirect_uris', message: 'the grant authorization_code needs one' }
  }
  const jwksUri = request.openid?.jwksUri
  if (!isAskable(jwksUri)) return { path: '/body/jwks_uri', message: askableExpected }
  if (jwksUri && (request.public || request.jwks !== undefined)) {
    return { path: '/body/jwks_uri', message: 'must not stand beside jwks, nor of a public client' }
  }
  if (request.public && request.jwks !== undefined) {
    return { path: '/body/jwks', message: 'a public client has no keys' }
  }
  const reserved = request.scopes.findIndex(isReservedName)
  if (reserved !== -1) return { path: `/body/scopes/${reserved}`, message: `must be ${notReserved}` }
  // What a token holds, and a request for it.
  const scopeLength = request.scopes.join(' ').length
  if (scopeLength > maxScopeLength) {
    const message = `must be at most ${maxScopeLength} characters together, with a space between two; these are ${scopeLength}`
    return { path: '/body/scopes', message }
  }
  if (request.audiences.length > maxAudiences) {
    return {
      path: '/body/audiences',
      message: `must be at most ${maxAudiences}; these are ${request.audiences.length}`,
    }
  }
  const message =
    'must be absolute URIs of https, http or a scheme with a dot (com.example.app), in ASCII and without a fragment'
  if (!request.redirectUris.every(isRedirectUri)) return { path: '/body/redirect_uris', message }
  if (request.openid?.requireSignedRequestObject && !hasKeys) {
    return { path: '/body/require_signed_request_object', message: 'needs keys of the client (jwks)' }
  }
  if (request.openid?.corsOrigins?.every(isOrigin) === false) {
    return { path: '/body/cors_origins', message: 'must be origins such as https://app.example.com' }
  }
  if (request.openid?.postLogoutRedirectUris?.every(isRedirectUri) === false) {
    return { path: '/body/post_logout_redirect_uris', message }
  }
  const { refreshIdleTtlSeconds: idle, refreshAbsoluteTtlSeconds: whole } = request.openid ?? {}
  if (typeof idle === 'number' && typeof whole === 'number' && idle > whole) {
    return { path: '/body/refresh_idle_ttl_seconds', message: 'must not exceed refresh_absolute_ttl_seconds' }
  }
  const { dpopBoundAccessTokens: byKey, tlsClientCertificateBoundAccessTokens: byCertificate } = request.openid ?? {}
  if (request.public && request.openid?.refreshTokenRotation === 'off' && !byKey && !byCertificate) {
    // RFC 9700 §4.14.2.
    const message =
      'must be on where nothing proves the client: a public one needs dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens'
    return { path: '/body/refresh_token_rotation', message }
  }
  if (!isAskable(request.openid?.initiateLoginUri)) {
    return { path: '/body/initiate_login_uri', message: askableExpected }
  }
  if (!isAskable(request.openid?.sectorIdentifierUri)) {
    return { path: '/body/sector_identifier_uri', message: askableExpected }
  }
  if (!isAskable(request.openid?.backchannelLogoutUri)) {
    return { path: '/body/backchannel_logout_uri', message: askableExpected }
  }
  return undefined
}

/** Who registered itself stays what such programs may be. */
function faultOfStranger(
  { selfRegistered }: Client,
  { openid, grants }: Pick<Client, 'grants'> & { openid: Partial<OpenIdSettings> },
) {
  const of = 'a program that registered itself'
  if (selfRegistered && openid.firstParty) return { path: '/body/first_party', message: `${of} is never yours` }
  const isMore = selfRegistered && grants.some((grant) => grant !== authorizationCodeGrant && grant !== 'refresh_token')
  if (isMore) return { path: '/body/grants', message: `${of} uses nothing but authorization_code and refresh_token` }
  return undefined
}

/** How a client proves itself stays: it has keys, here or elsewhere, or it has none. */
function faultOfKeys(before: Client, { openid }: { openid: Partial<OpenIdSettings> }) {
  const has = Boolean(openid.jwksUri)
  if (has === (openIdSettingsOf(before).jwksUri !== '')) return undefined
  const message =
    before.authMethod === 'private_key_jwt'
      ? 'the keys of this client are registered: it stays so'
      : 'this client does not authenticate by keys'
  if (has) return { path: '/body/jwks_uri', message }
  return { path: '/body/jwks_uri', message: 'this client has no keys but those' }
}
