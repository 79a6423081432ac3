import type { Client } from 'ldapts'
import { DirectoryFault, type DirectoryPerson, type DirectorySettings } from '../../core/directory.ts'
import { binaryAttributes, readEntry, type EntryReader } from './entries.ts'
import { all, any, equal, inChain, toFilter } from './filters.ts'
import { PresenceFilter } from 'ldapts'
import { kinds } from './people.ts'

/** More than this deep nobody nests groups on purpose. */
const maxDepth = 20
const maxGroups = 5_000
/** How many are asked for at once: fewer than the least number that directories answer by default. */
const atOnce = 200
const pageSize = 500

type Settings = Pick<DirectorySettings, 'kind' | 'groups'>

/**
 * The names of all groups of a person, which nobody's list of members is read for: such lists are cut by directories, or have
 * a hundred thousand entries. It is always asked from the side of the person.
 */
export async function groupNames(client: Client, person: DirectoryPerson, settings: Settings): Promise<string[]> {
  const { lookup, nameAttribute } = settings.groups
  const find = { token_groups: byToken, matching_rule: byRule, members: byMembers }[lookup]
  const found = await find(client, person, settings)
  return [...new Set(found.flatMap((entry) => entry.texts(nameAttribute).slice(0, 1)))].toSorted()
}

/** What Windows itself goes by ([MS-ADTS] §3.1.1.4.5.19): nested groups and the primary one, and none that is for mail alone. */
async function byToken(client: Client, person: DirectoryPerson, { groups }: Settings): Promise<EntryReader[]> {
  const { searchEntries } = await client.search(person.dn, {
    scope: 'base',
    filter: new PresenceFilter({ attribute: 'objectClass' }),
    attributes: ['tokenGroups'],
    explicitBufferAttributes: binaryAttributes,
  })
  const sids = searchEntries.flatMap((entry) => readEntry(entry).bytes('tokenGroups'))
  // Everybody is in one at least.
  if (sids.length === 0) {
    throw new DirectoryFault('settings', 'no tokenGroups', 'give bind_dn the right to read tokenGroups of people')
  }
  const found: EntryReader[] = []
  for (const some of chunksOf(sids)) {
    found.push(...(await search(client, groups, any(some.map((sid) => equal('objectSid', sid))))))
  }
  return found
}

async function byRule(client: Client, person: DirectoryPerson, { groups }: Settings): Promise<EntryReader[]> {
  return search(client, groups, all([toFilter(groups.filter), inChain(groups.memberAttribute, person.dn)]))
}

/** Goes up, from each group to those that list it. A group that is in itself ends nothing but its own way. */
async function byMembers(client: Client, person: DirectoryPerson, { kind, groups }: Settings): Promise<EntryReader[]> {
  const { memberAttribute } = groups
  const listsNames = memberAttribute.toLowerCase() === 'memberuid'
  const found = new Map<string, EntryReader>()
  let below = listsNames ? [person.username].filter((name) => name !== undefined) : [person.dn]
  for (let depth = 0; below.length > 0 && depth < maxDepth && found.size < maxGroups; depth++) {
    const next: string[] = []
    for (const some of chunksOf(below)) {
      const isMember = any(some.map((member) => equal(memberAttribute, member)))
      for (const entry of await search(
        client,
        groups,
        all([toFilter(groups.filter), isMember]),
        kinds[kind].idAttribute,
      )) {
        const id = kinds[kind].idOf(entry) ?? entry.dn
        if (found.has(id)) continue
        found.set(id, entry)
        next.push(entry.dn)
      }
    }
    below = listsNames ? [] : next
  }
  return [...found.values()]
}

async function search(
  client: Client,
  { baseDn, nameAttribute }: DirectorySettings['groups'],
  filter: ReturnType<typeof all>,
  ...more: string[]
): Promise<EntryReader[]> {
  const { searchEntries } = await client.search(baseDn, {
    ...{ scope: 'sub', filter, attributes: [nameAttribute, ...more], paged: { pageSize } },
    explicitBufferAttributes: binaryAttributes,
  })
  return searchEntries.map(readEntry)
}

function chunksOf<T>(list: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(list.length / atOnce) }, (_, at) => list.slice(at * atOnce, (at + 1) * atOnce))
}
