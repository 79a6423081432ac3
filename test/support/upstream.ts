/** An application behind the proxy: records what arrives, and answers with it. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

/** RFC 6455 §1.3. */
const webSocketId = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

export interface Arrived {
  method: string
  url: string
  /** Every header and trailer line as it came: names in their own case, repeats apart. */
  headers: [name: string, value: string][]
  /** The body in base64. */
  body: string
}

export interface Upstream {
  port: number
  /** Every request since the start. */
  arrived: Arrived[]
}

/** Answers JSON, or a page with the same in it to whoever accepts HTML; `more` are headers of every answer. */
export async function startUpstream(
  t: { teardown(after: () => unknown): unknown },
  more: Record<string, string> = {},
): Promise<Upstream> {
  const arrived: Arrived[] = []
  const sockets = new Set<Duplex>()
  // Its limit is not the one that is tested.
  const server = createServer({ maxHeaderSize: 64 * 1024 }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '' } = request
      const raw = [...request.rawHeaders, ...request.rawTrailers]
      const headers = raw.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, raw[at + 1]!]] : []))
      const record = { method, url, headers, body: Buffer.concat(chunks).toString('base64') }
      arrived.push(record)
      const json = JSON.stringify(record)
      const page = request.headers.accept?.includes('text/html') ?? false
      for (const [name, value] of Object.entries(more)) response.setHeader(name, value)
      response.setHeader('content-type', page ? 'text/html; charset=utf-8' : 'application/json')
      response.end(
        page
          ? `<!doctype html><title>App</title><pre>${json.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</pre>`
          : json,
      )
    })
  })
  // Takes every upgrade that it is offered, and echoes what it is sent from then on.
  server.on('upgrade', (request, socket: Duplex) => {
    const { method = '', url = '', rawHeaders: raw } = request
    const headers = raw.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, raw[at + 1]!]] : []))
    arrived.push({ method, url, headers, body: '' })
    const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}${webSocketId}`).digest('base64')
    const [protocol] = String(request.headers.upgrade).split(',')
    const answer = ['HTTP/1.1 101 Switching Protocols', `Upgrade: ${protocol}`, 'Connection: Upgrade']
    socket.write([...answer, `Sec-WebSocket-Accept: ${key}`, '', ''].join('\r\n'))
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.pipe(socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    server.closeAllConnections()
    for (const socket of sockets) socket.destroy()
    return new Promise<void>((done) => server.close(() => done()))
  })
  return { port: (server.address() as AddressInfo).port, arrived }
}

/** The values of one header, by its name in any case. */
export function valuesOf(request: Arrived, name: string): string[] {
  return request.headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
}
