import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import { type Directory, DirectoryFault, type DirectorySettings } from '../../core/directory.ts'
import { SetupError } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { User } from '../../core/records/user.ts'
import type { IdentityStore } from '../../core/records/identity.ts'
import { serverFault } from '../../core/server-fault.ts'
import { createTellOnce } from '../../core/tell-once.ts'
import type { directoriesEvents } from './audit-events.ts'
import { type DirectoryConfig, passwordVariable } from './configured-settings.ts'

/** A directory that answers now and then is told of no more often. */
const quietSeconds = 300

type Source = `directory:${string}`

/** A directory of the settings. */
export interface NamedDirectory {
  readonly config: DirectoryConfig
  /** Under which its people are kept, as source and as issuer. */
  readonly source: Source
  /** What bounds all that is asked for one sign-in, or one look at a person. */
  deadline(): AbortSignal
  /** Asks it. Whether it gives answers is told to log and trail, once and not by request. Rejects as `Directory` does. */
  ask<T>(question: (directory: Directory) => Promise<T>): Promise<T>
}

export interface DirectorySet {
  readonly all: readonly NamedDirectory[]
  /** Makes the clients, which read files; throws a `SetupError` that names what is missing. Asks nobody. */
  open(): Promise<void>
  close(): Promise<void>
  /** The directory that keeps the password of somebody who has none here, and their id there; nothing where it is kept here. */
  keeperOf(user: Pick<User, 'id' | 'passwordHash'>): Promise<Keeping | undefined>
}

/** Where a password is kept, and under which id. */
export interface Keeping {
  directory: NamedDirectory
  subject: string
}

export function createDirectorySet(dependencies: {
  configs: readonly DirectoryConfig[]
  make(settings: DirectorySettings): Promise<Directory>
  identities: Pick<IdentityStore, 'of'>
  audit: Audit<typeof directoriesEvents>
  log: Log
  clock: Clock
}): DirectorySet {
  const { configs, make, identities, audit, log, clock } = dependencies
  const opened = new Map<string, Directory>()
  /** Those that gave no answer lately, and whether that was told. */
  const away = new Map<string, boolean>()
  let isClosed = false
  const isNews = createTellOnce(clock, quietSeconds)

  function tell(name: string, { reason, remedy }: DirectoryFault): void {
    // What is broken off by the end of the service is no fault.
    if (isClosed || away.has(name)) return
    away.set(name, isNews(name))
    if (!away.get(name)) return
    audit.record({ event: 'directory.unreachable', directory: name, reason })
    log.warn({ event: 'directory.unusable', directory: name }, serverFault(`directories: ${name}`, reason, remedy))
  }

  const all = configs.map((config): NamedDirectory => {
    const { name } = config
    return {
      config,
      source: `directory:${name}`,
      deadline: () => AbortSignal.timeout(config.connected.timeoutMilliseconds),
      async ask(question) {
        const directory = opened.get(name)
        if (directory === undefined) throw new DirectoryFault('away', 'NOT_OPEN')
        try {
          const answer = await question(directory)
          const wasTold = away.get(name)
          away.delete(name)
          if (wasTold) audit.record({ event: 'directory.recovered', directory: name })
          return answer
        } catch (error) {
          if (error instanceof DirectoryFault) tell(name, error)
          throw error
        }
      },
    }
  })

  return {
    all,
    async open() {
      isClosed = false
      for (const { name, connected } of configs) {
        const { password } = connected
        if (password === undefined) {
          throw new SetupError(`${passwordVariable(name)}: expected the password of bind_dn of directories: ${name}`)
        }
        opened.set(name, await make({ ...connected, password }))
      }
    },
    async close() {
      isClosed = true
      for (const directory of opened.values()) await directory.close()
      opened.clear()
    },
    async keeperOf({ id, passwordHash }) {
      if (passwordHash !== null || all.length === 0) return undefined
      for (const { source, subject } of await identities.of(id)) {
        const directory = all.find((each) => each.source === source)
        if (directory !== undefined) return { directory, subject }
      }
      return undefined
    },
  }
}
