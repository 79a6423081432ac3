import type { Audit } from '../../core/audit.ts'
import type { Budget, Budgets } from '../../core/budgets.ts'
import type { Clock } from '../../core/clock.ts'
import { DirectoryFault, type DirectoryPerson } from '../../core/directory.ts'
import type { IdentityStore } from '../../core/records/identity.ts'
import type { User } from '../../core/records/user.ts'
import { createTellOnce } from '../../core/tell-once.ts'
import type { directoriesEvents } from './audit-events.ts'
import type { DirectorySet, Keeping, NamedDirectory } from './directory-set.ts'
import type { LevelTimes } from './level-times.ts'

/** How often it is told of a directory that a name there is that of several people. */
const quietSeconds = 3_600

/** Who of a directory is meant. `signal` bounds all that is asked of it for this test. */
interface Meant {
  directory: NamedDirectory
  person: DirectoryPerson
  /** Whose account they have here. */
  user: User | undefined
  signal: AbortSignal
}

/** `limited_elsewhere`: too many were wrong lately, so it was not sent; that is told as if it had been. */
type NotRight = 'unknown_account' | 'wrong_password' | 'locked_elsewhere' | 'limited_elsewhere'

/** What a directory says to a password. `directory`: how people know it. */
export type NotProven =
  /** `unknown_account`: also where no directory keeps this password. */
  | { kind: 'wrong'; user: User | undefined; reason: NotRight }
  /** The password is right, and counts for nothing before it is changed at `url`. */
  | { kind: 'must_change'; user: User | undefined; directory: string; url: string | undefined }
  /** The password is right, and the directory lets the account in nowhere. */
  | { kind: 'ended'; user: User | undefined; directory: string }

/** `groups`: those of the person. */
type Proven = Meant & { kind: 'proven'; groups: string[] }

/**
 * Whom to test a password of: the person of an account that has none here, or else whoever of a directory has the name, which is in
 * its one spelling. `isKnown`: the browser is one that has signed in to the account before.
 */
export interface AskedPassword {
  login: string
  user: User | undefined
  password: string
  isKnown: boolean
}

/** Rejects with a `DirectoryFault` when a directory that may know the person gives no answer. */
export type TestPassword = (asked: AskedPassword) => Promise<Proven | NotProven>

/**
 * Tests a password that is not kept here. Tries are counted by the person's id in the directory, whatever name was typed, before
 * they are sent, and so that the directory's own lockout is out of reach: it forgets failures when none has come for its
 * window, so of any that follow one another in less there are never more than `failures_per_account`. One of them is left
 * to browsers that the account knows, which strangers therefore cannot use up.
 */
export function createTestPassword(dependencies: {
  directories: Pick<DirectorySet, 'all' | 'keeperOf'>
  identities: Pick<IdentityStore, 'find'>
  budgets: Pick<Budgets, 'spend' | 'forgive'>
  times: LevelTimes
  audit: Audit<typeof directoriesEvents>
  clock: Clock
}): TestPassword {
  const { directories, identities, budgets, times, audit, clock } = dependencies
  const isNews = createTellOnce(clock, quietSeconds)

  async function ofAccount(user: User, { directory, subject }: Keeping): Promise<Meant | undefined> {
    const signal = directory.deadline()
    const found = await directory.ask((each) => each.findById(subject, signal))
    return found.kind === 'found' ? { directory, person: found.person, user, signal } : undefined
  }

  /** In the first directory that has the name, in the order of the settings. */
  async function ofName(login: string): Promise<Meant | undefined> {
    let fault: DirectoryFault | undefined
    for (const directory of directories.all) {
      try {
        const signal = directory.deadline()
        const found = await directory.ask((each) => each.find(login, signal))
        if (found.kind === 'none') continue
        if (found.kind === 'several') {
          const { name } = directory.config
          // Anybody may type it.
          if (isNews(name))
            audit.record({ event: 'directory.not_admitted', directory: name, reason: 'several_entries' })
          return undefined
        }
        const owner = await identities.find(directory.source, found.person.id)
        return { directory, person: found.person, user: owner?.user, signal }
      } catch (error) {
        if (!(error instanceof DirectoryFault)) throw error
        fault = error
      }
    }
    // They may be in the one that does not answer.
    if (fault !== undefined) throw fault
    return undefined
  }

  /** The widest last, as everywhere. The first one is of this try alone, so that it can be given back by itself. */
  function budgetsOf({ directory, person, user }: Meant, isKnown: boolean): [own: Budget, ...shared: Budget[]] {
    const { name, failuresPerAccount: most, lockoutWindowSeconds } = directory.config
    const windowSeconds = most * lockoutWindowSeconds
    const whose = `${name}:${user?.unlocks ?? 0}:${person.id}`
    return [
      { key: `directory:try:${crypto.randomUUID()}`, most: 1, windowSeconds },
      ...(isKnown ? [] : [{ key: `directory:strangers:${whose}`, most: most - 1, windowSeconds }]),
      { key: `directory:all:${whose}`, most, windowSeconds },
    ]
  }

  return async ({ login, user: account, password, isKnown }) => {
    const [began, level] = [performance.now(), times.begin()]
    const keeper = account && (await directories.keeperOf(account))
    // An account without a password that no directory keeps has the name, and somebody of a directory may have it there.
    const meant = account && keeper ? await ofAccount(account, keeper) : await ofName(login)
    if (meant === undefined) {
      await level()
      return { kind: 'wrong', user: account, reason: 'unknown_account' }
    }
    const { directory, person, user, signal } = meant
    const counted = budgetsOf(meant, isKnown)
    if ((await budgets.spend(counted)).kind === 'used_up') {
      await level()
      return { kind: 'wrong', user, reason: 'limited_elsewhere' }
    }
    const answer = await directory
      .ask((each) => each.proves(person, password, signal))
      .catch(async (error: unknown) => {
        // It was no failure of the person.
        if (error instanceof DirectoryFault) await budgets.forgive(counted)
        throw error
      })
    if (answer.kind === 'wrong') {
      if (answer.isLocked) await level()
      else times.note(performance.now() - began)
      return { kind: 'wrong', user, reason: answer.isLocked ? 'locked_elsewhere' : 'wrong_password' }
    }
    const [, ...shared] = counted
    await budgets.forgive(shared)
    const { title, changePasswordUrl: url } = directory.config
    if (answer.kind === 'must_change') return { kind: 'must_change', user, directory: title, url }
    if (answer.kind === 'refused' || person.state !== 'active') return { kind: 'ended', user, directory: title }
    const groups = await directory.ask((each) => each.groupsOf(person, signal))
    return { kind: 'proven', ...meant, groups }
  }
}
