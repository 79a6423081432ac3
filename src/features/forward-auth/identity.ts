import { uuidv7 } from '../../core/ids.ts'
import type { TokenType } from '../../core/access-token.ts'
import type { Clock } from '../../core/ports.ts'
import type { Principal } from '../../core/principal.ts'

/** The identity headers of the `gatehouse` preset, in the order in which they are always sent. */
export const identityHeaderNames = [
  'X-Auth-Subject',
  'X-Auth-Kind',
  'X-Auth-Email',
  'X-Auth-Name',
  'X-Auth-Roles',
  'X-Auth-Scopes',
  'X-Auth-Client',
  'X-Auth-Session',
  'X-Auth-Level',
  'X-Auth-Assertion',
] as const

const assertionLifetimeSeconds = 60

/**
 * Writes identity as headers: flat name-value pairs, every name always present, so that nothing a client sent under the
 * same name survives.
 */
export interface IdentityHeaders {
  /** Headers of someone who was not asked to sign in. */
  readonly anonymous: readonly string[]
  /** `credential` is what the headers are remembered by: as long as it lives, they need not be written again. */
  of(credential: { principal: Principal }, audience: string): readonly string[]
}

interface Written {
  headers: readonly string[]
  /** Epoch milliseconds from which the assertion inside has less than half its life left. */
  renewAt: number
}

export function createIdentityHeaders(dependencies: {
  sign(type: TokenType, claims: object): string
  clock: Clock
}): IdentityHeaders {
  const { sign, clock } = dependencies
  const written = new WeakMap<object, Map<string, Written>>()

  function write(principal: Principal, audience: string, now: number): Written {
    const user = principal.kind === 'user' ? principal : undefined
    const iat = Math.floor(now / 1000)
    const assertion = sign('identity-assertion+jwt', {
      sub: principal.subject,
      aud: audience,
      iat,
      exp: iat + assertionLifetimeSeconds,
      jti: uuidv7(now),
      client_id: principal.clientId,
      name: principal.name,
      ...(principal.scopes.length > 0 ? { scope: principal.scopes.join(' ') } : {}),
      ...(user && {
        email: user.email,
        sid: user.sessionId,
        auth_time: user.authenticatedAt,
        acr: user.level,
        amr: user.methods,
        roles: user.roles,
        permissions: user.permissions,
      }),
    })
    const values: Record<(typeof identityHeaderNames)[number], string> = {
      'X-Auth-Subject': headerValue(principal.subject),
      'X-Auth-Kind': principal.kind,
      'X-Auth-Email': headerValue(user?.email ?? ''),
      'X-Auth-Name': headerValue(principal.name),
      'X-Auth-Roles': (user?.roles ?? []).map(headerValue).join(','),
      'X-Auth-Scopes': principal.scopes.map(headerValue).join(' '),
      'X-Auth-Client': headerValue(principal.clientId),
      'X-Auth-Session': user?.sessionId ?? '',
      'X-Auth-Level': user?.level ?? '',
      'X-Auth-Assertion': assertion,
    }
    return {
      headers: identityHeaderNames.flatMap((name) => [name, values[name]]),
      renewAt: now + (assertionLifetimeSeconds * 1000) / 2,
    }
  }

  return {
    anonymous: identityHeaderNames.flatMap((name) => [name, '']),
    of(credential, audience) {
      const now = clock.now()
      let byAudience = written.get(credential)
      const known = byAudience?.get(audience)
      if (known !== undefined && now < known.renewAt) return known.headers
      if (byAudience === undefined) written.set(credential, (byAudience = new Map()))
      const fresh = write(credential.principal, audience, now)
      byAudience.set(audience, fresh)
      return fresh.headers
    },
  }
}

/**
 * A text as a header value: percent-encoded UTF-8 where it is not plain visible ASCII, so that no name can break a
 * header or a list. A space between words stays as it is.
 */
export function headerValue(text: string): string {
  if (/^[\x21-\x24\x26-\x2b\x2d-\x7e]*$/.test(text)) return text
  return text
    .toWellFormed()
    .replace(/[^\x20-\x24\x26-\x2b\x2d-\x7e]+/g, encodeURIComponent)
    .replace(/[,]/g, '%2C')
    .replace(/^ +| +$/g, (spaces) => '%20'.repeat(spaces.length))
}
