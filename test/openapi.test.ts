import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { parse } from 'yaml'
import { type Answer, type Service, startService } from './support/service.ts'

interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
  security?: Record<string, string[]>[]
  parameters?: { name: string; in: string }[]
  responses: Record<string, { description?: string; content?: Record<string, { schema?: { $ref?: string } }> }>
}
interface Document {
  openapi: string
  info: { version: string }
  servers: { url: string }[]
  tags: { name: string }[]
  components: { schemas: Record<string, object>; securitySchemes: Record<string, { in?: string; name?: string }> }
  paths: Record<string, Record<string, Operation>>
}

const committed = parse(readFileSync(new URL('../openapi/openapi.yaml', import.meta.url), 'utf8')) as Document
/** What differs by deployment: where it runs and which version. */
const comparable = (document: Document) => ({ ...document, servers: [], info: { ...document.info, version: '' } })
const methods = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'])

function operationsOf(document: Document): [name: string, operation: Operation][] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => methods.has(method))
      .map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as [string, Operation]),
  )
}

void test('the document that the service publishes', async (t) => {
  const service = await startService(t)
  const json = await service.call('/openapi.json')
  const document = json.json<Document>()

  await t.test('is the committed one, as JSON and as YAML', async (t) => {
    const yaml = await service.call('/openapi.yaml')
    t.match(json.headers['content-type'], /^application\/json/)
    t.match(yaml.headers['content-type'], /^application\/(openapi\+)?yaml/)
    t.same(parse(yaml.body), document)
    t.same(comparable(document), comparable(committed))
    t.same(document.servers, [{ url: service.issuer }])
    t.equal(document.info.version, '0.0.0')
    t.match(document.openapi, /^3\.1\./)
  })
  await t.test('describes every operation whole', (t) => {
    const operations = operationsOf(document)
    t.ok(operations.length >= 12)
    const tags = new Set(document.tags.map(({ name }) => name))
    const schemes = new Set(Object.keys(document.components.securitySchemes))
    for (const [name, operation] of operations) {
      t.ok(operation.summary, `${name}: summary`)
      t.match(operation.operationId, /^[A-Za-z]\w+$/, `${name}: operationId`)
      t.ok(operation.tags?.length && operation.tags.every((tag) => tags.has(tag)), `${name}: a tag that is described`)
      t.ok(Array.isArray(operation.security), `${name}: security, also where there is none`)
      for (const scheme of (operation.security ?? []).flatMap(Object.keys))
        t.ok(schemes.has(scheme), `${name}: ${scheme}`)
      const statuses = Object.keys(operation.responses)
      t.ok(
        statuses.some((status) => status.startsWith('2')),
        `${name}: a success`,
      )
      t.ok(statuses.some((status) => /^[45]/.test(status)) || name.includes(' /.well-known/'), `${name}: its errors`)
      for (const [status, { description, content }] of Object.entries(operation.responses)) {
        t.ok(description && description !== 'Default Response', `${name} ${status}: a description`)
        for (const type of Object.keys(content ?? {})) {
          t.equal(
            type === 'application/problem+json',
            Number(status) >= 400 && !name.includes('/oauth/'),
            `${name} ${status} ${type}`,
          )
        }
      }
    }
    const ids = operations.map(([, { operationId }]) => operationId)
    t.equal(new Set(ids).size, ids.length, 'operation ids are unique')
    t.end()
  })
  await t.test('has no reference that leads nowhere, and no leftover name', (t) => {
    const text = JSON.stringify(document)
    const references = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]!))
    t.ok(references.size > 3)
    for (const reference of references) {
      const name = /^#\/components\/schemas\/(\w+)$/.exec(reference)?.[1]
      t.ok(name !== undefined && name in document.components.schemas, reference)
    }
    t.notMatch(text, /"def-\d/)
    t.end()
  })
  await t.test('lists every route of the API, and none that does not answer', async (t) => {
    const paths = [
      ...['/api/auth/register', '/api/auth/verify-email', '/api/auth/login', '/api/auth/refresh', '/api/auth/logout'],
      ...[
        '/api/users/me',
        '/api/users/me/api-keys',
        '/api/users/me/api-keys/{id}',
        '/oauth/token',
        '/oauth/introspect',
        '/oauth/revoke',
        '/.well-known/jwks.json',
        '/.well-known/oauth-authorization-server',
      ],
      ...['/forward-auth', '/forward-auth/traefik', '/forward-auth/caddy', '/forward-auth/nginx'],
      ...['/health/live', '/health/ready'],
    ]
    for (const path of paths) t.ok(path in document.paths, path)
    for (const [name] of operationsOf(document)) {
      const [method, path] = name.split(' ') as [string, string]
      const answer = await service.call(path, { method })
      t.notOk([404, 405, 500].includes(answer.status), `${name}: ${answer.status}`)
    }
  })
  await t.test('names the cookies that this deployment uses', async (t) => {
    t.match(document.components.securitySchemes, {
      session: { name: 'gatehouse' },
      refresh: { name: 'gatehouse_refresh' },
    })
    const secure = await startService(t, { environment: { GATEHOUSE_ISSUER: 'https://auth.example.test' } })
    const { components } = (await secure.call('/openapi.json')).json<Document>()
    t.match(components.securitySchemes, { session: { name: '__Host-gatehouse' } })
  })
  await t.test('is true: what the routes answer is what it says', async (t) => {
    const ada = await service.createUser()
    const credentials = { email: ada.email, password: ada.password }
    const signedIn = await service.call('/api/auth/login', { method: 'POST', json: credentials })
    const bearer = { authorization: `Bearer ${signedIn.json().access_token}` }
    const [keys, newKey] = ['/api/users/me/api-keys', { name: 'Job', scopes: [] }]
    const metadata = '/.well-known/oauth-authorization-server'
    const answers: [operation: string, answer: Answer][] = [
      ['POST /api/auth/login', signedIn],
      ['POST /api/auth/login', await service.call('/api/auth/login', { method: 'POST', json: {} })],
      ['GET /api/users/me', await service.call('/api/users/me', { headers: bearer })],
      ['GET /api/users/me', await service.call('/api/users/me')],
      ['POST /api/users/me/api-keys', await service.call(keys, { method: 'POST', headers: bearer, json: newKey })],
      ['GET /api/users/me/api-keys', await service.call(keys, { headers: bearer })],
      ['POST /api/auth/refresh', await service.call('/api/auth/refresh', { method: 'POST' })],
      ['POST /api/auth/logout', await service.call('/api/auth/logout', { method: 'POST' })],
      ['POST /oauth/token', await service.call('/oauth/token', { method: 'POST' })],
      ['POST /oauth/revoke', await revoke(service)],
      ['GET /.well-known/jwks.json', await service.call('/.well-known/jwks.json')],
      [`GET ${metadata}`, await service.call(metadata)],
      ['GET /health/ready', await service.call('/health/ready')],
    ]
    const operations = new Map(operationsOf(document))
    for (const [name, answer] of answers) {
      const described = operations.get(name)?.responses[answer.status]
      t.ok(described, `${name} may answer ${answer.status}`)
      const [type] = String(answer.headers['content-type'] ?? '').split(';')
      const types = Object.keys(described?.content ?? {})
      if (types.length > 0) t.ok(types.includes(type!), `${name} ${answer.status}: ${type}`)
      else t.equal(answer.body, '', `${name} ${answer.status} has no body`)
    }
  })
  await t.test('is readable in a browser', async (t) => {
    let page = await service.call('/docs')
    if (page.status >= 300 && page.status < 400) {
      page = await service.call(new URL(String(page.headers['location']), `${service.url}/docs`).pathname)
    }
    t.equal(page.status, 200)
    t.match(page.headers['content-type'], /^text\/html/)
    t.match(page.body, /swagger-ui/)
    const assets = [...page.body.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map((match) => match[1]!)
    t.ok(assets.length > 1)
    for (const asset of assets) {
      const { pathname } = new URL(asset, `${service.url}/docs/`)
      t.equal((await service.call(pathname)).status, 200, pathname)
    }
  })
})

async function revoke(service: Service): Promise<Answer> {
  return service.call('/oauth/revoke', { method: 'POST', form: { client_id: 'gatehouse', token: 'unknown' } })
}
