import { type Client, type Filter, PasswordPolicyControl, PresenceFilter } from 'ldapts'
import type { Clock } from '../../core/clock.ts'
import type { Directory, DirectorySettings, FoundPerson } from '../../core/directory.ts'
import { readPem } from '../../pem.ts'
import { createTurns } from '../turns.ts'
import { answerOf, faultOf } from './answers.ts'
import { binaryAttributes, guidBytes, readEntry } from './entries.ts'
import { all, any, equal, toFilter } from './filters.ts'
import { groupNames } from './groups.ts'
import { kinds, personOf } from './people.ts'
import { clientOn, type Connection, createPool, unlessLate } from './pool.ts'
import { connectSecurely, tooLate } from './secure-socket.ts'

/** For each connection that looks people up so many passwords may be tested at once: a flood of them is not passed on. */
const bindsForEach = 4

/** A directory over LDAP with TLS. Reads `caFile`, and throws a `SetupError` when that cannot be used; connects with the first question. */
export function createLdapDirectory(settings: DirectorySettings, clock: Clock): Directory {
  const { name, kind, baseDn, bindDn, password, loginAttributes, attributes, timeoutMilliseconds } = settings
  const ca =
    settings.caFile === undefined
      ? undefined
      : readPem(`directories: ${name}`, 'ca_file', settings.caFile, 'certificate')
  const counts = toFilter(settings.userFilter)
  const asked = [...new Set([...kinds[kind].attributes, ...Object.values(attributes)])]

  const connect = async (signal: AbortSignal): Promise<Connection> =>
    clientOn(await connectSecurely(settings, ca, signal), timeoutMilliseconds)
  const binds = createTurns(settings.connections * bindsForEach, tooLate)
  const pool = createPool(settings.connections, async (signal) => {
    const connection = await connect(signal)
    try {
      await unlessLate(signal, connection, connection.client.bind(bindDn, password))
      return connection
    } catch (error) {
      connection.destroy()
      // Whatever a person's password is, this one is the operator's.
      throw faultOf(error)
    }
  })

  /** Of those that count. How many there are is counted here: what `sizeLimit` means differs between directories. */
  async function findBy(signal: AbortSignal, filter: Filter): Promise<FoundPerson> {
    const entries = await pool.use(signal, async (client) => {
      const options = { scope: 'sub', attributes: asked, explicitBufferAttributes: binaryAttributes } as const
      return (await client.search(baseDn, { ...options, filter: all([counts, filter]) })).searchEntries
    })
    const [first, ...others] = entries
    if (first === undefined) return { kind: 'none' }
    return others.length > 0
      ? { kind: 'several' }
      : { kind: 'found', person: personOf(readEntry(first), settings, clock.now()) }
  }

  return {
    find: (login, signal) => findBy(signal, any(loginAttributes.map((attribute) => equal(attribute, login)))),
    findById: (id, signal) =>
      findBy(signal, equal(kinds[kind].idAttribute, kind === 'active_directory' ? guidBytes(id) : id)),
    groupsOf: (person, signal) => pool.use(signal, (client) => groupNames(client, person, settings)),
    async proves(person, typed, signal) {
      // A name with no password is an unauthenticated bind, which some directories take for a success. So is a name that is none.
      if (typed === '' || !person.dn.includes('=')) return { kind: 'wrong', isLocked: false }
      await binds.take(signal)
      const policy = new PasswordPolicyControl()
      let connection: Connection | undefined
      try {
        connection = await connect(signal)
        await unlessLate(signal, connection, connection.client.bind(person.dn, typed, policy))
      } catch (error) {
        return answerOf(error, policy.value)
      } finally {
        connection?.client.unbind().catch(() => connection?.destroy())
        binds.giveBack()
      }
      return answerOf(undefined, policy.value)
    },
    lockout: (signal) =>
      kind === 'active_directory' ? pool.use(signal, lockoutOf) : pool.use(signal, (client) => reach(client, baseDn)),
    close: () => pool.close(),
  }
}

/** What the policy of the domain says; one that is for some people alone (a password settings object) is not looked at. */
async function lockoutOf(client: Client): Promise<{ failures: number; windowSeconds: number } | undefined> {
  const base = { scope: 'base', filter: new PresenceFilter({ attribute: 'objectClass' }) } as const
  const root = await client.search('', { ...base, attributes: ['defaultNamingContext'] })
  const [domain] = root.searchEntries.flatMap((entry) => readEntry(entry).texts('defaultNamingContext'))
  if (domain === undefined) return undefined
  const found = await client.search(domain, { ...base, attributes: ['lockoutThreshold', 'lockOutObservationWindow'] })
  const [policy] = found.searchEntries.map(readEntry)
  const failures = Number(policy?.texts('lockoutThreshold')[0] ?? 0)
  // In steps of 100 ns, and negative.
  const windowSeconds = Number(BigInt(policy?.texts('lockOutObservationWindow')[0] ?? 0) / -10_000_000n)
  return failures > 0 ? { failures, windowSeconds } : undefined
}

/** Policies of other directories stand where only they know; that `baseDn` is there is seen all the same. */
async function reach(client: Client, baseDn: string): Promise<undefined> {
  await client.search(baseDn, {
    scope: 'base',
    filter: new PresenceFilter({ attribute: 'objectClass' }),
    attributes: ['1.1'],
  })
}
