import type { AccessRules, Rule } from './access-rules.ts'
import { nameOf } from './idle-rules.ts'

/** The names that somebody can hold, as far as they are defined anywhere. */
export interface DefinedNames {
  roles: ReadonlySet<string>
  permissions: ReadonlySet<string>
  clients: ReadonlySet<string>
}

/** Rules that ask for a role, a permission or a client that is defined nowhere, one sentence each. */
export function unknownNames(rules: AccessRules, defined: DefinedNames): string[] {
  const of = (rule: Rule, host: string) => {
    const { allow } = rule.source
    if (typeof allow === 'string') return []
    return (['roles', 'permissions', 'clients'] as const).flatMap((kind) =>
      (allow[kind] ?? [])
        .filter((name) => !defined[kind].has(name))
        .map((name) => `${nameOf(rule)} of ${host} asks for the ${kind.slice(0, -1)} ${name}, which is not defined`),
    )
  }
  return rules.hosts.flatMap(({ name, rules }) => rules.flatMap((rule) => of(rule, name)))
}
