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

/**
 * Sends a head that says `Expect: 100-continue`, and the body only when it is asked for. The final answer, and whether the
 * body was sent; a client that waits for ever instead of sending it fails after ten seconds.
 */
export function sendExpecting(
  port: number,
  head: readonly string[],
  body: Buffer,
): Promise<{ status: number; head: string; asked: boolean }> {
  return new Promise((done, fail) => {
    let [text, asked] = ['', false]
    const lines = [...head, 'Expect: 100-continue', `Content-Length: ${body.length}`, '', '']
    const socket = connect(port, '127.0.0.1', () => socket.write(lines.join('\r\n'), 'latin1'))
    socket.setTimeout(10_000, () => fail(new Error(`no answer to ${head[0]}: ${text}`)))
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      for (let end; (end = text.indexOf('\r\n\r\n')) !== -1; text = text.slice(end + 4)) {
        const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1])
        if (status !== 100) {
          done({ status, head: text.slice(0, end), asked })
          return void socket.destroy()
        }
        if (!asked) socket.write(body)
        asked = true
      }
    })
    socket.on('error', fail)
    socket.on('close', () => fail(new Error(`no answer to ${head[0]}`)))
  })
}
