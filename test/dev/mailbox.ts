/** The mails that the service has written, as a page: the newest first, with links that can be followed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { type Html, html } from '../../src/pages/html.ts'
import { readMail } from '../support/mails.ts'

export function serveMailbox(outbox: string, port: number): Server {
  return createServer((_request, response) => {
    const names = existsSync(outbox) ? readdirSync(outbox).filter((name) => name.endsWith('.eml')) : []
    const mails = names
      .toSorted()
      .toReversed()
      .map((name) => readFileSync(join(outbox, name), 'utf8'))
    const page = html`<!doctype html>
      <title>Mailbox</title>
      <meta http-equiv="refresh" content="5" />
      <style>
        body {
          font: 1rem/1.5 system-ui;
          max-width: 45rem;
          margin: 2rem auto;
          padding: 0 1rem;
        }
        article {
          border: 1px solid #8888;
          border-radius: 0.5rem;
          padding: 1rem;
          margin-bottom: 1rem;
        }
        pre {
          white-space: pre-wrap;
        }
      </style>
      <h1>Mailbox</h1>
      ${mails.length === 0 && html`<p>No mail yet. Register somebody, and it comes here.</p>`} ${mails.map(show)}`
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(String(page))
  }).listen(port, '127.0.0.1')
}

function show(mail: string): Html {
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(mail)?.[1] ?? ''
  const parts = readMail(mail).split(/(https?:\/\/\S+)/)
  return html`<article>
    <p>To ${header('to')}, ${header('date')}</p>
    <pre>${parts.map((part, at) => (at % 2 === 1 ? html`<a href="${part}">${part}</a>` : part))}</pre>
  </article>`
}
