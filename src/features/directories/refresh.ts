import type { Clock } from '../../core/clock.ts'
import { DirectoryFault } from '../../core/directory.ts'
import type { IdentityStore } from '../../core/records/identity.ts'
import type { DirectorySet, NamedDirectory } from './directory-set.ts'
import type { FollowPerson } from './follow-person.ts'

/** How often this is run. */
const tickSeconds = 60
/** How many people are read at once. */
const batch = 100
/** How many are asked about at once; the connections of the directory may be fewer. */
const together = 8

/**
 * Looks everybody up again who has a session or an API key, and was not looked up for as long as the settings let. Whoever does not
 * count any more loses both, and what followed from groups follows from them again. Where a directory gives no answer nobody
 * loses anything; it is asked again with the next run. Never rejects for a directory.
 */
export function createRefresh(dependencies: {
  directories: Pick<DirectorySet, 'all'>
  identities: Pick<IdentityStore, 'dueForCheck'>
  follow: FollowPerson
  clock: Clock
}): () => Promise<void> {
  const { directories, identities, follow, clock } = dependencies
  const now = () => new Date(clock.now())

  async function checkAll(directory: NamedDirectory): Promise<void> {
    const { source, config } = directory
    // Due with this run is whoever would be due before the next one.
    const checkedBefore = new Date(clock.now() - (config.refreshSeconds - tickSeconds) * 1000)
    const seen = new Set<string>()
    for (;;) {
      const due = await identities.dueForCheck(source, { checkedBefore, at: now(), limit: batch })
      const fresh = due.filter(({ identity }) => !seen.has(identity.id))
      if (fresh.length === 0) return
      for (const { identity } of fresh) seen.add(identity.id)
      for (let at = 0; at < fresh.length; at += together) {
        const some = fresh.slice(at, at + together).map(({ identity }) => follow(directory, identity))
        const faults = (await Promise.allSettled(some)).filter((one) => one.status === 'rejected')
        const bug = faults.find(({ reason }) => !(reason instanceof DirectoryFault))
        // One person that cannot be read keeps nobody else from being looked up.
        if (bug !== undefined || faults.length === some.length) throw (bug ?? faults[0]!).reason
      }
    }
  }

  return async () => {
    for (const directory of directories.all) {
      try {
        await checkAll(directory)
      } catch (error) {
        if (!(error instanceof DirectoryFault)) throw error
      }
    }
  }
}
