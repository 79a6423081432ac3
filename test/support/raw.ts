import { connect } from 'node:net'

/** Sends bytes that no client library would send, and reads what comes until the connection ends, or the answer that ends it. */
export function sendRaw(
  port: number,
  text: string,
  /** An address of this machine to send it from. */
  localAddress = '127.0.0.1',
): Promise<{ status: number; head: string; body: string }> {
  return new Promise((done, fail) => {
    const chunks: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1', localAddress }, () => socket.write(text, 'latin1'))
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      // Envoy leaves a connection open for a second after its last word.
      if (isLastAnswer(Buffer.concat(chunks).toString('latin1'))) socket.destroy()
    })
    socket.on('error', fail)
    socket.on('close', () => {
      const answer = Buffer.concat(chunks).toString('latin1')
      const [head = '', ...body] = answer.split('\r\n\r\n')
      done({ status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0), head, body: body.join('\r\n\r\n') })
    })
  })
}

/** Whether the first answer says that none follows it, and is there as a whole; after a 101 comes another protocol. */
function isLastAnswer(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const head = text.slice(0, end)
  if (end !== -1 && head.startsWith('HTTP/1.1 101 ')) return true
  if (end === -1 || !/^connection: close$/im.test(head)) return false
  const length = /^content-length: (\d+)$/im.exec(head)?.[1]
  return length !== undefined && text.length - end - 4 === Number(length)
}
