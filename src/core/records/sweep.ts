/** The settings that say how long some rows are kept, as sections of gatehouse.yaml. */
export interface Retention {
  tokens: { refresh_grace_seconds: number }
  audit: { retention_days: number }
}

/** One kind of rows that end, or of what stands in rows. */
export interface Sweep {
  readonly name: string
  /** How long after it ended it is kept, in milliseconds: room for clocks that differ, and for whoever looks into what happened. */
  kept(retention: Retention): number
}

export interface HousekeepingStore {
  /** Every kind that ends, in the order in which they leave: a session after its refresh tokens. */
  readonly sweeps: readonly Sweep[]
  /**
   * Deletes up to `limit` rows of one kind, by its name, that ended before a time, and with them what belongs to them alone: a
   * family with its last token. Resolves to how many; to `busy` while another replica is at it.
   */
  sweep(name: string, endedBefore: Date, limit: number): Promise<number | 'busy'>
}
