/** What a changed file changes, and for whom: held against the decisions themselves about a generated universe. */
import * as fc from 'fast-check'
import { test } from 'tap'
import type { AuthenticationLevel, Principal } from '../../src/core/principal.ts'
import { parseRequestTarget } from '../../src/core/request-target.ts'
import { compileAccessRules } from '../../src/features/forward-auth/access-rules.ts'
import { type ImaginedCaller, imagineDecision, outcomes } from '../../src/features/forward-auth/explain-decision.ts'
import { imaginePerson, type RolePermissions } from '../../src/features/forward-auth/imagined-callers.ts'
import { diffRules, type Side } from '../../src/features/forward-auth/rules-diff.ts'
import type { AccessRule, Hosts } from '../../src/features/forward-auth/settings.ts'

const host = 'app.example.test'

function side(hosts: Hosts, roles: RolePermissions = {}): Side {
  return { hosts, roles, rules: compileAccessRules(hosts) }
}
const rulesOf = (...rules: AccessRule[]) => side({ [host]: { rules } })

/** Each change as one line. */
function told(before: Side, after: Side): string[] {
  const lines: string[] = []
  for (const { host, listed, settings, requests } of diffRules(before, after)) {
    if (listed !== 'both') lines.push(`${host} ${listed}`)
    for (const { setting, before, after } of settings) lines.push(`${setting} ${JSON.stringify([before, after])}`)
    for (const { before, after, example, changes } of requests) {
      const { method, preflight_for: preflightFor, address = '' } = example
      const asked = `${preflightFor ?? method} ${new URL(example.url).pathname} ${address}`.trim()
      const pair = `${before?.number ?? '-'}→${after?.number ?? '-'}`
      for (const { who, unless, before: was, after: is } of changes) {
        lines.push(`${pair} ${asked}: ${was} → ${is}: ${[who, ...unless.map((one) => `unless ${one}`)].join(' ')}`)
      }
    }
  }
  return lines
}

void test('for whom what changes is told, with an example', async (t) => {
  const table: [name: string, before: AccessRule[], after: AccessRule[], told: string[]][] = [
    ['nothing', [{ allow: 'anyone' }], [{ allow: 'anyone' }], []],
    [
      'other words for the same',
      [{ paths: ['/**'], allow: { roles: ['a', 'b'] } }],
      [{ allow: { roles: ['b', 'a'] } }],
      [],
    ],
    ['a rule that never decided', [{ allow: 'anyone' }], [{ allow: 'anyone' }, { paths: ['/x'], allow: 'nobody' }], []],
    ['an open door', [{ allow: 'signed-in' }], [{ allow: 'anyone' }], ['1→1 GET /: sign_in → allow: not signed in']],
    [
      'a shut door',
      [{ allow: 'signed-in' }],
      [{ allow: 'nobody' }],
      ['1→1 GET /: sign_in → forbidden: not signed in', '1→1 GET /: allow → forbidden: signed in'],
    ],
    [
      'a further role',
      [{ paths: ['/x'], allow: { roles: ['a'] } }],
      [{ paths: ['/x'], allow: { roles: ['a', 'b'] } }],
      ['1→1 GET /x: forbidden → allow: a person, role b'],
    ],
    [
      'a demand',
      [{ allow: 'signed-in' }],
      [{ allow: { roles: ['a'] } }],
      ['1→1 GET /: allow → forbidden: signed in unless role a'],
    ],
    [
      'a level',
      [{ allow: 'signed-in' }],
      [{ allow: { level: 'aal2' } }],
      ['1→1 GET /: allow → step_up: signed in unless level aal2'],
    ],
    [
      'a level that programs have not',
      [{ allow: 'signed-in' }],
      [{ allow: { level: 'aal1' } }],
      ['1→1 GET /: allow → step_up: a program'],
    ],
    [
      'a scope for a permission',
      [{ allow: { permissions: ['p'] } }],
      [{ allow: { scopes: ['s'] } }],
      [
        '1→1 GET /: allow → forbidden: a person, permission p unless scope s',
        '1→1 GET /: forbidden → allow: signed in, scope s unless permission p',
      ],
    ],
    [
      'a client',
      [{ allow: { clients: ['job'] } }],
      [{ allow: { clients: ['job', 'cron'] } }],
      ['1→1 GET /: forbidden → allow: signed in, client cron'],
    ],
    [
      'a rule that is gone',
      [{ paths: ['/x/**'], allow: 'anyone' }, { allow: 'signed-in' }],
      [{ allow: 'signed-in' }],
      ['1→1 GET /x: allow → sign_in: not signed in'],
    ],
    [
      'the last rule',
      [{ paths: ['/x'], allow: 'signed-in' }],
      [],
      ['1→- GET /x: sign_in → forbidden: not signed in', '1→- GET /x: allow → forbidden: signed in'],
    ],
    [
      'another order',
      [
        { paths: ['/x'], allow: 'anyone' },
        { paths: ['/*'], allow: 'signed-in' },
      ],
      [
        { paths: ['/*'], allow: 'signed-in' },
        { paths: ['/x'], allow: 'anyone' },
      ],
      ['1→1 GET /x: allow → sign_in: not signed in'],
    ],
    [
      'a method',
      [{ methods: ['GET'], allow: 'anyone' }],
      [{ methods: ['GET', 'POST'], allow: 'anyone' }],
      ['-→1 POST /: forbidden → allow: anyone'],
    ],
    [
      'a network',
      [{ networks: ['10.0.0.0/8'], allow: 'anyone' }],
      [{ networks: ['10.0.0.0/9'], allow: 'anyone' }],
      ['1→- GET / 10.128.0.0: allow → forbidden: anyone'],
    ],
    [
      'two networks among the conditions, each with an example of its own',
      [{ allow: { roles: ['a'], networks: ['10.0.0.0/8'] } }],
      [{ allow: { roles: ['b'], networks: ['10.0.0.0/9'] } }],
      [
        '1→1 GET / 10.0.0.0: allow → forbidden: a person, role a unless role b',
        '1→1 GET / 10.0.0.0: forbidden → allow: a person, role b unless role a',
        '1→1 GET / 10.128.0.0: allow → forbidden: a person, role a',
      ],
    ],
    [
      'a network among the conditions',
      [{ allow: { networks: ['10.0.0.0/8'] } }],
      [{ allow: { networks: ['10.0.0.0/9'] } }],
      ['1→1 GET / 10.128.0.0: allow → forbidden: signed in'],
    ],
    [
      'an owner',
      [{ paths: ['/u/{id}'], allow: { owner: 'id' } }],
      [{ paths: ['/u/{id}'], allow: { roles: ['a'] } }],
      [
        '1→1 GET /u/any: forbidden → allow: a person, role a unless owner of part 2 of the path',
        '1→1 GET /u/any: allow → forbidden: signed in, owner of part 2 of the path unless role a',
      ],
    ],
    [
      'another owner',
      [{ paths: ['/{a}/{b}'], allow: { owner: 'a' } }],
      [{ paths: ['/{a}/{b}'], allow: { owner: 'b' } }],
      [
        '1→1 GET /any/other: allow → forbidden: signed in, owner of part 1 of the path',
        '1→1 GET /any/other: forbidden → allow: signed in, owner of part 2 of the path',
      ],
    ],
    [
      'a preflight',
      [{ methods: ['POST'], allow: 'signed-in' }],
      [{ methods: ['POST'], preflight: true, allow: 'signed-in' }],
      ['1→1 POST /: forbidden → allow: anyone'],
    ],
  ]
  for (const [name, before, after, expected] of table) {
    t.same(told(rulesOf(...before), rulesOf(...after)).toSorted(), expected.toSorted(), name)
  }
})

void test('hosts', async (t) => {
  const open: AccessRule[] = [{ allow: 'anyone' }]
  const listed = told(side({}), side({ 'new.example.test': { rules: open } }))
  t.same(listed, ['new.example.test after', '-→1 GET /: forbidden → allow: anyone'])
  const gone = told(side({ '*.example.test': { rules: open } }), side({}))
  t.same(gone, ['*.example.test before', '1→- GET /: allow → forbidden: anyone'])
  const out = told(
    side({ '*.example.test': { rules: [{ allow: 'signed-in' }] } }),
    side({ '*.example.test': { rules: [{ allow: 'signed-in' }] }, [host]: { rules: open, audience: 'app' } }),
  )
  t.same(
    out,
    [`${host} after`, 'audience [null,"app"]', '1→1 GET /: sign_in → allow: not signed in'],
    'one that a wildcard covered',
  )
  t.same(
    told(side({ 'APP.example.test:443': { rules: open } }), side({ [host]: { rules: open } })),
    [],
    'in another spelling',
  )
  const settings = told(
    side({ [host]: { rules: open, headers: 'remote' } }),
    side({ [host]: { rules: open, bind: 'request', expect: [{ path: '/', as: 'nobody', result: 'allow' }] } }),
  )
  t.same(settings, ['headers ["remote",null]', 'bind [null,"request"]'])
})

void test('a role that gives another permission', async (t) => {
  const hosts: Hosts = { [host]: { rules: [{ allow: { permissions: ['write'] } }] } }
  t.same(told(side(hosts, { editor: ['read'] }), side(hosts, { editor: ['read', 'write'], guest: [] })), [
    '1→1 GET /: forbidden → allow: a person, role editor unless permission write',
  ])
})

void test('of paths that overlap in every way what is told is true, and said not to be all', async (t) => {
  const rules = Array.from('abcdefghijklmnopqrstuvwxyz', (letter): AccessRule => ({
    paths: [`/*${letter}*`],
    allow: 'signed-in',
  }))
  const [changed, ...others] = rules
  const [diff] = diffRules(rulesOf(...rules), rulesOf({ ...changed!, allow: 'anyone' }, ...others))
  t.match(diff, {
    complete: false,
    requests: [{ before: { number: 1 }, after: { number: 1 }, changes: [{ after: 'allow' }] }],
  })
})

void test('something is told if and only if a decision changes, and of exactly the outcomes that do', async (t) => {
  const some = <T>(...values: T[]) => fc.subarray(values, { minLength: 1 })
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 })
  const defined = <T extends object>(given: T) =>
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const conditions = fc
    .record({
      roles: maybe(some('a', 'b')),
      permissions: maybe(some('p', 'q')),
      scopes: maybe(some('s', 'u')),
      clients: maybe(some('job', 'cron')),
      networks: maybe(some('10.0.0.0/8', '10.0.0.0/9')),
      level: maybe(fc.constantFrom('aal1' as const, 'aal2' as const)),
    })
    .map((given) => (Object.keys(defined(given)).length === 0 ? ('signed-in' as const) : defined(given)))
  const allow = fc.oneof(fc.constantFrom('anyone' as const, 'nobody' as const, 'signed-in' as const), conditions)
  const anyRule = fc
    .record({
      paths: maybe(some('/', '/a/**', '/*', '/a/*b')),
      methods: maybe(some('GET', 'POST')),
      networks: maybe(some('10.0.0.0/8')),
      preflight: maybe(fc.boolean()),
      allow,
    })
    .map(defined)
  const owned = fc.constantFrom('one', 'two').map((owner) => ({ paths: ['/{one}/{two}'], allow: { owner } }))
  const rule = fc.oneof(
    { weight: 4, arbitrary: anyRule },
    { weight: 1, arbitrary: owned },
  ) as fc.Arbitrary<unknown> as fc.Arbitrary<AccessRule>
  const roles = fc.constantFrom<RolePermissions>({}, { a: ['p'] }, { a: ['q'], c: ['p'] })

  const paths = ['/', '/a', '/x', '/a/b', '/a/zb', '/a/z', '/a/y/z', '/x/y', '/x/y/z']
  const targets = paths.flatMap((path) =>
    ['GET', 'POST', 'PUT', 'OPTIONS'].map((method) => {
      const target = parseRequestTarget({ method, scheme: 'https', host, target: path })
      if (typeof target === 'string') throw new Error(path)
      return target
    }),
  )
  const segmentsOf = new Map(targets.map(({ path, segments }) => [path, segments]))
  const requests = targets.flatMap((target) =>
    [undefined, '10.1.1.1', '10.200.1.1'].flatMap((address) =>
      (target.method === 'OPTIONS' ? [undefined, 'GET', 'POST', 'PUT'] : [undefined]).map((preflightFor) => ({
        target,
        clientAddress: () => address,
        preflightFor,
      })),
    ),
  )
  const subsets = (...[name, ...rest]: string[]): string[][] =>
    name === undefined ? [[]] : subsets(...rest).flatMap((set) => [set, [name].concat(set)])
  /** Everybody who may come with a path, of whose segments some are theirs; nobody comes first. */
  const imagine = (file: RolePermissions, segments: readonly string[]): ImaginedCaller[] => {
    const owned = [...new Set([0, 1, 9].map((at) => segments[at]))]
    const persons = subsets('a', 'b', 'c').flatMap((roles) =>
      subsets('p', 'q').flatMap((permissions) => {
        const held = { roles, groups: [], permissions: [...permissions, ...roles.flatMap((role) => file[role] ?? [])] }
        return subsets('s', 'u').flatMap((scopes) =>
          (['aal1', 'aal2'] as AuthenticationLevel[]).flatMap((level) =>
            owned.flatMap((subject) =>
              ['gatehouse', 'job', 'cron'].map((clientId): ImaginedCaller => {
                const principal = imaginePerson({ ...held, scopes, level, subject, clientId })
                return { shows: 'cookie', proven: { principal, audiences: [] } }
              }),
            ),
          ),
        )
      }),
    )
    const programs = ['job', 'cron', ...owned.map((id) => id ?? 'other')].flatMap((id) =>
      subsets('s', 'u').map((scopes): ImaginedCaller => {
        const principal: Principal = { kind: 'client', subject: id, name: '', scopes, clientId: id }
        return { shows: 'token', proven: { principal, audiences: [] } }
      }),
    )
    return ['nobody', ...persons, ...programs]
  }
  const identity = { anonymous: () => [], of: () => [] }

  let different = 0
  const property = fc.property(
    fc.array(rule, { maxLength: 3 }),
    fc.array(rule, { maxLength: 3 }),
    roles,
    roles,
    (one, other, was, is) => {
      const sides = [side({ [host]: { rules: one } }, was), side({ [host]: { rules: other } }, is)] as const
      const actual = new Set<string>()
      const numberOf = (position: number | undefined) => (position === undefined ? '-' : position + 1)
      // Whoever owns something does so by a path.
      const imagined = new Map(
        paths.map((path) => [path, sides.map(({ roles }) => imagine(roles, segmentsOf.get(path)!))]),
      )
      for (const request of requests) {
        // A preflight is about the rule of the request that it asks for.
        const asked = {
          ...request,
          target: { ...request.target, method: request.preflightFor ?? request.target.method },
        }
        const places = sides.map(({ rules }) => rules.host(host)!.rule(asked))
        if (request.preflightFor !== undefined && (places[0]?.preflight ?? false) === (places[1]?.preflight ?? false))
          continue
        const pair = places.map((rule) => numberOf(rule?.position)).join('→')
        const [ofOne, ofOther] = imagined.get(request.target.path) as [ImaginedCaller[], ImaginedCaller[]]
        const count = request.preflightFor === undefined ? ofOne.length : 1
        for (let at = 0; at < count; at++) {
          const [before, after] = [[sides[0], ofOne[at]!] as const, [sides[1], ofOther[at]!] as const].map(
            ([{ rules }, caller]) => outcomes[imagineDecision(rules, request, caller, { identity, issuer: '' }).kind],
          )
          if (before !== after)
            actual.add(`${pair} ${request.preflightFor === undefined ? '' : 'preflight '}${before} → ${after}`)
        }
      }
      const expected = new Set<string>()
      for (const { requests } of diffRules(...sides)) {
        for (const { before, after, example, changes } of requests) {
          for (const change of changes) {
            const kind = example.preflight_for === undefined ? '' : 'preflight '
            expected.add(`${before?.number ?? '-'}→${after?.number ?? '-'} ${kind}${change.before} → ${change.after}`)
          }
        }
      }
      if (actual.size > 0) different++
      return [...actual].every((one) => expected.has(one)) && [...expected].every((one) => actual.has(one))
    },
  )
  fc.assert(property, { numRuns: 25 })
  t.ok(different > 8, `and ${different} pairs of files were different`)
})
