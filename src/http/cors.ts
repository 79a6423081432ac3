import type { FastifyCorsOptions } from '@fastify/cors'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from './server.ts'

/** What scripts of other origins may read of an answer beside what Fetch lets them read anyway. */
export const exposedHeaders = [
  ...['WWW-Authenticate', 'Retry-After', 'X-Request-Id', 'DPoP-Nonce'],
  ...['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'],
]

/** The ids of the programs whose pages are at an origin. */
export type ProgramsAt = (origin: string) => Promise<ReadonlySet<string>>

interface Sharing {
  /** May read everything, and send cookies. */
  listed: readonly string[]
  programsAt: ProgramsAt
  /** Paths that pages of programs may ask, without cookies. */
  pathsOfPrograms: ReadonlySet<string>
}

/** How pages of the listed origins, of programs, and no others, may call the service (Fetch §3.3): by name. */
export function corsOptions({ listed, programsAt, pathsOfPrograms }: Sharing): FastifyCorsOptions {
  const origins = new Set(listed)
  const ofAll = { exposedHeaders, strictPreflight: false }
  const ofListed: FastifyCorsOptions = {
    // Decided here, since the plugin would say `Allow-Credentials` to every origin.
    origin: (origin, done) => done(null, origin !== undefined && origins.has(origin) ? origin : false),
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    credentials: true,
    ...ofAll,
  }
  const ofPrograms: FastifyCorsOptions = {
    origin(origin, done) {
      if (origin === undefined) return done(null, false)
      programsAt(origin).then(
        ({ size }) => done(null, size > 0 ? origin : false),
        (error: Error) => done(error, false),
      )
    },
    methods: ['GET', 'POST'],
    ...ofAll,
  }
  return {
    delegator({ url, headers: { origin } }, done) {
      const isOfProgram = origin !== undefined && !origins.has(origin) && pathsOfPrograms.has(url.split('?', 1)[0]!)
      done(null, isOfProgram ? ofPrograms : ofListed)
    },
  }
}

function share(reply: FastifyReply, origin: string): void {
  reply.header('access-control-allow-origin', origin)
  reply.header('access-control-expose-headers', exposedHeaders.join(', '))
}

/** Takes back what lets scripts of other origins read an answer. */
export function withoutSharing(reply: FastifyReply): void {
  for (const name of ['allow-origin', 'allow-credentials', 'expose-headers'])
    reply.removeHeader(`access-control-${name}`)
}

/**
 * Lets pages of the listed origins read the answers of a scope without the plugin, which answers the preflights of every
 * path from the scope that has it.
 */
export function shareAnswers(app: App, allowed: readonly string[]): void {
  const origins = new Set(allowed)
  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers
    if (origin !== undefined) reply.header('vary', 'Origin')
    if (origin !== undefined && origins.has(origin)) {
      share(reply, origin)
      reply.header('access-control-allow-credentials', 'true')
    }
    done()
  })
}

/**
 * Lets pages of programs read the answers of a scope too, each those to its own program; what is wrong with a request before
 * it names one, any page of a program may read. It is never told to send cookies.
 */
export function shareWithPrograms(app: App, listed: readonly string[], programsAt: ProgramsAt): void {
  const origins = new Set(listed)
  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers
    if (origin === undefined || origins.has(origin)) return done()
    const known = programsAt(origin).then(({ size }) => size > 0 && share(reply, origin))
    known.then(() => done(), done)
  })
  app.addHook('preValidation', (request, reply, done) => {
    const { origin } = request.headers
    const named = origin === undefined || origins.has(origin) ? undefined : programNamedBy(request)
    if (origin === undefined || named === undefined) return done()
    const known = programsAt(origin).then((programs) => !programs.has(named) && withoutSharing(reply))
    known.then(() => done(), done)
  })
}

/** The program that a request says it comes from. Nothing is proven by it: what does not go to that program is a refusal. */
function programNamedBy({ headers: { authorization = '' }, body }: FastifyRequest): string | undefined {
  const [, scheme = '', shown = ''] = /^(basic|bearer|dpop) +(\S+)$/i.exec(authorization) ?? []
  const form = (body ?? {}) as { client_id?: unknown; access_token?: unknown }
  if (/^basic$/i.test(scheme)) return Buffer.from(shown, 'base64').toString().split(':', 1)[0]
  const token = scheme === '' ? form.access_token : shown
  const named = typeof token === 'string' ? (readPayload(token) as { client_id?: unknown })?.client_id : form.client_id
  return typeof named === 'string' ? named : undefined
}

function readPayload(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  } catch {
    return undefined
  }
}
