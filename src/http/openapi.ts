import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { RouteOptions } from 'fastify'
import { stringify } from 'yaml'
import { basePathOf, originOf } from '../core/issuer.ts'
import type { Brand } from '../pages/brand.ts'
import type { Cookies } from './cookies.ts'
import { answerHeaders, browserHeaders, describeRoute, finishDocument } from './document.ts'
import { type App, createServer } from './server.ts'

/** Where people read the document. */
export const documentationPath = '/docs'

/**
 * An application that describes another one, and shows that to people: `swagger()` is the OpenAPI document. It is made when
 * somebody first asks, since most processes are never asked, and never listens.
 */
export type Documentation = () => Promise<App>

interface DocumentOptions {
  issuer: string
  version: string
  cookies: Cookies
  /** In whose name it is shown to people. */
  brand(): Pick<Brand, 'name' | 'logo'>
}

/** Describes each route that is registered from now on, as it stands when the document is made. */
export function describeRoutes(app: App, options: DocumentOptions): Documentation {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => {
    if (route.method !== 'HEAD') routes.push(route)
  })
  let made: Promise<App> | undefined
  return () => (made ??= documentationOf(app, routes, options))
}

async function documentationOf(app: App, routes: RouteOptions[], options: DocumentOptions): Promise<App> {
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
  ])
  const documentation = createServer({ trustedPeer: () => false })
  for (const schema of Object.values(app.getSchemas())) documentation.addSchema(schema)
  await documentation.register(swagger, swaggerOptions(options))
  const handler = () => Promise.reject(new Error('this application describes, and does nothing'))
  for (const { method, url, schema = {}, config = {} } of routes) {
    if (!schema.hide) documentation.route({ method, url, schema, config, handler })
  }
  const routePrefix = `${basePathOf(options.issuer)}${documentationPath}`
  const { name, logo } = options.brand()
  await documentation.register(swaggerUi, {
    routePrefix,
    // Without the bar at the top, which shows somebody else's logo. All operations at once are more than anybody reads, and than a
    // browser draws in a moment: chapter by chapter.
    uiConfig: { deepLinking: true, layout: 'BaseLayout', docExpansion: 'none' },
    theme: {
      title: `${name} · API`,
      favicon: [{ filename: 'logo', rel: 'icon', type: logo.type, sizes: 'any', content: logo.content }],
    },
  })
  await documentation.ready()
  return documentation
}

function swaggerOptions({ issuer, version, cookies }: DocumentOptions): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Gatehouse',
        version,
        description:
          'Sign-in, tokens, introspection and the forward-auth question of reverse proxies.\n\n' +
          'Errors are `Problem`s: act on `code`; the examples of each status name those that can occur there. `/oauth/*` ' +
          'answers `OAuthError`s instead. A `GET` may be asked as `HEAD`. A path that is not here is 404 `not_found`, ' +
          'and what is no HTTP is 400, 408 or 431 without a body.\n\n' +
          'Any answer may carry headers that browsers act on and programs need not read; `x-browser-headers` lists them.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      // Paths are told whole, since some of them lie beside the issuer's.
      servers: [{ url: originOf(issuer) }],
      tags: [
        { name: 'Accounts', description: 'Opening and keeping an account.' },
        { name: 'Sign-in', description: 'Sessions of people.' },
        { name: 'Your account', description: 'What people see of their own account, and change.' },
        { name: 'Second factors', description: 'What people prove themselves by beside the password.' },
        {
          name: 'Passkeys',
          description: 'What people sign in with in place of the password, or prove themselves by beside it.',
        },
        { name: 'API keys', description: 'Long-lived keys for programs of a person.' },
        { name: 'OAuth', description: 'Tokens for programs.' },
        { name: 'Keys', description: 'What verifies the tokens.' },
        { name: 'Forward-auth', description: 'What reverse proxies ask.' },
        { name: 'Administration', description: 'For people with the role `admin`.' },
        { name: 'Operations', description: 'For those who run it.' },
      ],
      // @ts-expect-error An extension (OpenAPI §4.9), which the plugin passes on and does not declare.
      'x-browser-headers': browserHeaders,
      components: {
        headers: answerHeaders,
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'An access token or an API key.',
          },
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
          session: { type: 'apiKey', in: 'cookie', name: cookies.sessionName },
          refresh: { type: 'apiKey', in: 'cookie', name: cookies.refreshName },
          clientBasic: { type: 'http', scheme: 'basic', description: 'Client id and secret.' },
        },
      },
    },
    transform: ({ schema, url, route }) => ({ schema: describeRoute(schema, route) as never, url }),
    transformObject: (made) => finishDocument((made as { openapiObject: never }).openapiObject),
    // Components keep the names of their schemas instead of `def-0`.
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) =>
        typeof json.$id === 'string' ? json.$id : `def-${index}`,
    },
  }
}

/** Serves the document: for people at `documentationPath`, for machines as JSON and YAML. */
export async function documentRoutes(app: App, { documentation }: { documentation: Documentation }): Promise<void> {
  const options = { config: { access: 'public' }, schema: { hide: true } } as const
  for (const url of [documentationPath, `${documentationPath}/*`]) {
    app.get(url, options, async ({ method, url, headers }, reply) => {
      const answer = await (await documentation()).inject({ method: method as 'GET', url, headers })
      if (answer.statusCode === 404) return reply.callNotFound()
      for (const name of passedOn) if (name in answer.headers) reply.header(name, answer.headers[name])
      return reply.code(answer.statusCode).send(answer.rawPayload)
    })
  }
  app.get('/openapi.json', options, async () => (await documentation()).swagger())
  app.get('/openapi.yaml', options, async (_request, reply) =>
    reply.type('application/yaml').send(renderDocument(await documentation())),
  )
}

/** What a file's answer says of the file; the rest is of the connection that it would have had. */
const passedOn = [
  'content-type',
  'cache-control',
  'etag',
  'last-modified',
  'location',
  'accept-ranges',
  'content-range',
]

/** The document as YAML, as it is committed under `openapi/`. */
export function renderDocument(documentation: App): string {
  // Quotes what YAML 1.1 would read as a date or a truth value.
  return stringify(documentation.swagger(), { aliasDuplicateObjects: false, compat: 'yaml-1.1' })
}
