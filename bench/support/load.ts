/**
 * A closed-loop load generator on bare sockets: each connection sends the same request again as soon as its answer is
 * complete. It does far less work a request than a server, so that the server is what is measured.
 */
import { connect, type Socket } from 'node:net'

export interface LoadResult {
  requests: number
  seconds: number
  /** Microseconds. */
  p50: number
  p99: number
}

const headerEnd = Buffer.from('\r\n\r\n')

/** Sends `request` over `connections` kept-alive connections for a time. Every answer must begin with `expected`. */
export async function load(options: {
  port: number
  request: string
  expected: string
  connections: number
  seconds: number
}): Promise<LoadResult> {
  const request = Buffer.from(options.request)
  const latencies: number[] = []
  const startedAt = performance.now()
  const endsAt = startedAt + options.seconds * 1000
  await Promise.all(Array.from({ length: options.connections }, () => drive(options, request, endsAt, latencies)))
  const seconds = (performance.now() - startedAt) / 1000
  const sorted = Float64Array.from(latencies).sort()
  const quantile = (share: number) => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 1000)
  return { requests: sorted.length, seconds, p50: quantile(0.5), p99: quantile(0.99) }
}

function drive(
  { port, expected }: { port: number; expected: string },
  request: Buffer,
  endsAt: number,
  latencies: number[],
): Promise<void> {
  return new Promise((done, fail) => {
    let sentAt = 0
    let pending: Buffer = Buffer.alloc(0)
    const socket: Socket = connect(port, '127.0.0.1', send).setNoDelay()
    function send(): void {
      sentAt = performance.now()
      socket.write(request)
    }
    socket.on('error', fail)
    socket.on('data', (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      const end = pending.indexOf(headerEnd)
      if (end === -1) return
      const head = pending.toString('latin1', 0, end)
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (pending.length < end + 4 + length) return
      if (!head.startsWith(expected)) {
        socket.destroy()
        fail(new Error(`unexpected answer: ${head.split('\r\n')[0]}`))
        return
      }
      pending = Buffer.alloc(0)
      const now = performance.now()
      latencies.push(now - sentAt)
      if (now < endsAt) return send()
      socket.destroy()
      done()
    })
  })
}
