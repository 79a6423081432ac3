export type ClientAuthMethod = 'client_secret' | 'private_key_jwt' | 'none'

/** A JWK set of public keys (RFC 7517 §5). */
export interface PublicJwkSet {
  keys: { kty: string; kid?: string; alg?: string; [member: string]: unknown }[]
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
  createdAt: Date
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
