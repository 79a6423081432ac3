import type { FastifyReply, FastifyRequest } from 'fastify'
import { type TSchema, Type } from '../../json-schema.ts'
import { type ErrorCode, errorTable } from '../../core/errors.ts'
import { noteAnswers } from '../../http/document.ts'
import { toGatehouseError } from '../../http/problem.ts'
import { problemAnswer } from '../../http/schema.ts'
import type { App, BeforeRouting } from '../../http/server.ts'
import { type Answer, decisionHeader, sendProblem } from './http/answer.ts'
import type { Dialect } from './dialect.ts'
import { dialectOfUrl, dialects } from './dialects.ts'
import { headerPreset } from './header-presets.ts'
import { credentialHeaders } from './withheld.ts'

/**
 * Answers the proxies' questions before the router sees them: what it would do for each costs as much as the decision,
 * and it would decode the path that Envoy asks about.
 */
export function answerBeforeRouting(answer: Answer): BeforeRouting {
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

  noteAnswers(app, {
    headers: (status) => [
      decisionHeader,
      ...(status === 302 || status === 303 ? (['Cache-Control', 'Location'] as const) : []),
      ...(status === 401 ? (['Location'] as const) : []),
      ...(status === 403 ? (['WWW-Authenticate'] as const) : []),
    ],
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

/** What a question says beside the credentials in it. */
const questionHeaders: Record<string, string> = {
  'X-Forwarded-Method': 'Method of the request that is asked about.',
  'X-Forwarded-Proto': 'Its scheme: `http` or `https`.',
  'X-Forwarded-Host': 'Its host, with the port where there is one.',
  'X-Forwarded-Uri': 'Its path and query, as they were sent.',
  'X-Original-URL': 'Scheme, host, path and query of the request that is asked about, as they were sent.',
  'X-Original-Method': 'Its method.',
  'X-Forwarded-For': 'Where it came from.',
  Accept: 'As it was sent: says whether a person is looking at a page.',
  'Sec-Fetch-Mode': 'As it was sent: says whether a person is looking at a page.',
  'Sec-Fetch-Dest': 'As it was sent: says whether a person is looking at a page.',
  'Content-Type': 'As it was sent: says whether it is what a form sends.',
  Referer: 'As it was sent: where a form was that a person has sent.',
  Origin: 'As it was sent: whose page may read a denial.',
  'Access-Control-Request-Method': 'As it was sent: what a CORS preflight asks about.',
}
const optionalHeaders = Object.keys(questionHeaders).slice(Object.keys(questionHeaders).indexOf('X-Forwarded-For'))

/** The identity headers of every preset; names of an operator's own choice stand in for them. */
const identityHeaders = Object.fromEntries(
  (['gatehouse', 'remote', 'oauth2-proxy'] as const)
    .flatMap((preset) => headerPreset(preset))
    .map(([name, field]) => [name, { type: 'string', description: `Of the preset that the host names: ${field}.` }]),
)

const credentialsOfAnswer = Object.fromEntries(
  credentialHeaders.map((name) => {
    const description = `What is left of the client’s own, where the host says \`forward: never\`.`
    const assertion = 'The identity assertion as a bearer token, where the host asks for it. '
    return [name, { type: 'string', description: `${name === 'Authorization' ? assertion : ''}${description}` }]
  }),
)

const pageHeader = {
  'X-Gatehouse-Page': {
    type: 'string',
    enum: ['forbidden'],
    description: 'A person is looking: the page to show, which the proxy has itself.',
  },
}

function documentation(dialect: Dialect, url: string) {
  const describe = (codes: ErrorCode[]) =>
    dialect.relaysAnswers
      ? problemAnswer(codes)
      : Type.Null({ description: codes.map((code) => `\`${code}\`: ${errorTable[code].title}`).join(' ') })
  const header = (name: string) => Type.String({ description: questionHeaders[name]! })
  const page = { 'text/html': { schema: Type.String({ description: 'The same, where a person is looking.' }) } }
  const needed = Object.keys(questionHeaders).filter((name) => dialect.needs.includes(name.toLowerCase()))
  // A question by hand is told what is missing, whatever the proxy would make of it.
  const { content, ...forbidden } = problemAnswer(['forbidden', 'untrusted_peer']) as TSchema & { content: object }
  return {
    operationId: url === '/forward-auth' ? 'askForwardAuth' : `askForwardAuth_${dialect.name}`,
    summary: `The question of ${dialect.product}`,
    description: dialect.reads,
    ...(url.endsWith('/:path') && {
      params: Type.Object({ path: Type.String({ description: 'What is asked about.' }) }),
    }),
    headers: Type.Object(
      Object.fromEntries([
        ...needed.map((name) => [name, header(name)]),
        ...optionalHeaders.map((name) => [name, Type.Optional(header(name))]),
      ]),
    ),
    tags: ['Forward-auth'],
    security: [{ bearer: [] }, { apiKey: [] }, { session: [] }, {}],
    response: {
      200: Type.Null({
        description: 'Allowed. Every identity header of the preset is present; the body is empty.',
        headers: { ...identityHeaders, ...credentialsOfAnswer, ...dialect.answerHeaders },
      }),
      ...(dialect.relaysAnswers && {
        302: Type.Null({ description: 'Nobody is signed in and a person is looking: the way to the sign-in page.' }),
        303: Type.Null({ description: 'The same where a person has sent a form, which is not to be sent again.' }),
        400: describe(['ambiguous_target', 'incomplete_question']),
      }),
      401: describe([
        'unauthorized',
        'invalid_access_token',
        'invalid_dpop_proof',
        'use_dpop_nonce',
        'insufficient_user_authentication',
      ]),
      403: {
        ...forbidden,
        content: { ...content, ...(dialect.relaysAnswers && page) },
        ...(!dialect.relaysAnswers && { headers: pageHeader }),
      },
      ...(dialect.relaysAnswers && { 414: describe(['target_too_long']), 429: describe(['too_many_requests']) }),
      500: describe(['internal_error']),
      503: describe(['unavailable']),
    },
  }
}
