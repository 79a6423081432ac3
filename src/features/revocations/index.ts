/** What changed: which of the things that a replica remembers are out of date. */
import type { Base } from '../../base.ts'
import type { Feature } from '../../http/feature.ts'
import { createRevocationFeed, type RevocationFeed } from './feed.ts'

export type { RevocationFeed, EntityKey } from './feed.ts'

export interface Revocations extends Feature {
  readonly feed: RevocationFeed
}

export function createRevocations({ stores, log }: Base): Revocations {
  const feed = createRevocationFeed(stores.revocations, log)
  return { feed, start: () => feed.start(), stop: () => feed.stop() }
}
