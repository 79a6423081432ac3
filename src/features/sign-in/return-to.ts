import { basePathOf } from '../../core/issuer.ts'
import { allEscaped } from '../../core/request-path.ts'
import {
  parseAuthority,
  parseRequestTarget,
  type RequestTarget,
  splitAbsoluteUrl,
  urlOf,
} from '../../core/request-target.ts'

export type ReturnTo = (wanted: string | undefined) => string

interface Hosts {
  issuer: string
  /** Whether the rules of a host decide about a target. */
  decidesAbout(target: RequestTarget): boolean
  getsTokens: GetsTokens
}

/** Whether a way back leads to an application whose scripts get tokens by the cookies of the service. */
export type GetsTokens = (url: string) => boolean

/** `origins`: those of `cors.origins`. */
export function createGetsTokens(origins: readonly string[]): GetsTokens {
  const listed = new Set(origins)
  return (url) => URL.canParse(url) && listed.has(new URL(url).origin)
}

/**
 * Makes the check of where a visitor may be sent back to: a path on the service itself, or an absolute URL that the rules
 * of a host decide about, or at an origin whose scripts get tokens. Everything else, and everything that two parsers could read differently, becomes the service's root.
 */
export function createReturnTo(hosts: Hosts): ReturnTo {
  const { read, accept } = createReader(hosts)
  const root = `${basePathOf(hosts.issuer)}/`
  return (wanted) => {
    const target = read(wanted)
    return (target && accept(target)) ?? root
  }
}

/**
 * Makes the question which host a visitor is not sent back to though it is known, since the address begins with another scheme
 * than the issuer's. It is what a proxy tells that does not know of the TLS in front of it.
 */
export function createLeftBehind(hosts: Hosts): (wanted: string | undefined) => string | undefined {
  const { read, accept, ownScheme } = createReader(hosts)
  return (wanted) => {
    const target = read(wanted)
    if (target === undefined || target.scheme === ownScheme || accept(target) !== undefined) return undefined
    return accept({ ...target, scheme: ownScheme }) === undefined ? undefined : target.authority
  }
}

function createReader({ issuer, decidesAbout, getsTokens }: Hosts) {
  const own = splitAbsoluteUrl(`${issuer}/`)!
  const ownScheme = own.scheme as 'http' | 'https'
  const ownAuthority = parseAuthority(own.host, ownScheme)
  const basePath = basePathOf(issuer)
  return {
    ownScheme,
    read(wanted: string | undefined): RequestTarget | undefined {
      if (wanted === undefined) return undefined
      const parts = wanted.startsWith('/') ? { ...own, target: wanted } : splitAbsoluteUrl(wanted)
      const target = parts && parseRequestTarget({ method: 'GET', ...parts }, allEscaped)
      return typeof target === 'object' ? target : undefined
    },
    accept(target: RequestTarget): string | undefined {
      // A sign-in on https must not end on a page that anyone on the way can rewrite.
      if (ownScheme === 'https' && target.scheme !== 'https') return undefined
      if (target.authority === ownAuthority && target.scheme === ownScheme && isBelow(basePath, target.path)) {
        // No page of the service has one of these in its path.
        return target.escaped.length > 0 ? undefined : target.path + target.query
      }
      const url = urlOf(target)
      return decidesAbout(target) || getsTokens(url) ? url : undefined
    },
  }
}

function isBelow(basePath: string, path: string): boolean {
  return path === basePath || path.startsWith(`${basePath}/`)
}
