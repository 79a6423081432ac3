/**
 * What the table of limits in docs/proxies/README.md says passes every printed configuration: long streams, silence, large
 * headers, uploads. Real time has to pass in a real proxy, so all of them wait at once: two minutes, and hardly any work.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type Test, test } from 'tap'
import { backends } from '../support/backends.ts'
import { startStopwatch } from '../support/patience.ts'
import { hasProxy, type ProxyName, type Release, startProxy } from '../support/proxies.ts'
import { freePort } from '../support/servers.ts'
import { type Service, startService } from '../support/service.ts'
import { handshake } from './suite/scene.ts'

/** Longer than what proxies wait for by default: a minute is common. */
const silenceSeconds = 75
const streamSeconds = 120

const proxies = (
  [
    ['nginx', 'packaged'],
    ['nginx', 'current'],
    ['caddy', 'packaged'],
    ['caddy', 'current'],
    ['haproxy', 'packaged'],
    ['traefik', 'current'],
    ['envoy', 'current'],
  ] as [ProxyName, Release][]
).filter(([name, release]) => hasProxy(name, release))

/** An application with patience, which tells how much of an upload has come. */
async function startApplication(t: Test): Promise<{ port: number; received: Map<string, number> }> {
  const received = new Map<string, number>()
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const [path = '', query = ''] = (request.url ?? '').split('?')
    if (path === '/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      response.write('data: 0\n\n')
      for (const at of [silenceSeconds, 95, streamSeconds]) {
        await wait((at - (at === silenceSeconds ? 0 : at === 95 ? silenceSeconds : 95)) * 1_000)
        response.write(`data: ${at}\n\n`)
      }
      return void response.end()
    }
    if (path === '/slow') {
      await wait(silenceSeconds * 1_000)
      return void response.end('late')
    }
    if (path === '/large') return void response.setHeader('x-large', 'x'.repeat(28 * 1024)).end('large')
    if (path === '/upload') {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        received.set(query, (received.get(query) ?? 0) + chunk.length)
      }
      return void response.end(String(received.get(query)))
    }
    return response.end(JSON.stringify({ url: request.url, headers: request.headers }))
  }
  const options = { maxHeaderSize: 128 * 1024, requestTimeout: 0 }
  const server = createServer(options, (request, response) => {
    // A proxy that gives up breaks the connection; what its client saw is what counts.
    answer(request, response).catch(() => response.destroy())
  })
  server.on('upgrade', (request, socket) => {
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash('sha1').update(key).digest('base64')
    const answer = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
    socket.on('error', () => {})
    socket.write([...answer, `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n'))
    socket.pipe(socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise<void>((done) => server.close(() => done()))
  })
  return { port: (server.address() as AddressInfo).port, received }
}

interface Edge {
  port: number
  cookie: string
  /** Of a person with 5,000 permissions by 400 roles. */
  cookieOfMany: string
  received: ReadonlyMap<string, number>
}

function open(
  { port, cookie }: Edge,
  path: string,
  { host = 'app.example.test', method = 'GET', length = 0, more = {} } = {},
) {
  const headers = { host: `${host}:${port}`, cookie, ...(length > 0 && { 'content-length': length }), ...more }
  const request = httpRequest({
    host: '127.0.0.1',
    port,
    path,
    method,
    headers,
    agent: false,
    maxHeaderSize: 128 * 1024,
  })
  const answer = new Promise<IncomingMessage>((done, fail) => request.on('response', done).on('error', fail))
  return { request, answer }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of answer as AsyncIterable<Buffer>) text += chunk.toString('latin1')
  return text
}

async function get(
  edge: Edge,
  path: string,
  host?: string,
): Promise<{ status: number | undefined; body: string; large: unknown }> {
  const { request, answer } = open(edge, path, host === undefined ? {} : { host })
  request.end()
  const response = await answer
  return { status: response.statusCode, body: await textOf(response), large: response.headers['x-large'] }
}

/** Each case comes to a short text, the same behind every proxy. */
const cases: Record<string, readonly [expected: string, run: (edge: Edge) => Promise<string>]> = {
  'an event stream of two minutes, with more than a minute of silence, each event at once': [
    'at once, whole',
    async (edge) => {
      const clock = startStopwatch()
      const { request, answer } = open(edge, '/stream')
      request.end()
      let [text, first] = ['', 0]
      for await (const chunk of (await answer) as AsyncIterable<Buffer>) {
        first ||= clock.milliseconds()
        text += chunk.toString()
      }
      const isWhole = text === ['0', silenceSeconds, 95, streamSeconds].map((at) => `data: ${at}\n\n`).join('')
      return `${first < 10_000 ? 'at once' : `first after ${first} ms`}, ${isWhole ? 'whole' : JSON.stringify(text)}`
    },
  ],
  'a WebSocket that is silent for more than a minute': [
    'echo',
    async ({ port, cookie }) => {
      const socket = connect(port, '127.0.0.1')
      let text = ''
      const ended = new Promise<string>((done) => {
        socket.on('close', () => done(`closed after ${JSON.stringify(text.slice(0, 60))}`)).on('error', () => {})
      })
      const echoed = new Promise<string>((done) => {
        socket.on('data', (chunk: Buffer) => {
          text += chunk.toString('latin1')
          if (text.includes('hello')) done('echo')
        })
      })
      const lines = ['GET /socket HTTP/1.1', `Host: app.example.test:${port}`, `Cookie: ${cookie}`, ...handshake]
      socket.write([...lines, 'Connection: Upgrade', '', ''].join('\r\n'))
      await Promise.race([wait((silenceSeconds + 20) * 1_000), ended])
      socket.write('hello')
      const outcome = await Promise.race([echoed, ended])
      socket.destroy()
      return outcome
    },
  ],
  'an answer that begins after more than a minute': ['200 late', async (edge) => statusAnd(await get(edge, '/slow'))],
  'an upload of 24 MiB that takes more than a minute arrives as it is sent': [
    `streamed, 200 ${24 * 1024 * 1024}`,
    async (edge) => {
      const size = 24 * 1024 * 1024
      const { request, answer } = open(edge, `/upload?${edge.port}`, { method: 'PUT', length: size })
      const part = randomBytes(size / 6)
      let before = 0
      for (let sent = 0; sent < 5; sent++) {
        request.write(part)
        await wait((silenceSeconds / 5) * 1_000)
        before = edge.received.get(String(edge.port)) ?? 0
      }
      request.end(part)
      const response = await answer
      const told = before > 16 * 1024 * 1024 ? 'streamed' : `${before} bytes had arrived`
      return `${told}, ${response.statusCode} ${await textOf(response)}`
    },
  ],
  'a long query arrives whole': [
    '200 whole',
    async (edge) => {
      const path = `/search?q=${'0123456789'.repeat(700)}`
      const { status, body } = await get(edge, path)
      return `${status} ${JSON.parse(body).url === path ? 'whole' : body.slice(0, 100)}`
    },
  ],
  'headers of a request of 30 KiB': [
    '200 whole',
    async (edge) => {
      const more = { 'x-one': 'x'.repeat(15 * 1024), 'x-two': 'y'.repeat(14 * 1024) }
      const { request, answer } = open(edge, '/who', { more })
      request.end()
      const response = await answer
      const body = await textOf(response)
      if (response.statusCode !== 200) return `${response.statusCode} ${body.slice(0, 100)}`
      const { headers } = JSON.parse(body)
      const isWhole = Object.entries(more).every(([name, value]) => headers[name] === value)
      return `200 ${isWhole ? 'whole' : 'in part'}`
    },
  ],
  'headers of an application’s answer of 28 KiB': [
    '200 28672',
    async (edge) => {
      const { status, large } = await get(edge, '/large')
      return `${status} ${String(large).length}`
    },
  ],
  'a person with 300 permissions': ['200 300', (edge) => permissionsIn(edge, 'app.example.test', 'x-auth-assertion')],
  'a person with 300 permissions, told twice': [
    '200 300',
    (edge) => permissionsIn(edge, 'api.example.test', 'authorization'),
  ],
  'a person with 300 permissions, and 27 KiB of credentials of the application’s own where ours are kept back': [
    '200 300, whole',
    async (edge) => {
      const own = { cookie: `large=${'x'.repeat(14 * 1024)}`, authorization: `Digest ${'y'.repeat(13 * 1024)}` }
      const more = { ...own, cookie: `${own.cookie}; ${edge.cookie}` }
      const { request, answer } = open(edge, '/who', { host: 'kept.example.test', more })
      request.end()
      const response = await answer
      const body = await textOf(response)
      if (response.statusCode !== 200) return statusAnd({ status: response.statusCode, body })
      const { headers } = JSON.parse(body)
      const isWhole = Object.entries(own).every(([name, value]) => headers[name] === value)
      return `200 ${permissionsOf(headers['x-auth-assertion'])}, ${isWhole ? 'whole' : 'in part'}`
    },
  ],
  'a person with 5,000 permissions': [
    '200 permissions in part',
    (edge) => markedIn(edge, 'few.example.test', (headers) => permissionsOf(headers['x-auth-assertion']) ?? 0),
  ],
  'a person with 5,000 permissions, told twice': [
    '200 permissions in part',
    (edge) => markedIn(edge, 'api.example.test', (headers) => permissionsOf(headers['authorization']) ?? 0),
  ],
  'a person with 400 roles of long names': [
    '200 roles in part',
    (edge) => markedIn(edge, 'remote.example.test', (headers) => headers['remote-groups']!.split(',').length),
  ],
}

const statusAnd = ({ status, body }: { status: number | undefined; body: string }) => `${status} ${body.slice(0, 100)}`

/** How many permissions the assertion in a header holds. */
async function permissionsIn(edge: Edge, host: string, header: string): Promise<string> {
  const answer = await get(edge, '/who', host)
  if (answer.status !== 200) return statusAnd(answer)
  return `${answer.status} ${permissionsOf(String(JSON.parse(answer.body).headers[header]))}`
}

function permissionsOf(assertion = ''): number | undefined {
  return JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString()).permissions?.length
}

type Count = (headers: Record<string, string>) => number

/** What is told of somebody who may do too much to be told all of it: which list is marked, and whether some of it is there. */
async function markedIn(edge: Edge, host: string, count: Count): Promise<string> {
  const answer = await get({ ...edge, cookie: edge.cookieOfMany }, '/who', host)
  if (answer.status !== 200) return statusAnd(answer)
  const { headers } = JSON.parse(answer.body)
  const told = count(headers)
  return `200 ${headers['x-auth-shortened']} ${told > 100 ? 'in part' : told}`
}

const names = (prefix: string, count: number, suffix = '') =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}${suffix}`)

/** Roles of the file: one with 300 permissions, and 400 that add up to 5,000, with long names. */
const manyRoles = names(`${'department-of-something-'.repeat(3)}-`, 400)
const permissions = names('project-number-', 5_000, ':write')
const roles = Object.fromEntries([
  ['many', permissions.slice(0, 300)],
  ...manyRoles.map((role, at) => [role, permissions.slice(at * 13, (at + 1) * 13)]),
])

async function cookieOf(service: Service, held: string[]): Promise<string> {
  const { cookie } = await service.signIn(await service.createUser({ roles: held }))
  return cookie
}

void test('the limits of the printed configurations', async (t) => {
  const application = await startApplication(t)
  const edges = await Promise.all(proxies.map(async ([name, release]) => ({ name, release, port: await freePort() })))
  const hostsAt = (port: number) => ({
    [`app.example.test:${port}`]: { rules: [{ allow: 'signed-in' }] },
    [`api.example.test:${port}`]: {
      authorization: 'assertion',
      identity: { roles: [] },
      rules: [{ allow: 'signed-in' }],
    },
    [`kept.example.test:${port}`]: { forward: 'never', rules: [{ allow: 'signed-in' }] },
    [`few.example.test:${port}`]: { identity: { roles: [] }, rules: [{ allow: 'signed-in' }] },
    [`remote.example.test:${port}`]: { headers: 'remote', rules: [{ allow: 'signed-in' }] },
  })
  const issuerAt = (port: number) => `http://auth.example.test:${port}`
  const service = await startService(t, {
    backend: backends.at(-1)!,
    yaml: { roles, hosts: Object.assign({}, ...edges.map(({ port }) => hostsAt(port))) },
    environment: { GATEHOUSE_ISSUER: issuerAt(edges[0]?.port ?? 80) },
  })
  const [cookie, cookieOfMany] = [await cookieOf(service, ['many']), await cookieOf(service, manyRoles)]
  await Promise.all(
    edges.map(({ name, release, port }) => {
      const at = { release, port, servicePort: service.port, upstreamPort: application.port }
      return startProxy(t, name, { ...at, hosts: hostsAt(port), issuer: issuerAt(port) })
    }),
  )
  const outcomes = await Promise.all(
    edges.flatMap(({ name, release, port }) =>
      Object.entries(cases).map(async ([title, [expected, run]]) => {
        const outcome = run({ port, cookie, cookieOfMany, received: application.received })
        return { title: `${name} (${release}): ${title}`, expected, actual: await outcome.catch(String) }
      }),
    ),
  )
  for (const { title, expected, actual } of outcomes) t.equal(actual, expected, title)
})
