import type { LookupAddress } from 'node:dns'
import { lookup as resolveName } from 'node:dns/promises'
import type { IncomingMessage } from 'node:http'
import { request as requestSecurely } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { getCACertificates } from 'node:tls'
import { type Outgoing, type OutgoingFailure, type OutgoingFault, outgoingFaults } from '../core/outgoing.ts'
import { parseNetworks, readNetwork } from '../core/network.ts'
import { isPublicAddress } from './public-addresses.ts'
import { readPem } from '../pem.ts'
import { createTurns, type Turns } from './turns.ts'

const maxBytes = 65_536
const atOnceForEachHost = 4

interface Asked {
  method: 'GET' | 'POST'
  headers: Readonly<Record<string, string>>
  body?: string
}
interface Answer {
  status: number
  type: string
  isEncoded: boolean
  body: Buffer
}

class Failed extends Error {
  readonly reason: OutgoingFault

  constructor(reason: OutgoingFault) {
    super(outgoingFaults[reason])
    this.reason = reason
  }
}

/**
 * Asks hosts that strangers have named, over https alone. A name is resolved once, all its addresses are judged, and those are
 * connected to: what the name leads to a moment later makes no difference (DNS rebinding). `allow`: hosts and networks that may be
 * asked although they are none of the public internet. Follows no redirect, keeps no connection and no cookie, and takes no proxy from
 * the environment. `caFile`: authorities that are trusted beside those of Node.js. `resolve`: the addresses of a name.
 */
export function createOutgoing(options: {
  allow: readonly string[]
  caFile?: string | undefined
  resolve?: (host: string) => Promise<LookupAddress[]>
  withinMilliseconds?: number
}): Outgoing & {
  /** Reads `caFile`; throws a `SetupError` when it cannot be used. Before that nobody it vouches for is trusted. */
  open(): void
} {
  const { allow, caFile, withinMilliseconds = 5_000 } = options
  const { resolve = (host: string) => resolveName(host, { all: true }) } = options
  const isAllowedAddress = parseNetworks(allow.filter((entry) => readNetwork(entry) !== undefined))
  const allowedHosts = new Set(allow.map((entry) => entry.toLowerCase()))
  let ca: string | undefined
  const ofHosts = new Map<string, { turns: Turns; users: number }>()

  /** Runs what asks a host, of few at once. */
  async function inTurn<T>(host: string, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    let known = ofHosts.get(host)
    if (known === undefined) {
      ofHosts.set(host, (known = { turns: createTurns(atOnceForEachHost, () => new Failed('late')), users: 0 }))
    }
    known.users++
    try {
      await known.turns.take(signal)
      return await ask().finally(() => known.turns.giveBack())
    } finally {
      if (--known.users === 0) ofHosts.delete(host)
    }
  }

  /** Where a host is, when all of it may be asked. */
  async function addressesOf(host: string, signal: AbortSignal): Promise<LookupAddress[]> {
    const family = isIP(host)
    const found =
      family === 0
        ? await orLate(
            resolve(host).catch(() => []),
            signal,
          )
        : [{ address: host, family }]
    if (found.length === 0) throw new Failed('unresolved')
    const mayBe = ({ address }: LookupAddress) => isPublicAddress(address) || isAllowedAddress(address)
    if (!allowedHosts.has(host) && !found.every(mayBe)) throw new Failed('forbidden')
    return found
  }

  async function ask(url: string, asked: Asked): Promise<Answer> {
    const target = readTarget(url)
    const host = target.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
    const signal = AbortSignal.timeout(withinMilliseconds)
    return await inTurn(host, signal, async () => {
      const addresses = await addressesOf(host, signal)
      return await new Promise<Answer>((done, fail) => {
        const options = {
          ...{ method: asked.method, headers: { ...asked.headers, 'accept-encoding': 'identity' }, signal },
          agent: false,
          // Asked for one address or for all, by how Node.js connects.
          lookup: ((_host, { all }, tell) =>
            all ? tell(null, addresses) : tell(null, addresses[0]!.address, addresses[0]!.family)) as LookupFunction,
          ...(isIP(host) === 0 && { servername: host }),
          ...(ca !== undefined && { ca: [...getCACertificates('default'), ca] }),
        }
        const request = requestSecurely(target, options, (response) => {
          readAnswer(response).then(done, fail)
        })
        request.on('error', fail)
        request.end(asked.body)
      }).catch((error: unknown) => {
        throw error instanceof Failed ? error : new Failed(signal.aborted ? 'late' : faultOf(error))
      })
    })
  }

  return {
    open() {
      if (caFile !== undefined) ca = readPem('outgoing', 'ca_file', caFile, 'certificate')
    },
    readJson: (url) =>
      orFailure(async () => {
        const answer = await ask(url, { method: 'GET', headers: { accept: 'application/json' } })
        if (isRedirect(answer)) throw new Failed('redirect')
        if (answer.status !== 200) throw new Failed('status')
        const isJson = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(answer.type) && !answer.isEncoded
        return { kind: 'read', value: isJson ? parse(answer.body) : notJson() }
      }),
    postForm: (url, form) =>
      orFailure(async () => {
        const body = String(new URLSearchParams(form))
        const headers = {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': String(Buffer.byteLength(body)),
        }
        const answer = await ask(url, { method: 'POST', headers, body })
        if (isRedirect(answer)) throw new Failed('redirect')
        return { kind: 'answered', status: answer.status }
      }),
  }
}

async function orFailure<T>(task: () => Promise<T>): Promise<T | OutgoingFailure> {
  try {
    return await task()
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    return { kind: 'failed', reason: error.reason, text: error.message }
  }
}

function readTarget(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') throw new Failed('address')
  return url
}

function orLate<T>(task: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((done, fail) => {
    const late = () => fail(new Failed('late'))
    signal.addEventListener('abort', late, { once: true })
    task.then(done, fail).finally(() => signal.removeEventListener('abort', late))
  })
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) {
      response.destroy()
      throw new Failed('too_long')
    }
    chunks.push(chunk)
  }
  const { statusCode: status = 0, headers } = response
  const isEncoded = headers['content-encoding'] !== undefined
  return { status, type: headers['content-type'] ?? '', isEncoded, body: Buffer.concat(chunks) }
}

const isRedirect = ({ status }: Answer) => status >= 300 && status < 400

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return notJson()
  }
}

function notJson(): never {
  throw new Failed('not_json')
}

/** Of TLS those that say that the certificate will not do; whatever else happens, the host does not answer. */
function faultOf(error: unknown): OutgoingFault {
  const code = String((error as NodeJS.ErrnoException).code)
  return /CERT|ALTNAME|SELF_SIGNED|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH/.test(code) ? 'certificate' : 'unreachable'
}
