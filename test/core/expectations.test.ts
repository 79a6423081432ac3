/** What a file expects of its own rules is held by the code that decides: a file that breaks it is refused. */
import * as fc from 'fast-check'
import { test } from 'tap'
import { stringify } from 'yaml'
import { parseConfigFile } from '../../src/config-file.ts'
import { type AccessRule, type Expectation } from '../../src/features/forward-auth/settings.ts'

const host = 'app.example.test'

/** The faults of a file with these rules and expectations, each without its place. */
function faultsOf(rules: AccessRule[], expect: Expectation[], name = host): string[] {
  const read = parseConfigFile(stringify({ hosts: { [name]: { rules, expect } } }), 'gatehouse.yaml')
  return read.kind === 'read' ? [] : read.faults.map((fault) => fault.replace(/^gatehouse\.yaml:\d+:\d+: /, ''))
}

const rules: AccessRule[] = [
  { paths: ['/assets/**'], methods: ['GET'], allow: 'anyone' },
  { paths: ['/admin/**'], allow: { roles: ['staff'] } },
  { paths: ['/vault/**'], allow: { level: 'aal2' } },
  { paths: ['/users/{subject}/**'], allow: { owner: 'subject' } },
  { paths: ['/reports/**'], methods: ['POST'], preflight: true, allow: { scopes: ['reports'], clients: ['job'] } },
  { paths: ['/closed/**'], allow: 'nobody' },
  { paths: ['/inside/**'], networks: ['10.0.0.0/8'], allow: 'signed-in' },
]

void test('what comes true lets the file pass', async (t) => {
  const expected: Expectation[] = [
    { method: 'GET', path: '/admin/', as: 'nobody', result: 'sign_in' },
    { path: '/admin/', as: { roles: ['staff'] }, result: 'allow' },
    { path: '/admin/', as: 'signed-in', result: 'forbidden' },
    { path: '/assets/x.css?v=1', as: 'nobody', result: 'allow' },
    { method: 'POST', path: '/assets/x.css', as: { roles: ['staff'] }, result: 'forbidden' },
    { path: '/vault', as: { level: 'aal1' }, result: 'step_up' },
    { path: '/vault', as: { level: 'aal2' }, result: 'allow' },
    { path: '/users/ada/mail', as: { subject: 'ada' }, result: 'allow' },
    { path: '/users/ada/mail', as: { subject: 'bob' }, result: 'forbidden' },
    { method: 'POST', path: '/reports/7', as: { client: 'job', scopes: ['reports'] }, result: 'allow' },
    { method: 'POST', path: '/reports/7', as: { client: 'other', scopes: ['reports'] }, result: 'forbidden' },
    { method: 'OPTIONS', preflight_for: 'POST', path: '/reports/7', as: 'nobody', result: 'allow' },
    { path: '/closed/x', as: 'nobody', result: 'forbidden' },
    { path: '/closed/x', as: { roles: ['staff'], level: 'aal2' }, result: 'forbidden' },
    { path: '/inside/x', address: '10.1.2.3', as: 'signed-in', result: 'allow' },
    { path: '/inside/x', as: 'signed-in', result: 'forbidden' },
  ]
  t.same(faultsOf(rules, expected), [])
  t.same(faultsOf(rules, expected, `${host}:8443`), [])
  t.same(faultsOf(rules, expected, '*.example.test'), [], 'under a wildcard too')
})

void test('what does not is told with what was expected, what came, and the rule that decided', async (t) => {
  const text = `hosts:
  ${host}:
    rules:
      - paths: [/admin/**]
        allow: { roles: [staff] }
    expect:
      - { method: GET, path: /admin/, as: nobody, result: sign_in }
      - { method: GET, path: /admin/, as: { roles: [guest], level: aal2 }, result: allow }
      - { path: /, as: signed-in, result: allow }
      - { path: /a/../b, as: nobody, result: forbidden }
`
  const read = parseConfigFile(text, 'gatehouse.yaml')
  t.same(read.kind === 'faulty' && read.faults, [
    `gatehouse.yaml:8:9: hosts.${host}.expect.2: expected allow for GET /admin/ as roles guest, level aal2, ` +
      'but it comes to forbidden by rule 1 (line 4): The condition `roles` does not hold.',
    `gatehouse.yaml:9:9: hosts.${host}.expect.3: expected allow for GET / as signed-in, ` +
      'but it comes to forbidden: No rule of the host matches.',
    `gatehouse.yaml:10:9: hosts.${host}.expect.4: expected forbidden for GET /a/../b as nobody, ` +
      'but it comes to refused: The request target is refused: segment 2 of the path is a dot segment, in whatever encoding.',
  ])
})

void test('a role gives what the file lets it give', async (t) => {
  const text = (permissions: string) => `roles: { editor: [${permissions}] }
hosts:
  ${host}:
    rules: [{ allow: { permissions: [write] } }]
    expect: [{ path: /, as: { roles: [editor] }, result: allow }]
`
  t.equal(parseConfigFile(text('read, write'), 'gatehouse.yaml').kind, 'read')
  const broken = parseConfigFile(text('read'), 'gatehouse.yaml')
  t.match(broken.kind === 'faulty' && broken.faults, [
    /expected allow for GET \/ as roles editor.*`permissions` does not hold/,
  ])
  const bad = parseConfigFile('roles: { "a,b": [], c: [x y], d: e }', 'gatehouse.yaml')
  t.match(bad.kind === 'faulty' && bad.faults, [
    /roles\.c\.1: expected a name of a permission/,
    /roles\.d: expected a list of permissions/,
  ])
  const named = parseConfigFile('roles: { "a,b": [] }', 'gatehouse.yaml')
  t.match(named.kind === 'faulty' && named.faults, [/roles\.a,b: expected a name of at most 100/])
})

void test('an expectation that contradicts itself is refused', async (t) => {
  const refused: [Expectation, RegExp][] = [
    [
      { path: '/', as: { client: 'job', roles: ['staff'] }, result: 'allow' },
      /no roles, groups, permissions, level or subject/,
    ],
    [{ path: '/', preflight_for: 'POST', as: 'nobody', result: 'allow' }, /the method OPTIONS/],
    [{ path: '/', address: '10.0.0.0/8', as: 'nobody', result: 'allow' }, /an IP address/],
    [{ path: 'x', as: 'nobody', result: 'allow' }, /expect\.\d\.path/],
    [{ path: '/', as: 'somebody' as 'nobody', result: 'allow' }, /expect\.\d\.as: expected nobody, signed-in or/],
    [{ path: '/', as: 'nobody', result: 'deny' as 'allow' }, /expect\.\d\.result/],
    [
      { path: '/', as: 'nobody', result: 'allow', role: 'x' } as Expectation,
      /expect\.\d\.role: there is no such setting/,
    ],
  ]
  for (const [expectation, reason] of refused) {
    const faults = faultsOf(rules, [expectation])
    t.equal(faults.length, 1)
    t.match(faults[0], reason)
  }
})

void test('of the four results exactly one is taken, whatever the rules and the request', async (t) => {
  const list = (...values: string[]) => fc.subarray(values, { minLength: 1 })
  const allow = fc.oneof(
    fc.constantFrom('anyone' as const, 'signed-in' as const, 'nobody' as const),
    fc.record({ roles: list('a', 'b'), level: fc.constantFrom('aal1' as const, 'aal2' as const) }),
    fc.record({ permissions: list('p', 'q') }),
  )
  const rule = fc.record({ paths: list('/', '/a', '/a/**', '/*/b'), methods: list('GET', 'POST'), allow })
  const as = fc.oneof(
    fc.constantFrom('nobody' as const, 'signed-in' as const),
    fc.record({
      roles: fc.subarray(['a', 'b']),
      permissions: fc.subarray(['p']),
      level: fc.constantFrom('aal1' as const, 'aal2' as const),
    }),
  )
  const asked = fc.record({
    method: fc.constantFrom('GET', 'POST'),
    path: fc.constantFrom('/', '/a', '/a/b', '/c/b'),
    as,
  })
  const results = ['allow', 'sign_in', 'step_up', 'forbidden'] as const
  const seen = new Set<string>()
  const property = fc.property(fc.array(rule, { maxLength: 4 }), asked, (rules, request) => {
    const taken = results.filter((result) => faultsOf(rules, [{ ...request, result }]).length === 0)
    if (taken.length === 1) seen.add(taken[0]!)
    return taken.length === 1
  })
  fc.assert(property, {
    numRuns: 150,
    examples: [
      [
        [{ paths: ['/'], methods: ['GET'], allow: { roles: ['a'], level: 'aal2' } }],
        { method: 'GET', path: '/', as: { roles: ['a'], permissions: [], level: 'aal1' } },
      ],
    ],
  })
  t.same([...seen].toSorted(), ['allow', 'forbidden', 'sign_in', 'step_up'], 'and every result occurred')
})
