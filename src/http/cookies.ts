import type {} from '@fastify/cookie'
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { basePathOf } from '../core/issuer.ts'
import { eachOf, maxShown, randomSecret, type Shown } from '../core/secrets.ts'
import { bindTo, boundTo } from './bound-tokens.ts'

/** Names and attributes of the service's cookies, which depend on how it is reached. */
export interface Cookies {
  readonly sessionName: string
  readonly refreshName: string
  readonly csrfName: string
  readonly deviceName: string
  readonly interactionName: string
  readonly providerName: string
  readonly languageName: string
  readonly wayBackName: string
  /** Of hosts that the session cookie does not reach: what they know a session by, and what their browser has asked by. */
  readonly hostName: string
  readonly nonceName: string
  /** All of these. */
  readonly names: readonly string[]
  /** The host or domain under which browsers keep the session cookie. */
  readonly site: string
  /** Without `expires` it ends with the browser. */
  setSession(reply: FastifyReply, secret: string, expires: Date | undefined): void
  /** As `setSession`. */
  setRefresh(reply: FastifyReply, token: string, expires: Date | undefined): void
  /** What a browser is known by that has signed in before; it stays when the session ends. */
  setDevice(reply: FastifyReply, secret: string, expires: Date): void
  setCsrf(reply: FastifyReply, value: string): void
  /** What continues a sign-in that needs another step; it ends with the browser. */
  setInteraction(reply: FastifyReply, secret: string): void
  clearInteraction(reply: FastifyReply): void
  /** What the ways of this browser to providers and back have in common; it ends with the browser. */
  setProvider(reply: FastifyReply, secret: string): void
  /** Where somebody goes on who has left for a mail (`ways-back.ts`). */
  setWayBack(reply: FastifyReply, sealed: string, seconds: number): void
  clearWayBack(reply: FastifyReply): void
  /** The language that somebody has chosen, whoever they are. */
  setLanguage(reply: FastifyReply, language: string): void
  /** As `setSession`, on a host that the session cookie does not reach. */
  setHostSession(reply: FastifyReply, secret: string, expires: Date | undefined): void
  /** What binds a sign-in on such a host to the browser that has begun it. */
  setNonce(reply: FastifyReply, nonce: string, seconds: number): void
  nonce(request: FastifyRequest): string | undefined
  clearSignIn(reply: FastifyReply): void
  clearRefresh(reply: FastifyReply): void
  session(request: FastifyRequest): Shown | undefined
  refresh(request: FastifyRequest): Shown | undefined
  /** Of several none counts: whoever planted one may have got the token of a form for it. */
  csrf(request: FastifyRequest): string | undefined
  /** Likewise: nothing tells which sign-in somebody wants to continue. */
  interaction(request: FastifyRequest): string | undefined
  /** Likewise. */
  provider(request: FastifyRequest): string | undefined
  /** Likewise. */
  wayBack(request: FastifyRequest): string | undefined
  device(request: FastifyRequest): Shown | undefined
  language(request: { headers: IncomingHttpHeaders }): string | undefined
  /** The names under which a browser shows several different values of what proves something. */
  ambiguous(request: FastifyRequest): readonly string[]
}

/**
 * On https every cookie is `__Host-`, which no other host can set or receive; with a cookie domain (single sign-on
 * across subdomains) the session's is `__Secure-`. Prefixes need https, so on http the names are plain. Under an issuer with a
 * path the refresh cookie is `__Secure-` with that path, and counts only beside the `__Host-` cookie of the browser that got it.
 */
export function createCookies(settings: {
  issuer: string
  cookieDomain?: string | undefined
  /** `cookie_name`: what all names are made of; left out: `gatehouse`. */
  sessions?: { cookie_name: string }
}): Cookies {
  const { cookie_name: name = 'gatehouse' } = settings.sessions ?? {}
  const secure = settings.issuer.startsWith('https:')
  const issuerHost = new URL(settings.issuer).hostname
  const host = secure ? '__Host-' : ''
  const sessionName = settings.cookieDomain ? `${secure ? '__Secure-' : ''}${name}` : `${host}${name}`
  const basePath = basePathOf(settings.issuer)
  // Beside the service's path its host may have applications, which this cookie must not reach.
  const isBelowPath = basePath !== ''
  const refreshName = `${isBelowPath && secure ? '__Secure-' : host}${name}_refresh`
  const deviceName = `${host}${name}_device`
  const csrfName = `${host}${name}_csrf`
  const interactionName = `${host}${name}_interaction`
  const providerName = `${host}${name}_provider`
  const languageName = `${host}${name}_language`
  const wayBackName = `${host}${name}_way_back`
  const hostName = `${host}${name}_host`
  const nonceName = `${host}${name}_nonce`
  const proofs = [sessionName, refreshName, deviceName, csrfName]
  const names = [...proofs, interactionName, providerName, languageName, wayBackName, hostName, nonceName]
  const domain = settings.cookieDomain ? { domain: settings.cookieDomain } : {}
  const session = { path: '/', httpOnly: true, secure, sameSite: 'lax', ...domain } as const
  const device = { path: '/', httpOnly: true, secure, sameSite: 'strict' } as const
  const refresh = { ...device, path: isBelowPath ? basePath : '/' } as const
  const csrf = { path: '/', httpOnly: true, secure, sameSite: 'lax' } as const
  const language = { ...csrf, maxAge: 365 * 86_400 }
  /** The refresh cookie of earlier releases had a path, and on http the same name: of two, neither would count. */
  const dropFormer = (reply: FastifyReply) => {
    if (secure || isBelowPath || !reply.request.headers.cookie?.includes(`${refreshName}=`)) return
    reply.clearCookie(refreshName, { ...refresh, path: '/api/auth' })
  }
  /**
   * Of several session cookies those go that nobody else can have set: of an earlier cookie domain, or without one. Others may
   * be in use by another installation.
   */
  const dropNamesakes = (reply: FastifyReply) => {
    if (sessionName.startsWith('__Host-')) return
    if (typeof readCookie(reply.request.headers.cookie, sessionName) !== 'object') return
    for (const formerly of formerDomains(issuerHost, settings.cookieDomain)) {
      reply.clearCookie(sessionName, { ...session, domain: formerly! })
    }
  }

  // As the refresh cookie: sent to this host alone, and by its own pages alone.
  const setDevice = (reply: FastifyReply, secret: string, expires: Date | undefined) => {
    givenNow.set(reply, secret)
    reply.setCookie(deviceName, secret, { ...device, ...until(expires) })
  }
  /** What the browser of a reply is known by, or from now on is. */
  const givenNow = new WeakMap<FastifyReply, string>()
  const browserOf = (reply: FastifyReply, expires: Date | undefined): string => {
    const known = givenNow.get(reply) ?? eachOf(readCookie(reply.request.headers.cookie, deviceName))[0]
    if (known !== undefined) return known
    const made = randomSecret()
    setDevice(reply, made, expires)
    return made
  }

  return {
    sessionName,
    refreshName,
    csrfName,
    deviceName,
    interactionName,
    providerName,
    languageName,
    wayBackName,
    hostName,
    nonceName,
    names,
    site: settings.cookieDomain ?? issuerHost,
    setSession(reply, secret, expires) {
      dropNamesakes(reply)
      reply.setCookie(sessionName, secret, { ...session, ...until(expires) })
    },
    setRefresh(reply, token, expires) {
      dropFormer(reply)
      reply.setCookie(refreshName, isBelowPath ? bindTo(browserOf(reply, expires), token) : token, {
        ...refresh,
        ...until(expires),
      })
    },
    setDevice,
    setCsrf: (reply, value) => void reply.setCookie(csrfName, value, csrf),
    setInteraction: (reply, secret) => void reply.setCookie(interactionName, secret, csrf),
    clearInteraction(reply) {
      if (reply.request.headers.cookie?.includes(`${interactionName}=`)) reply.clearCookie(interactionName, csrf)
    },
    // A provider leads back from another site, which is why it is not `strict`.
    setProvider: (reply, secret) => void reply.setCookie(providerName, secret, csrf),
    setWayBack: (reply, sealed, maxAge) => void reply.setCookie(wayBackName, sealed, { ...csrf, maxAge }),
    clearWayBack: (reply) => void reply.clearCookie(wayBackName, csrf),
    setLanguage: (reply, value) => void reply.setCookie(languageName, value, language),
    setHostSession: (reply, secret, expires) => void reply.setCookie(hostName, secret, { ...csrf, ...until(expires) }),
    setNonce: (reply, nonce, maxAge) => void reply.setCookie(nonceName, nonce, { ...csrf, maxAge }),
    nonce: (request) => sole(request, nonceName),
    clearRefresh(reply) {
      dropFormer(reply)
      reply.clearCookie(refreshName, refresh)
    },
    clearSignIn(reply) {
      dropNamesakes(reply)
      reply.clearCookie(sessionName, session)
      dropFormer(reply)
      reply.clearCookie(refreshName, refresh)
    },
    session: (request) => readCookie(request.headers.cookie, sessionName),
    refresh(request) {
      const shown = readCookie(request.headers.cookie, refreshName)
      if (!isBelowPath || shown === undefined) return shown
      const browsers = eachOf(readCookie(request.headers.cookie, deviceName))
      const tokens = eachOf(shown).flatMap((value) => boundTo(browsers, value) ?? [])
      return tokens.length > 1 ? tokens : tokens[0]
    },
    csrf: (request) => sole(request, csrfName),
    interaction: (request) => sole(request, interactionName),
    provider: (request) => sole(request, providerName),
    wayBack: (request) => sole(request, wayBackName),
    device: (request) => readCookie(request.headers.cookie, deviceName),
    language: ({ headers: { cookie } }) => eachOf(readCookie(cookie, languageName))[0],
    ambiguous: ({ headers: { cookie } }) => proofs.filter((name) => typeof readCookie(cookie, name) === 'object'),
  }
}

/** The only value of a cookie. */
function sole(request: FastifyRequest, name: string): string | undefined {
  const shown = readCookie(request.headers.cookie, name)
  return typeof shown === 'string' ? shown : undefined
}

const until = (expires: Date | undefined) => (expires === undefined ? {} : { expires })

/** Below the domain that is set, the issuer's host and its parents, each as a domain; and no domain at all. */
function formerDomains(issuerHost: string, domain: string | undefined): (string | undefined)[] {
  if (domain === undefined) return [issuerHost]
  const labels = issuerHost.slice(0, -domain.length).split('.').slice(0, -1)
  return [undefined, ...labels.map((_, at) => `${labels.slice(at).join('.')}.${domain}`)]
}

/**
 * The value of the cookie of this name in a Cookie header, without its surrounding spaces. Browsers send several under one
 * name when another installation, an earlier setting or a neighbouring host left one, and nothing tells whose is whose (RFC
 * 6265 §5.4, §8.6): then those that differ, in the order in which they came, of more than `maxShown` one more. Empty ones are none.
 */
export function readCookie(header: string | undefined, name: string): Shown | undefined {
  if (header === undefined) return undefined
  let found: string | undefined
  let several: string[] | undefined
  for (let from = 0; from < header.length;) {
    let end = header.indexOf(';', from)
    if (end === -1) end = header.length
    while (header.charCodeAt(from) === 0x20) from++
    if (header.startsWith(name, from) && header.charCodeAt(from + name.length) === 0x3d) {
      const value = header.slice(from + name.length + 1, end).trimEnd()
      if (found === undefined) found = value === '' ? undefined : value
      else if (value !== '' && value !== found && several?.includes(value) !== true) {
        several ??= [found]
        if (several.push(value) > maxShown) return several
      }
    }
    from = end + 1
  }
  return several ?? found
}
