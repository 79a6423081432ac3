/** What a host is told of somebody's rights: which of them, and never more than the proxies let through. */
import { type Test, test } from 'tap'
import { answerHeaderBytes, identityHeaderBytes } from '../../../src/core/sizes.ts'
import { compileAccessRules } from '../../../src/features/forward-auth/access-rules.ts'
import { backends } from '../../support/backends.ts'
import { type Answer, asks, newClient, type Service, type SignedIn, startService } from '../../support/service.ts'

const rules = [
  { paths: ['/last/**'], allow: { permissions: ['project-number-999:write'] } },
  { paths: ['/role/**'], allow: { roles: ['role-99'] } },
  { paths: ['/open/**'], allow: 'anyone' },
  { allow: 'signed-in' },
]
const hosts = {
  'app.example.test': { rules },
  'twice.example.test': { authorization: 'assertion', rules },
  'bound.example.test': { authorization: 'assertion', bind: 'request', rules },
  'remote.example.test': { headers: 'remote', rules },
  'oauth2.example.test': { headers: 'oauth2-proxy', rules },
  'custom.example.test': { headers: { subject: 'X-User', roles: 'X-User-Roles', shortened: 'X-User-Part' }, rules },
  'subject.example.test': { headers: { subject: 'X-User' }, rules },
  'chosen.example.test': { identity: { roles: ['role-1*'], permissions: ['project-number-7*', 'none'] }, rules },
  'nothing.example.test': { identity: { roles: [], permissions: [] }, rules },
  'small.example.test': { identity: { max_bytes: 4_096 }, rules },
  'whole.example.test': { identity: { max_bytes: 8_192, beyond: 'refuse' }, rules },
  '*.wild.example.test': { identity: { permissions: ['*:read'] }, rules },
}

const names = (prefix: string, count: number, suffix = '') =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}${suffix}`)

interface Told {
  status: number
  /** Of all headers of the answer, and of those that say who it is. */
  bytes: number
  roles: string[]
  permissions: string[] | undefined
  shortened: string[]
  claimed: string[]
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString() || '{}')

function readTold(host: string, { status, headers }: Answer): Told {
  const bytes = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + String(value).length + 4, 19)
  const value = (name: string) => String(headers[name] ?? '')
  const listed = (text: string) => text.split(',').filter(Boolean)
  const assertion = value('x-auth-assertion') || value('authorization').slice('Bearer '.length)
  const { permissions, shortened = [] } = claimsOf(assertion)
  const [roles, part] =
    host === 'custom.example.test'
      ? ['x-user-roles', 'x-user-part']
      : [
          { remote: 'remote-groups', oauth2: 'x-auth-request-groups' }[host.split('.')[0]!] ?? 'x-auth-roles',
          'x-auth-shortened',
        ]
  return { status, bytes, roles: listed(value(roles)), permissions, shortened: listed(value(part)), claimed: shortened }
}

const ask = (service: Service, { cookie }: Pick<SignedIn, 'cookie'>, host: string, path = '/x') =>
  service.call('/forward-auth', { headers: { ...asks({ host, path }), cookie } })

/** So many permissions, in equal parts of these roles. */
function shareOut(roles: readonly string[], permissions: number) {
  const all = names('project-number-', permissions, ':write')
  const share = Math.ceil(permissions / roles.length)
  return Object.fromEntries(roles.map((role, at) => [role, all.slice(at * share, (at + 1) * share)]))
}

/** Somebody with all of these roles, of a service that knows them from its file. */
async function startFor(t: Test, roles: Record<string, string[]>, backend = backends[0]!) {
  const service = await startService(t, { backend, yaml: { hosts, roles } })
  const user = await service.createUser({ roles: Object.keys(roles) })
  return { service, ada: { id: user.id, ...(await service.signIn(user)) } }
}

const linesOf = (service: Service, event: string): Record<string, any>[] =>
  service
    .logged()
    .split('\n')
    .flatMap((line) => (line.includes(`"${event}"`) ? [JSON.parse(line)] : []))

for (const backend of backends) {
  void test(`somebody with 5,000 permissions and 200 roles on ${backend.name} stores`, async (t) => {
    const { service, ada } = await startFor(t, shareOut(names('role-', 200), 5_000), backend)
    const told = async (host: string, path?: string) => readTold(host, await ask(service, ada, host, path))

    await t.test(
      'is told by every preset within what the proxies let through, with a mark where it is in part',
      async (t) => {
        for (const [host, shortened] of [
          ['app.example.test', ['permissions']],
          ['twice.example.test', ['permissions']],
          ['bound.example.test', ['permissions']],
          ['small.example.test', ['roles', 'permissions']],
          ['x.wild.example.test', []],
          ['remote.example.test', []],
          ['oauth2.example.test', []],
          ['custom.example.test', []],
          ['subject.example.test', []],
        ] as const) {
          const one = await told(host)
          t.equal(one.status, 200, host)
          t.ok(one.bytes < answerHeaderBytes, `${host}: ${one.bytes} bytes`)
          t.same(one.shortened, shortened, `${host}: the header`)
          if (one.permissions !== undefined || shortened.length > 0)
            t.same(one.claimed, shortened, `${host}: the claim`)
          const every = names('role-', 200).toSorted()
          const isWhole = !shortened.some((list) => list === 'roles') && host !== 'subject.example.test'
          if (isWhole) t.same(one.roles.toSorted(), every, `${host}: every role`)
          else t.strictSame(one.roles, every.slice(0, one.roles.length), `${host}: the first roles`)
        }
        const [app, twice, small] = [
          await told('app.example.test'),
          await told('twice.example.test'),
          await told('small.example.test'),
        ]
        const sorted = names('project-number-', 5_000, ':write').toSorted()
        for (const { permissions = [] } of [app, twice]) {
          t.strictSame(permissions, sorted.slice(0, permissions.length), 'whole names, the first by their spelling')
        }
        t.ok(app.bytes > identityHeaderBytes - 1_000, `as much as there is room for: ${app.bytes}`)
        t.ok(app.permissions!.length > twice.permissions!.length && twice.permissions!.length > 200)
        t.ok(small.bytes < 4_096 + 500, `${small.bytes} bytes`)
      },
    )

    await t.test('is told what the host chose, which is whole', async (t) => {
      const { roles, permissions, shortened } = await told('chosen.example.test')
      t.same(
        roles,
        names('role-', 200).filter((name) => name.startsWith('role-1')),
      )
      const sevens = names('project-number-', 5_000, ':write').filter((name) => name.startsWith('project-number-7'))
      t.same(permissions!.toSorted(), sevens.toSorted())
      t.same(shortened, [])
      const nothing = await told('nothing.example.test')
      t.match(nothing, { status: 200, roles: [], permissions: undefined, shortened: [] })
    })

    await t.test('passes by all that they may do, told or not', async (t) => {
      for (const host of ['app.example.test', 'small.example.test', 'nothing.example.test', 'remote.example.test']) {
        const one = await told(host, '/last/x')
        t.equal(one.status, 200, host)
        t.notOk(one.permissions?.includes('project-number-999:write'), `${host} is not told of it`)
        t.equal((await told(host, '/role/x')).status, 200, host)
      }
      const headers = {
        ...asks({ host: 'small.example.test', path: '/last/x' }),
        authorization: `Bearer ${ada.accessToken}`,
      }
      t.notOk(claimsOf(ada.accessToken).permissions.includes('project-number-999:write'))
      t.equal(
        (await service.call('/forward-auth', { headers })).status,
        200,
        'by a token that does not tell of it either',
      )
    })

    await t.test('is refused where the host wants all or nothing, and an explanation says why', async (t) => {
      t.equal((await told('whole.example.test')).status, 403)
      t.equal((await told('whole.example.test', '/open/x')).status, 200, 'but not where nobody is asked for')
      const denials = linesOf(service, 'forward_auth.denied').filter(({ host }) => host === 'whole.example.test')
      t.match(denials, [{ code: 'forbidden', reason: 'identity_too_large' }])
      const explain = (host: string) =>
        service.operate('POST', '/access/explain', { url: `http://${host}/x`, user: ada.id })
      t.match(await explain('whole.example.test'), {
        decision: 'forbidden',
        reason: /larger than its `identity.max_bytes`/,
      })
      const { headers, assertion } = await explain('app.example.test')
      t.equal(headers['X-Auth-Shortened'], 'permissions')
      const { permissions } = await told('app.example.test')
      t.ok(Math.abs(assertion.permissions.length - permissions!.length) < 10, 'an explanation tells what is told')
    })

    await t.test('is in the log once an hour for each host, not with each request', async (t) => {
      const before = linesOf(service, 'identity.shortened').length
      for (let at = 0; at < 20; at++) {
        service.clock.advance(60)
        for (const host of ['app.example.test', 'bound.example.test', 'whole.example.test'])
          await ask(service, ada, host)
      }
      t.equal(linesOf(service, 'identity.shortened').length, before, 'they were told above')
      service.clock.advance(3_600)
      for (const host of ['app.example.test', 'bound.example.test', 'whole.example.test']) await ask(service, ada, host)
      const again = linesOf(service, 'identity.shortened').slice(before)
      t.match(again, [
        {
          ...{ level: 40, subject: ada.id, host: 'app.example.test', max_bytes: identityHeaderBytes },
          ...{ roles: { held: 200, told: 200 }, permissions: { held: 5_000 } },
        },
        { host: 'bound.example.test' },
      ])
      t.equal(again.length, 2)
      t.ok(again[0]!.bytes > 150_000, 'what it would have been')
      t.match(linesOf(service, 'identity.refused'), [
        { host: 'whole.example.test', subject: ada.id, permissions: { held: 5_000, told: 0 } },
        { host: 'whole.example.test' },
      ])
    })
  })
}

void test('somebody with hundreds of long roles is told as many as fit, where roles are all that is told, too', async (t) => {
  const roles = names(`${'department-of-something-'.repeat(3)}-`, 400)
  const { service, ada } = await startFor(t, shareOut(roles, 400))
  for (const host of ['remote.example.test', 'oauth2.example.test', 'custom.example.test', 'app.example.test']) {
    const one = readTold(host, await ask(service, ada, host))
    t.equal(one.status, 200)
    t.ok(one.bytes < answerHeaderBytes && one.bytes > identityHeaderBytes - 1_000, `${host}: ${one.bytes} bytes`)
    t.same(one.shortened, host === 'app.example.test' ? ['roles', 'permissions'] : ['roles'])
    t.strictSame(one.roles, roles.toSorted().slice(0, one.roles.length))
  }
  t.equal((await ask(service, ada, 'subject.example.test')).headers['x-auth-shortened'], undefined)
})

void test('what a host is told changes with its rules, also for somebody whose headers were written a moment ago', async (t) => {
  const { service, ada } = await startFor(t, shareOut(['role'], 10))
  const told = async () => readTold('app.example.test', await ask(service, ada, 'app.example.test')).permissions
  t.equal((await told())!.length, 10)
  const settings = { identity: { permissions: ['project-number-1:*'] }, rules: [{ allow: 'signed-in' as const }] }
  service.gatehouse.replaceRules(compileAccessRules({ 'app.example.test': settings }))
  t.same(await told(), ['project-number-1:write'])
})

void test('nobody, and whoever has few rights, is marked as nothing', async (t) => {
  const { service, ada } = await startFor(t, shareOut(['role'], 3))
  for (const host of ['app.example.test', 'remote.example.test', 'oauth2.example.test', 'twice.example.test']) {
    for (const path of ['/x', '/open/x'])
      t.equal((await ask(service, ada, host, path)).headers['x-auth-shortened'], '', `${host}${path}`)
  }
  t.notOk('shortened' in claimsOf(String((await ask(service, ada, 'app.example.test')).headers['x-auth-assertion'])))
  t.same([...linesOf(service, 'identity.shortened'), ...linesOf(service, 'identity.refused')], [])
})

void test('a long name, a long path and a client with long scopes leave an answer within what the proxies let through', async (t) => {
  const service = await startService(t, { yaml: { hosts } })
  const scopes = Array.from({ length: 40 }, (_, at) => String(at).padStart(100, '%'))
  const { client_id, client_secret } = await service.operate('POST', '/clients', {
    ...newClient,
    scopes,
    name: '𝄞'.repeat(200),
  })
  const form = { grant_type: 'client_credentials', client_id, client_secret }
  const { access_token } = (await service.call('/oauth/token', { method: 'POST', form })).json()
  const path = `/${'x'.repeat(8_100)}`
  for (const host of Object.keys(hosts).filter((name) => !name.startsWith('*'))) {
    const headers = { ...asks({ host, path }), authorization: `Bearer ${access_token}` }
    const answer = await service.call('/forward-auth', { headers })
    const one = readTold(host, answer)
    const hasRoom = !['small.example.test', 'whole.example.test'].includes(host)
    t.equal(one.status, hasRoom ? 200 : 403, host)
    t.same(one.shortened, ['twice.example.test', 'bound.example.test'].includes(host) ? ['scopes'] : [], host)
    t.ok(one.bytes < answerHeaderBytes, `${host}: ${one.bytes} bytes`)
  }
})
