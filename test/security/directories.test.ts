/** What strangers try on people of a directory, and a directory that is not what it should be. */
import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { authorityIn } from '../support/certificates.ts'
import { directorySettings, domainSettings, startDirectory } from '../support/directories.ts'
import { until } from '../support/patience.ts'
import { adPerson, hasSamba, startSamba, toAdLdif, userDn } from '../support/samba.ts'
import { freePort, scratchFolder } from '../support/servers.ts'
import { type Answer, type Service, startService } from '../support/service.ts'
import { groupDn, hasSlapd, person, personDn, servicePassword } from '../support/slapd.ts'

const skip = hasSlapd() ? false : 'slapd is not installed'

/** Nothing but the directory's own bound is in the way. */
const limits = {
  ...{ requests_per_minute: 100_000, secret_tests_per_minute: 100_000, failures_per_account: 1_000 },
  ...{ failures_per_pair: 1_000, failures_per_address: 1_000, failures_of_service: 10_000 },
}
const logIn = (service: Service, email: string, password: string, headers: Record<string, string> = {}) =>
  service.call('/api/auth/login', { method: 'POST', headers, json: { email, password } })
const deviceOf = ({ cookies }: Answer) => {
  const [name, value] = Object.entries(cookies).find(([name]) => name.includes('device'))!
  return { cookie: `${name}=${value}` }
}

void test('a directory that answers', { skip }, async (t) => {
  const directory = await startDirectory(t)
  for (const uid of ['ada', 'bob', 'eve', 'admin'])
    await directory.add(personDn(uid), person(uid, `password of ${uid}`))
  await directory.add(groupDn('staff'), { objectClass: 'groupOfNames', cn: 'staff', member: personDn('ada') })
  const settings = { trust_email_for: ['example.test'], failures_per_account: 3 }
  const service = await startService(t, {
    yaml: {
      directories: [directorySettings(directory, settings)],
      limits,
    },
    environment: directory.environment,
  })

  await t.test('takes nothing in a name for a part of its filter', async (t) => {
    const names = ['*', 'a*', '*@example.test', ')(uid=*', 'ada)(objectClass=*', '*)(uid=*))(|(uid=*', '\\2a', 'ada\0']
    const odd = [
      ...names,
      'EXTERNAL',
      'PLAIN',
      personDn('ada'),
      '\u{202e}ada',
      'x'.repeat(100_000),
      '(uid=ada)',
      '\\61da',
    ]
    for (const name of odd) {
      for (const password of ['password of ada', '*']) {
        const { status } = await logIn(service, name, password)
        t.ok([400, 401, 413].includes(status), `${JSON.stringify(name.slice(0, 30))}: ${status}`)
      }
    }
  })
  await t.test('an empty password is none, whatever the directory makes of it', async (t) => {
    t.equal((await logIn(service, 'eve', '')).status, 400)
    t.equal((await logIn(service, 'eve', ' ')).status, 401)
    t.equal((await logIn(service, 'eve', 'password of eve\0')).status, 401)
    t.equal((await logIn(service, 'bob', 'password of bob')).status, 200)
  })
  await t.test('locks nobody out: fewer tries are sent than it takes, by whatever name', async (t) => {
    const known = deviceOf(await logIn(service, 'ada', 'password of ada'))
    const names = ['ada', 'ADA', ' ada ', 'Ada@Example.TEST', 'ada@example.test']
    for (const name of names) t.equal((await logIn(service, name, 'a wrong guess')).status, 401)
    t.equal((await logIn(service, 'ada', 'password of ada')).status, 401, 'the right one is not sent any more')
    // Of slapd's own three failures there is one left.
    const { pwdFailureTime = [] } = await directory.as(async (client) => {
      const options = { scope: 'base' as const, attributes: ['pwdFailureTime'] }
      return (await client.search(personDn('ada'), options)).searchEntries[0]!
    })
    t.equal([pwdFailureTime].flat().length, 2)
    t.equal((await logIn(service, 'ada', 'password of ada', known)).status, 200, 'who is known there goes on')
    const reasons = (await auditRows(service)).map(({ details }) => details['reason'])
    t.ok(reasons.includes('limited_elsewhere'))
    t.notMatch(service.logged(), 'password of ada')
  })
  await t.test('a name that is nobody’s is answered as one that is somebody’s', async (t) => {
    const shapes = new Set<string>()
    for (const name of ['bob', 'nobody', 'bob', 'nobody', 'bob', 'nobody', 'bob', 'nobody']) {
      const { status, json } = await logIn(service, name, 'a wrong guess')
      shapes.add(`${status} ${json().code}`)
    }
    t.same([...shapes], ['401 invalid_credentials'])
  })
  await t.test('of several sign-ins that are somebody’s first, all get one account', async (t) => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => logIn(service, 'admin', 'password of admin')))
    t.ok(answers.some(({ status }) => status === 200))
    const users = await service.list<{ email: string; roles: string[] }>('/users')
    const made = users.filter(({ email }) => email === 'admin@example.test')
    t.match(made, [{ roles: [] }], 'and a name gives no right')
    t.equal(made.length, 1)
  })
})

void test('a directory that is not what it should be', { skip }, async (t) => {
  const folder = scratchFolder(t)
  const { ca, issue } = authorityIn(join(folder, 'tls'))
  const [right, other] = [
    issue('right', 'localhost', 'DNS:localhost'),
    issue('other', 'other', 'DNS:other.example.test'),
  ]
  const stranger = authorityIn(join(folder, 'stranger')).issue('right', 'localhost', 'DNS:localhost')
  /** What the service has said to whoever listens, in the clear or by TLS. */
  const heard: Buffer[] = []
  const ends: (() => void)[] = []
  t.teardown(() => ends.forEach((end) => end()))
  const listen = async (
    onSocket: (socket: Socket, said: Buffer) => void,
    certificate?: { cert: string; key: string },
  ): Promise<number> => {
    const port = await freePort()
    const take = (socket: Socket) => {
      socket
        .on('error', () => {})
        .on('data', (said: Buffer) => {
          heard.push(said)
          onSocket(socket, said)
        })
      ends.push(() => socket.destroy())
    }
    const server =
      certificate === undefined
        ? createServer(take)
        : createTlsServer({ cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) }, take)
    server.on('tlsClientError', () => {})
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
    ends.push(() => server.close())
    return port
  }
  /** Where the number of a message stands, behind a length in one byte or several. */
  const idAt = (said: Buffer) => 4 + (said[1]! > 0x80 ? said[1]! - 0x80 : 0)
  const answerTo = (said: Buffer, ...parts: number[]) =>
    Buffer.from([0x30, parts.length + 3, 0x02, 0x01, said[idAt(said)]!, ...parts])
  const isBind = (said: Buffer) => said[idAt(said) + 1] === 0x60
  const success = (said: Buffer) =>
    answerTo(said, isBind(said) ? 0x61 : 0x65, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00)
  const referral = (said: Buffer) => answerTo(said, 0x65, 0x07, 0x0a, 0x01, 0x0a, 0x04, 0x00, 0x04, 0x00)
  const startTlsTaken = Buffer.from([
    0x30, 0x0c, 0x02, 0x01, 0x01, 0x78, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00,
  ])
  const hasNone = () => {}

  const cases: [what: string, url: string, reason: string][] = [
    ['by another authority', `ldaps://localhost:${await listen(hasNone, stranger)}`, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['for another host', `ldaps://localhost:${await listen(hasNone, other)}`, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [
      'without StartTLS',
      `ldap://localhost:${await listen((socket, said) => socket.write(answerTo(said, 0x78, 0x07, 0x0a, 0x01, 0x02, 0x04, 0x00, 0x04, 0x00)))}`,
      'NO_STARTTLS',
    ],
    [
      // As if a bind that comes later had been answered already.
      'that says more before TLS',
      `ldap://localhost:${await listen((socket) => socket.write(Buffer.concat([startTlsTaken, Buffer.from([0x30, 0x0c, 0x02])])))}`,
      'NO_STARTTLS',
    ],
    [
      'that speaks something else',
      `ldap://localhost:${await listen((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))}`,
      'NO_LDAP',
    ],
    ['that hangs', `ldaps://localhost:${await listen(hasNone, right)}`, 'ETIMEDOUT'],
    [
      'that closes in the middle of a bind',
      `ldaps://localhost:${await listen((socket) => socket.destroy(), right)}`,
      'ECONNRESET',
    ],
    [
      'that refers to another one',
      `ldaps://localhost:${await listen((socket, said) => socket.write(isBind(said) ? success(said) : referral(said)), right)}`,
      'LDAP 10',
    ],
    [
      'that writes what is no LDAP',
      `ldaps://localhost:${await listen((socket) => socket.write('220 mail.example.test ESMTP\r\n'), right)}`,
      'ETIMEDOUT',
    ],
  ]
  const service = await startService(t, {
    yaml: {
      // Of those alone that never answer it matters when that is enough.
      directories: cases.map(([, url, reason], place) => ({
        ...directorySettings({ url, ca }, { timeout_milliseconds: reason === 'ETIMEDOUT' ? 300 : 60_000 }),
        name: `d${place}`,
      })),
    },
    environment: Object.fromEntries(
      cases.map((_, place) => [`GATEHOUSE_DIRECTORY_D${place}_PASSWORD`, servicePassword]),
    ),
  })
  await until('each was looked at once', async () => {
    const told = (await auditRows(service)).filter(({ event }) => event === 'directory.unreachable')
    return told.length === cases.length
  })
  const reasons = new Map(
    (await auditRows(service)).map(({ details }) => [details['directory'], details['reason']] as const),
  )
  for (const [place, [what, , reason]] of cases.entries()) t.equal(reasons.get(`d${place}`), reason, what)

  const began = heard.length
  const answer = await logIn(service, 'ada', 'the password of somebody')
  t.match([answer.status, answer.json().code], [503, 'unavailable'])
  const all = Buffer.concat(heard).toString('latin1')
  t.ok(heard.length > began, 'each was asked')
  t.notMatch(all, 'the password of somebody', 'nobody’s password is sent to them')
  const local = await service.createUser()
  t.equal((await logIn(service, local.email, local.password)).status, 200)
  t.notMatch(service.logged(), servicePassword)
})

void test(
  'a domain controller',
  { skip: hasSamba() ? false : 'samba is not installed, or not run by root' },
  async (t) => {
    const domain = await startSamba(t, { lockoutThreshold: 4 })
    domain.load(
      [
        toAdLdif(userDn('gatehouse'), adPerson('gatehouse', servicePassword)),
        ...['ada', 'bob'].map((name) => toAdLdif(userDn(name), adPerson(name, `password of ${name}`))),
        toAdLdif(userDn('writers'), { objectClass: 'group', sAMAccountName: 'writers', member: userDn('ada') }),
      ].join(''),
    )
    const service = await startService(t, {
      yaml: {
        limits,
        roles: { editor: [] },
        directories: [domainSettings(domain, { failures_per_account: 3, roles: { Writers: ['editor'] } })],
      },
      environment: { GATEHOUSE_DIRECTORY_DOMAIN_PASSWORD: servicePassword },
    })
    const first = await logIn(service, 'ada', 'password of ada')
    t.equal(first.status, 200)
    const { id } = (await service.list<{ id: string; username: string }>('/users')).find(
      ({ username }) => username === 'ada',
    )!
    t.match(await service.operate('GET', `/users/${id}`), { roles: ['editor'], email: 'ada@example.test' })

    for (const name of ['bob', 'BOB', 'bob@ad.example.test', 'bob@example.test', 'bob'])
      await logIn(service, name, 'a guess')
    const counted = await domain.as(async (client) => {
      const { searchEntries } = await client.search(userDn('bob'), {
        scope: 'base',
        attributes: ['badPwdCount', 'lockoutTime'],
      })
      return searchEntries[0]!
    })
    t.match(counted, { badPwdCount: '2' }, 'strangers get one less than is sent at most, and that is less than locks')
    await domain.rename(userDn('ada'), userDn('ada lovelace'))
    await domain.set(userDn('ada lovelace'), { sAMAccountName: 'lovelace' })
    t.equal((await logIn(service, 'lovelace', 'password of ada')).status, 200)
    t.equal((await service.list('/users')).length, 1, 'renamed, and the same account')
    await domain.set(userDn('ada lovelace'), { userAccountControl: '514' })
    t.equal((await logIn(service, 'lovelace', 'password of ada')).json().code, 'account_refused')
    service.clock.advance(300)
    await service.gatehouse.maintain()
    const session = { cookie: Object.entries(first.cookies)[0]!.join('=') }
    t.equal((await service.call('/api/users/me', { headers: session })).status, 401)
  },
)
