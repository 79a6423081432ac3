import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** So long a client may take for the rest of a request once the server closes; proxies as printed wait no longer for an answer. */
const patienceMilliseconds = 5_000

/**
 * Makes `closeIdleConnections`, which closing a server calls, end all connections on which nobody waits for an answer. Node keeps
 * those too that were never used, as browsers and proxies open them ahead, and whatever has sent a part of a request, for as
 * long as it likes. Returns what has to be told of each answer that may take its time.
 */
export function endUnusedConnections(server: Server): (response: ServerResponse) => void {
  const open = new Set<Socket>()
  const latest = new WeakMap<Socket, ServerResponse>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  const isAnswered = (socket: Socket) => {
    const response = latest.get(socket)
    return response !== undefined && response.req.complete && !response.writableEnded
  }
  const closeIdle = server.closeIdleConnections.bind(server)
  let closingSince: number | undefined
  server.closeIdleConnections = () => {
    closeIdle()
    closingSince ??= performance.now()
    const isLate = performance.now() - closingSince > patienceMilliseconds
    for (const socket of open) if (socket.bytesRead === 0 || (isLate && !isAnswered(socket))) socket.destroy()
  }
  return (response) => void latest.set(response.req.socket, response)
}
