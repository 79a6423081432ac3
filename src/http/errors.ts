import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatehouseError } from '../core/errors.ts'
import { shareAnswers } from './cors.ts'
import { isNavigation } from './page-requests.ts'
import { challengeOf, limitHeadersOf, problemOf, toGatehouseError } from './problem.ts'
import type { App } from './server.ts'

const ofEveryError = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** Headers that belong to an error whatever its body looks like. */
export function setErrorHeaders(reply: FastifyReply, error: GatehouseError): void {
  reply.headers(ofEveryError)
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds)
  if (error.dpopNonce !== undefined) reply.header('dpop-nonce', error.dpopNonce)
  reply.headers(limitHeadersOf(error))
  const challenge = challengeOf(error, reply.request.headers.authorization)
  if (challenge !== undefined && !reply.hasHeader('www-authenticate')) reply.header('www-authenticate', challenge)
}

/** Answers with an error as RFC 9457 has it. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: GatehouseError): FastifyReply {
  setErrorHeaders(reply, error)
  return reply
    .code(error.status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(problemOf(error, request.id))
}

/** Answers a path that no route and no error handler sees: it is no URL, or a parameter is too long to name anything. */
export function refusePath({ code }: { code: string }, request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id)
  const error =
    code === 'FST_ERR_MAX_PARAM_LENGTH'
      ? new GatehouseError('not_found')
      : new GatehouseError('invalid_request', { detail: 'The path is not a valid URL path.' })
  sendProblem(request, reply, error)
}

/**
 * One error handler and one not-found handler for everything but `/oauth`, which answers in its own RFC's words. `people`: what is sent
 * to their browsers, and the page that they see where there is nothing.
 */
export function handleErrors(
  app: App,
  {
    basePath = '',
    origins = [],
    people,
  }: {
    basePath?: string
    origins?: readonly string[]
    people?: { headers(scope: App): PromiseLike<unknown>; showNotFound(reply: FastifyReply): FastifyReply }
  } = {},
): void {
  app.setErrorHandler((thrown, request, reply) => sendProblem(request, reply, toGatehouseError(thrown)))

  const allowedAt = noteMethods(app, basePath)
  const answer = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const allowed = allowedAt(request.url)
    reply.header('x-request-id', request.id)
    // A route may have found nothing by itself.
    if (allowed.length === 0 || (allowed.includes(request.method) && request.method !== 'OPTIONS')) {
      const isOfPrograms = request.url.startsWith(`${basePath}/api/`) || request.url.startsWith(`${basePath}/oauth/`)
      if (people !== undefined && !isOfPrograms && isNavigation(request)) return people.showNotFound(reply.code(404))
      return sendProblem(request, reply, new GatehouseError('not_found'))
    }
    reply.header('allow', allowed.join(', '))
    // What a path may be asked is no secret, and no preflight: those come with an origin, and are answered before.
    if (request.method === 'OPTIONS') return reply.code(204).send()
    // The endpoints of RFC 6749 answer in its words, also about this.
    if (request.url.startsWith(`${basePath}/oauth/`)) {
      reply.code(405).headers(ofEveryError).type('application/json').serializer(JSON.stringify)
      return reply.send({ error: 'invalid_request', error_description: 'This method is not supported here.' })
    }
    return sendProblem(request, reply, new GatehouseError('method_not_allowed'))
  }
  void app.register(async (nowhere) => {
    await people?.headers(nowhere)
    shareAnswers(nowhere, origins)
    // Before a body is read: whatever it is, the answer is the same.
    nowhere.addHook('onRequest', async (request, reply) => answer(request, reply))
    nowhere.setNotFoundHandler(answer)
  })
}

/** Notes the methods of all routes. What it returns says which ones a URL has, in order; of `*`, all that there are. */
function noteMethods(app: App, basePath: string): (url: string) => string[] {
  const routes = new Map<string, { pattern: RegExp; methods: string[] }>()
  app.addHook('onRoute', ({ url, method, config }) => {
    // The preflights of every path; and questions, which come with any method.
    if (url === `${basePath}*` || config?.access === 'proxy') return
    const route = routes.get(url) ?? { pattern: patternOf(url), methods: ['OPTIONS'] }
    route.methods.push(...[method].flat())
    routes.set(url, route)
  })
  return (url) => {
    const path = pathOf(url)
    const known = [...routes.values()].filter(({ pattern }) => path === '*' || pattern.test(path))
    return [...new Set(known.flatMap(({ methods }) => methods))].toSorted()
  }
}

/** The paths of a route, as the router reads its wildcards and parameters. */
function patternOf(url: string): RegExp {
  const literal = url.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`^${literal.replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')}$`)
}

/** The path of a request target in origin or absolute form, decoded as the router does. */
function pathOf(url: string): string {
  const path = url.split('?', 1)[0]!.replace(/^[a-z][a-z\d+.-]*:\/\/[^/]*/i, '')
  try {
    return decodeURI(path)
  } catch {
    return path
  }
}
