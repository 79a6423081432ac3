import { type Reach, getsOwnCookie } from '../../core/cookie-reach.ts'
import { allEscaped } from '../../core/request-path.ts'
import { parseRequestTarget, type RequestTarget, splitAbsoluteUrl } from '../../core/request-target.ts'

/** Where somebody is to be signed in. */
export interface Destination {
  origin: string
  /** Path and query. */
  returnTo: string
}

/**
 * Reads the address of a host that gets a cookie of its own, by the issuer's scheme: a session must not go where anyone on the way can
 * read it. Nothing for every other one, and for what two parsers could read differently.
 */
export function createDestinations(settings: Reach & { decidesAbout(target: RequestTarget): boolean }) {
  const scheme = new URL(settings.issuer).protocol.slice(0, -1)
  return (url: string): Destination | undefined => {
    const parts = splitAbsoluteUrl(url)
    const target = parts && parseRequestTarget({ method: 'GET', ...parts }, allEscaped)
    if (typeof target !== 'object' || target.scheme !== scheme) return undefined
    if (!getsOwnCookie(target.authority, settings) || !settings.decidesAbout(target)) return undefined
    return { origin: `${target.scheme}://${target.authority}`, returnTo: target.path + target.query }
  }
}

export type ReadDestination = ReturnType<typeof createDestinations>
