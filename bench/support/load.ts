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
  /** The same each time, or made for a connection from the body of its answer before; nothing when it has done enough. */
  request: string | ((connection: number, answer: string | undefined) => string | undefined)
  expected: string
  connections: number
  seconds: number
  /** How long a connection rests after an answer, on average; without it, not at all. */
  pauseMilliseconds?: number
  /** Never sleeps, for which it needs a core of its own: waking it would be the server's work. */
  awake?: boolean
}): Promise<LoadResult> {
  const latencies: number[] = []
  const startedAt = performance.now()
  const endsAt = startedAt + options.seconds * 1000
  const stayAwake = () => {
    if (performance.now() < endsAt) setImmediate(stayAwake)
  }
  if (options.awake) stayAwake()
  await Promise.all(
    Array.from({ length: options.connections }, (_, connection) => drive(options, connection, endsAt, latencies)),
  )
  const seconds = (performance.now() - startedAt) / 1000
  const sorted = Float64Array.from(latencies).sort()
  const quantile = (share: number) => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 1000)
  return { requests: sorted.length, seconds, p50: quantile(0.5), p99: quantile(0.99) }
}

function drive(
  { port, expected, request, pauseMilliseconds }: Parameters<typeof load>[0],
  connection: number,
  endsAt: number,
  latencies: number[],
): Promise<void> {
  return new Promise((done, fail) => {
    let sentAt = 0
    let pending: Buffer = Buffer.alloc(0)
    const same = typeof request === 'string' ? Buffer.from(request) : undefined
    let answer: string | undefined
    const socket: Socket = connect(port, '127.0.0.1', send).setNoDelay()
    function send(): void {
      const next = same ?? (request as Exclude<typeof request, string>)(connection, answer)
      if (next === undefined) return finish()
      sentAt = performance.now()
      socket.write(next)
    }
    function finish(): void {
      socket.destroy()
      done()
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
      if (same === undefined) answer = pending.toString('utf8', end + 4)
      pending = Buffer.alloc(0)
      const now = performance.now()
      latencies.push(now - sentAt)
      if (now < endsAt) {
        if (pauseMilliseconds === undefined) return send()
        return void setTimeout(send, Math.random() * 2 * pauseMilliseconds)
      }
      finish()
    })
  })
}
