/**
 * What a question costs in processor time beside oauth2-proxy, which verifies each bearer token anew, beside `node:http`
 * that sends the same headers and decides nothing, and beside the build of an earlier day. All in turns, in one run, each
 * server on the same core.
 */
import { randomBytes } from 'node:crypto'
import { compare, type Entry, verdict } from './support/compare.ts'
import { type Contestant, start } from './support/contestant.ts'
import { checkOut } from './support/earlier-build.ts'
import { oauth2ProxyVersion, startOauth2Proxy } from './support/oauth2-proxy.ts'
import { bearer, form, headersOfAllowed, message, question } from './support/question.ts'
import { measureStarts } from './support/starts.ts'
import type { Teardowns } from './support/teardowns.ts'

/** The build of 29 November 2026. */
const earlierCommit = 'f53229e'
const resource = 'https://api.example.com'
/** Each round takes tokens that were never seen, and signing them takes time as well. */
const coldRounds = 10

export async function peers(teardowns: Teardowns): Promise<void> {
  const earlierRoot = checkOut(teardowns, earlierCommit)
  const gatehouse = await start(teardowns, 'gatehouse')
  const earlier = earlierRoot === undefined ? undefined : await start(teardowns, 'gatehouse', {}, earlierRoot)
  const jwksUrl = `http://127.0.0.1:${gatehouse.port}/.well-known/jwks.json`
  const claims = JSON.parse(Buffer.from(gatehouse.facts['token']!.split('.')[1]!, 'base64url').toString()) as {
    iss: string
  }
  const peer = await startOauth2Proxy(teardowns, { issuer: claims.iss, jwksUrl })

  await warm(teardowns, gatehouse, earlier)
  for (const forged of [false, true]) await cold(gatehouse, earlier, peer, forged)
  await clientCredentials(gatehouse, earlier)
  if (earlierRoot !== undefined) await measureStarts(teardowns, earlierRoot, earlierCommit)
}

type Given = Contestant | undefined
const whereThere = (...entries: (Omit<Entry, 'contestant'> & { contestant: Given })[]): Entry[] =>
  entries.filter((entry): entry is Entry => entry.contestant !== undefined)

async function warm(teardowns: Teardowns, gatehouse: Contestant, earlier: Given): Promise<void> {
  const { token } = gatehouse.facts
  const byToken = (of: Contestant) => question(bearer(of.facts['token']!))
  const byCookie = (of: Contestant) => question(`Cookie: theme=dark; gatehouse=${of.facts['cookie']}`)
  const headers = await headersOfAllowed(gatehouse.port, token!)
  const bare = await start(teardowns, 'bare', { ...headers, 'content-length': '0' })
  const byNobody = question('X-Client: 1', { by: 'program' })
  const denied = 'HTTP/1.1 401'
  const [own, withCookie, nobody, before, beforeCookie] = await compare(
    'warm questions',
    whereThere(
      { name: 'bearer token', contestant: gatehouse, request: byToken(gatehouse) },
      {
        name: 'session cookie',
        contestant: gatehouse,
        request: byCookie(gatehouse),
      },
      { name: 'a program’s 401', contestant: gatehouse, request: byNobody, expected: denied },
      { name: `bearer token, ${earlierCommit}`, contestant: earlier, request: earlier ? byToken(earlier) : '' },
      { name: `session cookie, ${earlierCommit}`, contestant: earlier, request: earlier ? byCookie(earlier) : '' },
      { name: 'node:http, the same headers', contestant: bare, request: byToken(gatehouse) },
    ),
    { apart: true },
  )
  verdict('warm bearer token, times node:http’s', own!.ratio.cpu, '≤', 1.25)
  verdict('warm session cookie, times node:http’s', withCookie!.ratio.cpu, '≤', 1.25)
  verdict('a program’s 401, times a warm bearer token’s', nobody!.ratio.cpu / own!.ratio.cpu, '≤', 1.1)
  if (earlier === undefined) return
  verdict(`warm bearer token, times ${earlierCommit}’s`, own!.ratio.cpu / before!.ratio.cpu, '≤', 1.02)
  verdict(`warm session cookie, times ${earlierCommit}’s`, withCookie!.ratio.cpu / beforeCookie!.ratio.cpu, '≤', 1.02)
}

/** Tokens that nobody has shown yet; of forged ones the signature is replaced. */
async function cold(gatehouse: Contestant, earlier: Given, peer: Given, forged: boolean): Promise<void> {
  const status = forged ? 'HTTP/1.1 401' : undefined
  const entry = async (
    name: string,
    contestant: Given,
    from: Given,
    ask: (token: string) => string,
    expected?: string,
  ) => ({
    name,
    contestant,
    ...(expected && { expected }),
    request: contestant === undefined || from === undefined ? '' : await unseen(from, ask, forged, contestant === peer),
  })
  const byProxy = (token: string) => message('/oauth2/auth', '127.0.0.1', [bearer(token)])
  const entries = whereThere(
    await entry('Gatehouse', gatehouse, gatehouse, asked, status),
    await entry(`Gatehouse, ${earlierCommit}`, earlier, earlier, asked, status),
    await entry(`oauth2-proxy ${oauth2ProxyVersion}`, peer, gatehouse, byProxy, status ?? 'HTTP/1.1 202'),
  )
  const what = forged ? 'forged signatures' : 'each token new'
  const [own] = await compare(`${what}, ES256`, entries, { apart: true, rounds: coldRounds })
  const reference = peer === undefined ? `${earlierCommit}’s` : 'oauth2-proxy’s'
  verdict(`${what}${forged ? '' : ', with assertion'}, times ${reference}`, own!.ratio.cpu, '≤', 0.8)
}

const asked = (token: string): string => question(bearer(token), { by: 'program' })

const batch = 2_000
/** As many as a quick machine can ask about in all rounds. */
const supply = 80_000

async function unseen(
  from: Contestant,
  ask: (token: string) => string,
  forged: boolean,
  again: boolean,
): Promise<() => string> {
  const tokens: string[] = []
  while (tokens.length < (again ? batch : supply)) tokens.push(...(await from.ask<string[]>('tokens', batch)))
  let next = 0
  return () => {
    const token = tokens[next++ % tokens.length]!
    if (next > tokens.length && !again) throw new Error('no token is left that was never seen')
    return ask(forged ? token.slice(0, token.lastIndexOf('.') + 1) + randomBytes(64).toString('base64url') : token)
  }
}

async function clientCredentials(gatehouse: Contestant, earlier: Given): Promise<void> {
  const fields = { grant_type: 'client_credentials', scope: 'api', resource }
  const entry = (name: string, contestant: Given) => {
    const { clientId, clientSecret } = contestant?.facts ?? {}
    return { name, contestant, request: contestant ? form('/oauth/token', clientId!, clientSecret!, fields) : '' }
  }
  const [own] = await compare(
    'client_credentials, JWT by ES256',
    whereThere(entry('Gatehouse', gatehouse), entry(`Gatehouse, ${earlierCommit}`, earlier)),
    { apart: true },
  )
  if (earlier !== undefined) verdict(`client_credentials, times ${earlierCommit}’s`, own!.ratio.cpu, '≤', 0.75)
}
