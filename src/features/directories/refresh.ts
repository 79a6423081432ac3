import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { DirectoryFault } from '../../core/directory.ts'
import type { ApiKeyStore } from '../../core/records/api-key.ts'
import type { Identity, IdentityStore } from '../../core/records/identity.ts'
import type { SessionStore } from '../../core/records/session.ts'
import type { directoriesEvents } from './audit-events.ts'
import type { DirectorySet, NamedDirectory } from './directory-set.ts'
import { factsOf } from './rights.ts'

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
  identities: Pick<IdentityStore, 'dueForCheck' | 'note' | 'find' | 'unlink'>
  sessions: Pick<SessionStore, 'revokeAll'>
  apiKeys: Pick<ApiKeyStore, 'listOf' | 'revoke'>
  audit: Audit<typeof directoriesEvents>
  clock: Clock
}): () => Promise<void> {
  const { directories, identities, sessions, apiKeys, audit, clock } = dependencies
  const now = () => new Date(clock.now())

  /** Rights first: should the rest fail, it is tried again as long as something of theirs lives. */
  async function end({ config }: NamedDirectory, identity: Identity, reason: 'gone' | 'disabled' | 'expired') {
    const { id, userId, label, checkedAt } = identity
    await identities.note(id, { label, groups: [], roles: [] }, { at: checkedAt, isUsed: false })
    let ended = 0
    for (const key of await apiKeys.listOf({ kind: 'user', id: userId })) {
      if (await apiKeys.revoke(key.id, now())) ended++
    }
    const { length } = await sessions.revokeAll(userId, 'directory_account_ended', now())
    // Who has another way to sign in, such as a password of the service, connects it again once it counts again.
    if ((await identities.unlink(userId, id, now())) !== 'unlinked') {
      await identities.note(id, { label, groups: [], roles: [] }, { at: now(), isUsed: false })
    }
    const told = { directory: config.name, reason, sessions: length, api_keys: ended }
    audit.record({ event: 'directory.account_ended', subject: userId, ...told })
  }

  async function check(directory: NamedDirectory, identity: Identity): Promise<void> {
    const signal = directory.deadline()
    const found = await directory.ask((each) => each.findById(identity.subject, signal))
    if (found.kind !== 'found') return end(directory, identity, 'gone')
    const { person } = found
    if (person.state !== 'active') return end(directory, identity, person.state)
    const groups = await directory.ask((each) => each.groupsOf(person, signal))
    const facts = factsOf(person, groups, directory.config)
    await identities.note(identity.id, facts, { at: now(), isUsed: false })
    // Of the roles those are kept that are there.
    const after = (await identities.find(identity.issuer, identity.subject))?.identity.roles ?? []
    const [added, withdrawn] = [lacking(after, identity.roles), lacking(identity.roles, after)]
    if (added.length + withdrawn.length === 0) return
    const { name } = directory.config
    audit.record({ event: 'directory.rights_changed', subject: identity.userId, directory: name, added, withdrawn })
  }

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
        const some = fresh.slice(at, at + together).map(({ identity }) => check(directory, identity))
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

const lacking = (some: readonly string[], others: readonly string[]) => some.filter((each) => !others.includes(each))
