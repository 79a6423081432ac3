import { createHmac } from 'node:crypto'

export interface Counters {
  /** Counts one more inside a window that starts with the first. Atomic over all replicas. */
  increment(key: string, windowSeconds: number): Promise<{ count: number; resetSeconds: number }>
}

/** The same counters under names that tell nobody what is counted: they are of mail addresses and of networks. */
export function withHiddenNames(counters: Counters, secret: Uint8Array): Counters {
  return {
    increment: (key, windowSeconds) =>
      counters.increment(createHmac('sha256', secret).update(key).digest('base64url'), windowSeconds),
  }
}
