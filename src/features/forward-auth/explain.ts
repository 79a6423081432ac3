import { GatehouseError } from '../../core/errors.ts'
import type { Clock } from '../../core/clock.ts'
import type { Client } from '../../core/records/client.ts'
import type { Role } from '../../core/records/role.ts'
import type { User } from '../../core/records/user.ts'
import { type AuthenticationLevel, firstPartyClientId } from '../../core/principal.ts'
import type { AccessRules } from './access-rules.ts'
import { explainDecision, type Explanation, type ImaginedCaller, type ImaginedRequest } from './explain-decision.ts'

/** A request that nobody made, and who would have made it: an account, a client, somebody with these roles, or nobody. */
interface Hypothesis extends ImaginedRequest {
  /** Id or email address of an account. */
  user?: string | undefined
  client?: string | undefined
  roles?: readonly string[] | undefined
  groups?: readonly string[] | undefined
  permissions?: readonly string[] | undefined
  scopes?: readonly string[] | undefined
  level?: AuthenticationLevel | undefined
}

export type Explain = (hypothesis: Hypothesis) => Promise<Explanation>

type Known = NonNullable<Exclude<ImaginedCaller, 'nobody'>['proven']>

/** Explains decisions about people and programs as they are registered, or as somebody might be. */
export function createExplain(dependencies: {
  rules: () => AccessRules
  /** Both throw `not_found`. */
  findUser(idOrEmail: string): Promise<User>
  findClient(id: string): Promise<Client>
  listRoles(): Promise<readonly Role[]>
  clock: Clock
  issuer: string
}): Explain {
  const { rules, findUser, findClient, listRoles, clock, issuer } = dependencies

  async function personOf({ user: idOrEmail, level = 'aal1', ...given }: Hypothesis): Promise<Known | undefined> {
    const user = idOrEmail === undefined ? undefined : await findUser(idOrEmail)
    if (user?.status === 'disabled') return undefined
    const roles = user?.roles ?? given.roles ?? []
    const granted = (await listRoles()).filter(({ name }) => roles.includes(name)).flatMap((role) => role.permissions)
    const principal = {
      kind: 'user' as const,
      subject: user?.id ?? '(subject)',
      email: user?.email ?? '',
      username: user?.username ?? '',
      name: user?.name ?? '',
      roles,
      groups: user?.groups ?? given.groups ?? [],
      permissions: user?.permissions ?? [...new Set([...(given.permissions ?? []), ...granted])],
      scopes: given.scopes ?? [],
      clientId: firstPartyClientId,
      sessionId: '(session)',
      level,
      reachable: level,
      methods: [],
      authenticatedAt: Math.floor(clock.now() / 1000),
    }
    return { principal, audiences: [] }
  }

  async function clientOf(id: string, scopes: readonly string[] | undefined): Promise<Known> {
    const client = await findClient(id)
    const principal = {
      kind: 'client' as const,
      subject: client.id,
      name: client.name,
      scopes: scopes ?? client.scopes,
      clientId: client.id,
    }
    return { principal, audiences: client.audiences.length > 0 ? client.audiences : [issuer] }
  }

  return async (hypothesis) => {
    const { user, client, roles, groups, permissions, level, scopes, preflightFor } = hypothesis
    const isPerson = [user, roles, groups, permissions, level].some((given) => given !== undefined)
    if (client !== undefined && isPerson) throw contradiction('A client is no user, and has no roles, groups or level.')
    if (user !== undefined && (roles ?? groups ?? permissions) !== undefined) {
      throw contradiction('The roles, groups and permissions of a user are those of the account.')
    }
    if (preflightFor !== undefined && hypothesis.method !== 'OPTIONS') {
      throw contradiction('A preflight has the method OPTIONS.')
    }
    const caller: ImaginedCaller =
      client !== undefined
        ? { shows: 'token', proven: await clientOf(client, scopes) }
        : isPerson
          ? { shows: 'cookie', proven: await personOf(hypothesis) }
          : 'nobody'
    return explainDecision(rules(), hypothesis, caller, { clock, issuer })
  }
}

function contradiction(detail: string): GatehouseError {
  return new GatehouseError('invalid_request', { detail })
}
