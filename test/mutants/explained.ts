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
