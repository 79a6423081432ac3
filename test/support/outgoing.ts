/** Programs that a service asks over TLS: on loopback, with an authority of the test's own. */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { authorityIn } from './certificates.ts'
import { freePort, scratchFolder } from './servers.ts'

export interface Site {
  /** Under the name `localhost`. */
  readonly origin: string
  readonly port: number
  readonly ca: string
  /** What was asked, as it came. */
  readonly asked: { method: string; path: string; headers: IncomingMessage['headers']; body: string }[]
  /** What it answers from now on. */
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void
}

/** A site that answers an empty object until it is told otherwise. */
export async function startSite(t: { teardown(end: () => unknown): void }): Promise<Site> {
  const folder = join(scratchFolder(t), 'authority')
  const { ca, issue } = authorityIn(folder)
  const { cert, key } = issue('site', 'localhost', 'DNS:localhost,IP:127.0.0.1')
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      site.asked.push({ method: request.method!, path: request.url!, headers: request.headers, body })
      site.answer(request, response, body)
    })
  })
  const port = await freePort()
  // Whatever `localhost` leads to here.
  await new Promise<void>((done) => server.listen(port, () => done()))
  t.teardown(
    () =>
      new Promise((done) => {
        server.close(done)
        server.closeAllConnections()
      }),
  )
  const site: Site = { origin: `https://localhost:${port}`, port, ca, asked: [], answer: answerJson({}) }
  return site
}

export function answerJson(value: unknown, status = 200, headers: Record<string, string> = {}): Site['answer'] {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
  }
}
