import type { Mutant } from './mutants.ts'

/** Mutants that no test can find, since nobody could tell them from what stands there. */
export interface Explanation {
  /** As a run prints them. */
  was: string
  is: string
  because: string
}

/** Explains several mutants of the same text at once. */
const each = (was: string, mutants: readonly string[], because: string): Explanation[] =>
  mutants.map((is) => ({ was, is, because }))

const remembered =
  'what is remembered is what would be found again: a request sees the time that it takes, and no test may'

const refused =
  'whatever is wrong with any rule refuses all of them: what is compiled in the place of it is never asked'

const refusedAlike = 'whoever asks tells the other kinds apart, and refuses all that is left alike'

const onlySession = 'a session is told apart from the other credentials, and they are not from one another'

const absent = 'what is absent compares with nothing, as what is long ago does: types alone want a number'

/** By file. One that fits no mutant of it any more is an error. */
export const explained: Readonly<Record<string, readonly Explanation[]>> = {
  'src/core/request-target.ts': [
    ...each('const maxReadAuthorities = 1_000', ['const maxReadAuthorities = 1001'], remembered),
    ...each('if (before !== undefined) return before', ['if (false) return before'], remembered),
    ...each(
      'if (authority === undefined) return undefined',
      ['if (false) return undefined'],
      'what is remembered as nothing is read again, and is nothing again',
    ),
    ...each(
      'if (known.size >= maxReadAuthorities) known.clear()',
      [
        'if (true) known.clear()',
        'if (false) known.clear()',
        'if (known.size > maxReadAuthorities) known.clear()',
        'if (known.size < maxReadAuthorities) known.clear()',
        'if (known.size >= maxReadAuthorities) ;',
      ],
      remembered,
    ),
    ...each('known.set(text, authority)', [';'], remembered),
    ...each(
      String.raw`const isAddress = host.startsWith('[') || /(^|\.)[0-9][0-9a-fx]*$/.test(host)`,
      [String.raw`const isAddress = host.startsWith('') || /(^|\.)[0-9][0-9a-fx]*$/.test(host)`],
      'a name that is no address is written in a URL as it is: that it is not asked for costs less, and says the same',
    ),
  ],
  'src/features/forward-auth/access-rules.ts': [
    ...each(
      "const policy = compileHost({ name, authority: authority ?? '', isWildcard }, settings, lineOf, report)",
      ['const policy = compileHost({ name, authority: authority, isWildcard }, settings, lineOf, report)'],
      refused,
    ),
    ...each(
      'if (authority !== undefined) policies.set(authority, policy)',
      ['if (true) policies.set(authority, policy)'],
      refused,
    ),
    ...each('if (host.isWildcard) return ofOrigin', ['if (true) return ofOrigin'], remembered),
    ...each(
      'const nothing: PathPattern = { parts: [], open: false, captures: new Map() }',
      ['const nothing: PathPattern = { parts: [], open: true, captures: new Map() }'],
      refused,
    ),
    ...each(
      "const ownerAt = owner === undefined ? undefined : attempt(['allow', 'owner'], () => positionOf(owner, patterns), 0)",
      [
        "const ownerAt = owner === undefined ? undefined : attempt(['allow', 'owner'], () => positionOf(owner, patterns), 1)",
      ],
      refused,
    ),
  ],
  'src/features/forward-auth/decide.ts': [
    ...each(
      "if (proven !== undefined) return judge(matter, proven, 'bearer')",
      ["if (proven !== undefined) return judge(matter, proven, '')"],
      onlySession,
    ),
    ...each(
      "return whenProven(basic(shown, clientAddress), (proven) => judge(matter, proven, 'basic'))",
      ["return whenProven(basic(shown, clientAddress), (proven) => judge(matter, proven, ''))"],
      onlySession,
    ),
    ...each(
      "proven === undefined && !holdsApiKey(key) ? bySession(matter) : judge(matter, proven, 'api-key'),",
      ["proven === undefined && !holdsApiKey(key) ? bySession(matter) : judge(matter, proven, ''),"],
      onlySession,
    ),
    ...each(
      "return unauthenticated(matter, 'nothing')",
      ["return unauthenticated(matter, '')"],
      'an invalid token is told apart from everything else, and nothing else is',
    ),
    ...each(
      "return unauthenticated(matter, by === 'session' ? 'nothing' : 'invalid_token')",
      ["return unauthenticated(matter, by === 'session' ? '' : 'invalid_token')"],
      'an invalid token is told apart from everything else, and nothing else is',
    ),
    ...each(
      "if (policy.withholds.length === 0) return { kind: 'allow', headers }",
      [
        "if (false) return { kind: 'allow', headers }",
        "if (policy.withholds.length === 1) return { kind: 'allow', headers }",
      ],
      'a list of no headers withholds nothing either, and no host has a list of one',
    ),
    ...each(
      'if (asked.target.further.length === 0) return []',
      ['if (false) return []'],
      'a path that is read in one way has no other readings: not to look for them costs less',
    ),
    ...each(
      'if (held === rule && ownerAtOf(rule) === undefined) return []',
      ['if (false) return []'],
      'a rule that asks for no owner says the same of each reading',
    ),
  ],
  'src/features/credentials/credentials.ts': [
    ...each(
      'const expiresAt = Math.min(clock.now() + rememberProgramSeconds * 1000, key.expiresAt ?? Number.POSITIVE_INFINITY)',
      ['const expiresAt = Math.min(clock.now() + rememberProgramSeconds * 1000, key.expiresAt)'],
      remembered,
    ),
    ...each(
      "const shown = { scheme: 'Bearer', token: credential, certificate } as const",
      ["const shown = { scheme: '', token: credential, certificate } as const"],
      'DPoP is told apart from every other scheme, and they are not from one another',
    ),
    ...each(
      "if (typeof shown !== 'string' || !secretForm.test(shown)) return undefined",
      ["if ((typeof shown !== 'string' && !secretForm.test(shown))) return undefined"],
      'what has another form is looked up in vain',
    ),
  ],
  'src/features/credentials/prove-claims.ts': [
    ...each(
      'principal: shared(live, grantId === undefined ? clientId : `let in: ${clientId}`, scopes, () => {',
      ['principal: shared(live, grantId !== undefined ? clientId : `let in: ${clientId}`, scopes, () => {'],
      'either kind has a name that the other one has not, whichever it is',
    ),
  ],
  'src/features/credentials/entity-cache.ts': [
    ...each('const maxKnown = 100_000', ['const maxKnown = 100001'], remembered),
    ...each(
      'if (client !== undefined) knownClients.set(id, { value: client, entities: [`client:${id}`], asOf })',
      ['if (true) knownClients.set(id, { value: client, entities: [`client:${id}`], asOf })'],
      'who is remembered as nobody is looked up again',
    ),
    ...each(
      'const bounds = { maxSize: maxKnown, sizeCalculation: () => 1 }',
      ['const bounds = { maxSize: maxKnown, sizeCalculation: () => 2 }'],
      remembered,
    ),
  ],
  'src/features/credentials/proof-cache.ts': [
    ...each(
      'const defaultBounds = { max: 100_000, maxSize: 256 * 1024 * 1024 }',
      [
        'const defaultBounds = { max: 100001, maxSize: 256 * 1024 * 1024 }',
        'const defaultBounds = { max: 100_000, maxSize: 257 * 1024 * 1024 }',
        'const defaultBounds = { max: 100_000, maxSize: 256 * 1025 * 1024 }',
        'const defaultBounds = { max: 100_000, maxSize: 256 * 1024 * 1025 }',
      ],
      remembered,
    ),
    ...each('const bytesAround = 1_024', ['const bytesAround = 1025'], remembered),
    ...each(
      'const keyOf = (presented: string): string => presented.slice(-43)',
      ['const keyOf = (presented: string): string => presented.slice(-44)'],
      'what is found by its end is compared whole: how long an end tells as much',
    ),
    ...each(
      'if (size === undefined) principalSizes.set(principal, (size = Buffer.byteLength(JSON.stringify(principal))))',
      ['if (true) principalSizes.set(principal, (size = Buffer.byteLength(JSON.stringify(principal))))'],
      'a principal has one size: that it is remembered costs less, and says the same',
    ),
    ...each(
      'cache.delete(keyOf(presented))',
      [';'],
      'what does not hold is not used, and what is proven next takes its place',
    ),
  ],
  'src/features/credentials/shared-principals.ts': [
    ...each('const maxKinds = 100', ['const maxKinds = 101'], remembered),
    ...each(
      'if (kinds.size >= maxKinds) kinds.clear()',
      [
        'if (true) kinds.clear()',
        'if (false) kinds.clear()',
        'if (kinds.size > maxKinds) kinds.clear()',
        'if (kinds.size < maxKinds) kinds.clear()',
        'if (kinds.size >= maxKinds) ;',
      ],
      remembered,
    ),
  ],
  'src/features/credentials/sole-session.ts': [
    ...each('const maxRemembered = 1_000', ['const maxRemembered = 1001'], remembered),
    ...each(
      'const [now, key] = [clock.now(), sessions.toSorted((one, other) => (one < other ? -1 : 1)).join()]',
      [
        'const [now, key] = [clock.now(), sessions.toSorted((one, other) => (one <= other ? -1 : 1)).join()]',
        'const [now, key] = [clock.now(), sessions.toSorted((one, other) => (one >= other ? -1 : 1)).join()]',
        'const [now, key] = [clock.now(), sessions.toSorted((one, other) => (one < other ? -2 : 1)).join()]',
        'const [now, key] = [clock.now(), sessions.toSorted((one, other) => (one < other ? -1 : 2)).join()]',
      ],
      'no two are the same, and in which of its two orders a list is sorted is all one, as long as it is always that',
    ),
    ...each(
      'if (now - (toldAt.get(key) ?? Number.NEGATIVE_INFINITY) < tellAgainMilliseconds) return',
      ['if (now - (toldAt.get(key)) < tellAgainMilliseconds) return'],
      absent,
    ),
    ...each(
      'return proof instanceof Promise ? look(secret, proof) : proof',
      ['return true ? look(secret, proof) : proof'],
      'what is known is waited for: that costs a turn of the event loop, and says the same',
    ),
    ...each(
      'if ((unknownUntil.get(secret) ?? 0) > now) return undefined',
      [
        'if ((unknownUntil.get(secret)) > now) return undefined',
        'if ((unknownUntil.get(secret) ?? 1) > now) return undefined',
      ],
      absent,
    ),
  ],
  'src/features/tokens/rotate-refresh.ts': [
    ...each(
      'const replayTold = createTellOnce(clock, 60)',
      ['const replayTold = createTellOnce(clock, 61)'],
      'no setting makes a grace window longer than the minute, and what is replayed is told of within it',
    ),
    ...each(
      "if (presented === undefined || isOthers(presented)) return { kind: 'invalid' }",
      ["if (presented === undefined || isOthers(presented)) return { kind: '' }"],
      refusedAlike,
    ),
    ...each(
      "if (hasEnded(presented, clock.now())) return { kind: 'invalid' }",
      ["if (hasEnded(presented, clock.now())) return { kind: '' }"],
      refusedAlike,
    ),
    ...each(
      "if (presented.revoked || presented.user.status !== 'active') return { kind: 'invalid' }",
      ["if (presented.revoked || presented.user.status !== 'active') return { kind: '' }"],
      refusedAlike,
    ),
    ...each(
      "if (tokens.scopes.join(' ') !== scopes.join(' ')) return { kind: 'invalid' }",
      ["if (tokens.scopes.join(' ') !== scopes.join(' ')) return { kind: '' }"],
      refusedAlike,
    ),
    ...each("return { kind: 'reused' }", ["return { kind: '' }"], refusedAlike),
    ...each(
      'const free = (presented.paidUntil?.getTime() ?? 0) + pace.everyMilliseconds - pace.withinMilliseconds',
      ['const free = (presented.paidUntil?.getTime() ?? 1) + pace.everyMilliseconds - pace.withinMilliseconds'],
      'either is long ago',
    ),
  ],
  'src/http/guard.ts': [
    ...each(
      "decoratorName: 'access',",
      ["decoratorName: '',"],
      'the plugin leaves the claims there, and nobody reads them',
    ),
    ...each(
      "if (key === undefined) throw new GatehouseError('invalid_access_token')",
      ["if (false) throw new GatehouseError('invalid_access_token')"],
      'the verifier refuses a key that is nothing too, and the answer is the same',
    ),
    ...each(
      'ignoreNotBefore: true,',
      ['ignoreNotBefore: false,'],
      'no token of the service has `nbf`, and one that has is refused in any case',
    ),
    ...each(
      "app.decorateRequest('principal', null)",
      [';', "app.decorateRequest('', null)"],
      'it keeps a place in each request, for speed: without it nobody is there either',
    ),
    ...each(
      "throw new GatehouseError('forbidden', detail === undefined ? {} : { detail })",
      ["throw new GatehouseError('forbidden', false ? {} : { detail })"],
      'no detail and one that is nothing are the same to the error: types alone tell them apart',
    ),
    ...each(
      "if (request.principal?.kind !== 'user') throw new GatehouseError('unauthorized')",
      [
        "if (false) throw new GatehouseError('unauthorized')",
        "if (request.principal?.kind !== 'user') throw new GatehouseError('')",
      ],
      'a route that asks for its person has the access `user` or `admin`, and nobody else comes so far: it is there for types',
    ),
  ],
}

/** Whether a mutant is the one that is explained. */
export const fitting = (explanation: Explanation) => (mutant: Mutant) =>
  explanation.was === mutant.was && explanation.is === mutant.is
