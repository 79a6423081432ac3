/** Rules that can never decide are named, and no others: held against requests of a generated universe. */
import * as fc from 'fast-check'
import { test } from 'tap'
import { parseRequestTarget } from '../../src/core/request-target.ts'
import { compileAccessRules } from '../../src/features/forward-auth/access-rules.ts'
import { doubtsAbout, idleRules } from '../../src/features/forward-auth/idle-rules.ts'
import { distinctClients, distinctMethods, distinctPaths } from '../../src/features/forward-auth/request-classes.ts'
import type { AccessRule } from '../../src/features/forward-auth/settings.ts'

const host = 'app.example.test'

/** Numbers of the rules that never decide, each with those that decide in its place. */
function idleOf(...rules: AccessRule[]): Record<number, number[]> {
  const policy = compileAccessRules({ [host]: { rules } }).host(host)!
  const idle = idleRules(policy, host)
  return Object.fromEntries(
    idle.map(({ rule, decidedBy }) => [rule.position + 1, decidedBy.map(({ position }) => position + 1)]),
  )
}

void test('a rule that never decides is named, with those that come first', async (t) => {
  const allow = 'signed-in' as const
  const table: [name: string, rules: AccessRule[], idle: Record<number, number[]>][] = [
    ['a rule without paths before one with', [{ allow }, { paths: ['/admin/**'], allow }], { 2: [1] }],
    ['the other way round', [{ paths: ['/admin/**'], allow }, { allow }], {}],
    [
      'whatever the first one allows',
      [{ allow: { roles: ['nobody'] } }, { paths: ['/x'], allow: 'anyone' }],
      { 2: [1] },
    ],
    [
      'a shorter open path',
      [
        { paths: ['/a/**'], allow },
        { paths: ['/a', '/a/b/**'], allow },
      ],
      { 2: [1] },
    ],
    [
      'a sibling',
      [
        { paths: ['/a/**'], allow },
        { paths: ['/ab', '/a/b'], allow },
      ],
      {},
    ],
    [
      'a capture before a name',
      [
        { paths: ['/{id}'], allow },
        { paths: ['/me'], allow },
      ],
      { 2: [1] },
    ],
    [
      'a name before a capture',
      [
        { paths: ['/me'], allow },
        { paths: ['/{id}'], allow },
      ],
      {},
    ],
    [
      'a final slash',
      [
        { paths: ['/a/'], allow },
        { paths: ['/a'], allow },
      ],
      { 2: [1] },
    ],
    [
      'a wider glob',
      [
        { paths: ['/*.png'], allow },
        { paths: ['/a*.png'], allow },
      ],
      { 2: [1] },
    ],
    [
      'a narrower glob',
      [
        { paths: ['/a*.png'], allow },
        { paths: ['/*.png'], allow },
      ],
      {},
    ],
    ['several together', [{ paths: ['/'], allow }, { paths: ['/*/**'], allow }, { allow }], { 3: [1, 2] }],
    ['all but one', [{ paths: ['/*/**'], allow }, { allow }], {}],
    [
      'the one text that two globs share and a third has not',
      [
        { paths: ['/a*a'], allow },
        { paths: ['/a'], allow },
        { paths: ['/*a'], allow },
      ],
      {},
    ],
    ['a glob that only dots would fit', [{ paths: ['/...'], allow }], { 1: [] }],
    [
      'the same method',
      [
        { methods: ['GET', 'POST'], allow },
        { methods: ['POST'], allow },
      ],
      { 2: [1] },
    ],
    [
      'methods one by one',
      [
        { methods: ['GET'], allow },
        { methods: ['POST'], allow },
        { methods: ['GET', 'POST'], allow },
      ],
      { 3: [1, 2] },
    ],
    ['named methods are never all', [{ methods: ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'], allow }, { allow }], {}],
    [
      'no method before a method',
      [
        { paths: ['/a'], allow },
        { paths: ['/a'], methods: ['GET'], allow },
      ],
      { 2: [1] },
    ],
    [
      'a network inside',
      [
        { networks: ['10.0.0.0/8'], allow },
        { networks: ['10.1.0.0/16', '10.2.3.4'], allow },
      ],
      { 2: [1] },
    ],
    [
      'a network around',
      [
        { networks: ['10.1.0.0/16'], allow },
        { networks: ['10.0.0.0/8'], allow },
      ],
      {},
    ],
    [
      'two halves',
      [
        { networks: ['10.0.0.0/9'], allow },
        { networks: ['10.128.0.0/9'], allow },
        { networks: ['10.0.0.0/8'], allow },
      ],
      { 3: [1, 2] },
    ],
    ['every address is not every client', [{ networks: ['0.0.0.0/0', '::/0'], allow }, { allow }], {}],
    [
      'IPv4 within IPv6',
      [
        { networks: ['10.0.0.0/8'], allow },
        { networks: ['::ffff:10.0.0.0/104'], allow },
      ],
      { 2: [1] },
    ],
    [
      'another family',
      [
        { networks: ['0.0.0.0/0'], allow },
        { networks: ['2001:db8::/32'], allow },
      ],
      {},
    ],
    [
      'path and method together',
      [
        { paths: ['/a/**'], methods: ['GET'], allow },
        { paths: ['/a/**'], networks: ['10.0.0.0/8'], allow },
        { paths: ['/a/b'], methods: ['GET'], networks: ['10.0.0.0/8'], allow },
        { paths: ['/a/b'], methods: ['POST'], networks: ['10.0.0.0/8'], allow },
        { paths: ['/a/b'], methods: ['POST'], allow },
      ],
      { 3: [1], 4: [2] },
    ],
  ]
  for (const [name, rules, idle] of table) t.same(idleOf(...rules), idle, name)
})

void test('a rule is named if and only if no request meets it first', async (t) => {
  const some = <T>(values: T[], minLength = 1) => fc.option(fc.subarray(values, { minLength }), { nil: undefined })
  const segment = fc.constantFrom('a', 'b', 'ab', 'ba', '*', 'a*', '*a', '*b*', 'a*b', '{id}')
  const pattern = fc
    .tuple(fc.array(segment, { maxLength: 2 }), fc.boolean())
    .map(
      ([parts, open]) =>
        `/${[...parts.map((part, at) => part.replace('id', `id${at}`)), ...(open ? ['**'] : [])].join('/')}`,
    )
  const rule = fc
    .record({
      paths: fc.option(fc.array(pattern, { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 5 }),
      methods: some(['GET', 'POST']),
      networks: some(['10.0.0.0/8', '10.0.0.0/9', '10.128.0.0/9', '::/0']),
      allow: fc.constantFrom('anyone' as const, 'signed-in' as const),
    })
    .map((given) => {
      const defined = Object.entries(given).filter(([, value]) => value !== undefined)
      return Object.fromEntries(defined) as unknown as AccessRule
    })

  // More texts than the patterns can tell apart.
  const letters = ['a', 'b', 'z']
  const pairs = letters.flatMap((one) => letters.map((two) => one + two))
  const triples = pairs.flatMap((pair) => letters.map((one) => pair + one))
  const texts = [...letters, ...pairs, ...triples, 'abzb', 'azab', 'zabz', 'bzba']
  const second = ['a', 'b', 'ab', 'ba', 'aba', 'bab', 'aa', 'z', 'az', 'zb', 'za', 'bz', 'zbz', 'azb']
  const deep = second.flatMap((one) => second.map((other) => `/${one}/${other}/z`))
  const two = texts.flatMap((one) => second.map((other) => `/${one}/${other}`))
  const paths = ['/', ...texts.map((text) => `/${text}`), ...two, ...deep]
  const universe = paths.flatMap((path) =>
    ['GET', 'POST', 'PUT'].flatMap((method) => {
      const target = parseRequestTarget({ method, scheme: 'https', host, target: path })
      if (typeof target === 'string') throw new Error(path)
      return [undefined, '9.9.9.9', '10.1.1.1', '10.200.1.1', '::1'].map((address) => ({
        target,
        clientAddress: () => address,
      }))
    }),
  )
  let named = 0
  const property = fc.property(fc.array(rule, { minLength: 1, maxLength: 5 }), (rules) => {
    const policy = compileAccessRules({ [host]: { rules } }).host(host)!
    const meets = new Set(universe.map((question) => policy.rule(question)?.position))
    const expected = rules.map((_, position) => position).filter((position) => !meets.has(position))
    const idle = idleRules(policy, host).map(({ rule: { position } }) => position)
    named += idle.length
    return JSON.stringify(idle) === JSON.stringify(expected)
  })
  fc.assert(property, { numRuns: 80 })
  t.ok(named > 15, `and ${named} were named`)
})

void test('the kinds of requests', async (t) => {
  t.same(distinctMethods([]), ['GET'])
  t.same(distinctMethods([{ methods: ['POST', 'GET'], allow: 'anyone' }]), ['GET', 'POST', 'PUT'])
  t.same(distinctClients([]), [undefined])
  t.same(distinctClients([['10.0.0.0/8']]), [undefined, '10.0.0.0'])
  t.same([...distinctPaths([])], ['/', '/any'])
  t.same(
    [...distinctPaths(['/admin/**', '/users/{id}'])],
    ['/', '/admin', '/users', '/any', '/admin/any', '/users/any'],
  )
  await t.test('of patterns that overlap in every way are not counted through', async (t) => {
    const patterns = Array.from('abcdefghijklmnopqrstuvwxyz', (letter) => `/*${letter}*`)
    t.throws(() => [...distinctPaths(patterns)], { message: /too many ways/ })
    const rules = patterns.map((path): AccessRule => ({ paths: [path, '/x'], allow: 'anyone' }))
    const [doubt] = doubtsAbout(
      compileAccessRules({ [host]: { rules: [...rules, { paths: ['/x'], allow: 'anyone' }] } }),
    )
    t.match(doubt, { keys: ['hosts', host, 'rules'], reason: /too many ways/ })
  })
})

void test('a doubt names both rules, with their lines where they have any', async (t) => {
  const rules: AccessRule[] = [
    { allow: 'signed-in' },
    { paths: ['/admin/**'], allow: { roles: ['admin'], level: 'aal2' } },
  ]
  const compiled = compileAccessRules(
    { '*.example.test': { rules }, 'any.example.test': { rules: [] } },
    (_, position) => 4 + position,
  )
  t.same(doubtsAbout(compiled), [
    {
      keys: ['hosts', '*.example.test', 'rules', 1],
      reason: 'rule 2 (line 5) never decides: rule 1 (line 4) comes first and matches everything that it does',
    },
  ])
})

void test('ten thousand rules are judged in a moment', async (t) => {
  const rules = Array.from({ length: 10_000 }, (_, at): AccessRule => ({
    paths: [`/api/v${at % 7}/thing-${at}/{id}/**`],
    methods: ['GET', 'POST'],
    allow: 'signed-in',
  }))
  rules.push({ paths: ['/api/v3/thing-3/x'], methods: ['POST'], allow: 'anyone' }, { allow: 'signed-in' })
  const started = performance.now()
  t.same(idleOf(...rules), { 10_001: [4] })
  t.comment(`${Math.round(performance.now() - started)} ms`)
})
