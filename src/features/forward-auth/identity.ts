import { uuidv7 } from '../../core/ids.ts'
import { assertionLifetimeSeconds, authorityClaims, maxBytesOf, type TokenType } from '../../core/access-token.ts'
import {
  fitRights,
  type IdentityLimits,
  type NoteShortening,
  type Rights,
  type ToldRights,
} from '../../core/identity-limits.ts'
import type { Clock } from '../../core/clock.ts'
import type { Principal } from '../../core/principal.ts'
import type { RequestTarget } from '../../core/request-target.ts'
import type { HeaderPreset, IdentityField } from './header-presets.ts'

/** How identity is told to the upstreams of one origin. */
export interface HeaderPolicy {
  /** One object for all origins of a configured host; what was written for it is remembered by it. */
  readonly host: { readonly name: string }
  readonly preset: HeaderPreset
  /** Audience of the assertion. */
  readonly audience: string
  /** What is told of somebody's rights. */
  readonly limits: IdentityLimits
  /** Whether `Authorization` is replaced by the assertion. */
  readonly replacesAuthorization: boolean
  /** Whether the assertion is good for the one request that it was made for. */
  readonly boundToRequest: boolean
}

/** What is remembered of written headers; past it all of it is let go, and written anew when it is asked for. */
const defaultBound = 256 * 1024 * 1024
/** Origins of one wildcard host for which one principal's headers are remembered; past them all are written anew. */
const maxOrigins = 100
/** Objects and list slots around the texts of one set of headers. */
const bytesAround = 1_024

/**
 * Writes identity as headers: flat name-value pairs, every name always present, so that nothing a client sent under the
 * same name survives.
 */
export interface IdentityHeaders {
  /** Headers of someone who was not asked to sign in. */
  anonymous(presentation: HeaderPolicy): readonly string[]
  /**
   * The headers are remembered by the principal, the object itself: as long as it lives, they need not be written again.
   * Nothing where they would be larger than the host allows, and must not or cannot be shortened.
   */
  of(principal: Principal, presentation: HeaderPolicy, target: RequestTarget): readonly string[] | undefined
}

interface Written {
  headers: readonly string[] | undefined
  /** Epoch milliseconds from which the assertion inside has less than half its life left. */
  renewAt: number
}

export function createIdentityHeaders(dependencies: {
  sign(type: TokenType, claims: object): string
  noteShortening?: NoteShortening
  issuer: string
  clock: Clock
  maxRememberedBytes?: number
}): IdentityHeaders {
  const { sign, noteShortening, issuer, clock, maxRememberedBytes = defaultBound } = dependencies
  let written = new WeakMap<object, WeakMap<object, Map<string, Written>>>()
  let writtenBytes = 0
  const empty = new WeakMap<object, readonly string[]>()

  function claimsFor(principal: Principal, audience: string, now: number, request?: RequestTarget) {
    const user = principal.kind === 'user' ? principal : undefined
    const iat = Math.floor(now / 1000)
    const claims = {
      iss: issuer,
      sub: principal.subject,
      aud: audience,
      iat,
      exp: iat + assertionLifetimeSeconds,
      jti: uuidv7(now),
      client_id: principal.clientId,
      name: principal.name,
      ...(user && {
        email: user.email,
        ...(user.username !== '' && { preferred_username: user.username }),
        ...(user.sessionId !== undefined && { sid: user.sessionId }),
        auth_time: user.authenticatedAt,
        acr: user.level,
        amr: user.methods,
      }),
      // Method and URL in the words of RFC 9449 §4.2, path as it was sent.
      ...(request && { htm: request.method, htu: `${request.scheme}://${request.authority}${request.path}` }),
    }
    return (told: ToldRights) => ({
      ...claims,
      ...(told.scopes.length > 0 && { scope: told.scopes.join(' ') }),
      ...authorityClaims(told),
    })
  }

  function write(principal: Principal, presentation: HeaderPolicy, now: number, target: RequestTarget): Written {
    const { host, preset, audience, limits, replacesAuthorization, boundToRequest } = presentation
    const copies = preset.filter(([, field]) => field === 'assertion').length + Number(replacesAuthorization)
    const claimsOf = claimsFor(principal, audience, now, boundToRequest ? target : undefined)
    const compose = (told: ToldRights, assertion: string): string[] => {
      const values = valuesOf(principal, told, assertion)
      const headers = preset.flatMap(([name, field]) => [name, values[field]])
      return replacesAuthorization ? [...headers, 'Authorization', `Bearer ${assertion}`] : headers
    }
    const carries = (field: IdentityField) => preset.some(([, carried]) => carried === field)
    const all = rightsOf(principal)
    const held = limits.select(all)
    const isTold = (list: 'roles' | 'groups' | 'scopes') => copies > 0 || carries(list)
    const rights = {
      roles: isTold('roles') || (carries('groups') && all.groups.length === 0) ? held.roles : [],
      groups: isTold('groups') ? held.groups : [],
      permissions: copies > 0 ? held.permissions : [],
      scopes: isTold('scopes') ? held.scopes : [],
    }
    const fitted = fitRights(rights, limits, (told) => {
      return bytesOf(compose(told, '')) + (copies === 0 ? 0 : copies * maxBytesOf(claimsOf(told)))
    })
    noteShortening?.({ subject: principal.subject, to: { host: host.name }, rights, limits }, fitted)
    const { told } = fitted
    const headers = told && compose(told, copies === 0 ? '' : sign('identity-assertion+jwt', claimsOf(told)))
    return { headers, renewAt: now + (assertionLifetimeSeconds * 1000) / 2 }
  }

  return {
    anonymous(presentation) {
      let headers = empty.get(presentation.host)
      if (headers === undefined) {
        const names = presentation.preset.map(([name]) => name)
        if (presentation.replacesAuthorization) names.push('Authorization')
        headers = names.flatMap((name) => [name, ''])
        empty.set(presentation.host, headers)
      }
      return headers
    },
    of(principal, presentation, target) {
      const now = clock.now()
      if (presentation.boundToRequest) return write(principal, presentation, now, target).headers
      const { host, audience } = presentation
      let byHost = written.get(principal)
      let byAudience = byHost?.get(host)
      const known = byAudience?.get(audience)
      if (known !== undefined && now < known.renewAt) return known.headers
      const fresh = write(principal, presentation, now, target)
      const bytes = bytesAround + bytesOf(fresh.headers ?? [])
      writtenBytes += bytes
      if (writtenBytes > maxRememberedBytes) {
        written = new WeakMap()
        writtenBytes = bytes
        byHost = byAudience = undefined
      }
      if (byHost === undefined) written.set(principal, (byHost = new WeakMap()))
      if (byAudience === undefined) byHost.set(host, (byAudience = new Map()))
      if (byAudience.size >= maxOrigins) byAudience.clear()
      byAudience.set(audience, fresh)
      return fresh.headers
    },
  }
}

/** As they are sent, a byte a character: each name with a colon and a space, each value with the end of its line. */
function bytesOf(headers: readonly string[]): number {
  return headers.reduce((sum, text) => sum + text.length + 2, 0)
}

function rightsOf(principal: Principal): Rights {
  if (principal.kind === 'client') return { roles: [], groups: [], permissions: [], scopes: principal.scopes }
  const { roles, groups, permissions, scopes } = principal
  return { roles, groups, permissions, scopes }
}

function valuesOf(principal: Principal, told: ToldRights, assertion: string): Record<IdentityField, string> {
  const user = principal.kind === 'user' ? principal : undefined
  return {
    subject: headerValue(principal.subject),
    kind: principal.kind,
    email: headerValue(user?.email ?? ''),
    username: user?.username ?? '',
    name: headerValue(principal.name),
    roles: told.roles.map(headerValue).join(','),
    groups: (user?.groups.length ? told.groups : told.roles).map(headerValue).join(','),
    scopes: told.scopes.map(headerValue).join(' '),
    client: headerValue(principal.clientId),
    session: user?.sessionId ?? '',
    level: user?.level ?? '',
    assertion,
    shortened: told.shortened.join(','),
  }
}

/**
 * A text as a header value: percent-encoded UTF-8 where it is not plain visible ASCII, so that no name can break a
 * header or a list. A space between words stays as it is.
 */
function headerValue(text: string): string {
  if (/^[\x21-\x24\x26-\x2b\x2d-\x7e]*$/.test(text)) return text
  return text
    .toWellFormed()
    .replace(/[^\x20-\x24\x26-\x2b\x2d-\x7e]+/g, encodeURIComponent)
    .replace(/^ +| +$/g, (spaces) => '%20'.repeat(spaces.length))
}
