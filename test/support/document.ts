/** Holds every answer that a service gives against its own OpenAPI document. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

interface Media {
  examples?: Record<string, unknown>
}
interface Response {
  headers?: Record<string, object>
  content?: Record<string, Media>
}
interface Operation {
  tags: string[]
  responses: Record<string, Response>
}
export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>
  'x-browser-headers': string[]
}

/** An answer as it went out; header names in lower case. */
export interface Given {
  method: string
  path: string
  status: number
  headers: Record<string, string | string[] | number | undefined>
  body: string
}

/** What belongs to the message rather than to what it says. */
const messageHeaders = ['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'transfer-encoding']
const emptyStatuses = new Set([204, 304])

/**
 * Says what of an answer the document does not hold: its status, a header, its error code, its media type or a member of
 * its body. `chosenHeaders`: names that a configuration chose, in lower case.
 */
export function createDocumentCheck(document: ApiDocument) {
  const ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: true, logger: false })
  // The package is CommonJS, whose default export stands in a member of that name.
  ;(addFormats as unknown as typeof addFormats.default)(ajv)
  ajv.addSchema(closed(document) as object, 'api')
  const validators = new Map<string, ValidateFunction>()
  const validatorOf = (pointer: string): ValidateFunction => {
    let validate = validators.get(pointer)
    if (validate === undefined) validators.set(pointer, (validate = ajv.compile({ $ref: `api#${pointer}` })))
    return validate
  }
  const always = [...messageHeaders, ...document['x-browser-headers'].map((name) => name.toLowerCase())]
  const paths = Object.keys(document.paths).map((path) => ({ path, pattern: patternOf(path) }))

  /** Where the document says how this would be answered; nothing when it knows no such path. */
  function find({ method, path: url }: Given): { pointer: string; operation: Operation } | undefined {
    const bare = url.split('?', 1)[0]!
    const path = paths.find(({ pattern }) => pattern.test(bare))?.path
    if (path === undefined) return undefined
    const item = document.paths[path]!
    const asked = method === 'HEAD' ? 'get' : method.toLowerCase()
    // Proxies ask with the method of the request that they ask about; other paths tell of a wrong one at each method.
    const [first] = Object.entries(item) as [[string, Operation]]
    const [name, operation] = item[asked] === undefined ? first : [asked, item[asked]]
    return { pointer: `/paths/${escaped(path)}/${name}/responses`, operation }
  }

  function* faults(given: Given, chosenHeaders: readonly string[]): Iterable<string> {
    const { method, status, headers, body } = given
    const found = find(given)
    const type = [headers['content-type']].flat().join().split(';')[0]!
    if (found === undefined) {
      if (type === 'application/problem+json' && body !== '') yield* bodyFaults('/components/schemas/Problem', body)
      return
    }
    const response = found.operation.responses[status]
    // What was refused before it was read as a request of anything.
    if (status === 400 && body === '' && type === '') return
    // The answers to preflights are the CORS plugin's.
    if (method === 'OPTIONS' && status === 204) return
    if (response === undefined) return yield `status ${status} (${type || 'no body'}) ${body.slice(0, 200)}`
    const stated = Object.keys(response.headers ?? {}).map((name) => name.toLowerCase())
    const named = new Set([...always, ...chosenHeaders, ...stated])
    for (const name of Object.keys(headers)) if (!named.has(name)) yield `status ${status}: header ${name}`
    const empty = body === '' || method === 'HEAD' || emptyStatuses.has(status)
    if (response.content === undefined) {
      if (!empty) yield `status ${status}: a body`
      return
    }
    // Some proxies can do nothing with a body.
    if (empty && type === '' && found.operation.tags.includes('Forward-auth')) return
    const media = response.content[type]
    if (method === 'HEAD') return
    if (media === undefined) return yield `status ${status}: content type ${type || '(none)'}`
    if (!/^application\/(\w+\+)?json$/.test(type)) return
    const pointer = `${found.pointer}/${status}/content/${escaped(type)}/schema`
    for (const fault of bodyFaults(pointer, body)) yield `status ${status}: ${fault}`
    const { code, error } = JSON.parse(body) as { code?: string; error?: string }
    if (status >= 400 && !((code ?? error ?? '') in (media.examples ?? {}))) {
      yield `status ${status}: code ${code ?? error}`
    }
  }

  function bodyFaults(pointer: string, body: string): string[] {
    const validate = validatorOf(pointer)
    if (validate(JSON.parse(body))) return []
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `body${instancePath} ${message} ${JSON.stringify(params)}`,
    )
  }

  return (given: Given, chosenHeaders: readonly string[] = []): string[] =>
    [...faults(given, chosenHeaders)].map((fault) => `${given.method} ${given.path}: ${fault}`)
}

/** Watches what a server answers, whoever asks; hands each whole answer over. */
export function watchAnswers(server: Server, note: (given: Given) => void): void {
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    const written: Given['headers'] = {}
    const keep = (chunk: unknown) => {
      if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk as string))
    }
    const { writeHead, write, end } = response as unknown as Record<
      'writeHead' | 'write' | 'end',
      (...given: never[]) => unknown
    >
    Object.assign(response, {
      writeHead(...given: unknown[]) {
        const headers = given.at(-1)
        const pairs = Array.isArray(headers)
          ? headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]]] : []))
          : Object.entries(typeof headers === 'object' && headers !== null ? headers : {})
        for (const [name, value] of pairs as [string, string][]) written[name.toLowerCase()] = value
        return writeHead.apply(response, given as never[])
      },
      write(...given: unknown[]) {
        keep(given[0])
        return write.apply(response, given as never[])
      },
      end(...given: unknown[]) {
        keep(given[0])
        return end.apply(response, given as never[])
      },
    })
    response.once('finish', () => {
      note({
        method: request.method ?? '',
        path: request.url ?? '',
        status: response.statusCode,
        headers: { ...response.getHeaders(), ...written },
        body: Buffer.concat(chunks).toString('utf8'),
      })
    })
  })
}

/** The last part of an Envoy question is a whole path. */
function patternOf(path: string): RegExp {
  const text = path
    .replaceAll('.', '\\.')
    .replace(/\/\{path\}$/, '/.*')
    .replaceAll(/\{\w+\}/g, '[^/]+')
  return new RegExp(`^${text}$`)
}

function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))
}

/** The same schemas, with objects that hold nothing but the members that are named, unless they say that they may. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed)
  if (typeof node !== 'object' || node === null) return node
  const copy = Object.fromEntries(Object.entries(node).map(([name, part]) => [name, closed(part)]))
  const isObject = copy['type'] === 'object' && copy['properties'] !== undefined
  return isObject && copy['additionalProperties'] === undefined ? { ...copy, additionalProperties: false } : copy
}
