export interface Counters {
  /** Counts one more inside a window that starts with the first. Atomic over all replicas. */
  increment(key: string, windowSeconds: number): Promise<{ count: number; resetSeconds: number }>
}
