import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import type { ApiKeyStore } from '../../core/records/api-key.ts'
import type { Identity, IdentityStore } from '../../core/records/identity.ts'
import type { SessionStore } from '../../core/records/session.ts'
import type { directoriesEvents } from './audit-events.ts'
import type { NamedDirectory } from './directory-set.ts'
import { factsOf } from './rights.ts'

/**
 * Looks one person up again. False: they do not count any more, and have lost sessions, API keys and what the directory brought. Rejects
 * with a `DirectoryFault`, and changes nothing, when the directory gives no answer.
 */
export type FollowPerson = (directory: NamedDirectory, identity: Identity) => Promise<boolean>

export function createFollowPerson(dependencies: {
  identities: Pick<IdentityStore, 'note' | 'find' | 'unlink'>
  sessions: Pick<SessionStore, 'revokeAll'>
  apiKeys: Pick<ApiKeyStore, 'listOf' | 'revoke'>
  audit: Audit<typeof directoriesEvents>
  clock: Clock
}): FollowPerson {
  const { identities, sessions, apiKeys, audit, clock } = dependencies
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
    return false
  }

  return async (directory, identity) => {
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
    if (added.length + withdrawn.length === 0) return true
    const { name } = directory.config
    audit.record({ event: 'directory.rights_changed', subject: identity.userId, directory: name, added, withdrawn })
    return true
  }
}

const lacking = (some: readonly string[], others: readonly string[]) => some.filter((each) => !others.includes(each))
