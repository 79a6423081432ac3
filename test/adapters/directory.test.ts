/** What the client of directories makes of the answers of real ones. */
import { test } from 'tap'
import { createLdapDirectory } from '../../src/adapters/ldap/directory.ts'
import { readDirectoryFilter } from '../../src/core/directory-filter.ts'
import type { Directory, DirectoryFault, DirectoryPerson, DirectorySettings } from '../../src/core/directory.ts'
import { adPerson, domainDn, hasSamba, startSamba, toAdLdif, userDn } from '../support/samba.ts'
import {
  groupDn,
  hasSlapd,
  type LdapServer,
  person,
  personDn,
  serviceDn,
  servicePassword,
  startSlapd,
  suffix,
  toLdif,
} from '../support/slapd.ts'

const clock = { now: () => Date.now() }
const filterOf = (text: string) => {
  const read = readDirectoryFilter(text)
  if ('fault' in read) throw new Error(read.fault)
  return read.filter
}
const anybody = filterOf('(objectClass=*)')

function ldapSettings(server: LdapServer, more: Partial<DirectorySettings> = {}): DirectorySettings {
  return {
    ...({ name: 'staff', kind: 'ldap', host: 'localhost', port: server.port, security: 'implicit' } as const),
    ...{ caFile: server.ca, bindDn: serviceDn, password: servicePassword, baseDn: suffix },
    ...{ userFilter: filterOf('(objectClass=inetOrgPerson)'), loginAttributes: ['uid', 'mail'] },
    attributes: { name: 'cn', email: 'mail', username: 'uid' },
    groups: {
      baseDn: `ou=groups,${suffix}`,
      lookup: 'members',
      filter: anybody,
      memberAttribute: 'member',
      nameAttribute: 'cn',
    },
    ...{ timeoutMilliseconds: 60_000, connections: 2 },
    ...more,
  }
}

async function found(directory: Directory, login: string): Promise<DirectoryPerson> {
  const answer = await directory.find(login, AbortSignal.timeout(60_000))
  if (answer.kind !== 'found') throw new Error(`${login}: ${answer.kind}`)
  return answer.person
}
const faultOf = (asking: Promise<unknown>) =>
  asking.then(
    () => undefined,
    (error: DirectoryFault) => `${error.kind} ${error.reason}`,
  )

void test('OpenLDAP', { skip: hasSlapd() ? false : 'slapd is not installed' }, async (t) => {
  const many = Array.from({ length: 1_100 }, (_, at) => `many-${at}`)
  const people = ['ada', 'locked', 'expired', 'reset', 'strange*', 'Jürgen']
  const ldif = [
    ...people.map((uid) => toLdif(personDn(uid), person(uid, `password of ${uid}`))),
    ...many.map((cn) => toLdif(groupDn(cn), { objectClass: 'groupOfNames', cn, member: personDn('Jürgen') })),
  ].join('')
  const server = await startSlapd(t, { ldif })
  const open = (more: Partial<DirectorySettings> = {}) => {
    const directory = createLdapDirectory(ldapSettings(server, more), clock)
    t.teardown(() => directory.close())
    return directory
  }
  const directory = open()
  const within = () => AbortSignal.timeout(60_000)

  await t.test('finds a person by a value, whatever stands in it', async (t) => {
    const ada = await found(directory, 'ADA')
    t.match(ada, {
      dn: personDn('ada'),
      username: 'ada',
      name: 'Person ada',
      email: 'ada@example.test',
      state: 'active',
    })
    t.match(ada.id, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
    t.same(await directory.findById(ada.id, within()), { kind: 'found', person: ada })
    t.equal((await found(directory, 'strange*')).username, 'strange*')
    t.equal((await found(directory, 'Jürgen')).username, 'Jürgen')
    for (const typed of ['*', 'a*', ')(uid=*', 'ada)(objectClass=*', 'ada\0', '\\61da', '', 'x'.repeat(10_000)]) {
      t.same(await directory.find(typed, within()), { kind: 'none' }, JSON.stringify(typed.slice(0, 30)))
    }
  })
  await t.test('takes a right password, and no other', async (t) => {
    const ada = await found(directory, 'ada')
    t.same(await directory.proves(ada, 'password of ada', within()), { kind: 'right', endsSoon: false })
    for (const typed of ['', 'password of ada ', 'Password of ada']) {
      t.same(await directory.proves(ada, typed, within()), { kind: 'wrong', isLocked: false })
    }
    for (const dn of ['EXTERNAL', 'PLAIN', '', personDn('nobody')]) {
      const answer = await directory
        .proves({ ...ada, dn }, 'password of ada', within())
        .catch(() => ({ kind: 'fault' }))
      t.not(answer.kind, 'right', dn)
    }
  })
  await t.test('tells a locked account, and a password that has to be changed', async (t) => {
    const locked = await found(directory, 'locked')
    for (let tries = 0; tries < 3; tries++) await directory.proves(locked, 'wrong', within())
    t.same(await directory.proves(locked, 'password of locked', within()), { kind: 'wrong', isLocked: true })
    t.equal((await found(directory, 'locked')).state, 'active', 'strangers who guess end nobody’s session')
    const reset = await found(directory, 'reset')
    await server.set(personDn('reset'), { pwdReset: 'TRUE' })
    t.same(await directory.proves(reset, 'password of reset', within()), { kind: 'must_change' })
  })
  await t.test('tells who is disabled or has expired', async (t) => {
    await server.set(personDn('expired'), {
      objectClass: ['inetOrgPerson', 'shadowAccount'],
      shadowExpire: '19000',
    })
    t.equal((await found(directory, 'expired')).state, 'expired')
    await server.set(personDn('expired'), { pwdAccountLockedTime: '000001010000Z' })
    t.equal((await found(directory, 'expired')).state, 'disabled')
  })
  await t.test('knows groups of groups, ends where they go in a circle, and reads more than a page', async (t) => {
    await server.add(groupDn('writers'), { objectClass: 'groupOfNames', cn: 'writers', member: personDn('ada') })
    await server.add(groupDn('staff'), { objectClass: 'groupOfNames', cn: 'staff', member: groupDn('writers') })
    await server.add(groupDn('all'), { objectClass: 'groupOfNames', cn: 'all', member: [groupDn('staff')] })
    await server.set(groupDn('writers'), { member: [personDn('ada'), groupDn('all')] })
    const ada = await found(directory, 'ada')
    t.same(await directory.groupsOf(ada, within()), ['all', 'staff', 'writers'])
    t.equal((await directory.groupsOf(await found(directory, 'Jürgen'), within())).length, many.length)
    const byNames = open({
      groups: { ...ldapSettings(server).groups, memberAttribute: 'memberUid', nameAttribute: 'cn' },
    })
    await server.add(groupDn('unix'), { objectClass: 'posixGroup', cn: 'unix', gidNumber: '7', memberUid: ['ada'] })
    t.same(await byNames.groupsOf(ada, within()), ['unix'])
  })
  await t.test('a person who was renamed is the same, and another one under the old name is not', async (t) => {
    await server.add(personDn('old'), person('old', 'password of old'))
    const before = await found(directory, 'old')
    await server.rename(personDn('old'), personDn('new'))
    await server.add(personDn('old'), person('old', 'password of another', { mail: 'another@example.test' }))
    t.match(await directory.findById(before.id, within()), { person: { dn: personDn('new') } })
    t.not((await found(directory, 'old')).id, before.id)
    await server.remove(personDn('new'))
    t.same(await directory.findById(before.id, within()), { kind: 'none' })
  })
  await t.test('a name that means several people means nobody', async (t) => {
    await server.add(personDn('twin'), person('twin', 'a password', { mail: 'ada@example.test' }))
    t.same(await directory.find('ada@example.test', within()), { kind: 'several' })
  })
  await t.test('by StartTLS too', async (t) => {
    const started = open({ port: server.clearPort, security: 'starttls' })
    const ada = await found(started, 'ada')
    t.same(await started.proves(ada, 'password of ada', AbortSignal.timeout(60_000)), {
      kind: 'right',
      endsSoon: false,
    })
    t.same(await started.groupsOf(ada, AbortSignal.timeout(60_000)), ['all', 'staff', 'writers'])
  })
  await t.test('settings that are wrong, and a server that is away, are faults', async (t) => {
    const fault = (more: Partial<DirectorySettings>) => {
      const wrong = open(more)
      return faultOf(wrong.find('ada', AbortSignal.timeout(60_000)))
    }
    t.equal(await fault({ password: 'another' }), 'settings LDAP 49')
    t.equal(await fault({ baseDn: 'dc=elsewhere,dc=test' }), 'settings LDAP 32')
    t.equal(await fault({ bindDn: 'no dn' }), 'settings LDAP 34')
    t.equal(await fault({ port: server.clearPort }), 'away ECONNRESET', 'TLS where none is spoken')
    t.equal(await fault({ port: server.port, security: 'starttls' }), 'away ECONNRESET', 'the other way round')
    t.equal(await fault({ caFile: undefined }), 'away UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    t.equal(await fault({ host: '127.0.0.1' }), 'away ERR_TLS_CERT_ALTNAME_INVALID')
    t.equal(
      await fault({ host: '127.0.0.1', security: 'starttls', port: server.clearPort }),
      'away ERR_TLS_CERT_ALTNAME_INVALID',
    )
    const hasty = open()
    const ada = await found(hasty, 'ada')
    await server.freeze()
    t.equal(await faultOf(hasty.find('ada', AbortSignal.timeout(200))), 'away ETIMEDOUT')
    t.equal(await faultOf(hasty.proves(ada, 'password of ada', AbortSignal.timeout(200))), 'away ETIMEDOUT')
    server.thaw()
    t.equal((await found(hasty, 'ada')).id, ada.id)
    await server.halt()
    t.equal(await faultOf(directory.find('ada', within())), 'away ECONNREFUSED')
    await server.resume()
    t.equal((await found(directory, 'ada')).id, ada.id, 'and it is asked again')
  })
  await t.test('many at once share few connections', async (t) => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => directory.find('ada', within())))
    t.ok(answers.every(({ kind }) => kind === 'found'))
  })
})

void test(
  'Active Directory',
  { skip: hasSamba() ? false : 'samba is not installed, or not run by root' },
  async (t) => {
    const server = await startSamba(t)
    const names = ['ada', 'locked', 'disabled', 'expired', 'reset', 'hours']
    const more: Record<string, Record<string, string>> = {
      disabled: { userAccountControl: '514' },
      expired: { accountExpires: '130000000000000000' },
      reset: { pwdLastSet: '0' },
    }
    const group = (name: string, member: string[], type = '-2147483646') =>
      toAdLdif(userDn(name), { objectClass: 'group', sAMAccountName: name, member, groupType: type })
    server.load(
      [
        toAdLdif(userDn('gatehouse'), adPerson('gatehouse', servicePassword)),
        ...names.map((name) => toAdLdif(userDn(name), adPerson(name, `password of ${name}`, more[name]))),
        group('writers', [userDn('ada')]),
        group('staff', [userDn('writers')]),
        group('offices', [userDn('staff')]),
        group('letters', [userDn('ada')], '2'),
      ].join(''),
    )
    const settings: DirectorySettings = {
      ...({ name: 'ad', kind: 'active_directory', host: server.host, port: 636, security: 'implicit' } as const),
      ...{ caFile: server.ca, bindDn: userDn('gatehouse'), password: servicePassword, baseDn: domainDn },
      ...{ userFilter: filterOf('(&(objectCategory=person)(objectClass=user))') },
      loginAttributes: ['sAMAccountName', 'userPrincipalName', 'mail'],
      attributes: { name: 'displayName', email: 'mail', username: 'sAMAccountName' },
      groups: {
        ...({ baseDn: domainDn, lookup: 'token_groups', filter: filterOf('(objectClass=group)') } as const),
        ...{ memberAttribute: 'member', nameAttribute: 'sAMAccountName' },
      },
      ...{ timeoutMilliseconds: 60_000, connections: 2 },
    }
    const open = (more: Partial<DirectorySettings> = {}) => {
      const directory = createLdapDirectory({ ...settings, ...more }, clock)
      t.teardown(() => directory.close())
      return directory
    }
    const directory = open()
    const within = () => AbortSignal.timeout(60_000)
    const ada = await found(directory, 'ada@ad.example.test')

    await t.test('finds a person by each of their names, and takes their password', async (t) => {
      t.match(ada, { username: 'ada', name: 'Person ada', email: 'ada@example.test', state: 'active' })
      for (const name of ['Ada', 'ada@example.test']) t.same(await found(directory, name), ada)
      t.same(await directory.findById(ada.id, within()), { kind: 'found', person: ada })
      t.same(await directory.proves(ada, 'password of ada', within()), { kind: 'right', endsSoon: false })
      t.same(await directory.proves(ada, 'another', within()), { kind: 'wrong', isLocked: false })
    })
    await t.test('knows nested groups and the primary one', async (t) => {
      const groups = await directory.groupsOf(ada, within())
      t.same(
        groups.filter((name) => ['writers', 'staff', 'offices', 'letters', 'Domain Users'].includes(name)),
        ['Domain Users', 'offices', 'staff', 'writers'],
      )
      const byRule = open({ groups: { ...settings.groups, lookup: 'matching_rule' } })
      t.same(await byRule.groupsOf(ada, within()), ['letters', 'offices', 'staff', 'writers'])
      const byMembers = open({ groups: { ...settings.groups, lookup: 'members' } })
      t.same(await byMembers.groupsOf(ada, within()), ['letters', 'offices', 'staff', 'writers'])
      const [, rid] = await primary('writers')
      await server.set(userDn('ada'), { primaryGroupID: rid! })
      t.ok((await directory.groupsOf(ada, within())).includes('offices'), 'also when a group is the primary one')
      t.notOk((await byMembers.groupsOf(ada, within())).includes('writers'), 'which nobody lists as a member of')
    })
    await t.test('tells locked, disabled and expired accounts, and a password that has to be changed', async (t) => {
      const told = async (name: string, typed = `password of ${name}`) => {
        const who = await found(directory, name)
        return [who.state, await directory.proves(who, typed, within())]
      }
      t.same(await told('disabled'), ['disabled', { kind: 'refused' }])
      t.same(await told('disabled', 'another'), ['disabled', { kind: 'wrong', isLocked: false }])
      t.same(await told('expired'), ['expired', { kind: 'refused' }])
      t.same(await told('reset'), ['active', { kind: 'must_change' }])
      for (let tries = 0; tries < 3; tries++) await told('locked', 'wrong')
      t.same(await told('locked'), ['active', { kind: 'wrong', isLocked: true }])
    })
    await t.test('keeps the GUID of who is renamed, and says how many wrong passwords lock', async (t) => {
      await server.rename(userDn('ada'), userDn('ada lovelace'))
      t.match(await directory.findById(ada.id, within()), { person: { id: ada.id, dn: userDn('ada lovelace') } })
      t.match(await directory.lockout(within()), { failures: 3 })
    })
    await t.test('StartTLS, and no bind without TLS', async (t) => {
      const started = open({ port: 389, security: 'starttls' })
      t.equal((await found(started, 'ada')).id, ada.id)
    })

    /** The last number of the SID of a group. */
    async function primary(name: string): Promise<string[]> {
      return server.as(async (client) => {
        const { searchEntries } = await client.search(userDn(name), {
          scope: 'base',
          attributes: ['objectSid'],
          explicitBufferAttributes: ['objectSid'],
        })
        const sid = searchEntries[0]!['objectSid'] as Buffer
        return [name, String(sid.readUInt32LE(sid.length - 4))]
      })
    }
  },
)
