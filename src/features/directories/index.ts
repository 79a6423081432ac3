/** Directories of organisations, LDAP and Active Directory: their people sign in here, and what they are there counts here. */
import type { Base } from '../../base.ts'
import { unavailable } from '../../core/errors.ts'
import type { Directory, DirectorySettings } from '../../core/directory.ts'
import { DirectoryFault } from '../../core/directory.ts'
import type { User } from '../../core/records/user.ts'
import type { BrowserGuards } from '../../http/browser-guards.ts'
import type { Feature } from '../../http/feature.ts'
import type { Pages } from '../../http/pages.ts'
import type { MailsOf } from '../../pages/mail.ts'
import type { Languages } from '../../pages/view.ts'
import type { Mail } from '../mail/index.ts'
import { createAdmit } from './admit.ts'
import { type AskPassword, createAskPassword } from './ask-password.ts'
import { createConnectAccount } from './connect-account.ts'
import { createDirectorySet, type NamedDirectory } from './directory-set.ts'
import { directoryPages } from './directory-pages.ts'
import { createLevelTimes, type LevelTimes } from './level-times.ts'
import type { directoriesMails } from './mails.ts'
import { createFollowPerson } from './follow-person.ts'
import { createRefresh } from './refresh.ts'
import type { DirectoryConfig } from './configured-settings.ts'
import { createTestPassword } from './test-password.ts'
import type { DirectoriesTexts } from './texts.ts'

export type { DirectoryAnswer } from './ask-password.ts'
export type { directoriesMails } from './mails.ts'

/** Where the password of somebody is kept: how they know the directory, and where they change it there. */
export interface Keeper {
  title: string
  url: string | undefined
}

export interface Directories extends Feature {
  /** Whether there are any. */
  readonly areThere: boolean
  readonly askPassword: AskPassword
  /** By which an answer that no directory was asked for comes no sooner. */
  readonly times: Pick<LevelTimes, 'begin'>
  /** The directory that keeps the password of somebody who has none here; nothing where it is kept here. */
  keeperOf(user: Pick<User, 'id' | 'passwordHash'>): Promise<Keeper | undefined>
  /**
   * Whether somebody who was proven by other means than their password still counts in the directory that keeps it; true where none does.
   * What follows from it follows at once. Rejects as `unavailable` when the directory gives no answer.
   */
  counts(user: Pick<User, 'id' | 'passwordHash'>): Promise<boolean>
}

/** `make`: makes the client of a directory, which reads files and connects nowhere. */
export function createDirectories(
  { stores, budgets, clock, audit, log, issuer }: Base,
  configs: readonly DirectoryConfig[],
  needs: {
    make(settings: DirectorySettings): Promise<Directory>
    mail: Mail<MailsOf<typeof directoriesMails>>
    languages: Pick<Languages, 'offered'>
    browser: BrowserGuards
    pages: Pages<DirectoriesTexts>
  },
): Directories {
  const { identities, users, sessions, apiKeys } = stores
  const { mail, browser, pages } = needs
  const directories = createDirectorySet({ configs, make: needs.make, identities, audit, log, clock })
  const times = createLevelTimes()
  const shared = { directories, identities, mails: mail, audit, clock, issuer }
  const admit = createAdmit({ ...shared, users, defaultLanguage: needs.languages.offered[0] })
  const test = createTestPassword({ ...shared, budgets, times })
  const connect = createConnectAccount({ ...shared, users, sessions, test })
  const follow = createFollowPerson({ ...shared, sessions, apiKeys })
  const refresh = createRefresh({ ...shared, follow })
  const stopping = new AbortController()
  let looking: Promise<unknown> = Promise.resolve()

  /** Says at the start what is sent at most, and whether the directory takes as much; the start does not wait for it. */
  async function look(directory: NamedDirectory): Promise<void> {
    const { name, failuresPerAccount: most, lockoutWindowSeconds: windowSeconds } = directory.config
    const told = `directories: ${name}: at most ${most} wrong passwords of an account are sent within ${windowSeconds} s of one another`
    log.info({ event: 'directory.limits', directory: name, most, window_seconds: windowSeconds }, told)
    try {
      const signal = AbortSignal.any([directory.deadline(), stopping.signal])
      const lockout = await directory.ask((each) => each.lockout(signal))
      if (lockout === undefined || (lockout.failures > most && lockout.windowSeconds <= windowSeconds)) return
      const { failures, windowSeconds: forgets } = lockout
      const why = `it locks an account after ${failures} wrong passwords within ${forgets} s of one another`
      const remedy = 'let failures_per_account be less, and lockout_window_seconds no shorter'
      log.warn({ event: 'directory.lockout', directory: name }, `directories: ${name}: ${why}; ${remedy}`)
    } catch (error) {
      if (!(error instanceof DirectoryFault)) throw error
    }
  }

  return {
    areThere: configs.length > 0,
    askPassword: createAskPassword({ test, admit }),
    times,
    async keeperOf(user) {
      const keeper = await directories.keeperOf(user)
      if (keeper === undefined) return undefined
      const { title, changePasswordUrl: url } = keeper.directory.config
      return { title, url }
    },
    async counts(user) {
      const keeper = await directories.keeperOf(user)
      const identity = keeper && (await identities.find(keeper.directory.source, keeper.subject))?.identity
      if (keeper === undefined || identity === undefined) return true
      try {
        return await follow(keeper.directory, identity)
      } catch (error) {
        throw error instanceof DirectoryFault ? unavailable(error) : error
      }
    },
    routes: configs.length === 0 ? {} : { pages: (app) => directoryPages(app, { connect, pages, ...browser }) },
    async start() {
      await directories.open()
      looking = Promise.allSettled(directories.all.map(look))
    },
    maintain: refresh,
    async stop() {
      const closing = directories.close()
      stopping.abort()
      await looking
      await closing
    },
  }
}
