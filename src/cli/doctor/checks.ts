import { randomBytes } from 'node:crypto'
import { apiKeyPrefix } from '../../core/api-key.ts'
import { cookieReaches } from '../../core/cookie-reach.ts'
import { escapedCharacters } from '../../core/request-path.ts'
import { lowestVersions } from '../proxy-configs/versions.ts'
import type { FindingName } from './advice.ts'
import type { Asked, Examination, Outcome } from './examination.ts'

export type Check = (examination: Examination, first: Asked) => Promise<Outcome> | Outcome

const needsProbe = { notMade: 'it needs the control socket of an embedded service on this machine' }
const needsEcho = {
  notMade: 'the upstream does not echo its headers: run with --echo, or put an echo server behind the proxy',
}
const needsPermission = {
  notMade: 'the request was not allowed: pass an access token that may see this URL by --token-stdin',
}

/** Whether the proxy asks the service at all. */
export function isAsked({ probe, marker }: Examination, { observations, reply }: Asked): Outcome {
  if (probe === undefined) return needsProbe
  const [observation] = observations
  if (observation === undefined) {
    const reached = reply.body.includes(marker) ? ', and the request reached the application' : ''
    return { found: `the service saw no question; the answer was ${reply.status}${reached}` }
  }
  if (observation.edge === 'trusted') return undefined
  const why = observation.edge === 'address' ? 'which proxies.trusted does not name' : 'without the secret of its edge'
  return { found: `the proxy asks from ${observation.peer}, ${why}`, as: 'untrusted_peer' }
}

/** What comes of a proxy that tells another scheme, where nothing else differs. */
function lossOf(asked: string, understood: string, issuer: string): string {
  if (asked.replace(/^https?:/, '') !== understood.replace(/^https?:/, '')) return ''
  if (issuer.startsWith('https:') && asked.startsWith('https:')) {
    return ': with the issuer on https, nobody is led back after a sign-in'
  }
  return understood.startsWith('https:') ? ': with the issuer on http, people are led to https after a sign-in' : ''
}

const targetDiffers: Check = async ({ ask, facts, probe }, { observations: [first] }) => {
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

const hostConfusion: Check = async ({ ask, probe }) => {
  if (probe === undefined) return needsProbe
  const otherHost = `${randomBytes(8).toString('hex')}.invalid`
  // Without the token: a proxy that goes by the Host header would hand it to another site.
  const { observations } = await ask({ anonymous: true, otherHost })
  const confused = observations.some(({ target }) => target !== undefined && new URL(target.url).host === otherHost)
  return confused
    ? { found: 'the request line named this host, the Host header another one, and the other one was judged' }
    : undefined
}

const spoofableTarget: Check = async ({ ask, facts, probe }, { observations: [first] }) => {
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

const mostNames = 12

/** As many of the names as a person reads, each once whatever its case. */
function namesOf(names: readonly string[]): string {
  const distinct = [...new Map(names.toReversed().map((name) => [name.toLowerCase(), name])).values()].toReversed()
  const rest = distinct.length - mostNames
  return distinct.slice(0, mostNames).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

/** Which of many header lines that a client sent reached the upstream. Each has a value of its own. */
async function arriving({ ask }: Examination, names: readonly string[]): Promise<string[]> {
  const lines = names.map((name) => [name, randomBytes(12).toString('hex')] as const)
  const { reply } = await ask({ headers: lines })
  return lines.filter(([, value]) => reply.body.includes(value)).map(([name]) => name)
}

/** Why what reaches the upstream cannot be seen; nothing when it can. */
function blindness({ marker, probe }: Examination, { observations: [first], reply }: Asked): Outcome {
  if (reply.body.includes(marker)) return undefined
  const denied = probe === undefined ? reply.status === 401 || reply.status === 302 : first?.status !== 200
  return denied ? needsPermission : needsEcho
}

const spoofableHeaders: Check = async (examination, first) => {
  const { identity_headers: names } = examination.facts
  const blind = blindness(examination, first)
  if (blind !== undefined) return blind
  const arrived = await arriving(examination, [...names, ...names.map((name) => name.toUpperCase())])
  return arrived.length === 0 ? undefined : { found: `a client’s own reached the upstream: ${namesOf(arrived)}` }
}

/** What CGI and its heirs turn into the same underscore as a hyphen, beside the underscore and the dot. */
const aliasing = "!#$%&'*+^`|~"

const spoofableSpellings: Check = async (examination, first) => {
  const { identity_headers: names } = examination.facts
  const blind = blindness(examination, first)
  if (blind !== undefined) return blind
  const spellings = names.flatMap((name) => [
    name.replaceAll('-', '_'),
    name.toUpperCase().replaceAll('-', '_'),
    name.replace(/-(?=[^-]*$)/, '_'),
    name.replaceAll('-', '.'),
  ])
  const [name = ''] = names
  spellings.push(...Array.from(aliasing, (character) => name.replaceAll('-', character)))
  const arrived = await arriving(examination, spellings)
  return arrived.length === 0 ? undefined : { found: `a client’s own reached the upstream: ${namesOf(arrived)}` }
}

const missingHeaders: Check = async (examination, first) => {
  const { facts, probe, token } = examination
  if (probe === undefined) return needsProbe
  const blind = blindness(examination, first)
  if (blind !== undefined) return blind
  const filled = new Set(first.observations[0]?.filled)
  const expected = facts.identity_headers.filter((name) => filled.has(name))
  if (expected.length === 0 && !facts.replaces_authorization) {
    return { notMade: 'anyone may see this URL, so there is no identity: take a URL that needs a sign-in' }
  }
  const missing = expected.filter((name) => !first.reply.body.toLowerCase().includes(name.toLowerCase()))
  // One that a client can set is found already, and mended by the same line.
  const spoofable = new Set(missing.length > 0 ? await arriving(examination, missing) : [])
  const plain = missing.filter((name) => !spoofable.has(name))
  const kept = filled.has('Authorization') && token !== undefined && first.reply.body.includes(token)
  if (facts.replaces_authorization && kept) plain.push('Authorization')
  return plain.length === 0
    ? undefined
    : { found: `the service sent them, the upstream did not get them: ${namesOf(plain)}` }
}

const credentialsForwarded: Check = async (examination, first) => {
  const { ask, facts, token } = examination
  if (facts.withheld.length === 0) return undefined
  const blind = blindness(examination, first)
  if (blind !== undefined) return blind
  // Nobody's: the token decides, or anyone may see this URL.
  const [cookie, key] = [randomBytes(12).toString('hex'), `${apiKeyPrefix}${randomBytes(12).toString('hex')}`]
  const { reply } = await ask({
    headers: [
      ['Cookie', `theme=dark; ${facts.page_cookie}=${cookie}`],
      ['X-API-Key', key],
    ],
  })
  const shown = { Cookie: cookie, Authorization: token, 'X-API-Key': key }
  const arrived = facts.withheld.filter((name) => shown[name] !== undefined && reply.body.includes(shown[name]))
  return arrived.length === 0
    ? undefined
    : { found: `the host says \`forward: never\`, and credentials of ours reached the upstream: ${namesOf(arrived)}` }
}

const cookieNotShared: Check = ({ facts }) => {
  const [url, issuer] = [new URL(facts.url), new URL(facts.issuer)]
  const domain = facts.cookie_domain
  if (issuer.protocol === 'https:' && url.protocol === 'http:') {
    return { found: 'the issuer is on https, so its cookies are not sent to this URL on http' }
  }
  if (cookieReaches(url.hostname, { issuer: facts.issuer, cookieDomain: domain })) return undefined
  const reach = domain === undefined ? `only to ${issuer.hostname}` : `to ${domain} and its subdomains`
  return { found: `the session cookie is sent ${reach}, which ${url.hostname} is not` }
}

const cookieDropped: Check = async ({ exchange, facts }) => {
  const page = `${facts.issuer}/login`
  const reply = await exchange.send({ url: page, headers: [['Accept', 'text/html']] }).catch(() => undefined)
  if (reply?.status !== 200) {
    return { notMade: `${page} was not answered with the sign-in page (${reply?.status ?? 'no answer'})` }
  }
  const cookie = reply.setCookies.find((line) => line.startsWith(`${facts.page_cookie}=`))
  if (cookie === undefined) return { found: `${page} came without the cookie ${facts.page_cookie}` }
  const [, ...parts] = cookie.toLowerCase().split(';')
  const attributes = new Set(parts.map((part) => part.trim().split('=', 1)[0]!))
  const expected = ['path', 'httponly', 'samesite', ...(facts.issuer.startsWith('https:') ? ['secure'] : [])]
  const changed = expected.filter((name) => !attributes.has(name))
  if (attributes.has('domain')) changed.push('domain')
  return changed.length === 0
    ? undefined
    : { found: `the cookie ${facts.page_cookie} arrived changed: ${namesOf(changed)}` }
}

const noWayToSignIn: Check = async ({ ask, facts, probe }) => {
  if (probe === undefined) return needsProbe
  const { reply, observations } = await ask({
    anonymous: true,
    headers: [
      ['Accept', 'text/html'],
      ['Sec-Fetch-Mode', 'navigate'],
    ],
  })
  const [question] = observations
  if (question === undefined || !question.filled.includes('Location')) return undefined
  if (reply.location?.startsWith(`${facts.issuer}/login?`)) return undefined
  return { found: `the service named the sign-in page, the browser got ${reply.status} without it` }
}

const mostSkewMilliseconds = 5_000

const clocksDisagree: Check = async ({ ask }) => {
  const { reply, clocks } = await ask()
  if (reply.date === undefined || Number.isNaN(reply.date)) return { notMade: 'the proxy sends no Date' }
  const skew = (clocks.service ?? clocks.here) - reply.date
  if (Math.abs(skew) <= mostSkewMilliseconds) return undefined
  const whose = clocks.service === undefined ? 'this machine' : 'the service'
  return { found: `${whose} is ${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? 'ahead of' : 'behind'} the proxy` }
}

/** Only nginx tells its version, and only unless it is told not to; what an application says about itself is not asked. */
const outdated: Check = (_, { reply, observations: [first] }) => {
  const [, product = '', version = ''] = /^([a-z]+)\/(\d+(?:\.\d+)*)/i.exec(reply.server ?? '') ?? []
  const proxy = product.toLowerCase()
  if (!Object.hasOwn(lowestVersions, proxy) || (first !== undefined && first.dialect !== proxy)) return undefined
  const lowest = lowestVersions[proxy as keyof typeof lowestVersions]
  return isOlder(version, lowest) ? { found: `${product} ${version}; the lowest is ${lowest}` } : undefined
}

function isOlder(version: string, than: string): boolean {
  const [own, other] = [version, than].map((text) => text.split('.').map(Number))
  const at = other!.findIndex((part, index) => part !== (own![index] ?? 0))
  return at !== -1 && (own![at] ?? 0) < other![at]!
}

const mailNotSent: Check = async ({ checkMail }) => {
  const fault = await checkMail()
  return fault === undefined ? undefined : { found: fault }
}

const questions = 6

const noKeepAlive: Check = async ({ ask, probe }) => {
  if (probe === undefined) return needsProbe
  const seen: number[] = []
  for (let count = 0; count < questions; count++) {
    const { observations } = await ask()
    seen.push(...observations.map(({ connection }) => connection))
  }
  if (seen.length < questions) return { notMade: 'the proxy did not ask about every request' }
  if (new Set(seen).size < seen.length) return undefined
  return { found: `${seen.length} questions in a row came over ${seen.length} connections` }
}

const failsOpen: Check = async ({ ask, probe, marker }, first) => {
  if (probe === undefined) return needsProbe
  await probe.behave('vanish')
  try {
    const { reply } = await ask()
    const canSee = first.reply.body.includes(marker)
    const passed = reply.body.includes(marker) || (!canSee && reply.status < 400)
    return passed ? { found: `without an answer of the service the request was answered ${reply.status}` } : undefined
  } catch {
    // A proxy that cuts the connection lets nobody through.
    return undefined
  } finally {
    await probe.behave('answer')
  }
}

/** The stopped service comes last: a proxy may avoid it for a moment. */
export const inOrder = {
  target_differs: targetDiffers,
  host_confusion: hostConfusion,
  spoofable_target: spoofableTarget,
  spoofable_headers: spoofableHeaders,
  spoofable_spellings: spoofableSpellings,
  missing_headers: missingHeaders,
  credentials_forwarded: credentialsForwarded,
  cookie_not_shared: cookieNotShared,
  cookie_dropped: cookieDropped,
  no_way_to_sign_in: noWayToSignIn,
  clocks_disagree: clocksDisagree,
  outdated,
  mail_not_sent: mailNotSent,
  no_keep_alive: noKeepAlive,
  fails_open: failsOpen,
} as const satisfies Partial<Record<FindingName, Check>>

/** These say something even where the proxy does not ask. */
export const independent: ReadonlySet<FindingName> = new Set([
  ...(['cookie_not_shared', 'cookie_dropped', 'clocks_disagree', 'outdated', 'mail_not_sent'] as const),
])
