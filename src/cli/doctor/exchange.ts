import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { splitAbsoluteUrl } from '../../core/request-target.ts'
import { answerHeaderBytes } from '../../core/sizes.ts'

/** What came back through the proxy. */
export interface Reply {
  status: number
  location: string | undefined
  /** The proxy's `Date`, epoch milliseconds. */
  date: number | undefined
  setCookies: readonly string[]
  /** What the answer says about the program that sent it. */
  server: string | undefined
  /** As much of the body as is worth searching. */
  body: string
}

export interface Sent {
  /** Absolute, http or https. */
  url: string
  /** Header lines as they are to be sent, repeats and spellings included. */
  headers?: readonly (readonly [name: string, value: string])[]
  /** Puts the whole URL on the request line, beside a Host header that names this host instead. */
  otherHost?: string
}

export interface Exchange {
  /** Sends a GET; rejects when nothing answers within five seconds. Redirects are not followed. */
  send(request: Sent): Promise<Reply>
  close(): void
}

const maxBodyLength = 256 * 1024
const timeoutMilliseconds = 5_000

/** Requests that keep one connection a host open, as one browser would. `connect` replaces what names resolve to. */
export function openExchange(connect: { host: string; port: number | undefined } | undefined): Exchange {
  const agents = {
    http: new HttpAgent({ keepAlive: true, maxSockets: 1 }),
    https: new HttpsAgent({ keepAlive: true, maxSockets: 1 }),
  }

  return {
    send({ url, headers = [], otherHost }) {
      const { protocol, hostname, port, host } = new URL(url)
      const secure = protocol === 'https:'
      const options = {
        host: connect?.host ?? hostname.replace(/^\[|\]$/g, ''),
        port: connect?.port ?? (port || (secure ? 443 : 80)),
        agent: secure ? agents.https : agents.http,
        // The certificate is that of the name, whatever address is connected to.
        servername: hostname,
        // As it stands: the URL class would encode some of it anew.
        path: otherHost === undefined ? splitAbsoluteUrl(url)?.target : url,
        headers: [['Host', otherHost ?? host], ...headers].flat(),
        timeout: timeoutMilliseconds,
        maxHeaderSize: answerHeaderBytes,
      }
      return new Promise((done, fail) => {
        const outgoing = (secure ? httpsRequest : httpRequest)(options, (response) => {
          let body = ''
          response.setEncoding('latin1')
          response.on('data', (chunk: string) => {
            body += chunk
            if (body.length > maxBodyLength) response.destroy()
          })
          response.on('close', () =>
            done({
              status: response.statusCode ?? 0,
              location: response.headers.location,
              date: response.headers.date === undefined ? undefined : Date.parse(response.headers.date),
              server: response.headers['server']?.toString(),
              setCookies: response.headers['set-cookie'] ?? [],
              body,
            }),
          )
          response.on('error', () => {})
        })
        outgoing.on('timeout', () => outgoing.destroy(new Error('nothing answered within five seconds')))
        outgoing.on('error', fail)
        outgoing.end()
      })
    },
    close() {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}
