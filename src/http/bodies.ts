/** How the bodies of requests are read. */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify'
import { GatehouseError } from '../core/errors.ts'
import { pointerPart } from './problem.ts'

type Parsers = Pick<
  FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse>,
  'addContentTypeParser' | 'getDefaultJsonParser' | 'removeAllContentTypeParsers'
>

/** Reads JSON, and nothing else, of all that has a body. */
export function addBodyParsers(server: Parsers): void {
  server.removeAllContentTypeParsers()
  const parseJson = server.getDefaultJsonParser('error', 'error')
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (isNothing(request, body as Buffer)) return done(null, undefined)
    const text = textOf(request, body as Buffer)
    if (text instanceof GatehouseError) return done(text)
    return parseJson(request, text, (error, value) => {
      if (error !== null) return done(new GatehouseError('invalid_json'))
      const repeated = repeatedMember(text)
      return repeated === undefined ? done(null, value) : done(sentTwice(repeated))
    })
  })
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) =>
    isNothing(request, body as Buffer) ? done(null, undefined) : done(new GatehouseError('unsupported_media_type')),
  )
}

/**
 * Whether there is no body. Of one in chunks nobody knows that it is empty, and so has no type, before it was read. Where none is
 * needed a type changes nothing: many clients state one on every request, also where they have nothing to say.
 */
function isNothing({ headers, routeOptions }: FastifyRequest, body: Buffer): boolean {
  if (body.length > 0) return false
  const schema = routeOptions.schema?.body as { anyOf?: readonly { type?: string }[] } | undefined
  const isNeeded = schema !== undefined && schema.anyOf?.some(({ type }) => type === 'null') !== true
  return !isNeeded || headers['content-type'] === undefined
}

/** A body as text, or what it is instead: compressed (RFC 9110 §15.5.16), or no UTF-8. */
function textOf({ headers }: FastifyRequest, body: Buffer): string | GatehouseError {
  const coding = headers['content-encoding']?.toLowerCase() ?? 'identity'
  if (coding !== 'identity') {
    return new GatehouseError('unsupported_media_type', { detail: 'Send the body as it is, without Content-Encoding.' })
  }
  return isUtf8(body) ? body.toString('utf8') : new GatehouseError('invalid_encoding')
}

/**
 * The JSON pointer (RFC 6901) of the first member that an object of a valid JSON text holds twice (RFC 8259 §4): which of the two
 * counts, each reader decides for itself.
 */
function repeatedMember(text: string): string | undefined {
  const open: { names?: Set<string>; at: string | number }[] = []
  for (const [token, colon] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\],]/g)) {
    const here = open.at(-1)
    if (token === '{') open.push({ names: new Set(), at: '' })
    else if (token === '[') open.push({ at: 0 })
    else if (token === '}' || token === ']') open.pop()
    else if (token === ',' && typeof here?.at === 'number') here.at++
    else if (colon !== undefined && here?.names !== undefined) {
      here.at = JSON.parse(token.slice(0, -colon.length)) as string
      if (here.names.has(here.at)) return open.map(({ at }) => `/${pointerPart(String(at).slice(0, 64))}`).join('')
      here.names.add(here.at)
    }
  }
  return undefined
}

function sentTwice(path: string): GatehouseError {
  return new GatehouseError('invalid_request', {
    fields: [{ path: `/body${path}`, message: 'must not be sent twice' }],
  })
}

/**
 * Lets the routes of a scope read forms. The JSON API must not: any page can send a form anywhere, unasked. `repeatable`: as
 * `parseForm` takes it.
 */
export function acceptForms(app: Pick<Parsers, 'addContentTypeParser'>, repeatable: readonly string[] = []): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer' }, (request, body, done) => {
    const text = textOf(request, body as Buffer)
    if (text instanceof GatehouseError) return done(text)
    try {
      done(null, parseForm(text, repeatable))
    } catch (error) {
      done(error as Error)
    }
  })
}

/** More than any form of ours holds. */
const formBytes = 16_384

/** The form that a request holds whose body nobody has read, as far as it is one. Never rejects. */
export async function readForm(request: IncomingMessage): Promise<Record<string, unknown>> {
  if (!request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return {}
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > formBytes) return {}
      chunks.push(chunk)
    }
    return parseForm(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return {}
  }
}

/**
 * Reads a form. A parameter without a value counts as absent (RFC 6749 §3.1). Throws `invalid_encoding` for escapes of bytes that
 * are not UTF-8, `invalid_request` for a parameter given twice, unless it is one of `repeatable`: those are lists.
 */
function parseForm(text: string, repeatable: readonly string[] = []): Record<string, string | string[]> {
  // Without a prototype, so that no name means more than what was sent.
  const form = Object.create(null) as Record<string, string | string[]>
  for (const pair of text.split('&')) {
    const equals = pair.indexOf('=')
    if (equals === -1) continue
    const [name, value] = [decodeFormText(pair.slice(0, equals)), decodeFormText(pair.slice(equals + 1))]
    if (value === '') continue
    if (repeatable.includes(name)) {
      form[name] = [...(form[name] ?? []), value]
      continue
    }
    if (name in form) {
      throw new GatehouseError('invalid_request', {
        detail: 'A parameter was sent more than once.',
        fields: [{ path: '/body', message: 'must not repeat a parameter' }],
      })
    }
    form[name] = value
  }
  return form
}

function decodeFormText(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new GatehouseError('invalid_encoding')
  }
}
