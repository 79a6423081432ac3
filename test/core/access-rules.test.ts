/** Access rules, as compiled: which rule a target meets, and which patterns are refused. */
import * as fc from 'fast-check'
import { test } from 'tap'
import { allEscaped } from '../../src/core/request-path.ts'
import { parseRequestTarget } from '../../src/core/request-target.ts'
import type { Principal, UserPrincipal } from '../../src/core/principal.ts'
import { compileAccessRules, type HostPolicy } from '../../src/features/forward-auth/access-rules.ts'
import type { AccessRule, Conditions, HostRules, Hosts } from '../../src/features/forward-auth/settings.ts'

function targetOf(path: string, { method = 'GET', host = 'app.example.test', scheme = 'http' } = {}) {
  const target = parseRequestTarget({ method, scheme, host, target: path })
  if (typeof target === 'string') throw new Error(`${path} is ${target}`)
  return target
}
/** A target of the host with escapes that a host has to take. */
function escapedTargetOf(path: string) {
  const target = parseRequestTarget(
    { method: 'GET', scheme: 'http', host: 'app.example.test', target: path },
    allEscaped,
  )
  if (typeof target === 'string') throw new Error(`${path} is ${target}`)
  return target
}
function policyOf(...rules: AccessRule[]) {
  return compileAccessRules({ 'app.example.test': { rules } }).host('app.example.test')!
}
/** What the first matching rule asks for, as the configuration spells it. */
function requirementOf(policy: HostPolicy, target: ReturnType<typeof targetOf>, address?: string) {
  return policy.rule({ target, clientAddress: () => address })?.source.allow
}
/** Whether one pattern matches a path. */
function matches(pattern: string, path: string): boolean {
  return requirementOf(policyOf({ paths: [pattern], allow: 'anyone' }), targetOf(path)) !== undefined
}

void test('path patterns', async (t) => {
  const table: Record<string, { yes: string[]; no: string[] }> = {
    '/': { yes: ['/', '/?x'], no: ['/a'] },
    '/admin': {
      yes: ['/admin', '/admin/', '/admin?x', '/%61dmin'],
      no: ['/', '/Admin', '/admin/x', '/administrator', '/x/admin'],
    },
    '/admin/': { yes: ['/admin', '/admin/'], no: ['/admin/x'] },
    '/admin/**': {
      yes: ['/admin', '/admin/', '/admin/x', '/admin/x/y/z'],
      no: ['/', '/adminx', '/x/admin/y', '/ADMIN/x'],
    },
    '/**': { yes: ['/', '/a', '/a/b/c'], no: [] },
    '/*': { yes: ['/a', '/a/'], no: ['/', '/a/b'] },
    '/*/edit': { yes: ['/a/edit', '/a/edit/'], no: ['/edit', '/a/b/edit', '/a/edit/x'] },
    '/files/*.png': {
      yes: ['/files/a.png', '/files/.png', '/files/a.b.png'],
      no: ['/files/a.jpg', '/files/a/b.png', '/files/png'],
    },
    '/v*/**': { yes: ['/v', '/v1', '/v1/x'], no: ['/x', '/'] },
    '/a*a': { yes: ['/aa', '/aba', '/aaa'], no: ['/a', '/ab'] },
    '/a*b*c': { yes: ['/abc', '/aXbYc', '/abbc', '/abcbc'], no: ['/ac', '/acb', '/abcd', '/ab'] },
    '/ab*ba': { yes: ['/abba', '/abxba'], no: ['/aba', '/ab'] },
    '/grün': { yes: ['/gr%C3%BCn'], no: ['/grun', '/gru%CC%88n'] },
    '/a+b(c)': { yes: ['/a+b(c)'], no: ['/aab(c)', '/aabc'] },
  }
  for (const [pattern, { yes, no }] of Object.entries(table)) {
    await t.test(pattern, async (t) => {
      for (const path of yes) t.ok(matches(pattern, path), `matches ${path}`)
      for (const path of no) t.notOk(matches(pattern, path), `does not match ${path}`)
    })
  }
  await t.test('* means what the same pattern as a regular expression means', async (t) => {
    const pieces = fc.array(fc.constantFrom('a', 'b', 'ab', '*', '.', '-'), { minLength: 1, maxLength: 6 })
    const plain = fc.stringMatching(/^[ab.-]{0,8}$/).map((text) => `x${text}`)
    const property = fc.property(pieces, plain, (pattern, segment) => {
      const text = `x${pattern.join('').replaceAll(/\*+/g, '*')}`
      const oracle = new RegExp(`^${text.replaceAll('.', '\\.').replaceAll('*', '.*')}$`)
      return matches(`/${text}`, `/${segment}`) === oracle.test(segment)
    })
    t.doesNotThrow(() => fc.assert(property, { numRuns: 5_000 }))
  })
  await t.test('of many patterns the first that matches by itself decides', async (t) => {
    const segment = fc.stringMatching(/^x?[ab]{0,3}\*?[ab]{0,3}$/).map((text) => (text === '' ? 'x' : text))
    const pattern = fc.array(segment, { minLength: 1, maxLength: 2 }).map((parts) => `/${parts.join('/')}`)
    const path = fc.array(fc.stringMatching(/^x?[ab]{1,5}$/), { minLength: 1, maxLength: 2 })
    const property = fc.property(fc.array(pattern, { minLength: 1, maxLength: 12 }), path, (patterns, parts) => {
      const target = `/${parts.join('/')}`
      const decided = policyOf(...patterns.map((one): AccessRule => ({ paths: [one], allow: 'anyone' }))).rule({
        target: targetOf(target),
        clientAddress: () => undefined,
      })
      return (decided?.position ?? -1) === patterns.findIndex((one) => matches(one, target))
    })
    t.doesNotThrow(() => fc.assert(property, { numRuns: 2_000 }))
  })
  await t.test('many wildcards take no more than linear time', async (t) => {
    const policy = policyOf({ paths: [`/${'*a'.repeat(50)}b`], allow: 'anyone' })
    const target = targetOf(`/${'a'.repeat(8_000)}`)
    const startedAt = process.cpuUsage()
    t.equal(requirementOf(policy, target), undefined)
    t.ok(process.cpuUsage(startedAt).user < 1_000_000)
  })
  await t.test('patterns that could be read in more than one way are refused by name', async (t) => {
    const bad = [
      '/a/**/b',
      '/**/b',
      '/a**',
      '/a/***',
      '//a',
      '/a//b',
      '/a/./b',
      '/../a',
      '/a/..',
      '/a?x',
      '/a#x',
      '/a;x',
      '/a\\b',
      '/%61',
      '/{id',
      '/x{id}',
      '/{}',
    ]
    for (const pattern of bad) {
      t.throws(
        () => policyOf({ paths: [pattern], allow: 'anyone' }),
        { message: /hosts\.app\.example\.test\.rules\.0/ },
        pattern,
      )
    }
  })
})

void test('a pattern names an escape that the host takes, and no other', async (t) => {
  const policy = (...paths: string[]) => {
    const host: HostRules = { encoded: ['slash', 'percent'], rules: [{ paths, allow: 'anyone' }] }
    return compileAccessRules({ 'app.example.test': host }).host('app.example.test')!
  }
  const read = (path: string) => {
    const given = { method: 'GET', scheme: 'http', host: 'app.example.test', target: path }
    const target = parseRequestTarget(given, allEscaped)
    if (typeof target === 'string') throw new Error(`${path} is ${target}`)
    return target
  }
  for (const [pattern, yes, no] of [
    ['/@scope%2F*', ['/@scope%2Fa', '/@scope%2fb', '/%40scope%2Fa'], ['/@scope/a', '/@scope', '/@scopex']],
    ['/q/%2f/jobs', ['/q/%2F/jobs'], ['/q/x/jobs', '/q/jobs', '/q/%2F%2F/jobs']],
    ['/q/*/jobs', ['/q/%2F/jobs', '/q/a/jobs', '/q/a%2Fb/jobs'], ['/q/a/b/jobs', '/q/jobs']],
    ['/p/{id}', ['/p/a%2Fb'], ['/p/a/b']],
    ['/100%25', ['/100%25'], ['/100%2525']],
    ['/a%2520b', ['/a%2520b'], ['/a%20b']],
  ] as const) {
    const compiled = policy(pattern)
    const meets = (path: string) => compiled.rule({ target: read(path), clientAddress: () => undefined }) !== undefined
    for (const path of yes) t.ok(meets(path), `${pattern} ${path}`)
    for (const path of no) t.notOk(meets(path), `${pattern} ${path}`)
  }
  for (const pattern of ['/a%5Cb', '/a%3Bb', '/a%3fb', '/a%23']) {
    t.throws(() => policy(pattern), { message: /rules\.0\.paths\.0: expected `encoded: \[/ }, pattern)
  }
  for (const pattern of ['/%61', '/a%2', '/x%2F..', '/..%2Fx', '/a%00', '/%']) {
    t.throws(() => policy(pattern), { message: /expected plain segments/ }, pattern)
  }
  t.throws(() => policyOf({ paths: ['/a%2Fb'], allow: 'anyone' }), {
    message: /expected `encoded: \[slash\]` at the host/,
  })
})

void test('the first rule that matches decides, and without one nobody passes', async (t) => {
  const policy = policyOf(
    { paths: ['/public/**', '/favicon.ico'], methods: ['GET', 'HEAD'], allow: 'anyone' },
    { paths: ['/public/**'], allow: { roles: ['editor'] } },
    { paths: ['/admin/**'], allow: { roles: ['admin'] } },
    { methods: ['GET'], allow: 'signed-in' },
  )
  const ask = (method: string, path: string) => requirementOf(policy, targetOf(path, { method }))
  t.equal(ask('GET', '/public/x'), 'anyone')
  t.equal(ask('HEAD', '/favicon.ico'), 'anyone')
  t.same(ask('POST', '/public/x'), { roles: ['editor'] })
  t.same(ask('GET', '/admin/x'), { roles: ['admin'] }, 'not the later, wider rule')
  t.equal(ask('GET', '/elsewhere'), 'signed-in')
  t.equal(ask('POST', '/elsewhere'), undefined)
  t.equal(ask('OPTIONS', '/elsewhere'), undefined, 'a method that no rule names')
  t.equal(requirementOf(policyOf(), targetOf('/')), undefined, 'no rules at all')
})

void test('a rule opens as it is written: to whom, and to preflights where it says so alone', async (t) => {
  for (const allow of ['anyone', 'signed-in', 'nobody'] as const) {
    const rule = policyOf({ allow }).rule({ target: targetOf('/'), clientAddress: () => undefined })
    t.match(rule, { allow, preflight: false })
  }
  const open = policyOf({ allow: 'signed-in', preflight: true }).rules[0]
  t.match(open, { allow: 'signed-in', preflight: true })
})

void test('every rule is considered: with the reason why it does not apply, or with those that do', async (t) => {
  const policy = policyOf(
    { paths: ['/other'], methods: ['POST'], allow: 'anyone' },
    { methods: ['POST'], networks: ['10.0.0.0/8'], allow: 'anyone' },
    { networks: ['10.0.0.0/8'], allow: 'anyone' },
    { paths: ['/x'], methods: ['GET'], networks: ['192.0.2.0/24'], allow: 'signed-in' },
    { allow: 'nobody' },
  )
  const question = { target: targetOf('/x'), clientAddress: () => '192.0.2.1' }
  t.same(
    policy.consider(question).map(({ rule, mismatch }) => [rule.position, mismatch]),
    ['path', 'method', 'network', undefined, undefined].map((mismatch, position) => [position, mismatch]),
  )
  t.same(
    policy.matching(question).map(({ position }) => position),
    [3, 4],
  )
  t.equal(policy.rule(question)?.position, 3)
})

void test('a path is ambiguous where it holds an escape that its host does not take', async (t) => {
  const rules = compileAccessRules({ 'app.example.test': { encoded: ['slash', 'percent'], rules: [] } })
  const policy = rules.host('app.example.test')!
  for (const path of ['/', '/a/b', '/a%2Fb', '/a%2541', '/a%2Fb%2541']) {
    t.equal(policy.isAmbiguous(escapedTargetOf(path)), false, path)
  }
  for (const path of ['/a%5Cb', '/a%3Bb', '/a%2Fb%5Cc', '/a%5Cb%2Fc']) {
    t.equal(policy.isAmbiguous(escapedTargetOf(path)), true, path)
  }
  t.equal(policyOf().isAmbiguous(escapedTargetOf('/a%2Fb')), true, 'a host that names none takes none')
})

void test('hosts', async (t) => {
  const hosts = (names: string[]): Hosts => Object.fromEntries(names.map((name) => [name, { rules: [] }]))

  await t.test('are known by their normalised name alone', async (t) => {
    const rules = compileAccessRules(
      hosts(['APP.Example.test.', 'port.example.test:8443', 'tls.example.test:443', '[::1]']),
    )
    const authority = (host: string, scheme = 'https') => targetOf('/', { host, scheme }).authority
    for (const host of [
      'app.example.test',
      'App.EXAMPLE.test.',
      'app.example.test:443',
      'port.example.test:8443',
      'tls.example.test',
      '[::1]',
    ]) {
      t.ok(rules.host(authority(host)), host)
    }
    for (const host of [
      'x.app.example.test',
      'example.test',
      'port.example.test',
      'app.example.test:80',
      'app.example.testx',
      'constructor',
      '__proto__',
    ]) {
      t.notOk(rules.host(authority(host)), host)
    }
    t.notOk(compileAccessRules({}).host('app.example.test'))
  })
  await t.test('that are no host name, or stand there twice, are refused by name', async (t) => {
    for (const name of [
      '',
      '*',
      'a.*.example.test',
      '*.*.example.test',
      'http://app.example.test',
      'app.example.test/x',
      'user@app.example.test',
      'ａpp.example.test',
      '-a.test',
      'a..test',
    ]) {
      t.throws(() => compileAccessRules(hosts([name])), { message: `hosts.${name}: expected a host name` }, name)
    }
    for (const twin of ['APP.example.test', 'app.example.test.', 'app.example.test:443']) {
      t.throws(() => compileAccessRules(hosts(['app.example.test', twin])), { message: /listed twice/ }, twin)
    }
  })
  await t.test('stand for an audience: their own, or the scheme and host that was asked for', async (t) => {
    const rules = compileAccessRules({
      ...hosts(['app.example.test']),
      'other.example.test': { audience: 'other', rules: [] },
    })
    const audience = (host: string, scheme: string) => {
      const target = targetOf('/', { host, scheme })
      return rules.host(target.authority)!.presentation(target).audience
    }
    t.equal(audience('APP.example.test.', 'https'), 'https://app.example.test')
    t.equal(audience('app.example.test', 'ws'), 'http://app.example.test')
    t.equal(audience('other.example.test', 'https'), 'other')
  })
  await t.test('that a wildcard stands for are each an audience, and say nothing of one another', async (t) => {
    const rules = compileAccessRules(hosts(['*.example.test']))
    for (const host of ['a.example.test', 'b.example.test', 'a.example.test']) {
      const target = targetOf('/', { host, scheme: 'https' })
      t.equal(rules.host(target.authority)!.presentation(target).audience, `https://${host}`)
    }
  })
  await t.test('keep Authorization, and assertions free of the request, where nothing else is said', async (t) => {
    const presented = (settings: Partial<HostRules>) =>
      compileAccessRules({ 'app.example.test': { ...settings, rules: [] } })
        .host('app.example.test')!
        .presentation(targetOf('/'))
    t.match(presented({}), { replacesAuthorization: false, boundToRequest: false })
    t.match(presented({ authorization: 'assertion' }), { replacesAuthorization: true, boundToRequest: false })
    t.match(presented({ bind: 'request' }), { replacesAuthorization: false, boundToRequest: true })
  })
  await t.test('with an audience limit what is said of rights to it; one that has another name does not', async (t) => {
    const identity = (bytes: number) => ({ identity: { max_bytes: bytes }, rules: [] })
    const rules = compileAccessRules({
      'app.example.test': identity(1_001),
      'one.example.test': { ...identity(1_002), audience: 'shared' },
      'two.example.test': { ...identity(1_003), audience: 'shared' },
      '*.wild.example.test': identity(1_004),
      'named.example.test': { ...identity(1_005), audience: 'https://app.example.test' },
    })
    const limits = (audience: string) => rules.identityLimits(audience).map(({ maxBytes }) => maxBytes)
    t.same(limits('https://app.example.test'), [1_005, 1_001])
    t.same(limits('http://app.example.test'), [1_001])
    t.same(limits('shared'), [1_002, 1_003])
    t.same(limits('https://any.wild.example.test'), [1_004])
    t.same(limits('https://one.example.test'), [], 'its origin is no audience')
    for (const nobody of ['unknown', '', 'app.example.test', 'ftp://app.example.test', 'https://else.test']) {
      t.same(limits(nobody), [], nobody)
    }
  })
})

void test('who meets a requirement', async (t) => {
  const user = (roles: string[]): UserPrincipal => ({
    kind: 'user',
    subject: '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f',
    username: '',
    email: 'ada@example.test',
    name: 'Ada',
    roles,
    groups: [],
    permissions: ['admin'],
    scopes: ['admin'],
    clientId: 'gatehouse',
    sessionId: 's',
    level: 'aal1',
    reachable: 'aal1',
    methods: ['pwd'],
    authenticatedAt: 0,
  })
  const client: Principal = { kind: 'client', subject: 'job', name: 'admin', scopes: ['admin'], clientId: 'admin' }
  /** The first condition that does not hold. */
  const missing = (principal: Principal, allow: Conditions, { path = '/', address = '203.0.113.7' } = {}) => {
    const paths = allow.owner ? ['/users/{subject}/**', '/users/{subject}'] : ['/**']
    const question = { target: targetOf(path), clientAddress: () => address }
    const rule = policyOf({ paths, allow }).rule(question)!
    return typeof rule.allow === 'string' ? 'no conditions' : rule.allow.missing(principal, question)
  }
  const ada = user(['viewer', 'admin'])

  t.equal(missing(ada, { roles: ['admin'] }), undefined)
  t.equal(missing(user(['editor']), { roles: ['admin', 'editor'] }), undefined, 'any one of the roles')
  for (const held of [[], ['Admin'], ['admins'], ['admin '], ['viewer']]) {
    t.equal(missing(user(held), { roles: ['admin'] }), 'roles', held.join())
  }
  t.equal(missing(client, { roles: ['admin'] }), 'roles', 'a program holds no roles, whatever its name or scopes')
  t.equal(missing(ada, { permissions: ['admin'] }), undefined)
  t.equal(missing(ada, { permissions: ['reports:write'] }), 'permissions')
  t.equal(missing(client, { permissions: ['admin'] }), 'permissions')
  t.equal(missing(client, { scopes: ['other', 'admin'] }), undefined)
  t.equal(missing(client, { scopes: ['other'] }), 'scopes')
  t.equal(missing(client, { clients: ['admin'] }), undefined)
  t.equal(missing(ada, { clients: ['admin'] }), 'clients')
  t.equal(missing(ada, { networks: ['203.0.113.0/24'] }), undefined)
  t.equal(missing(ada, { networks: ['198.51.100.0/24'] }), 'networks')
  t.equal(missing(ada, { owner: 'subject' }, { path: `/users/${ada.subject}/mail` }), undefined)
  t.equal(missing(ada, { owner: 'subject' }, { path: '/users/somebody-else/mail' }), 'owner')
  t.equal(missing(ada, { level: 'aal1' }), undefined)
  t.equal(missing(ada, { level: 'aal2' }), 'level')
  for (const level of ['aal1', 'aal2'] as const) {
    t.equal(missing({ ...user([]), level: 'aal2' }, { level }), undefined, `two factors are enough for ${level}`)
    t.equal(missing(client, { level }), 'level', `a program has no ${level}`)
  }
  t.equal(missing(ada, { roles: ['admin'], networks: ['198.51.100.0/24'] }), 'networks', 'every condition must hold')
  t.equal(missing(user([]), { roles: ['admin'], level: 'aal2' }), 'roles', 'a second factor would not help')
})

void test('a leading wildcard stands for one label, and an exact host comes first', async (t) => {
  const rules = compileAccessRules({
    '*.example.test': { rules: [] },
    'app.example.test': { rules: [] },
    '*.example.test:8443': { rules: [] },
    '*.localhost': { rules: [] },
  })
  t.equal(rules.host('app.example.test')?.name, 'app.example.test')
  t.equal(rules.host('any.example.test')?.name, '*.example.test')
  t.equal(rules.host('any.example.test:8443')?.name, '*.example.test:8443')
  t.equal(rules.host('any.localhost')?.name, '*.localhost')
  for (const host of ['example.test', 'a.b.example.test', 'any.example.test:9000', 'anyexample.test', 'localhost']) {
    t.notOk(rules.host(host), host)
  }
})

void test('a rule for networks applies to requests from there alone', async (t) => {
  const policy = policyOf({ networks: ['10.0.0.0/8'], allow: 'anyone' }, { allow: 'signed-in' })
  t.equal(requirementOf(policy, targetOf('/'), '10.1.2.3'), 'anyone')
  t.equal(requirementOf(policy, targetOf('/'), '192.0.2.1'), 'signed-in')
  t.equal(requirementOf(policy, targetOf('/')), 'signed-in', 'an unknown address is in no network')
})

void test('a requirement says from where nobody can meet it', async (t) => {
  const allowsFrom = (allow: Conditions, address: string | undefined) => {
    const [rule] = policyOf({ allow }).rules
    if (typeof rule?.allow !== 'object') throw new Error('the rule holds no conditions')
    return rule.allow.allowsFrom(address)
  }
  const inside = { roles: ['admin'], networks: ['10.0.0.0/8'] }
  t.equal(allowsFrom(inside, '10.1.2.3'), true)
  t.equal(allowsFrom(inside, '192.0.2.1'), false)
  t.equal(allowsFrom(inside, undefined), false)
  t.equal(allowsFrom({ roles: ['admin'] }, undefined), true, 'without networks anywhere will do')
})

void test('captures and header names that cannot work are refused where they stand', async (t) => {
  const refused: [HostRules, RegExp][] = [
    [{ rules: [{ paths: ['/u/{id}/{id}'], allow: 'anyone' }] }, /rules\.0\.paths\.0: .*named once/],
    [{ rules: [{ paths: ['/u/x'], allow: { owner: 'id' } }] }, /rules\.0\.allow\.owner: .*capture/],
    [{ rules: [{ paths: ['/u/{id}', '/{id}'], allow: { owner: 'id' } }] }, /same place/],
    [{ rules: [{ allow: { owner: 'id' } }] }, /allow\.owner: expected the name of a capture/],
    [{ rules: [{ allow: { networks: ['10.0.0.0/99'] } }] }, /allow\.networks\.0: expected an IP address/],
    [{ rules: [{ networks: ['10.0.0.0/99'], allow: 'anyone' }] }, /rules\.0\.networks\.0: expected an IP address/],
    [{ headers: { subject: 'Connection' }, rules: [] }, /headers: .*meaning of its own/],
    [{ headers: { subject: 'X-User', email: 'x-user' }, rules: [] }, /headers: .*twice/],
    [{ headers: { user: 'email' }, rules: [] }, /headers: user: it belongs to a preset/],
    [{ headers: { user: 'email', subject: 'X-User' }, rules: [] }, /headers: user: it belongs to a preset/],
    [{ headers: { preset: 'remote', subject: 'X-User' }, rules: [] }, /headers: preset: .*names of its own/],
    [{ headers: { preset: 'gatehouse', user: 'email' }, rules: [] }, /headers: user: .*read one of them/],
  ]
  for (const [host, message] of refused) t.throws(() => compileAccessRules({ 'app.test': host }), { message })
})

void test('among ten thousand rules the first that matches still decides', async (t) => {
  const many = Array.from({ length: 10_000 }, (_, i): AccessRule => ({
    paths: [`/r${i}/**`],
    allow: { roles: [`r${i}`] },
  }))
  const policy = policyOf(...many, { paths: ['/r7/open'], allow: 'anyone' }, { allow: 'signed-in' })
  t.same(requirementOf(policy, targetOf('/r9999/x')), { roles: ['r9999'] })
  t.same(requirementOf(policy, targetOf('/r7/open')), { roles: ['r7'] }, 'not the later one')
  t.equal(requirementOf(policy, targetOf('/elsewhere')), 'signed-in')
})
