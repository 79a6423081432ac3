/** Kinds of rows that end. `replays` are no rows but the sealed answers of used refresh tokens. */
export type Perishable =
  | 'replays'
  | 'expiredRefreshTokens'
  | 'revokedRefreshTokens'
  | 'sessions'
  | 'registrations'
  | 'knownDevices'
  | 'revokedAccessTokens'
  | 'usedAssertions'
  | 'revocations'
  | 'auditEvents'
  | 'apiKeys'

export interface HousekeepingStore {
  /**
   * Deletes up to `limit` rows of one kind that ended before a time, and with them what belongs to them alone: a family with
   * its last token. Resolves to how many; to `busy` while another
   * replica is at it.
   */
  sweep(kind: Perishable, endedBefore: Date, limit: number): Promise<number | 'busy'>
}
