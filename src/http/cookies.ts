import type {} from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Names and attributes of the service's cookies, which depend on how it is reached. */
export interface Cookies {
  readonly sessionName: string
  readonly refreshName: string
  readonly csrfName: string
  setSession(reply: FastifyReply, secret: string, expires: Date): void
  setRefresh(reply: FastifyReply, token: string, expires: Date): void
  setCsrf(reply: FastifyReply, value: string): void
  clearSignIn(reply: FastifyReply): void
  clearRefresh(reply: FastifyReply): void
  session(request: FastifyRequest): string | undefined
  refresh(request: FastifyRequest): string | undefined
  csrf(request: FastifyRequest): string | undefined
}

/**
 * On https the session cookie is `__Host-`, which no other host can set or receive; with a cookie domain (single sign-on
 * across subdomains) it is `__Secure-`. Prefixes need https, so on http the names are plain.
 */
export function createCookies(settings: { issuer: string; cookieDomain?: string | undefined }): Cookies {
  const secure = settings.issuer.startsWith('https:')
  const host = secure ? '__Host-' : ''
  const sessionName = settings.cookieDomain ? `${secure ? '__Secure-' : ''}gatehouse` : `${host}gatehouse`
  const refreshName = `${secure ? '__Secure-' : ''}gatehouse_refresh`
  const csrfName = `${host}gatehouse_csrf`
  const domain = settings.cookieDomain ? { domain: settings.cookieDomain } : {}
  const session = { path: '/', httpOnly: true, secure, sameSite: 'lax', ...domain } as const
  const refresh = { path: '/api/auth', httpOnly: true, secure, sameSite: 'strict' } as const
  const csrf = { path: '/', httpOnly: true, secure, sameSite: 'lax' } as const

  return {
    sessionName,
    refreshName,
    csrfName,
    setSession: (reply, secret, expires) => void reply.setCookie(sessionName, secret, { ...session, expires }),
    setRefresh: (reply, token, expires) => void reply.setCookie(refreshName, token, { ...refresh, expires }),
    setCsrf: (reply, value) => void reply.setCookie(csrfName, value, csrf),
    clearRefresh: (reply) => void reply.clearCookie(refreshName, refresh),
    clearSignIn(reply) {
      reply.clearCookie(sessionName, session)
      reply.clearCookie(refreshName, refresh)
    },
    session: (request) => readCookie(request.headers.cookie, sessionName),
    refresh: (request) => readCookie(request.headers.cookie, refreshName),
    csrf: (request) => readCookie(request.headers.cookie, csrfName),
  }
}

/**
 * The value of the one cookie of this name in a Cookie header. A name that occurs twice counts as absent: a neighbouring
 * host may have tossed one of them (RFC 6265 §8.6).
 */
export function readCookie(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined
  let found: string | undefined
  for (let from = 0; from < header.length;) {
    let end = header.indexOf(';', from)
    if (end === -1) end = header.length
    while (header.charCodeAt(from) === 0x20) from++
    if (header.startsWith(name, from) && header.charCodeAt(from + name.length) === 0x3d) {
      if (found !== undefined) return undefined
      found = header.slice(from + name.length + 1, end).trimEnd()
    }
    from = end + 1
  }
  return found === '' ? undefined : found
}
