import type { EdgeFacts } from '../../features/forward-auth/edge-facts.ts'
import type { Observation } from '../../features/forward-auth/index.ts'
import type { FindingName } from './advice.ts'
import type { Exchange, Reply, Sent } from './exchange.ts'
import type { Probe } from './probe.ts'

/** What the checks have in common. */
export interface Examination {
  facts: EdgeFacts
  probe: Probe | undefined
  /** A random text that comes back in the body when the upstream echoes its headers. */
  marker: string
  token: string | undefined
  exchange: Exchange
  /** What keeps mails from being sent; nothing while they can be. */
  checkMail(): Promise<string | undefined>
  /** How many mails were given up, and since when; absent where nobody here can tell. */
  givenUpMails?: (() => Promise<{ count: number; since: string | null }>) | undefined
  /** Sends a request with probe and marker, and tells what the service noted meanwhile. */
  ask(request?: Partial<Sent> & { anonymous?: boolean }): Promise<Asked>
}
export interface Asked {
  reply: Reply
  observations: readonly Observation[]
  /** The service's clock and this one's, epoch milliseconds. The service's is absent without a probe. */
  clocks: { service: number | undefined; here: number }
}

/** What a check comes to: a finding with what was seen, nothing, or why it could not be made. */
export type Outcome = { found: string; as?: FindingName } | { notMade: string } | undefined
