import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ErrorCode, GatehouseError } from '../../../core/errors.ts'
import { originOf } from '../../../core/issuer.ts'
import type { ForwardedAddress } from '../../../core/client-address.ts'
import type { Edges } from '../../../core/edges.ts'
import type { Log } from '../../../core/log.ts'
import type { RequestTarget } from '../../../core/request-target.ts'
import { hostPaths, isHostPath } from '../../../core/host-paths.ts'
import { isResourceMetadataPath, resourceMetadataUrl } from '../../../core/protected-resource.ts'
import type { Shown } from '../../../core/secrets.ts'
import type { Pages } from '../../../http/pages.ts'
import { challengeOf, problemOf, toGatehouseError, limitHeadersOf } from '../../../http/problem.ts'
import type { Credentials } from '../../credentials/index.ts'
import type { Decide, Decision, Presented } from '../decide.ts'
import type { Dialect } from '../dialect.ts'
import { forbiddenPage } from '../forbidden-views.ts'
import { isPageNavigation, isSafe, preflightMethod, type ShareDenial, wayBackTo } from './negotiation.ts'
import type { OutageLog } from '../outage.ts'
import { createSchemeWatch } from '../scheme-watch.ts'
import type { ForwardAuthTexts } from '../texts.ts'
import type { WhatIsLeft } from '../withheld.ts'

/** Answers a question, now or later, and never throws. `id` names it in the answer and in the log. */
export type Answer = (dialect: Dialect, request: IncomingMessage, response: ServerResponse, id: string) => void

/**
 * The header of every decision, `allow` or `deny`, that nothing else of the service ever writes: a proxy that goes on only
 * where it reads `allow` cannot take another answer for a yes, such as that of a page.
 */
export const decisionHeader = 'X-Gatehouse-Decision'
const denied = [decisionHeader, 'deny']
const none: readonly string[] = []

/** Joins what is needed to answer: answers are written straight to the socket in one go. */
export function createAnswer(options: {
  decide: Decide
  dpop: Credentials['dpop']
  dpopNonce(): string
  /** Thumbprint of the client's certificate, where the proxy tells it. */
  certificateOf(request: IncomingMessage): string | undefined
  readSessionCookie(header: string | undefined): Shown | undefined
  readHostCookie(header: string | undefined): Shown | undefined
  /** Whether a host gets a cookie of its own, since the session cookie does not reach it. */
  getsOwnCookie(authority: string): boolean
  /** Whether access tokens count on a host, so that programs are told where they get one. */
  takesTokens(authority: string): boolean
  whatIsLeft: WhatIsLeft
  checkEdge: Edges['check']
  clientAddress: ForwardedAddress['ofClient']
  shareDenial: ShareDenial
  outages: OutageLog
  pages: Pages<ForwardAuthTexts>
  issuer: string
  log: Log
}): Answer {
  const { decide, readSessionCookie, readHostCookie, getsOwnCookie, takesTokens, whatIsLeft } = options
  const { dpop, checkEdge, clientAddress, shareDenial, outages, pages, issuer, log } = options
  const watchScheme = createSchemeWatch({ issuer, log })
  const signInUrl = (target: RequestTarget, referrer: string | undefined, stepUp: boolean) => {
    const back = wayBackTo(target, referrer)
    const more = `${stepUp ? '&acr_values=aal2' : ''}${isSafe(target.method) ? '' : '&unsent=yes'}`
    if (!getsOwnCookie(target.authority)) return `${issuer}/login?return_to=${encodeURIComponent(back)}${more}`
    const origin = `${target.scheme}://${target.authority}`
    return `${origin}${hostPaths.start}?return_to=${encodeURIComponent(back.slice(origin.length))}${more}`
  }
  /** A proxy that asks about these, in place of leading them to the service, would send a browser in circles. */
  const isAskedInVain = ({ path, authority }: RequestTarget) =>
    isResourceMetadataPath(path) || (isHostPath(path) && getsOwnCookie(authority))

  const policy = `default-src 'none'; style-src ${originOf(issuer)}; img-src ${originOf(issuer)}; frame-ancestors 'none'`
  const sendForbiddenPage = (request: IncomingMessage, response: ServerResponse, id: string) => {
    const language = pages.languageOf(request)
    const body = String(forbiddenPage(pages.inLanguage(language), issuer))
    const headers = [
      ...denied,
      ...['Content-Type', 'text/html; charset=utf-8', 'Content-Length', String(Buffer.byteLength(body))],
      ...['Cache-Control', 'no-store', 'X-Request-Id', id, ...Object.entries(pages.headersOf(language)).flat()],
      ...['X-Content-Type-Options', 'nosniff', 'Content-Security-Policy', policy],
    ]
    response.writeHead(403, headers).end(body)
  }

  return (dialect, request, response, id) => {
    const { headers } = request
    const tell = (code: ErrorCode, fields: object) =>
      log.info({ event: 'forward_auth.denied', dialect: dialect.name, code, ...fields, reqId: id }, 'denied')
    const deny = (error: GatehouseError, extra: readonly string[] = [], fields: object = {}) => {
      tell(error.code, fields)
      sendProblem(response, error, id, [...denied, ...shareDenial(headers.origin), ...extra], dialect.relaysAnswers)
    }
    const challengeFor = (error: GatehouseError, target: RequestTarget) =>
      challengeHeader(error, request, takesTokens(target.authority) ? resourceMetadataUrl(target) : undefined)
    const denyTarget = (code: 'ambiguous_target' | 'target_too_long', fields: object = {}) =>
      // nginx turns any other status than 401 and 403 into its own 500.
      deny(new GatehouseError(dialect.relaysAnswers ? code : 'forbidden'), [], { reason: code, ...fields })
    const edge = checkEdge(request)
    if (edge !== 'trusted') {
      const fields = { peer: request.socket.remoteAddress, reason: edge }
      return deny(new GatehouseError('untrusted_peer'), [], fields)
    }

    const target = dialect.target(headers, request)
    if (target === 'too_long') return denyTarget('target_too_long')
    if (target === 'ambiguous') {
      const missing = dialect.needs.filter((name) => headers[name] === undefined)
      if (missing.length === 0) return denyTarget('ambiguous_target')
      tell('incomplete_question', { missing })
      const detail = `${dialect.product} sends ${dialect.needs.join(', ')}; missing: ${missing.join(', ')}.`
      const code = dialect.relaysAnswers ? 'incomplete_question' : 'forbidden'
      // No proxy that is set up asks like this, so somebody may be there to read it.
      return sendProblem(response, new GatehouseError(code, { detail }), id, denied)
    }

    const conclude = (decision: Decision): void => {
      outages.decided()
      if (decision.kind === 'allow') {
        const { withholding } = decision
        const left = withholding === undefined ? none : whatIsLeft(request, withholding)
        const more = dialect.whenAllowed?.(decision.headers, left, headers) ?? left
        response
          .writeHead(200, [
            'Content-Length',
            '0',
            decisionHeader,
            'allow',
            'X-Request-Id',
            id,
            ...decision.headers,
            ...more,
          ])
          .end()
        return
      }
      if (decision.kind === 'ambiguous') return denyTarget('ambiguous_target')
      const about = { host: target.authority, method: target.method, path: target.path }
      const looking = isPageNavigation(target.method, headers)
      if (decision.kind === 'forbidden') {
        const fields = { ...about, reason: decision.reason }
        if (!looking || !dialect.relaysAnswers) {
          const error = new GatehouseError('forbidden')
          const challenge =
            decision.reason === 'not_permitted' && decision.by !== 'session' ? challengeFor(error, target) : []
          return deny(error, [...challenge, ...(looking ? ['X-Gatehouse-Page', 'forbidden'] : [])], fields)
        }
        tell('forbidden', fields)
        return sendForbiddenPage(request, response, id)
      }
      const stepUp = decision.kind === 'step_up'
      // Where a session does not count, whoever signed in would be sent there again without end.
      const page = looking && decision.sessionCounts
      if (page) watchScheme(target)
      if (isAskedInVain(target)) {
        const place = isHostPath(target.path) ? '/_gatehouse/' : '/.well-known/oauth-protected-resource'
        const detail = `The proxy must lead ${place} of this host to the service; \`gatehouse proxy-config\` prints how.`
        return deny(new GatehouseError('forbidden', { detail }), [], { ...about, reason: 'not_routed' })
      }
      const location = page ? ['Location', signInUrl(target, headers.referer, stepUp)] : []
      if (page && dialect.relaysAnswers) {
        response
          // Browsers make a GET of whatever it was, for certain, only of a 303 (RFC 9110 §15.4.4).
          .writeHead(isSafe(target.method) ? 302 : 303, [
            ...denied,
            'Content-Length',
            '0',
            'Cache-Control',
            'no-store',
            'X-Request-Id',
            id,
            ...location,
          ])
          .end()
        return
      }
      const error = stepUp
        ? new GatehouseError('insufficient_user_authentication', { proof: { level: 'aal2' } })
        : new GatehouseError(codeOf(decision.presented))
      const nonce = error.code === 'use_dpop_nonce' ? ['DPoP-Nonce', options.dpopNonce()] : []
      deny(error, [...challengeFor(error, target), ...nonce, ...location], about)
    }
    const fail = (error: unknown): void => {
      const known = toGatehouseError(error)
      // Nothing failed: a limit refuses to test a further secret.
      if (known.code === 'too_many_requests')
        return deny(dialect.relaysAnswers ? known : new GatehouseError('forbidden'))
      outages.undecided(known, id)
      sendProblem(response, known, id, shareDenial(headers.origin), dialect.relaysAnswers)
    }

    try {
      // Several lines arrive joined by commas.
      const everyAuthorization = () => request.headersDistinct['authorization'] ?? []
      const { authorization } = headers
      const certificate = () => options.certificateOf(request)
      const decision = decide({
        target,
        clientAddress: () => clientAddress(request),
        authorization: authorization?.includes(',') ? everyAuthorization()[0] : authorization,
        everyAuthorization,
        dpop: proveOnce((token) =>
          dpop({
            ...{ scheme: 'DPoP', token, proof: joined(headers['dpop']), method: target.method },
            url: `${target.scheme}://${target.authority}${target.path}`,
            certificate,
          }),
        ),
        certificate,
        apiKey: joined(headers['x-api-key']),
        sessionCookie: readSessionCookie(headers.cookie),
        hostCookie: getsOwnCookie(target.authority) ? readHostCookie(headers.cookie) : undefined,
        preflightFor: preflightMethod(target, headers),
      })
      if (decision instanceof Promise) decision.then(conclude).catch(fail)
      else conclude(decision)
    } catch (error) {
      fail(error)
    }
  }
}

/** A proof is good once, and a question may be judged by several rules. */
function proveOnce<Proof>(prove: (token: string) => Proof): (token: string) => Proof {
  let known: { token: string; proof: Proof } | undefined
  return (token) => {
    if (known?.token !== token) known = { token, proof: prove(token) }
    return known.proof
  }
}

/** Repeated headers arrive joined, and are then no key, and no proof. */
function joined(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header
}

function codeOf(presented: Presented): ErrorCode {
  if (presented === 'nothing') return 'unauthorized'
  return presented === 'invalid_token' ? 'invalid_access_token' : presented
}

function challengeHeader(error: GatehouseError, { headers }: IncomingMessage, metadata?: string): string[] {
  const challenge = challengeOf(error, headers.authorization, metadata)
  return challenge === undefined ? [] : ['WWW-Authenticate', challenge]
}

/** `withBody` is false for nginx, which throws the body away and then cannot use the connection again. */
export function sendProblem(
  response: ServerResponse,
  error: GatehouseError,
  id: string,
  extra: readonly string[],
  withBody = true,
): void {
  // A text goes out with the headers in one write; a buffer would be a second one.
  const body = withBody ? JSON.stringify(problemOf(error, id)) : ''
  const headers = [
    ...(withBody ? ['Content-Type', 'application/problem+json'] : []),
    ...['Content-Length', String(Buffer.byteLength(body)), 'Cache-Control', 'no-store', 'X-Request-Id', id],
    ...(error.status === 401 && !extra.includes('WWW-Authenticate') ? challengeHeader(error, response.req) : []),
    ...(error.retryAfterSeconds === undefined ? [] : ['Retry-After', String(error.retryAfterSeconds)]),
    ...Object.entries(limitHeadersOf(error)).flat(),
    ...extra,
  ]
  response.writeHead(error.status, headers).end(body)
}
