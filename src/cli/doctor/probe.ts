import type { EdgeFacts } from '../../features/forward-auth/edge-facts.ts'
import type { Behaviour, Observation } from '../../features/forward-auth/index.ts'
import type { Operator } from '../operator.ts'

/** A probe in the running service: requests that carry its header are noted there. */
export interface Probe {
  facts: EdgeFacts
  header: readonly [name: string, value: string]
  /** What the service noted since the last call, and its clock in epoch milliseconds. */
  news(): Promise<{ now: number; observations: Observation[] }>
  behave(behaviour: Behaviour): Promise<void>
  close(): Promise<void>
}

export async function openProbe(operator: Operator, url: string): Promise<Probe> {
  const opened = await operator<{ id: string; header: string; facts: EdgeFacts }>('POST', '/probes', { url })
  const at = `/probes/${opened.id}`
  let read = 0
  return {
    facts: opened.facts,
    header: [opened.header, opened.id],
    async news() {
      const { now, observations } = await operator<{ now: string; observations: Observation[] }>('GET', at)
      const fresh = observations.slice(read)
      read = observations.length
      return { now: Date.parse(now), observations: fresh }
    },
    behave: async (behaviour) => void (await operator('PUT', at, { behaviour })),
    close: async () => void (await operator('DELETE', at)),
  }
}
