/** "Why was I denied?": what is explained is what is decided, over HTTP and for operators. */
import * as fc from 'fast-check'
import { test } from 'tap'
import type { Principal } from '../../../src/core/principal.ts'
import { allEscaped } from '../../../src/core/request-path.ts'
import { parseRequestTarget } from '../../../src/core/request-target.ts'
import { compileAccessRules } from '../../../src/features/forward-auth/access-rules.ts'
import { createDecide } from '../../../src/features/forward-auth/decide.ts'
import { createExplain } from '../../../src/features/forward-auth/explain.ts'
import { createIdentityHeaders } from '../../../src/features/forward-auth/identity.ts'
import type { AccessRule } from '../../../src/features/forward-auth/settings.ts'
import { asks, bearer, createClock, newClient, startService } from '../../support/service.ts'

const host = 'app.example.test'
const hosts = {
  [host]: {
    rules: [
      { paths: ['/public/**'], methods: ['GET', 'HEAD'], allow: 'anyone' },
      { paths: ['/admin/**'], allow: { roles: ['admin'] } },
      { paths: ['/vault/**'], allow: { roles: ['admin'], level: 'aal2' } },
      { paths: ['/office/**'], networks: ['198.51.100.0/24'], allow: 'signed-in' },
      { paths: ['/users/{subject}/**'], allow: { owner: 'subject' } },
      { paths: ['/reports/**'], methods: ['POST'], preflight: true, allow: { permissions: ['reports:write'] } },
      { paths: ['/inside/**'], allow: { networks: ['198.51.100.0/24'] } },
    ],
  },
  'queues.example.test': {
    encoded: ['slash'],
    rules: [
      { paths: ['/api/queues/*/jobs'], allow: 'anyone' },
      { paths: ['/admin/**'], allow: { permissions: ['everything'] } },
      { allow: 'signed-in' },
    ],
  },
  'other.example.test': { audience: 'other', authorization: 'assertion', rules: [{ allow: 'signed-in' }] },
  'person.example.test': { credentials: ['session'], rules: [{ allow: 'signed-in' }] },
  'program.example.test': { credentials: ['api-key'], rules: [{ allow: 'signed-in' }] },
}

void test('an explanation', async (t) => {
  const service = await startService(t, { yaml: { hosts } })
  const ada = await service.createUser({ roles: ['admin'], name: 'Ada, Countess' })
  const bob = await service.createUser({ roles: ['writer'] })
  await service.operate('PUT', '/roles/writer', { permissions: ['reports:write'] })
  const [adaIn, bobIn] = [await service.signIn(ada), await service.signIn(bob)]
  const explain = (path: string, given: object = {}, at = host) =>
    service.operate('POST', '/access/explain', { url: `http://${at}${path}`, ...given })

  await t.test('names the rule that decided, with its line, and why the earlier ones did not', async (t) => {
    const explained = await explain('/vault/x', { method: 'POST', user: ada.email })
    t.match(explained, { decision: 'step_up', host, reason: /not strong enough/ })
    t.match(explained.rule, { number: 3, allow: { roles: ['admin'], level: 'aal2' } })
    t.ok(explained.rule.line > explained.earlier[1].line && explained.earlier[1].line > explained.earlier[0].line)
    t.same(
      explained.earlier.map(({ number, mismatch }: { number: number; mismatch: string }) => [number, mismatch]),
      [
        [1, 'path'],
        [2, 'path'],
      ],
    )
    t.match(await explain('/public/x', { method: 'POST' }), {
      decision: 'forbidden',
      reason: 'No rule of the host matches.',
      earlier: [{ number: 1, mismatch: 'method' }],
    })
    const outside = await explain('/office/x', { user: ada.id, address: '203.0.113.7' })
    t.match(outside.earlier[3], { number: 4, mismatch: 'network' })
  })

  await t.test('says which condition does not hold', async (t) => {
    const reason = async (path: string, given: object) => (await explain(path, given)).reason
    t.match(await reason('/admin/x', { user: bob.id }), '`roles`')
    t.match(await reason(`/users/${ada.id}/x`, { user: bob.id }), '`owner`')
    t.match(await reason('/reports/x', { method: 'POST', user: ada.id }), '`permissions`')
    t.match(await reason('/inside/x', { user: ada.id, address: '203.0.113.7' }), /`networks` does not hold\.$/)
    t.match(await reason('/inside/x', { user: ada.id }), 'no address is given')
    t.match(await reason('/admin/x', {}), 'not signed in')
    t.match(await reason('/x', {}), 'No rule')
    t.match((await explain('/x', {}, 'unknown.example.test')).reason, 'not listed')
  })

  await t.test('takes somebody with roles, permissions and a level for a person', async (t) => {
    const decision = async (path: string, given: object) => (await explain(path, given)).decision
    t.equal(await decision('/vault/x', { roles: ['admin'], level: 'aal2' }), 'allow')
    t.equal(
      await decision('/reports/x', { method: 'POST', roles: ['writer'] }),
      'allow',
      'a role brings its permissions',
    )
    t.equal(await decision('/reports/x', { method: 'POST', permissions: ['reports:write'] }), 'allow')
    t.equal(await decision('/reports/x', { method: 'POST', roles: ['reader'] }), 'forbidden')
  })

  await t.test('agrees with the answer that a proxy gets', async (t) => {
    const kinds: Record<number, string> = { 200: 'allow', 401: 'sign_in', 403: 'forbidden', 400: 'refused' }
    const paths = ['/public/x', '/admin/x', '/office/x', '/inside/x', `/users/${bob.id}/x`, '/x', '/a/../b', '/a;b']
    const people = [
      [{ user: ada.id }, bearer(adaIn.accessToken)],
      [{ user: bob.email }, bearer(bobIn.accessToken)],
      [{}, {}],
    ] as const
    for (const path of paths) {
      for (const [who, headers] of people) {
        for (const address of ['198.51.100.7', '203.0.113.7']) {
          const question = { ...asks({ path, host }), 'x-forwarded-for': address, ...headers }
          const answer = await service.call('/forward-auth/traefik', { headers: question })
          const { decision } = await explain(path, { ...who, address })
          t.equal(decision, kinds[answer.status], `${path} ${JSON.stringify(who)} ${address}`)
        }
      }
    }
  })

  await t.test('shows what the upstream would get, and no token that anybody could use', async (t) => {
    const { headers, assertion } = await explain('/admin/x', { user: ada.email })
    t.match(headers, {
      'X-Auth-Subject': ada.id,
      'X-Auth-Email': ada.email,
      'X-Auth-Name': 'Ada%2C Countess',
      'X-Auth-Roles': 'admin',
      'X-Auth-Assertion': '(assertion)',
    })
    t.match(assertion, { iss: service.issuer, sub: ada.id, aud: `http://${host}`, roles: ['admin'], acr: 'aal1' })
    const replaced = await explain('/x', { user: ada.email }, 'other.example.test')
    t.equal(replaced.headers['Authorization'], 'Bearer (assertion)')
    t.match(replaced.assertion, { aud: 'other' })
    t.notMatch(JSON.stringify([headers, assertion, replaced]), /eyJ/)
  })

  await t.test('knows by which credentials a host can be reached', async (t) => {
    const { client_id: client } = await service.operate('POST', '/clients', { ...newClient, name: 'Reporter' })
    const at = async (name: string, who: object) => {
      const { decision, reason } = await explain('/x', who, `${name}.example.test`)
      return [decision, reason]
    }
    const passes = ['allow', 'The rule lets everyone pass who is signed in.']
    t.same(await at('person', { user: bob.id }), passes)
    t.same(await at('program', { user: bob.id }), passes, 'with a key')
    t.same(await at('program', { client }), passes)
    t.match(await at('person', { client }), ['sign_in', /`credentials` of the host/])
  })
  await t.test('knows disabled accounts, programs and their audiences, and preflights', async (t) => {
    const carol = await service.createUser()
    await service.operate('PUT', `/users/${carol.id}/status`, { status: 'disabled' })
    t.match(await explain('/admin/x', { user: carol.id }), { decision: 'sign_in', reason: /disabled/ })
    const client = { name: 'Reports', grants: ['client_credentials'], scopes: [], redirect_uris: [], public: false }
    const { client_id: id } = await service.operate('POST', '/clients', { ...client, audiences: ['other'] })
    t.match(await explain('/admin/x', { client: id }), { decision: 'sign_in', reason: /not meant for this host/ })
    t.match(await explain('/x', { client: id }, 'other.example.test'), {
      decision: 'allow',
      headers: { 'X-Auth-Kind': 'client', 'X-Auth-Client': id },
    })
    const preflight = (asked: string) => explain('/reports/x', { method: 'OPTIONS', preflight_for: asked })
    t.match(await preflight('POST'), { decision: 'allow', rule: { number: 6 }, reason: /preflight/ })
    t.match(await preflight('GET'), { decision: 'forbidden' })
  })

  await t.test('of a URL that can be read in two ways says which part is at fault, and repeats nothing', async (t) => {
    const table: Record<string, RegExp> = {
      '/public/../admin': /segment 2 of the path is a dot segment/,
      '/public/%2E%2e/secret': /segment 2 of the path is a dot segment/,
      '//secret': /segment 1 of the path is empty/,
      '/a%2Fsecret': /segment 1 of the path holds a backslash or an encoded separator/,
      '/a/secret;x': /segment 2 of the path holds a semicolon/,
      '/%2573ecret': /segment 1 of the path is encoded twice/,
      '/secret%00': /holds a control character/,
      '/secret%zz': /holds a broken percent-encoding/,
      '/secret%C0%AF': /bytes that are not UTF-8/,
      '/secretü': /a character that paths do not have/,
      '/x?secret ': /the query/,
      [`/secret${'x'.repeat(9_000)}`]: /longer than 8 KiB/,
    }
    for (const [path, reason] of Object.entries(table)) {
      const explained = await explain(path, { user: ada.id })
      t.match(explained, { decision: 'refused', reason, earlier: [] }, path)
      t.notMatch(explained.reason, /secret/)
    }
    const of = async (given: object) => (await service.operate('POST', '/access/explain', given)).reason
    t.match(await of({ url: `http://${host}:0/` }), 'the host is')
    t.match(await of({ url: `http://${host}/`, method: 'get' }), 'the method is')
    for (const url of ['app.example.test', 'ftp://app.example.test/', `http://${host}`, `http://${host}/#x`]) {
      t.match(await of({ url }), 'expected scheme, host and path', url)
    }
  })

  await t.test(
    'of a path with escapes shows the segments, and the rule that another reading of it meets',
    async (t) => {
      const host = 'queues.example.test'
      const at = (path: string, caller = {}) => explain(path, caller, host)
      t.match(await at('/api/queues/%2F/jobs'), {
        decision: 'allow',
        rule: { number: 1 },
        segments: ['api', 'queues', '/', 'jobs'],
      })
      t.notMatch(await at('/api/queues/x/jobs'), { segments: [] })
      const around = await at('/admin%2Fx', { user: ada.email, level: 'aal1' })
      t.match(around, {
        decision: 'forbidden',
        reason:
          /^Normalised or decoded again, the path is another one, whose rule is held too\. The condition `permissions`/,
        rule: { number: 2 },
        segments: ['admin/x'],
        other_reading: { number: 2, segments: ['admin', 'x'], allow: { permissions: ['everything'] } },
      })
      const held = await at('/admin%2Fx', { permissions: ['everything'] })
      t.match(held, {
        decision: 'allow',
        rule: { number: 3 },
        other_reading: { number: 2 },
        earlier: [{ number: 1 }, { number: 2 }],
      })
      const table = {
        '/x%3By': /segment 1 of the path holds a semicolon.*; `encoded: \[semicolon\]` of the host lets it pass/,
        '/x%252Fy':
          /segment 1 of the path holds .*; `encoded: \[percent\]`|segment 1 of the path is encoded twice; `encoded: \[percent\]`/,
        '/a/..%2Fy': /segment 2 of the path holds a dot segment between encoded separators\.$/,
        '/x%3fy': /an encoded question mark or hash.*`encoded: \[question-mark\]`/,
      }
      for (const [path, reason] of Object.entries(table)) {
        t.match(await at(path), { decision: 'refused', reason, earlier: [] }, path)
      }
    },
  )

  await t.test('is refused for contradictory and unknown people', async (t) => {
    const refused = async (given: object, code: RegExp) => t.rejects(explain('/x', given), { message: code })
    await refused({ user: 'nobody@example.test' }, /404/)
    await refused({ client: 'no-such-client' }, /404/)
    await refused({ client: 'x', roles: ['admin'] }, /400/)
    await refused({ user: ada.id, roles: ['admin'] }, /400/)
    await refused({ preflight_for: 'POST' }, /400/)
    await refused({ address: 'localhost' }, /400/)
    await refused({ level: 'aal3' }, /400/)
    await refused({ unknown: 1 }, /400/)
  })

  await t.test('is for administrators alone', async (t) => {
    const ask = (headers: Record<string, string>) =>
      service.call('/api/admin/access/explain', { method: 'POST', json: { url: `http://${host}/admin/x` }, headers })
    t.match((await ask({})).json(), { status: 401, code: 'unauthorized' })
    t.match((await ask(bearer(bobIn.accessToken))).json(), { status: 403, code: 'forbidden' })
    t.match((await ask({ cookie: bobIn.cookie, origin: service.issuer })).json(), { status: 403, code: 'forbidden' })
    const answer = await ask(bearer(adaIn.accessToken))
    t.match(answer, { status: 200, headers: { 'cache-control': 'no-store' } })
    t.match(answer.json(), { decision: 'sign_in', rule: { number: 2 } })
    const evil = { cookie: adaIn.cookie, origin: 'http://evil.example.test' }
    t.match((await ask(evil)).json(), { status: 403, code: 'cross_site_request' })
    await service.operate('DELETE', `/users/${ada.id}/roles/admin`)
    t.equal((await ask(bearer(adaIn.accessToken))).status, 403, 'from the moment the role is gone')
  })
})

void test('whatever the rules and the request, explained and decided are the same', async (t) => {
  const some = <T>(...values: T[]) => fc.option(fc.subarray(values, { minLength: 1 }), { nil: undefined })
  const conditions = fc
    .record({
      roles: some('admin', 'editor'),
      permissions: some('read', 'write'),
      networks: some('198.51.100.0/24', '2001:db8::/32'),
      level: fc.option(fc.constantFrom('aal1' as const, 'aal2' as const), { nil: undefined }),
    })
    .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)))
  const rule: fc.Arbitrary<AccessRule> = fc
    .record({
      paths: some('/', '/a', '/a/**', '/*/b', '/{id}', '/**'),
      methods: some('GET', 'POST'),
      networks: some('198.51.100.0/24', '203.0.113.0/24'),
      preflight: fc.option(fc.boolean(), { nil: undefined }),
      allow: fc.oneof(fc.constant('anyone' as const), fc.constant('signed-in' as const), conditions),
    })
    .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as AccessRule)
  const person = fc.record({
    roles: fc.subarray(['admin', 'editor']),
    permissions: fc.subarray(['read', 'write']),
    level: fc.constantFrom('aal1' as const, 'aal2' as const),
  })
  const question = fc.record({
    method: fc.constantFrom('GET', 'POST', 'OPTIONS'),
    path: fc.constantFrom('/', '/a', '/a/b', '/c/b', '/a/b/c', '/a/b%23', '/a%2Fb', '/c%2Fa', '/a%3Fb'),
    host: fc.constantFrom(host, 'unknown.example.test'),
    address: fc.constantFrom(undefined, '198.51.100.7', '203.0.113.7', '2001:db8::1'),
    preflightFor: fc.constantFrom(undefined, 'GET', 'POST'),
    person: fc.option(person, { nil: undefined }),
  })
  const clock = createClock()
  const nobody = () => Promise.reject(new Error('nobody is looked up'))
  const kinds = {
    ...{ allow: 'allow', unauthenticated: 'sign_in', step_up: 'step_up', forbidden: 'forbidden' },
    ambiguous: 'refused',
  } as const
  const seen = new Set<string>()

  const property = fc.asyncProperty(fc.array(rule, { maxLength: 6 }), question, async (rules, asked) => {
    const compiled = compileAccessRules({ [host]: { encoded: ['slash'], rules } })
    const preflightFor = asked.method === 'OPTIONS' ? asked.preflightFor : undefined
    const explanation = await createExplain({
      rules: () => compiled,
      findUser: nobody,
      findClient: nobody,
      listRoles: async () => [],
      clock,
      issuer: 'http://auth.example.test',
    })({
      method: asked.method,
      url: `http://${asked.host}${asked.path}`,
      address: asked.address,
      preflightFor,
      ...asked.person,
    })

    const target = parseRequestTarget(
      { method: asked.method, scheme: 'http', host: asked.host, target: asked.path },
      allEscaped,
    )
    if (typeof target === 'string') throw new Error(target)
    const identity = createIdentityHeaders({ clock, issuer: 'http://auth.example.test', sign: () => 'signed' })
    const principal = {
      kind: 'user',
      subject: 'x',
      scopes: [],
      clientId: 'x',
      name: '',
      groups: [],
      ...asked.person,
    } as never
    const decision = await createDecide({
      rules: () => compiled,
      bearer: () => undefined,
      basic: () => undefined,
      basicByDefault: false,
      apiKey: () => undefined,
      sessionCookie: () => ({ principal: principal as Principal, audiences: [] }),
      hostCookie: () => undefined,
      identity,
      deploymentAudience: 'http://auth.example.test',
    })({
      target,
      clientAddress: () => asked.address,
      authorization: undefined,
      apiKey: undefined,
      sessionCookie: asked.person && 'x',
      hostCookie: undefined,
      preflightFor,
    })
    seen.add(explanation.decision)
    const names = decision.kind === 'allow' ? decision.headers.filter((_, at) => at % 2 === 0) : []
    const number = explanation.rule?.number
    const judged = asked.host === host && decision.kind !== 'ambiguous'
    return (
      explanation.decision === kinds[decision.kind] &&
      JSON.stringify(Object.keys(explanation.headers ?? {})) === JSON.stringify(names) &&
      explanation.earlier.every(({ mismatch }) => mismatch !== undefined) &&
      explanation.earlier.length === (number === undefined ? (judged ? rules.length : 0) : number - 1)
    )
  })
  const ada = { roles: [], permissions: [], level: 'aal1' as const }
  const asked = { method: 'GET', path: '/', host, address: undefined, preflightFor: undefined } as const
  // Few rules lack nothing but the level, and chance may miss them.
  const stepUp: [AccessRule[], typeof asked & { person: typeof ada }] = [
    [{ allow: { level: 'aal2' } }],
    { ...asked, person: ada },
  ]
  await t.resolves(fc.assert(property, { numRuns: 3_000, examples: [stepUp] }))
  t.same([...seen].toSorted(), ['allow', 'forbidden', 'refused', 'sign_in', 'step_up'], 'and every outcome occurred')
})
