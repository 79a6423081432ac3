import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { test } from 'tap'
import { parse } from 'yaml'
import { errorTable } from '../src/core/errors.ts'
import { grantTypes } from '../src/core/grants.ts'
import { lengthBounds } from '../src/core/password-policy.ts'
import { oauthErrorTable } from '../src/core/oauth-error.ts'
import { type ApiDocument, createDocumentCheck, type Given } from './support/document.ts'
import { startService } from './support/service.ts'

interface Words {
  enum?: string[]
}
interface Schema {
  required?: string[]
  properties?: Record<string, object>
}
interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
  security?: Record<string, string[]>[]
  parameters?: { name: string; in: string }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, { description?: string; content?: Record<string, Media> }>
}
interface Media {
  schema?: { $ref?: string }
  examples?: Record<string, { value: object }>
}
interface Document {
  openapi: string
  info: { version: string }
  servers: { url: string }[]
  tags: { name: string }[]
  components: {
    schemas: Record<string, object>
    headers: Record<string, object>
    securitySchemes: Record<string, { in?: string; name?: string }>
  }
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
          const isError = Number(status) >= 400 && !name.includes('/oauth/') && type !== 'text/html'
          t.equal(type === 'application/problem+json', isError, `${name} ${status} ${type}`)
        }
      }
    }
    const ids = operations.map(([, { operationId }]) => operationId)
    t.equal(new Set(ids).size, ids.length, 'operation ids are unique')
    t.end()
  })
  await t.test('names every error that can occur, each with an example of its own', (t) => {
    const { Problem, OAuthError } = document.components.schemas as Record<string, { properties: Record<string, Words> }>
    t.same(Problem!.properties['code']!.enum, Object.keys(errorTable))
    t.same(OAuthError!.properties['error']!.enum, Object.keys(oauthErrorTable))
    for (const [name, { requestBody, responses }] of operationsOf(document)) {
      for (const [status, { content = {} }] of Object.entries(responses)) {
        if (Number(status) < 400) continue
        for (const [type, { examples = {} }] of Object.entries(content)) {
          if (type === 'text/html' || type === 'text/plain') continue
          t.ok(Object.keys(examples).length > 0, `${name} ${status}: examples`)
          for (const [code, { value }] of Object.entries(examples)) {
            if (name.includes('/oauth/')) t.match(value, { error: code, error_description: /./ })
            else t.match(value, { code, status: Number(status), title: /./, detail: /./, request_id: /./ })
          }
        }
      }
      if (requestBody === undefined) continue
      t.ok('413' in responses, `${name}: a body may be too large`)
      if (!name.includes('/oauth/')) t.ok('415' in responses, `${name}: a body may be of another type`)
    }
    t.end()
  })
  await t.test('says what clients must send', (t) => {
    const operations = new Map(operationsOf(document))
    const formOf = (name: string) => Object.values(operations.get(name)!.requestBody!.content)[0]!.schema
    t.match(formOf('POST /oauth/token'), { required: ['grant_type'], properties: { grant_type: { enum: grantTypes } } })
    t.match(formOf('POST /oauth/introspect'), { required: ['token'] })
    t.match(formOf('POST /oauth/revoke'), { required: ['token'] })
    const [minLength, maxLength] = [lengthBounds.min.minimum, lengthBounds.max.maximum]
    t.match(formOf('POST /api/auth/register').properties!['password'], { minLength, maxLength })
    const whole = new Ajv2020({ strict: false, formats: { ipv4: true, ipv6: true, 'plain-text': true } })
    const asked = whole.compile(formOf('POST /api/admin/access/explain'))
    const url = 'https://app.example.com/'
    for (const good of [{}, { client: 'job' }, { user: 'ada', level: 'aal2' }, { roles: ['a'], permissions: [] }]) {
      t.ok(asked({ url, ...good }), JSON.stringify(good))
    }
    for (const bad of [
      { client: 'job', user: 'ada' },
      { client: 'job', roles: [] },
      { user: 'ada', roles: [] },
    ]) {
      t.notOk(asked({ url, ...bad }), JSON.stringify(bad))
    }
    const parameters = new Set(operations.get('GET /forward-auth/nginx')!.parameters!.map(({ name }) => name))
    for (const name of ['X-Original-URL', 'X-Original-Method', 'Accept', 'Origin']) t.ok(parameters.has(name), name)
    t.end()
  })
  await t.test('can be read by YAML 1.1, and its patterns and words by generators of every language', async (t) => {
    const { body } = await service.call('/openapi.yaml')
    t.same(parse(body, { version: '1.1' }), document)
    let patterns = 0
    const walk = (node: unknown, at: string): void => {
      if (typeof node !== 'object' || node === null) return
      const { enum: words, pattern, type } = node as { enum?: unknown; pattern?: unknown; type?: unknown }
      if (Array.isArray(words)) t.equal(type, 'string', `${at}: words have a type`)
      if (typeof pattern === 'string') {
        patterns++
        // What RE2, Rust's regex and .NET read alike: neither \u nor look-around nor references.
        t.notMatch(pattern, /\\[ucpPkB\d]|\(\?|[\ud800-\udfff]/, `${at}: ${pattern}`)
      }
      for (const [name, part] of Object.entries(node)) walk(part, `${at}/${name}`)
    }
    walk(document, '')
    t.ok(patterns > 2)
  })
  await t.test('is held against every answer: what it does not say is noticed', async (t) => {
    const check = createDocumentCheck(document as unknown as ApiDocument)
    const body = { type: 'about:blank', title: 'x', status: 401, code: 'unauthorized', detail: 'x', request_id: 'x' }
    const given = (change: Partial<Given> = {}): Given => ({
      ...{ method: 'GET', path: '/api/users/me?x=1', status: 401, body: JSON.stringify(body) },
      headers: { 'content-type': 'application/problem+json', 'x-request-id': 'x', 'x-frame-options': 'DENY' },
      ...change,
    })
    t.same(check(given()), [])
    t.same(check(given({ method: 'HEAD', body: '' })), [])
    const { headers } = given()
    t.match(check(given({ status: 418 })), [/status 418/])
    t.match(check(given({ headers: { ...headers, 'x-new': '1' } })), [/header x-new/])
    t.match(check(given({ headers: { ...headers, 'content-type': 'text/plain' } })), [/content type text\/plain/])
    t.match(check(given({ body: JSON.stringify({ ...body, code: 'conflict' }) })), [/code conflict/])
    t.match(check(given({ body: JSON.stringify({ ...body, more: 1 }) })), [/body must NOT have.*more/])
    t.match(check(given({ method: 'DELETE' })), [])
    t.match(check(given({ method: 'DELETE', status: 409 })), [/status 409/])
    t.match(check(given({ path: '/forward-auth', status: 200, headers: {}, body: 'x' })), [/a body/])
  })
  await t.test('has no reference that leads nowhere, and no leftover name', (t) => {
    const text = JSON.stringify(document)
    const references = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]!))
    t.ok(references.size > 3)
    for (const reference of references) {
      const [, kind, name] = /^#\/components\/(schemas|headers)\/([\w-]+)$/.exec(reference) ?? []
      t.ok(name !== undefined && name in document.components[kind as 'schemas' | 'headers'], reference)
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
      // Some are there on the hosts of applications alone, whose paths are read strictly.
      const ofHost = path.startsWith('/.well-known/oauth-protected-resource')
      const answer = await service.call(ofHost ? path.replace('{path}', 'x') : path, {
        method,
        ...(ofHost && { headers: { 'x-forwarded-host': 'app.example.test' } }),
      })
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
