import type { Clock } from '../../core/clock.ts'
import type { ClientStore } from '../../core/records/client.ts'

/** What other replicas have changed counts after this. Whoever asks, and however often: SQL is asked no more than once in it. */
const rememberMilliseconds = 1_000

const nobody: ReadonlySet<string> = new Set()

/** Knows which clients have pages at an origin. */
export function createProgramsAt({ clients, clock }: { clients: Pick<ClientStore, 'withOrigins'>; clock: Clock }) {
  let known: { programs: Promise<ReadonlyMap<string, ReadonlySet<string>>>; until: number } | undefined

  async function load() {
    const programs = new Map<string, Set<string>>()
    for (const { id, origins } of await clients.withOrigins()) {
      for (const origin of origins) programs.set(origin, (programs.get(origin) ?? new Set()).add(id))
    }
    return programs
  }

  return {
    async programsAt(origin: string): Promise<ReadonlySet<string>> {
      const now = clock.now()
      if (known === undefined || now >= known.until) {
        // A fault lets nobody read anything: the endpoint itself has the words for it.
        known = { programs: load().catch(() => new Map()), until: now + rememberMilliseconds }
      }
      return (await known.programs).get(origin) ?? nobody
    },
    /** After a change in this process. */
    forget: () => void (known = undefined),
  }
}
