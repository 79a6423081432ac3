import type { IncomingMessage } from 'node:http'
import fastifyJwt from '@fastify/jwt'
import type { FastifyRequest, RouteOptions } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { type AccessTokenClaims, hasExpired, isCanonical, isInTime } from '../core/access-token.ts'
import { type Confirmation, dpopToken, type SenderFault, type Shown as ShownToken } from '../core/confirmation.ts'
import { GatehouseError } from '../core/errors.ts'
import type { Clock } from '../core/clock.ts'
import { mayAdminister, type OwnPermission } from '../core/permissions.ts'
import type { Principal, UserPrincipal } from '../core/principal.ts'
import type { Shown } from '../core/secrets.ts'
import type { Cookies } from './cookies.ts'
import type { CheckCrossSite } from './cross-site.ts'
import { originOf } from '../core/issuer.ts'
import { isBearerToken } from './problem.ts'
import type { App } from './server.ts'

/**
 * Who may call a route. `public` anyone; `user` a signed-in person, by bearer token or session cookie; `admin` such a
 * person with the permission that the route names; `client` a program, which the route authenticates itself (OAuth's own
 * rules); `proxy` a trusted edge proxy; `operator` whoever reaches the control socket, and nobody over a network. A route
 * that declares none fails at boot.
 */
type Access = 'public' | 'user' | 'admin' | 'client' | 'proxy' | 'operator'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
    /** With access `admin`: what of the administration it is. */
    permission?: OwnPermission
    /** With access `user`: open also to programs that act for the person, by an API key or a delegated token. */
    programs?: boolean
    /**
     * Open only to a person who proved who they are a short while ago, at the highest level that they can reach (RFC 9470): for what
     * outlives the session. `with_factor`: asked of those alone who have a second factor, where others show their password with
     * the request.
     */
    fresh?: boolean | 'with_factor'
  }
  interface FastifyRequest {
    principal: Principal | null
  }
}

interface Proven {
  principal: Principal
  audiences: readonly string[]
}

export interface GuardOptions {
  /** The key that a token's header names; nothing when that key is for another algorithm. */
  publicKey(header: { kid?: unknown; alg?: unknown }): string | undefined
  /** Proves verified claims against the stores. */
  claims(claims: AccessTokenClaims): Promise<Proven | undefined> | Proven | undefined
  /** What keeps a token from being its sender's. */
  senders: {
    faultOf(
      confirmation: Confirmation | undefined,
      shown: ShownToken,
    ): SenderFault | undefined | Promise<SenderFault | undefined>
    nonce(): string
    certificateOf(request: IncomingMessage): string | undefined
    urlAt(host: string, url: string): string
  }
  apiKey(key: string, from: () => string): Promise<Proven | undefined> | Proven | undefined
  sessionCookie(shown: Shown): Promise<Proven | undefined> | Proven | undefined
  /** Told when somebody who is known asks for administration, and may not. */
  noteRefusal(refused: { subject: string; clientId: string; ip: string; permission: OwnPermission }): void
  cookies: Cookies
  checkCrossSite: CheckCrossSite
  clock: Clock
  issuer: string
  /** How old a proof of the person may be where `fresh` is asked for: the `sign_in` section of gatehouse.yaml. */
  settings: { fresh_seconds: number }
}

/** Guards the service's own API: every route starts denied and opens by its declared access level. */
export const guard = fastifyPlugin(async (app: App, options: GuardOptions) => {
  const { publicKey, senders, cookies, checkCrossSite, clock, issuer, settings } = options
  const origin = originOf(issuer)
  await app.register(fastifyJwt, {
    namespace: 'access',
    decoratorName: 'access',
    decode: { complete: true },
    secret: {
      private: () => Promise.reject(new Error('the guard signs nothing')),
      public: async (_request: FastifyRequest, token: { header: { kid?: unknown; alg?: unknown } }) => {
        const key = publicKey(token.header)
        if (key === undefined) throw new GatehouseError('invalid_access_token')
        return key
      },
    },
    verify: {
      extractToken: ({ headers: { authorization = '' } }: FastifyRequest) =>
        dpopToken(authorization) ?? authorization.slice('Bearer '.length),
      algorithms: ['ES256', 'RS256', 'EdDSA'],
      allowedIss: issuer,
      allowedAud: issuer,
      checkTyp: 'at+jwt',
      requiredClaims: ['iss', 'aud', 'sub', 'exp', 'iat', 'jti', 'client_id'],
      // Times are checked below, against the injected clock.
      ignoreExpiration: true,
      ignoreNotBefore: true,
      errorCacheTTL: -1,
    },
  } as never)
  app.decorateRequest('principal', null)

  function forbid(request: FastifyRequest, { subject, clientId }: Principal, detail?: string): never {
    const { permission } = request.routeOptions.config
    if (permission !== undefined) options.noteRefusal({ subject, clientId, ip: request.ip, permission })
    throw new GatehouseError('forbidden', detail === undefined ? {} : { detail })
  }
  function refuseProgram(request: FastifyRequest, principal: Principal): void {
    if (request.routeOptions.config.programs) return
    forbid(request, principal, 'A program cannot do this for somebody. Sign in.')
  }

  /** A token that is bound to something opens nothing without it, and one that is bound to nothing comes as `Bearer` alone. */
  async function demandSender(request: FastifyRequest, confirmation: Confirmation | undefined, dpop?: string) {
    if (confirmation === undefined && dpop === undefined) return
    const { dpop: proof, authorization = '' } = request.headers
    const fault = await senders.faultOf(confirmation, {
      ...(dpop === undefined
        ? { scheme: 'Bearer', token: authorization.slice('Bearer '.length) }
        : { scheme: 'DPoP', token: dpop }),
      proof: proof === undefined ? undefined : String(proof),
      method: request.method,
      url: senders.urlAt(request.host, origin + request.url),
      certificate: () => senders.certificateOf(request.raw),
    })
    if (fault === undefined) return
    if (fault === 'invalid_token') throw new GatehouseError('invalid_access_token')
    throw new GatehouseError(fault, { dpopNonce: senders.nonce() })
  }

  async function provePrincipal(request: FastifyRequest): Promise<Principal | undefined> {
    const { authorization, 'x-api-key': header } = request.headers
    const key = authorization === undefined ? header : /^Bearer (ghk_.*)$/i.exec(authorization)?.[1]
    if (key !== undefined) {
      const proven = await options.apiKey(String(key), () => request.ip)
      if (proven === undefined) throw new GatehouseError('invalid_access_token')
      return proven.principal
    }
    if (authorization !== undefined) {
      // RFC 6750 §3.1: another scheme is no token of ours, and what is no token at all is the request's fault.
      const dpop = dpopToken(authorization)
      if (dpop === undefined && !/^Bearer( |$)/i.test(authorization)) throw new GatehouseError('unauthorized')
      if (dpop === undefined && !isBearerToken(authorization)) throw malformedBearer()
      if (!isCanonical(authorization)) throw new GatehouseError('invalid_access_token')
      const verify = request as FastifyRequest & { accessJwtVerify(): Promise<AccessTokenClaims> }
      const claims = await verify.accessJwtVerify()
      // What to do about it is to refresh, and not to sign in.
      if (hasExpired(claims, clock.now())) throw new GatehouseError('access_token_expired')
      const proven = isInTime(claims, clock.now()) ? await options.claims(claims) : undefined
      if (proven === undefined) throw new GatehouseError('invalid_access_token')
      await demandSender(request, claims.cnf, dpop)
      // A person lets a program in to somewhere else than here (docs/decisions).
      if (claims.grant_id !== undefined) forbid(request, proven.principal, 'This token was issued to a program.')
      if (claims.act !== undefined) refuseProgram(request, proven.principal)
      return proven.principal
    }
    const shown = cookies.session(request)
    if (shown === undefined) return undefined
    const proven = await options.sessionCookie(shown)
    if (proven === undefined) return undefined
    if (request.method !== 'GET' && request.method !== 'HEAD') checkCrossSite(request)
    return proven.principal
  }

  /** By the session as it is now: a token that was issued before a step-up says less than is known. */
  function demandProof({ routeOptions: { config } }: FastifyRequest, principal: UserPrincipal): void {
    const { level, reachable, authenticatedAt } = principal
    const isFreshNeeded = config.fresh === 'with_factor' ? reachable === 'aal2' : config.fresh === true
    const isOld = Math.floor(clock.now() / 1000) - authenticatedAt > settings.fresh_seconds
    // Whoever administers does all of it at the level that they can reach, what takes rights away too.
    const isTooLow = reachable === 'aal2' && level !== 'aal2' && (isFreshNeeded || config.access === 'admin')
    if (!isTooLow && !(isFreshNeeded && isOld)) return
    throw new GatehouseError('insufficient_user_authentication', {
      proof: { level: reachable, ...(isFreshNeeded && { maxAgeSeconds: settings.fresh_seconds }) },
    })
  }

  // After the limiter, whose hooks are the routes' own: a refusal counts too.
  app.addHook('preParsing', async (request) => {
    const { access, permission } = request.routeOptions.config
    if (access === 'public') return
    const principal = await provePrincipal(request)
    if (principal === undefined) throw new GatehouseError('unauthorized')
    if (principal.kind !== 'user') forbid(request, principal)
    const isPermitted = permission !== undefined && mayAdminister(principal, permission)
    if (access !== 'user' && !isPermitted) forbid(request, principal)
    if (principal.sessionId === undefined) refuseProgram(request, principal)
    demandProof(request, principal)
    request.principal = principal
  })
})

function malformedBearer(): GatehouseError {
  return new GatehouseError('invalid_request', { detail: 'The Authorization header holds no bearer token.' })
}

/**
 * Fails the boot when a route was declared without an access level, or as administration without a permission, or is the
 * operator's alone. Registered first, so that it sees every route.
 */
export function requireAccessLevels(app: App): void {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => void routes.push(route))
  app.addHook('onReady', async () => {
    const undeclared = routes.filter(({ config: { access, permission } = {} }) => {
      return access === undefined || access === 'operator' || (access === 'admin') !== (permission !== undefined)
    })
    if (undeclared.length === 0) return
    const names = undeclared.map((route) => `${[route.method].flat().join(',')} ${route.url}`)
    throw new Error(`routes without their access level: ${names.join('; ')}`)
  })
}

/** The signed-in person of a route with access `user` or `admin`. */
export function userOf(request: FastifyRequest): UserPrincipal {
  if (request.principal?.kind !== 'user') throw new GatehouseError('unauthorized')
  return request.principal
}

/** The same within a session: the guard refuses programs, which have none, where a route does not let them in. */
export function personWithSession(request: FastifyRequest): UserPrincipal & { sessionId: string } {
  const { sessionId, ...person } = userOf(request)
  if (sessionId === undefined) throw new GatehouseError('forbidden')
  return { ...person, sessionId }
}
