/** Requests over TLS, to a certificate of the test's own that nobody vouches for. */
import { connect } from 'node:http2'
import { request } from 'node:https'

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
