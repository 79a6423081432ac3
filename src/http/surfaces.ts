import type { RequestListener } from 'node:http'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import type { FastifyBaseLogger, InjectOptions, LightMyRequestResponse as InjectResponse } from 'fastify'
import { operatorActor } from '../core/audit.ts'
import type { Counters } from '../core/counters.ts'
import { logInto, logRequests, sendRequestId } from './access-log.ts'
import { browserClient } from './browser-client.ts'
import type { Cookies } from './cookies.ts'
import { corsOptions, type ProgramsAt, shareAnswers, shareWithPrograms } from './cors.ts'
import { handleErrors } from './errors.ts'
import type { Feature, Surface } from './feature.ts'
import { guard, type GuardOptions, requireAccessLevels } from './guard.ts'
import { OAuthErrorBody } from './oauth-errors.ts'
import { describeRoutes, type Documentation, documentRoutes } from './openapi.ts'
import { acceptPages, type Pages } from './pages.ts'
import type { Brand } from '../pages/brand.ts'
import { notFoundPage } from '../pages/problem-views.ts'
import { rateLimits } from './rate-limits.ts'
import type { RequestFaults } from './request-faults.ts'
import { setAuditContext } from './request-origin.ts'
import { Problem } from './schema.ts'
import { securityHeaders } from './security-headers.ts'
import { type App, createServer } from './server.ts'
import { staticAssets } from './static-assets.ts'

/** What the path of each administration route begins with, over HTTP. */
const administrationPath = '/api/admin'

export interface SurfaceOptions {
  issuer: string
  /** What the path of each route begins with that lies below the issuer. */
  basePath: string
  version: string
  log: FastifyBaseLogger
  faults: RequestFaults
  counters: Counters
  config: { limits: { requests_per_minute: number }; cors: { origins: readonly string[]; sameSite: readonly string[] } }
  cookies: Cookies
  pages: Pages
  programsAt: ProgramsAt
  /** In whose name pages are shown. */
  brand(): Brand
  guard: GuardOptions
}

/**
 * Registers the routes of all features, each in the scope of who asks, and what every scope does to its requests. Returns what
 * describes them.
 */
export async function mountSurfaces(
  app: App,
  features: readonly Feature[],
  options: SurfaceOptions,
): Promise<Documentation> {
  const { issuer, basePath, version, log, faults, counters, config, cookies, pages, programsAt } = options
  const { origins } = config.cors
  const pathsOfPrograms = new Set<string>()
  const below = { prefix: basePath }
  const of = (surface: Surface) => routesOf(features, surface)
  requireAccessLevels(app)
  faults.watch(app)
  handleErrors(app, {
    basePath,
    origins,
    people: {
      headers: (scope) => scope.register(helmet, securityHeaders(issuer)),
      showNotFound: (reply) => pages.show(reply, notFoundPage, { basePath }),
    },
  })
  const documentation = describeRoutes(app, { issuer, version, cookies, brand: options.brand })
  for (const schema of [Problem, OAuthErrorBody, ...features.flatMap(({ schemas = [] }) => schemas)])
    app.addSchema(schema)

  await app.register(of('bare'))

  await app.register(async (people) => {
    logInto(people, log)
    sendRequestId(people)
    logRequests(people)
    await people.register(helmet, securityHeaders(issuer))
    people.addHook('onRoute', (route) => {
      // The route that the CORS plugin adds for preflights. What is none is answered before a body is read.
      if (route.method !== 'OPTIONS' || route.url !== `${basePath}*`) return
      route.config = { ...route.config, access: 'public' }
      route.onRequest = async (_request, reply) => reply.callNotFound()
    })
    await people.register(cors, corsOptions({ listed: origins, programsAt, pathsOfPrograms }))
    await people.register(cookie)
    await people.register(rateLimits, { counters, settings: config.limits })
    await people.register(guard, options.guard)
    setAuditContext(people, ({ principal, ip, id }) => ({ actor: principal?.subject, ip, requestId: id }))

    await people.register(of('people'))
    await people.register(async (scope) => {
      acceptPages(scope, pages)
      await scope.register(of('pages'))
    })
    await people.register(
      async (administrators) => {
        administration(administrators, 'admin')
        await administrators.register(of('admin'))
      },
      { prefix: administrationPath },
    )
    await people.register(staticAssets, options)
    await people.register(browserClient, config.cors)
    await people.register(documentRoutes, { documentation })
  }, below)

  // On the hosts of applications, which see no page of ours: what helmet says would be said about them.
  await app.register(async (hosts) => {
    logInto(hosts, log)
    sendRequestId(hosts)
    logRequests(hosts)
    await hosts.register(cookie)
    await hosts.register(rateLimits, { counters, settings: config.limits })
    setAuditContext(hosts, ({ ip, id }) => ({ ip, requestId: id }))
    await hosts.register(of('hosts'))
  })

  // Asked in short intervals: no limit on requests, no cookies, no security headers for pages.
  await app.register(async (machines) => {
    logInto(machines, log)
    sendRequestId(machines)
    setAuditContext(machines, ({ ip, id }) => ({ ip, requestId: id }))
    await machines.register(of('machines'))
    await machines.register(async (clients) => {
      logRequests(clients)
      shareAnswers(clients, origins)
      shareWithPrograms(clients, origins, programsAt)
      clients.addHook('onRoute', ({ url }) => void pathsOfPrograms.add(url))
      await clients.register(of('oauth'))
    }, below)
  })
  return documentation
}

interface ControlOptions {
  logger: FastifyBaseLogger
  faults: RequestFaults
}

/** What operators' commands ask. */
export interface Control {
  /** Answers one request. */
  inject(asked: InjectOptions): Promise<InjectResponse>
  /** Answers what comes by the control socket. */
  readonly answer: RequestListener
  close(): Promise<void>
}

/**
 * What the command line asks for, as an application that never listens on a network: whoever reaches it, by the control
 * socket (mode 0600) or inside the command's own process, is the operator, who may do everything. The application is made
 * for the first who asks: most processes see none.
 */
export function mountControl(features: readonly Feature[], options: ControlOptions): Control {
  let made: Promise<App> | undefined
  const mounted = () => (made ??= controlOf(features, options))
  return {
    inject: async (asked) => (await mounted()).inject(asked),
    answer: (request, response) => void mounted().then((control) => control.routing(request, response)),
    close: async () => (await made)?.close(),
  }
}

async function controlOf(features: readonly Feature[], { logger, faults }: ControlOptions): Promise<App> {
  const control = createServer({ trustedPeer: () => false })
  logInto(control, logger)
  faults.watch(control)
  handleErrors(control)
  control.addSchema(Problem)
  for (const schema of features.flatMap(({ schemas = [] }) => schemas)) control.addSchema(schema)
  setAuditContext(control, ({ id }) => ({ actor: operatorActor, requestId: id }))
  administration(control, 'operator')
  await control.register(routesOf(features, 'admin'))
  await control.register(routesOf(features, 'control'))
  await control.ready()
  return control
}

function routesOf(features: readonly Feature[], surface: Surface) {
  return async (scope: App): Promise<void> => {
    for (const { routes } of features) {
      const register = routes?.[surface]
      if (register !== undefined) await scope.register(async (own: App) => void (await register(own)))
    }
  }
}

/** Routes of administration name the permission that they need, and get their access level from where they are mounted. */
function administration(app: App, access: 'admin' | 'operator'): void {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, access }
  })
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store')
    done()
  })
}
