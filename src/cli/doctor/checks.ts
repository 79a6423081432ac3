import { cookieReaches } from '../../core/cookie-reach.ts'
import { lowestVersions } from '../proxy-configs/versions.ts'
import type { FindingName } from './advice.ts'
import { type Check, namesOf, needsProbe } from './check.ts'
import type { Asked, Examination, Outcome } from './examination.ts'
import {
  credentialsForwarded,
  missingHeaders,
  spoofableCertificate,
  spoofableHeaders,
  spoofableSpellings,
} from './header-checks.ts'
import { hostConfusion, spoofableTarget, targetDiffers } from './target-checks.ts'

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

const cookieNotShared: Check = ({ facts }) => {
  const [url, issuer] = [new URL(facts.url), new URL(facts.issuer)]
  const domain = facts.cookie_domain
  if (issuer.protocol === 'https:' && url.protocol === 'http:') {
    return { found: 'the issuer is on https, so its cookies are not sent to this URL on http' }
  }
  if (facts.gets_own_cookie || cookieReaches(url.hostname, { issuer: facts.issuer, cookieDomain: domain }))
    return undefined
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

const maxSkewMilliseconds = 5_000

const clocksDisagree: Check = async ({ ask }) => {
  const { reply, clocks } = await ask()
  if (reply.date === undefined || Number.isNaN(reply.date)) return { notMade: 'the proxy sends no Date' }
  const skew = (clocks.service ?? clocks.here) - reply.date
  if (Math.abs(skew) <= maxSkewMilliseconds) return undefined
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

const mailsGivenUp: Check = async ({ givenUpMails }) => {
  if (givenUpMails === undefined) return { notMade: `${needsProbe.notMade}; gatehouse mail list --state dead says it` }
  const { count, since } = await givenUpMails()
  return count === 0 ? undefined : { found: `${count} since ${since}` }
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
  spoofable_certificate: spoofableCertificate,
  missing_headers: missingHeaders,
  credentials_forwarded: credentialsForwarded,
  cookie_not_shared: cookieNotShared,
  cookie_dropped: cookieDropped,
  no_way_to_sign_in: noWayToSignIn,
  clocks_disagree: clocksDisagree,
  outdated,
  mail_not_sent: mailNotSent,
  mails_given_up: mailsGivenUp,
  no_keep_alive: noKeepAlive,
  fails_open: failsOpen,
} as const satisfies Partial<Record<FindingName, Check>>

/** These say something even where the proxy does not ask. */
export const independent: ReadonlySet<FindingName> = new Set([
  ...([
    'cookie_not_shared',
    'cookie_dropped',
    'clocks_disagree',
    'outdated',
    'mail_not_sent',
    'mails_given_up',
  ] as const),
])
