import type { Config } from '../config.ts'

/** Roles that settings beside the rules name and that are defined nowhere, one sentence each: they count for nobody. */
export function unknownRoles(
  { sign_in, directories, providers }: Pick<Config, 'sign_in' | 'directories' | 'providers'>,
  defined: ReadonlySet<string>,
): string[] {
  const { required_for: required } = sign_in.factors
  const mapped = (where: string, roles: Readonly<Record<string, readonly string[]>>) =>
    Object.entries(roles).flatMap(([group, names]) => names.map((name) => [`${where}.roles.${group}`, name] as const))
  const named = [
    ...(required === 'all' ? [] : required.roles.map((name) => ['sign_in.factors.required_for', name] as const)),
    ...providers.flatMap(({ name, roles }) => mapped(`sign_in.providers.${name}`, roles)),
    ...directories.flatMap(({ name, roles }) => mapped(`directories.${name}`, roles)),
  ]
  return named
    .filter(([, role]) => !defined.has(role))
    .map(([where, role]) => `${where} names the role ${role}, which is not defined`)
}
