/** Whether headers that say who somebody is come from the service alone, and credentials go no further than they should. */
import { randomBytes } from 'node:crypto'
import { apiKeyPrefix } from '../../core/api-key.ts'
import { type Check, namesOf, needsEcho, needsPermission, needsProbe } from './check.ts'
import type { Asked, Examination, Outcome } from './examination.ts'

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

export const spoofableHeaders: Check = async (examination, first) => {
  const { identity_headers: names } = examination.facts
  const blind = blindness(examination, first)
  if (blind !== undefined) return blind
  const arrived = await arriving(examination, [...names, ...names.map((name) => name.toUpperCase())])
  return arrived.length === 0 ? undefined : { found: `a client’s own reached the upstream: ${namesOf(arrived)}` }
}

/** What CGI and its heirs turn into the same underscore as a hyphen, beside the underscore and the dot. */
const aliasing = "!#$%&'*+^`|~"

export const spoofableSpellings: Check = async (examination, first) => {
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

/** Of questions alone: no other request brings the secret of the edge unless the configuration was printed for this. */
export const spoofableCertificate: Check = async ({ ask, facts, probe }) => {
  const { certificate_header: name } = facts
  if (name === undefined) return undefined
  if (probe === undefined) return needsProbe
  const [, id] = probe.header
  const { observations } = await ask({ headers: [[name, id]] })
  if (!observations.some((one) => one.certificate_is_clients)) return undefined
  return { found: `a client’s own ${name} reached the service` }
}

export const missingHeaders: Check = async (examination, first) => {
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

export const credentialsForwarded: Check = async (examination, first) => {
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
