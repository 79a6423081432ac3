import type { Clock } from '../core/clock.ts'
import type { Directory, DirectorySettings } from '../core/directory.ts'

/** Makes clients of directories. The library is loaded with the first one: most services ask none. */
export function createDirectoryMaker(clock: Clock): (settings: DirectorySettings) => Promise<Directory> {
  return async (settings) => {
    const { createLdapDirectory } = await import('./ldap/directory.ts')
    return createLdapDirectory(settings, clock)
  }
}
