import type { DirectoryPerson, DirectorySettings } from '../../core/directory.ts'
import { DirectoryFault } from '../../core/directory.ts'
import { type EntryReader, guidOf, uuidOf } from './entries.ts'

/** `userAccountControl` and `accountExpires` of Active Directory ([MS-ADTS] §2.2.16). */
const disabledBit = 0x2
const never = new Set(['0', '9223372036854775807'])
/** From 1601, in steps of 100 ns, to 1970. */
const epochOffset = 116_444_736_000_000_000n

/** What a kind of directory says of whom, and in which attributes. */
interface Kind {
  idAttribute: string
  attributes: readonly string[]
  idOf(entry: EntryReader): string | undefined
  stateOf(entry: EntryReader, now: number): DirectoryPerson['state']
}

export const kinds: Readonly<Record<DirectorySettings['kind'], Kind>> = {
  active_directory: {
    idAttribute: 'objectGUID',
    attributes: ['objectGUID', 'userAccountControl', 'accountExpires'],
    idOf: (entry) => guidOf(entry.bytes('objectGUID')[0]),
    stateOf(entry, now) {
      const [control] = entry.texts('userAccountControl')
      if (control === undefined) throw unreadable('userAccountControl')
      if ((Number(control) & disabledBit) !== 0) return 'disabled'
      const [expires = '0'] = entry.texts('accountExpires')
      if (never.has(expires)) return 'active'
      return Number((BigInt(expires) - epochOffset) / 10_000n) <= now ? 'expired' : 'active'
    },
  },
  ldap: {
    idAttribute: 'entryUUID',
    // What OpenLDAP, 389 Directory Server and FreeIPA, and the schema of RFC 2307 say.
    attributes: ['entryUUID', 'pwdAccountLockedTime', 'pwdEndTime', 'nsAccountLock', 'shadowExpire'],
    idOf: (entry) => uuidOf(entry.texts('entryUUID')[0]),
    stateOf(entry, now) {
      // Locked by an administrator (draft-behera-ldap-password-policy §5.3.3), and not by wrong passwords.
      if (entry.texts('pwdAccountLockedTime')[0] === '000001010000Z') return 'disabled'
      if (entry.texts('nsAccountLock')[0]?.toLowerCase() === 'true') return 'disabled'
      const days = Number(entry.texts('shadowExpire')[0] ?? -1)
      if (days >= 0 && days * 86_400_000 <= now) return 'expired'
      const end = timeOf(entry.texts('pwdEndTime')[0])
      return end !== undefined && end <= now ? 'expired' : 'active'
    },
  },
}

/** The person of an entry. Throws a `DirectoryFault` where the service may not read what it goes by. */
export function personOf(
  entry: EntryReader,
  { kind, attributes }: Pick<DirectorySettings, 'kind' | 'attributes'>,
  now: number,
): DirectoryPerson {
  const id = kinds[kind].idOf(entry)
  if (id === undefined) throw unreadable(kinds[kind].idAttribute)
  return {
    id,
    dn: entry.dn,
    username: entry.texts(attributes.username)[0],
    name: entry.texts(attributes.name)[0],
    email: entry.texts(attributes.email)[0],
    state: kinds[kind].stateOf(entry, now),
  }
}

const unreadable = (attribute: string) =>
  new DirectoryFault('settings', `no ${attribute}`, `give bind_dn the right to read ${attribute} of people`)

/** A time as in 20261130093000Z (RFC 4517 §3.3.13); parts of seconds do not matter. */
function timeOf(text: string | undefined): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)?(\d\d)?(?:[.,]\d+)?Z$/.exec(text ?? '')
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1).map((part) => Number(part ?? 0))
  return Date.UTC(year!, month! - 1, day, hour, minute, second)
}
