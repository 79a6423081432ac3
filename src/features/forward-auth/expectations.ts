import { isIP } from 'node:net'
import type { Principal } from '../../core/principal.ts'
import type { AccessRules } from './access-rules.ts'
import { explainDecision, type ImaginedCaller } from './explain-decision.ts'
import { exampleAuthority, nameOf } from './idle-rules.ts'
import { imaginePerson, type RolePermissions } from './imagined-callers.ts'
import type { RuleFault } from './rule-faults.ts'
import type { Expectation, Hosts } from './settings.ts'

/**
 * What the file expects of its own rules and does not come true, with what came instead and the rule that decided. The
 * decision core itself decides. A role gives what the file lets it give. Under a wildcard a host is asked about that no other entry names.
 */
export function brokenExpectations(hosts: Hosts, rules: AccessRules, roles: RolePermissions): RuleFault[] {
  return Object.entries(hosts).flatMap(([name, { expect = [] }]) => {
    const policy = rules.hosts.find((one) => one.name === name)!
    const origin = `https://${exampleAuthority(policy, [rules])}`
    return expect.flatMap((expectation, position) => {
      const contradiction = contradictionIn(expectation)
      const reason = contradiction ?? differenceOf(expectation, rules, origin, roles)
      return reason === undefined ? [] : [{ keys: ['hosts', name, 'expect', position], reason }]
    })
  })
}

function contradictionIn({
  method = 'GET',
  address,
  preflight_for: preflightFor,
  as,
}: Expectation): string | undefined {
  if (address !== undefined && isIP(address) === 0) return 'expected an IP address as `address`'
  if (preflightFor !== undefined && method !== 'OPTIONS') return 'expected the method OPTIONS, since it is a preflight'
  if (typeof as === 'string' || as.client === undefined) return undefined
  const personal = [as.roles, as.groups, as.permissions, as.level, as.subject].some((given) => given !== undefined)
  return personal ? 'expected no roles, groups, permissions, level or subject of a client' : undefined
}

function differenceOf(
  expectation: Expectation,
  rules: AccessRules,
  origin: string,
  roles: RolePermissions,
): string | undefined {
  const { method = 'GET', path, address, preflight_for: preflightFor, as, result } = expectation
  const request = { method, url: `${origin}${path}`, address, preflightFor }
  const explained = explainDecision(rules, request, callerOf(as, roles), { clock: { now: () => 0 }, issuer: '' })
  if (explained.decision === result) return undefined
  const rule = explained.rule && rules.host(new URL(origin).host)?.rules[explained.rule.number - 1]
  const decided = rule === undefined ? '' : ` by ${nameOf(rule)}`
  return `expected ${result} for ${method} ${path} as ${describe(as)}, but it comes to ${explained.decision}${decided}: ${explained.reason}`
}

function callerOf(as: Expectation['as'], given: RolePermissions): ImaginedCaller {
  if (as === 'nobody') return 'nobody'
  const { roles = [], groups = [], permissions = [], ...others } = as === 'signed-in' ? {} : as
  const { scopes = [], level = 'aal1', subject, client } = others
  const granted = roles.flatMap((role) => (Object.hasOwn(given, role) ? given[role]! : []))
  const principal: Principal =
    client === undefined
      ? imaginePerson({ roles, groups, permissions: [...permissions, ...granted], scopes, level, subject })
      : { kind: 'client', subject: client, name: '', scopes, clientId: client }
  return { shows: client === undefined ? 'cookie' : 'token', proven: { principal, audiences: [] } }
}

function describe(as: Expectation['as']): string {
  if (typeof as === 'string') return as
  const parts = Object.entries(as).map(([key, value]) => `${key} ${[value].flat().join(' and ') || 'none'}`)
  return parts.length === 0 ? 'signed-in' : parts.join(', ')
}
