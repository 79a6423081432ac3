export interface AccessTokenStore {
  /** Cuts one access token before it expires, and tells the revocation feed. Of all calls one resolves to true. */
  revoke(tokenId: string, expiresAt: Date, at: Date): Promise<boolean>
  /** Whether one of them was revoked. */
  isRevoked(...tokenIds: string[]): Promise<boolean>
}
