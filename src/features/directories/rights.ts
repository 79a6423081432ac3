import type { DirectoryPerson } from '../../core/directory.ts'
import { isPlainText } from '../../core/plain-text.ts'
import type { IdentityFacts } from '../../core/records/identity.ts'
import type { DirectoryConfig } from './configured-settings.ts'
import { sameName } from './settings.ts'

/** As many characters as a name of a group or an account may have here. */
const maxLength = 255
const fits = (name: string) => name.length <= maxLength && isPlainText(name)

/** What is kept of a person: their groups, and the roles that follow from those. A name that cannot be told is left out. */
export function factsOf(
  person: Pick<DirectoryPerson, 'id' | 'username' | 'email'>,
  groups: readonly string[],
  { roles }: Pick<DirectoryConfig, 'roles'>,
): IdentityFacts {
  const told = groups.filter(fits)
  const label = [person.username, person.email].find((name) => name !== undefined && fits(name)) ?? person.id
  const given = Object.entries(roles).flatMap(([group, each]) =>
    told.some((name) => sameName(name, group)) ? each : [],
  )
  return { label, groups: told, roles: [...new Set(given)].toSorted() }
}
