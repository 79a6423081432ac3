import type { AuthenticationLevel } from '../principal.ts'
import type { SigningAlgorithm } from './signing-key.ts'

export type ClientAuthMethod = 'client_secret' | 'private_key_jwt' | 'none'

/** By which a client signs (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). */
export type ClientAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'EdDSA' | 'Ed25519'

/** A JWK set of public keys (RFC 7517 §5). */
export interface PublicJwkSet {
  keys: { kty: string; kid?: string; alg?: string; [member: string]: unknown }[]
}

/** What concerns a client by which people sign in. */
export interface OpenIdSettings {
  /** Whether a client with a secret or a key must send a code challenge as well; a public one always must. */
  pkce: 'required' | 'optional'
  /** Whether it belongs to whoever runs the service, so that nobody is asked whether it may know them. */
  firstParty: boolean
  /** Whether ID tokens tell what userinfo tells (`full`), or nothing but who it is and how they signed in. */
  idTokenClaims: 'full' | 'thin'
  /** Whether a refresh token comes only with the scope `offline_access`. */
  refreshTokens: 'with_offline_access' | 'always'
  /** Where a browser may be sent after signing out. */
  postLogoutRedirectUris: string[]
  /** Origins of its pages, whose scripts may read what the endpoints for programs answer it. */
  corsOrigins: string[]
  /** Whether it must push its authorization requests (RFC 9126 §6). */
  requirePushedAuthorizationRequests: boolean
  /** Whether it must sign its authorization requests (RFC 9101 §10.5). */
  requireSignedRequestObject: boolean
  /** By which algorithm it signs them; `any`: by whichever fits its key. */
  requestObjectSigningAlg: ClientAlgorithm | 'any'
  /** Where its keys are; empty: they are registered. */
  jwksUri: string
  /** Where somebody is led who wants to sign in to it from here; empty: nowhere. */
  initiateLoginUri: string
  /** Where it is told of the end of sessions; empty: it is told nothing. */
  backchannelLogoutUri: string
  /** Whether a logout token must name the session. It always does. */
  backchannelLogoutSessionRequired: boolean
  /** By which algorithm its ID tokens are signed; `default`: as `keys.id_tokens` says. */
  idTokenSignedResponseAlg: SigningAlgorithm | 'default'
  /** By which algorithm the answers of the authorization endpoint are signed that it wants signed; `default`: as its ID tokens. */
  authorizationSignedResponseAlg: SigningAlgorithm | 'default'
  /** By which algorithm the answers of userinfo are signed that it gets; `none`: they are plain JSON. */
  userinfoSignedResponseAlg: SigningAlgorithm | 'none'
  /** Whether it gets no token without a DPoP proof (RFC 9449 §5.2). */
  dpopBoundAccessTokens: boolean
  /** Whether its tokens are bound to the certificate by which it is connected, and it gets none without one (RFC 8705 §3.3). */
  tlsClientCertificateBoundAccessTokens: boolean
  /** How long its access tokens and ID tokens are good for, and its refresh tokens without use and in all; null: as the service has it. */
  accessTokenTtlSeconds: number | null
  refreshIdleTtlSeconds: number | null
  refreshAbsoluteTtlSeconds: number | null
  idTokenTtlSeconds: number | null
  /** Whether each use of a refresh token brings another one. */
  refreshTokenRotation: 'on' | 'off'
  /** The levels of which one is wanted where a request names none. */
  defaultAcrValues: AuthenticationLevel[]
  /** How old a proof of the person may be where a request does not say; null: as old as it is. */
  defaultMaxAge: number | null
  /** Whether it knows people by their ids, or by names that nobody outside its sector knows (OpenID Connect Core §8). */
  subjectType: 'public' | 'pairwise'
  /** Whose host is its sector; empty: the one host of its redirect URIs is. */
  sectorIdentifierUri: string
  /** `fapi2`: what the FAPI 2.0 Security Profile demands of a client holds for it, whatever else is set. */
  profile: 'none' | 'fapi2'
}

const openIdDefaults: OpenIdSettings = {
  pkce: 'optional',
  firstParty: false,
  idTokenClaims: 'full',
  refreshTokens: 'with_offline_access',
  postLogoutRedirectUris: [],
  corsOrigins: [],
  requirePushedAuthorizationRequests: false,
  requireSignedRequestObject: false,
  requestObjectSigningAlg: 'any',
  jwksUri: '',
  initiateLoginUri: '',
  backchannelLogoutUri: '',
  backchannelLogoutSessionRequired: false,
  idTokenSignedResponseAlg: 'default',
  authorizationSignedResponseAlg: 'default',
  userinfoSignedResponseAlg: 'none',
  dpopBoundAccessTokens: false,
  tlsClientCertificateBoundAccessTokens: false,
  accessTokenTtlSeconds: null,
  refreshIdleTtlSeconds: null,
  refreshAbsoluteTtlSeconds: null,
  idTokenTtlSeconds: null,
  refreshTokenRotation: 'on',
  defaultAcrValues: [],
  defaultMaxAge: null,
  subjectType: 'public',
  sectorIdentifierUri: '',
  profile: 'none',
}

/** The algorithms that FAPI 2.0 allows (§5.4.1); Ed25519 is another name for EdDSA with that curve. */
export const fapiAlgorithms: readonly string[] = ['PS256', 'ES256', 'EdDSA', 'Ed25519']

/** The settings of a client, with the defaults of what nobody has set, and what its profile demands. */
export function openIdSettingsOf({ openid }: Pick<Client, 'openid'>): OpenIdSettings {
  const settings = { ...openIdDefaults, ...openid }
  if (settings.profile === 'none') return settings
  const { idTokenSignedResponseAlg } = settings
  return {
    ...settings,
    pkce: 'required',
    requirePushedAuthorizationRequests: true,
    // FAPI 2.0 Security Profile §5.3.2.1: by one of the two.
    dpopBoundAccessTokens: settings.dpopBoundAccessTokens || !settings.tlsClientCertificateBoundAccessTokens,
    refreshTokenRotation: openid?.refreshTokenRotation ?? 'off',
    idTokenSignedResponseAlg: idTokenSignedResponseAlg === 'default' ? 'ES256' : idTokenSignedResponseAlg,
  }
}

/** How long the tokens of a client are good for; null: as the service has it. */
export type ClientLifetimes = Pick<
  OpenIdSettings,
  'accessTokenTtlSeconds' | 'refreshIdleTtlSeconds' | 'refreshAbsoluteTtlSeconds'
>

/** Whether the FAPI 2.0 Security Profile holds for a client. */
export function isFapi(client: Pick<Client, 'openid'>): boolean {
  return openIdSettingsOf(client).profile === 'fapi2'
}

export interface Client {
  id: string
  name: string
  authMethod: ClientAuthMethod
  secretHash: string | null
  grants: string[]
  redirectUris: string[]
  scopes: string[]
  audiences: string[]
  /** What verifies the assertions of a client that authenticates by `private_key_jwt`. */
  jwks: PublicJwkSet | null
  /** What of its OpenID settings somebody has set. */
  openid: Partial<OpenIdSettings> | null
  /** Whether nobody but the program itself says what it is. */
  selfRegistered: boolean
  /** By which it manages that. */
  registrationTokenHash: string | null
  createdAt: Date
}

/** Whether nobody says what it is but the document at its id: whoever registers by a request has a token to manage that. */
export function isOfDocument(client: Pick<Client, 'selfRegistered' | 'registrationTokenHash'>): boolean {
  return client.selfRegistered && client.registrationTokenHash === null
}

type ClientChange = Partial<Pick<Client, 'name' | 'grants' | 'redirectUris' | 'scopes' | 'audiences' | 'openid'>>

/** By which algorithms something is signed for a client. */
export type SigningSettings = Partial<
  Pick<
    OpenIdSettings,
    'idTokenSignedResponseAlg' | 'authorizationSignedResponseAlg' | 'userinfoSignedResponseAlg' | 'profile'
  >
>

/** By which algorithm ID tokens, and answers, are signed for a client; nothing: as `keys.id_tokens` says. */
export function signingAlgorithmsOf(client: Pick<Client, 'openid'>): {
  idTokens: SigningAlgorithm | undefined
  answers: SigningAlgorithm | undefined
  /** Nothing where they are not signed. */
  userinfo: SigningAlgorithm | undefined
} {
  const { idTokenSignedResponseAlg, authorizationSignedResponseAlg, userinfoSignedResponseAlg } =
    openIdSettingsOf(client)
  const idTokens = idTokenSignedResponseAlg === 'default' ? undefined : idTokenSignedResponseAlg
  return {
    idTokens,
    userinfo: userinfoSignedResponseAlg === 'none' ? undefined : userinfoSignedResponseAlg,
    answers: authorizationSignedResponseAlg === 'default' ? idTokens : authorizationSignedResponseAlg,
  }
}

export interface ClientStore {
  create(client: Client): Promise<'created' | 'id_taken'>
  find(id: string): Promise<Client | undefined>
  list(): Promise<Client[]>
  /** By id; `after`: those after this one. */
  page(wanted: { after: string | undefined; limit: number }): Promise<Client[]>
  /** Also tells the revocation feed. */
  setSecret(id: string, secretHash: string): Promise<boolean>
  /** Replaces the keys of a client. Also tells the revocation feed. */
  setJwks(id: string, jwks: PublicJwkSet): Promise<boolean>
  /** Replaces what may be changed of a client. Also tells the revocation feed. */
  change(id: string, change: ClientChange): Promise<boolean>
  /** Keeps a client that registers itself: not where `most` of them are there, nor with an initial token that is used up or over. */
  register(
    client: Client,
    bounds: { most: number; initialTokenHash: string | undefined; at: Date },
  ): Promise<'registered' | 'full' | 'token_ended'>
  /** What a client says of itself anew; false when its token is another one by now. Also tells the revocation feed. */
  replaceRegistration(
    id: string,
    tokenHash: string,
    change: ClientChange & Pick<Client, 'jwks' | 'registrationTokenHash'>,
  ): Promise<boolean>
  /**
   * Keeps a client that nobody but a document at its id describes, as it says there now, if no operator has registered that id: not where
   * `most` clients are there that describe themselves. Also tells the revocation feed.
   */
  keepDocument(client: Client, bounds: { most: number; at: Date }): Promise<'registered' | 'changed' | 'full'>
  addInitialToken(token: { hash: string; usesLeft: number; expiresAt: Date }): Promise<void>
  /**
   * Deletes clients that registered themselves before a time, and that since then nobody has let in and no refresh token keeps. Also tells
   * the revocation feed. Resolves to their ids.
   */
  deleteUnused(before: Date, at: Date, limit: number): Promise<string[]>
  /** What the clients that may use one of these grants have set of what decides by which keys something is signed for them, each once. */
  signingSettings(grants: readonly string[]): Promise<SigningSettings[]>
  /** What the names of people are made with that clients of the kind `pairwise` know: the first that was proposed, once and for ever. */
  subjectSalt(proposed: string): Promise<string>
  /** Each client that names origins of its pages, with those. */
  withOrigins(): Promise<{ id: string; origins: readonly string[] }[]>
  /** With its API keys and refresh tokens. Also tells the revocation feed. */
  delete(id: string): Promise<boolean>
}

export interface UsedJtiStore {
  /**
   * Uses up the id of a client's assertion, which is remembered until `expiresAt`: of any number of parallel calls, one
   * returns true.
   */
  use(clientId: string, tokenId: string, expiresAt: Date): Promise<boolean>
}
