import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { uuidv7 } from '../../core/ids.ts'
import type { Language } from '../../core/language.ts'
import type { UserPrincipal } from '../../core/principal.ts'
import type { Identity, IdentityStore } from '../../core/records/identity.ts'
import type { SessionStore } from '../../core/records/session.ts'
import type { UserStore } from '../../core/records/user.ts'
import type { ConnectedMails } from './admit.ts'
import type { directoriesEvents } from './audit-events.ts'
import type { DirectorySet } from './directory-set.ts'
import { factsOf } from './rights.ts'
import type { NotProven, TestPassword } from './test-password.ts'

/** An account of a directory that opens somebody's account here. */
interface Connected {
  id: string
  label: string
  /** How people know the directory. */
  directory: string
  lastUsedAt: Date
}

export interface ConnectAccount {
  of(userId: string): Promise<Connected[]>
  /**
   * Makes an account of a directory a way into the one of whoever is signed in, which the session has proven and its route asks
   * for anew. `taken`: it opens another account. Rejects with a `DirectoryFault` when the directory gives no answer.
   */
  connect(
    person: UserPrincipal,
    typed: { login: string; password: string; language: Language },
  ): Promise<{ kind: 'connected' } | { kind: 'taken' } | NotProven>
  /** Takes one away, with its groups and roles, and ends the other sessions; never the last way to sign in. */
  disconnect(person: UserPrincipal, id: string): Promise<'disconnected' | 'not_found' | 'last_way'>
}

export function createConnectAccount(dependencies: {
  directories: Pick<DirectorySet, 'all'>
  test: TestPassword
  identities: Pick<IdentityStore, 'of' | 'link' | 'unlink'>
  users: Pick<UserStore, 'findById'>
  sessions: Pick<SessionStore, 'revokeAll'>
  mails: ConnectedMails
  audit: Audit<typeof directoriesEvents>
  clock: Clock
  issuer: string
}): ConnectAccount {
  const { directories, test, identities, users, sessions, mails, audit, clock, issuer } = dependencies
  const directoryOf = ({ source }: Pick<Identity, 'source'>) => directories.all.find((each) => each.source === source)

  return {
    async of(userId) {
      return (await identities.of(userId)).flatMap((identity) => {
        const directory = directoryOf(identity)
        if (directory === undefined) return []
        const { id, label, lastUsedAt } = identity
        return [{ id, label, lastUsedAt, directory: directory.config.title }]
      })
    },
    async connect({ subject, sessionId }, { login, password, language }) {
      const tested = await test({ login, password, user: undefined, isKnown: false })
      if (tested.kind !== 'proven') return tested
      const { directory, person, groups } = tested
      const user = await users.findById(subject)
      const at = clock.now()
      const identity = {
        ...{ id: uuidv7(at), userId: subject, source: directory.source, issuer: directory.source },
        ...{ subject: person.id, createdAt: new Date(at), ...factsOf(person, groups, directory.config) },
      }
      if (user === undefined) return { kind: 'taken' }
      const told = mails.seal({
        kind: 'directory-connected',
        ...{ to: user.email, userId: user.id, language: user.locale ?? language },
        facts: { directory: directory.config.title, link: `${issuer}/directory-accounts` },
      })
      const linked = await identities.link(identity, { provenHash: user.passwordHash, mails: [told] })
      if (linked !== 'linked') return { kind: 'taken' }
      const { name } = directory.config
      const event = 'directory.account_connected'
      audit.record({ event, subject, sessionId, directory: name, by: 'both_passwords' })
      return { kind: 'connected' }
    },
    async disconnect({ subject, sessionId }, id) {
      const identity = (await identities.of(subject)).find((each) => each.id === id)
      const directory = identity && directoryOf(identity)
      if (directory === undefined) return 'not_found'
      const unlinked = await identities.unlink(subject, id, new Date(clock.now()))
      if (unlinked !== 'unlinked') return unlinked
      // None says which password began it.
      const but = sessionId === undefined ? undefined : { sessionId, deviceHashes: [] }
      await sessions.revokeAll(subject, 'identity_unlinked', new Date(clock.now()), but)
      const { name } = directory.config
      audit.record({ event: 'directory.account_disconnected', subject, sessionId, directory: name })
      return 'disconnected'
    },
  }
}
