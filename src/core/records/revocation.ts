/**
 * One row of the revocation feed: from `sequence` on, whatever was remembered about the subject is out of date and must
 * be read again. Written in the transaction that changed it.
 */
export interface Revocation {
  sequence: number
  kind: RevocationKind
  id: string
}

/** `key`: the ring of signing keys is to be read again. */
export type RevocationKind = 'session' | 'user' | 'client' | 'token' | 'key'

/** The subject of kind `key` that stands for everything a key may have signed. */
export const allKeys = 'all'

export interface RevocationStore {
  /** Number of the newest row, 0 when there is none. */
  latest(): Promise<number>
  /** Rows that were written within this time before now, in order. */
  readLatest(milliseconds: number): Promise<Revocation[]>
  /**
   * Rows above a number, in order. A row is never committed below one that was already readable. `complete`: none of them
   * has been let go of; rows are kept for a day.
   */
  readAfter(sequence: number): Promise<{ rows: Revocation[]; complete: boolean }>
  /** Calls back soon after any replica wrote a row; a hint, which may be lost. Returns the way to stop. */
  onWake(wake: () => void): Promise<() => Promise<void>>
  /**
   * Calls whenever something was changed through these stores that replicas may remember, and waits before the change resolves:
   * `read` reads the feed, and never rejects. Returns the way to stop.
   */
  onChange(read: () => Promise<void>): Promise<() => Promise<void>>
}
