import { createServer } from 'node:http'
import { CommandError } from '../command.ts'

/** The header by whose value the doctor knows its own requests again. */
export const markerHeader = 'X-Gatehouse-Echo'

/**
 * An upstream for the time of the check: answers the doctor's own requests with the header lines that arrived, and all
 * others with 503.
 */
export async function serveEcho(address: { host: string; port: number }, marker: string): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    const lines = request.rawHeaders.flatMap((name, at) =>
      at % 2 === 0 ? [`${name}: ${request.rawHeaders[at + 1]}`] : [],
    )
    response.setHeader('cache-control', 'no-store')
    response.setHeader('content-type', 'text/plain')
    if (request.headers[markerHeader.toLowerCase()] === marker) response.end(`${lines.join('\n')}\n`)
    else response.writeHead(503).end()
  })
  await new Promise<void>((done, fail) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) => fail(new CommandError(`--echo: cannot listen (${code})`)))
    server.listen(address.port, address.host, done)
  })
  return () =>
    new Promise((done) => {
      server.close(() => done())
      server.closeAllConnections()
    })
}
