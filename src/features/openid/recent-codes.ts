import { LRUCache } from 'lru-cache'
import type { Authorization } from '../../core/records/authorization.ts'

/**
 * What this process has issued codes for, so that most are redeemed without a look-up. It says nothing about whether a code is still
 * good: the statement that uses the code does.
 */
export interface RecentCodes {
  keep(codeHash: string, authorization: Authorization): void
  /** Hands an authorization out once: a code works once. */
  take(codeHash: string): Authorization | undefined
}

/** A program redeems its code at once. */
const maxCodes = 1_000

export function createRecentCodes(): RecentCodes {
  const recent = new LRUCache<string, Authorization>({ max: maxCodes })
  return {
    keep: (codeHash, authorization) => void recent.set(codeHash, authorization),
    take(codeHash) {
      const authorization = recent.get(codeHash)
      recent.delete(codeHash)
      return authorization
    },
  }
}
