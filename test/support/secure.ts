/** Requests over TLS, to a certificate of the test's own that nobody vouches for, and maybe by one of the client's. */
import { connect } from 'node:http2'
import { request } from 'node:https'
import type { Duplex } from 'node:stream'

type Headers = Record<string, string>
interface Reply {
  status: number
  headers: Record<string, unknown>
}

const unverified = { rejectUnauthorized: false }

export function overHttp1(port: number, host: string, path: string, headers: Headers): Promise<Reply> {
  return new Promise((done, fail) => {
    const options = { ...unverified, host: '127.0.0.1', port, path, headers: { ...headers, host } }
    request(options, (response) => {
      response.resume().on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers }))
    })
      .on('error', fail)
      .end()
  })
}

/** A request by a client that may have a certificate; names say what they mean, since proxies choose by them before HTTP begins. */
export function overTls(
  port: number,
  host: string,
  path: string,
  call: {
    headers?: object
    form?: Record<string, string>
    certificate?: { pem: string; key: string } | undefined
  } = {},
): Promise<Reply & { body: string }> {
  const { headers, form, certificate } = call
  const body = form && String(new URLSearchParams(form))
  const type = form && { 'content-type': 'application/x-www-form-urlencoded' }
  return new Promise((done, fail) => {
    const options = {
      ...{ ...unverified, host: '127.0.0.1', port, path, servername: host.split(':')[0], agent: false },
      ...{ method: form === undefined ? 'GET' : 'POST', headers: { ...type, ...headers, host } },
      ...(certificate && { cert: certificate.pem, key: certificate.key }),
    }
    request(options, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
      .on('upgrade', (response, socket: Duplex) => {
        socket.destroy()
        done({ status: response.statusCode ?? 0, headers: response.headers, body: '' })
      })
      .on('error', fail)
      .end(body)
  })
}

export function overHttp2(port: number, host: string, path: string, headers: Headers): Promise<Reply> {
  return new Promise((done, fail) => {
    const session = connect(`https://127.0.0.1:${port}`, unverified).on('error', fail)
    const stream = session.request({ ':path': path, ':authority': host, ...headers }).on('error', fail)
    stream.on('response', (received) => {
      stream.resume().on('end', () => {
        session.close()
        done({ status: received[':status'] ?? 0, headers: received })
      })
    })
  })
}
