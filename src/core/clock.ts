/** Where time comes from. Tests move it; nothing else reads the wall clock. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
}
