import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { toGatehouseError } from '../../http/errors.ts'
import { ProblemRef } from '../../http/schema.ts'
import type { App, Ahead } from '../../http/server.ts'
import { type Answer, sendProblem } from './answer.ts'
import type { Dialect } from './dialect.ts'
import { dialectOfUrl, dialects } from './dialects.ts'

/**
 * Answers the proxies' questions before the router sees them: what it would do for each costs as much as the decision,
 * and it would decode the path that Envoy asks about.
 */
export function answerAhead(answer: Answer): Ahead {
  return (request, response, nextId) => {
    const dialect = dialectOfUrl(request.url ?? '')
    if (dialect === undefined) return false
    answer(dialect, request, response, nextId())
    return true
  }
}

/**
 * The same questions as routes, one a dialect: for the document, for odd spellings of the URL and for callers inside the
 * process. Registered in a scope of its own: no cookie plugin, limiter, security headers or access log.
 */
export async function forwardAuthRoutes(app: App, { answer }: { answer: Answer }): Promise<void> {
  // The questions carry no body worth reading; whatever comes is ignored, not parsed.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined))
  app.setErrorHandler((error, request, reply) => {
    reply.hijack()
    sendProblem(reply.raw, toGatehouseError(error), request.id, [])
  })

  const otherMethods = app.supportedMethods.filter((method) => method !== 'GET' && method !== 'CONNECT')
  for (const dialect of dialects) {
    for (const url of dialect.urls) {
      // Answered before Fastify looks at the body, which it would refuse for an odd content type.
      const onRequest = (request: FastifyRequest, reply: FastifyReply) => {
        reply.hijack()
        answer(dialect, request.raw, reply.raw, request.id)
      }
      const route = { url, config: { access: 'proxy' as const }, onRequest, handler: unreachable }
      app.route({ ...route, method: 'GET', exposeHeadRoute: false, schema: documentation(dialect, url) })
      app.route({ ...route, method: otherMethods, schema: { hide: true } })
    }
  }
}

/** A route must have a handler; this one's questions are answered before. */
function unreachable(): never {
  throw new Error('the question was answered before')
}

function documentation(dialect: Dialect, url: string) {
  const problem = (description: string) =>
    dialect.relaysAnswers
      ? { description, content: { 'application/problem+json': { schema: ProblemRef } } }
      : Type.Null({ description })
  return {
    operationId: url === '/forward-auth' ? 'askForwardAuth' : `askForwardAuth_${dialect.name}`,
    summary: `The question of ${dialect.product}`,
    description: dialect.reads,
    ...(url.endsWith('/:path') && {
      params: Type.Object({ path: Type.String({ description: 'What is asked about.' }) }),
    }),
    tags: ['Forward-auth'],
    security: [{ bearer: [] }, { apiKey: [] }, { session: [] }, {}],
    response: {
      200: Type.Null({ description: 'Allowed. Every identity header is present; the body is empty.' }),
      ...(dialect.relaysAnswers
        ? {
            302: Type.Null({
              description: 'Nobody is signed in and a person is looking: the way to the sign-in page.',
            }),
          }
        : {}),
      ...(dialect.relaysAnswers ? { 400: problem('`ambiguous_target`, `incomplete_question`') } : {}),
      401: problem('`unauthorized`, `invalid_access_token`'),
      403: problem('`forbidden`, `untrusted_peer`'),
      ...(dialect.relaysAnswers ? { 414: problem('`target_too_long`') } : {}),
      503: problem('`unavailable`: the decision cannot be proven.'),
    },
  }
}
