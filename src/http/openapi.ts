import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fastifyPlugin from 'fastify-plugin'
import { stringify } from 'yaml'
import { originOf } from '../core/issuer.ts'
import type { Cookies } from './cookies.ts'
import { answerHeaders, browserHeaders, describeRoute, finishDocument } from './document.ts'
import { Problem } from './schema.ts'
import type { App } from './server.ts'

/** Where people read the document. */
export const documentationPath = '/docs'

/** Collects every route into the OpenAPI document. Registered before the routes. */
export const openApi = fastifyPlugin(
  async (app: App, { issuer, version, cookies }: { issuer: string; version: string; cookies: Cookies }) => {
    app.addSchema(Problem)
    await app.register(swagger, {
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
    })
  },
)

/** Serves the document: for people at `documentationPath`, for machines as JSON and YAML. */
export async function documentRoutes(app: App): Promise<void> {
  const config = { access: 'public' } as const
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, access: 'public' }
  })
  await app.register(swaggerUi, { routePrefix: documentationPath, uiConfig: { deepLinking: true } })
  app.get('/openapi.json', { config, schema: { hide: true } }, async () => app.swagger())
  app.get('/openapi.yaml', { config, schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/yaml').send(renderDocument(app)),
  )
}

/** The document as YAML, as it is committed under `openapi/`. */
export function renderDocument(app: App): string {
  // Quotes what YAML 1.1 would read as a date or a truth value.
  return stringify(app.swagger(), { aliasDuplicateObjects: false, compat: 'yaml-1.1' })
}
