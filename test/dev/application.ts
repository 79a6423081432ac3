/** An application that has a proxy built in: it asks the service about every request, and shows what it was told. */
import { createServer, type IncomingMessage, request as send, type Server, type ServerResponse } from 'node:http'
import { html } from '../../src/pages/html.ts'

/** What a proxy passes on of an answer that is no yes. */
const relayed = [
  'location',
  'content-type',
  'cache-control',
  'www-authenticate',
  'set-cookie',
  'content-security-policy',
]
/** What a proxy sends along of a request, beside what it adds. */
const asked = [
  'cookie',
  'authorization',
  'accept',
  'x-api-key',
  'sec-fetch-mode',
  'sec-fetch-dest',
  'referer',
  'origin',
]

/** `ask`: URL of the forward-auth endpoint. `mailbox`: where a link on the page leads. */
export function serveApplication(options: { port: number; ask: string; issuer: string; mailbox: string }): Server {
  return createServer((request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      response.writeHead(502, { 'content-type': 'text/plain' }).end(`The service cannot be asked: ${String(error)}\n`)
    })
  }).listen(options.port, '127.0.0.1')
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { ask, issuer, mailbox }: { ask: string; issuer: string; mailbox: string },
): Promise<void> {
  const { method = 'GET', url = '/', headers } = request
  const sent = asked.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]]))
  const told = {
    'x-forwarded-method': method,
    'x-forwarded-proto': 'http',
    'x-forwarded-host': headers.host ?? '',
    'x-forwarded-uri': url,
    'x-forwarded-for': request.socket.remoteAddress ?? '',
  }
  const decision = await decide(ask, { ...Object.fromEntries(sent), ...told })
  if (decision.statusCode !== 200) {
    for (const name of relayed) {
      const value = decision.headers[name]
      if (value !== undefined) response.setHeader(name, value)
    }
    decision.pipe(response.writeHead(decision.statusCode ?? 502))
    return
  }
  decision.resume()
  const identity = Object.entries(decision.headers).filter(([name]) => name.startsWith('x-auth-'))
  const page = html`<!doctype html>
    <title>Application</title>
    <style>
      body {
        font: 1rem/1.5 system-ui;
        max-width: 50rem;
        margin: 2rem auto;
        padding: 0 1rem;
      }
      td {
        vertical-align: top;
        padding-right: 1rem;
        overflow-wrap: anywhere;
      }
    </style>
    <h1>${method} ${url}</h1>
    <p>This is the application. It was told who you are by these headers:</p>
    <table>
      ${identity.map(
        ([name, value]) =>
          html`<tr>
            <td><code>${name}</code></td>
            <td>${value}</td>
          </tr>`,
      )}
    </table>
    <p>
      Try ${['/public/', '/staff/', '/strong/', '/nobody/', '/'].map((path) => html`<a href="${path}">${path}</a> `)}·
      <a href="${issuer}/">your account</a> · <a href="${mailbox}">the mailbox</a>
    </p>`
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(String(page))
}

/** Not by `fetch`, which says of itself how it asks (`Sec-Fetch-Mode`), and not of whom it asks for. */
function decide(url: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((done, fail) => {
    send(url, { headers }, done).once('error', fail).end()
  })
}
