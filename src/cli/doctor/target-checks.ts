/** Whether the service understands the request that the client made. */
import { randomBytes } from 'node:crypto'
import { escapedCharacters } from '../../core/request-path.ts'
import { type Check, needsProbe } from './check.ts'
import type { Asked, Outcome } from './examination.ts'

/** What comes of a proxy that tells another scheme, where nothing else differs. */
function lossOf(asked: string, understood: string, issuer: string): string {
  if (asked.replace(/^https?:/, '') !== understood.replace(/^https?:/, '')) return ''
  if (issuer.startsWith('https:') && asked.startsWith('https:')) {
    return ': with the issuer on https, nobody is led back after a sign-in'
  }
  return understood.startsWith('https:') ? ': with the issuer on http, people are led to https after a sign-in' : ''
}

export const targetDiffers: Check = async ({ ask, facts, probe }, { observations: [first] }) => {
  if (probe === undefined) return needsProbe
  const differs = (url: string, observation: Asked['observations'][number] | undefined): Outcome => {
    if (observation?.target?.url === url && observation.target.method === 'GET') return undefined
    const understood = observation?.target === undefined ? 'none that can be read in one way' : observation.target.url
    const loss = lossOf(url, understood, facts.issuer)
    return { found: `asked for GET ${url}, the service understood ${understood}${loss}` }
  }
  const plain = differs(facts.url, first)
  if (plain !== undefined) return plain
  // What the host takes escaped within a segment has to arrive so.
  const { origin, pathname } = new URL(facts.url)
  const changed: string[] = []
  for (const escape of facts.encoded.map((character) => escapedCharacters[character])) {
    const url = `${origin}${pathname.replace(/\/?$/, '/')}a${escape}${escape === '%25' ? '20' : ''}b`
    const { reply, observations } = await ask({ url })
    if (observations.length === 0) changed.push(`${escape} was answered ${reply.status} without a question`)
    else if (differs(url, observations[0])) changed.push(`${escape} was asked about as ${observations[0]?.target?.url}`)
  }
  return changed.length === 0
    ? undefined
    : { found: `the host takes escapes that do not arrive: ${changed.join('; ')}` }
}

export const hostConfusion: Check = async ({ ask, probe }) => {
  if (probe === undefined) return needsProbe
  const otherHost = `${randomBytes(8).toString('hex')}.invalid`
  // Without the token: a proxy that goes by the Host header would hand it to another site.
  const { observations } = await ask({ anonymous: true, otherHost })
  const confused = observations.some(({ target }) => target !== undefined && new URL(target.url).host === otherHost)
  return confused
    ? { found: 'the request line named this host, the Host header another one, and the other one was judged' }
    : undefined
}

export const spoofableTarget: Check = async ({ ask, facts, probe }, { observations: [first] }) => {
  if (probe === undefined) return needsProbe
  const { protocol } = new URL(facts.url)
  const other = { scheme: protocol === 'https:' ? 'http' : 'https', host: 'spoofed.invalid', path: '/spoofed' }
  const { observations } = await ask({
    headers: [
      ['X-Original-URL', `${other.scheme}://${other.host}${other.path}`],
      ['X-Original-Method', 'HEAD'],
      ['X-Forwarded-Method', 'HEAD'],
      ['X-Forwarded-Proto', other.scheme],
      ['X-Forwarded-Host', other.host],
      ['X-Forwarded-Uri', other.path],
      ['X-Forwarded-Prefix', other.path],
      ['Forwarded', `proto=${other.scheme};host=${other.host}`],
    ],
  })
  const [spoofed] = observations
  if (spoofed === undefined || JSON.stringify(spoofed.target) === JSON.stringify(first?.target)) return undefined
  return {
    found: `a client’s X-Forwarded-* or X-Original-* headers changed the target to ${spoofed.target?.url ?? 'one that is refused'}`,
  }
}
