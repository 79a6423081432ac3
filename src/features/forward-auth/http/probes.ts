import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { GatehouseError } from '../../../core/errors.ts'
import type { Clock } from '../../../core/clock.ts'
import type { Edges } from '../../../core/edges.ts'
import { urlOf } from '../../../core/request-target.ts'
import type { Answer } from './answer.ts'
import type { Dialect } from '../dialect.ts'

/** What a proxy's question looked like, and its answer. Names and addresses alone: no value that anybody sent. */
export interface Observation {
  dialect: string
  /** The address that asked, and whether it may; if not, whether for its address or for want of its secret. */
  peer: string
  edge: ReturnType<Edges['check']>
  /** Questions with the same number came over the same connection. */
  connection: number
  /** The target as it was understood; absent when it was refused. */
  target?: { method: string; url: string }
  /** Absent when the connection was cut. */
  status?: number
  /** Where the client’s certificate would be told, there stood the id of the probe: what the client itself has said. */
  certificate_is_clients?: true
  /** The headers of the answer that held something. */
  filled: string[]
}

/** `vanish`: the connection ends without an answer, as when the service stops. */
export type Behaviour = 'answer' | 'vanish'

interface Probe {
  expiresAt: number
  behaviour: Behaviour
  observations: Observation[]
}

export const probeHeader = 'x-gatehouse-probe'
const lifetimeMilliseconds = 60_000
const maxProbes = 5
const maxObservations = 50

/**
 * For the operator's doctor: questions about requests that carry the id of an open probe are noted. A probe never lets
 * anybody pass who would not pass without it, and costs other questions nothing while none is open.
 */
export interface Probes {
  /** An id of 256 bits, good for a minute. Throws `conflict` when too many are open. */
  open(): { id: string; expiresAt: Date }
  /** These throw `not_found` for a probe that is not open. */
  read(id: string): readonly Observation[]
  behave(id: string, behaviour: Behaviour): void
  close(id: string): void
  /** The same answers, observed. */
  watch(answer: Answer): Answer
}

export function createProbes(given: {
  clock: Clock
  checkEdge: Edges['check']
  /** In which the proxy tells certificates; nothing where it tells none. */
  certificateHeader: string | undefined
}): Probes {
  const { clock, checkEdge } = given
  const certificateHeader = given.certificateHeader?.toLowerCase()
  const open = new Map<string, Probe>()
  const connections = new WeakMap<Socket, number>()
  let connectionCount = 0

  function forgetExpired(): void {
    for (const [id, { expiresAt }] of open) if (clock.now() >= expiresAt) open.delete(id)
  }
  function find(id: string): Probe {
    forgetExpired()
    const probe = open.get(id)
    if (probe === undefined) throw new GatehouseError('not_found', { detail: 'There is no such probe, or no more.' })
    return probe
  }
  function numberOf(socket: Socket): number {
    let number = connections.get(socket)
    if (number === undefined) connections.set(socket, (number = ++connectionCount))
    return number
  }

  function observe(id: string, dialect: Dialect, request: IncomingMessage, response: ServerResponse): void {
    const { observations } = find(id)
    const target = dialect.target(request.headers, request)
    const told = certificateHeader === undefined ? undefined : request.headers[certificateHeader]
    const observation: Observation = {
      dialect: dialect.name,
      peer: request.socket.remoteAddress ?? '',
      edge: checkEdge(request),
      connection: numberOf(request.socket),
      ...(typeof target === 'object' && { target: { method: target.method, url: urlOf(target) } }),
      ...(told?.includes(id) && { certificate_is_clients: true }),
      filled: [],
    }
    if (observations.length < maxObservations) observations.push(observation)
    // Answers are written in one call, with their headers as a flat list that the response itself does not keep.
    const writeHead = response.writeHead.bind(response) as (status: number, headers: string[]) => typeof response
    response.writeHead = ((status: number, headers: string[]) => {
      observation.status = status
      observation.filled = headers.filter((_, at) => at % 2 === 0 && headers[at + 1] !== '')
      return writeHead(status, headers)
    }) as typeof response.writeHead
  }

  return {
    open() {
      forgetExpired()
      if (open.size >= maxProbes) {
        throw new GatehouseError('conflict', { detail: 'Too many probes are open; each ends within a minute.' })
      }
      const id = randomBytes(32).toString('base64url')
      const expiresAt = clock.now() + lifetimeMilliseconds
      open.set(id, { expiresAt, behaviour: 'answer', observations: [] })
      return { id, expiresAt: new Date(expiresAt) }
    },
    read: (id) => find(id).observations,
    behave: (id, behaviour) => void (find(id).behaviour = behaviour),
    close: (id) => void open.delete(id),
    watch: (answer) => (dialect, request, response, requestId) => {
      if (open.size === 0) return answer(dialect, request, response, requestId)
      forgetExpired()
      const id = request.headers[probeHeader]
      const probe = typeof id === 'string' ? open.get(id) : undefined
      if (probe === undefined) return answer(dialect, request, response, requestId)
      observe(id as string, dialect, request, response)
      if (probe.behaviour === 'answer') return answer(dialect, request, response, requestId)
      request.socket.destroy()
    },
  }
}
