import { connect } from 'node:net'

/** Sends bytes that no client library would send, and reads the answer until the connection ends. */
export function sendRaw(port: number, text: string): Promise<{ status: number; head: string; body: string }> {
  return new Promise((done, fail) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer within ten seconds')))
    socket.on('error', fail)
    socket.on('close', () => {
      const answer = Buffer.concat(chunks).toString('latin1')
      const [head = '', ...body] = answer.split('\r\n\r\n')
      done({ status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0), head, body: body.join('\r\n\r\n') })
    })
  })
}
