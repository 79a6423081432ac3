/** A browser that is signed in at an OpenID provider, and the program that sends it there. */
import { createHash } from 'node:crypto'
import type { Contestant } from './contestant.ts'
import { form, message } from './question.ts'

export const redirectUri = 'https://wiki.example.com/callback'
const verifier = 'a-verifier-of-the-right-length-for-whoever-asks-here'
const challenge = createHash('sha256').update(verifier).digest('base64url')

export interface Endpoints {
  authorize: string
  token: string
}

/** A program of a contestant, and the cookies of the browser of somebody who has let it in. */
export interface SignedIn {
  /** The authorization request of the browser, which is answered by a code. */
  authorize: string
  /** Has so many codes made by requests of the browser. */
  codes(count: number): Promise<string[]>
  /** The token request for a code. */
  exchange(code: string): string
  /** What the token endpoint answers to one code. */
  tokens(): Promise<{ access_token: string; id_token: string }>
  readonly program: { id: string; secret: string }
}

const enough = 10

/** Signs the browser in, as far as it is not, and has the program let in. `cookies`: those of whoever is signed in already. */
export async function signIn(
  contestant: Contestant,
  algorithm: 'ES256' | 'RS256',
  endpoints: Endpoints,
  cookies: Readonly<Record<string, string>> = {},
): Promise<SignedIn> {
  const program = await contestant.ask<SignedIn['program']>('program', algorithm)
  const origin = `http://127.0.0.1:${contestant.port}`
  const held = new Map(Object.entries(cookies))
  const jar = () => [...held].map(([name, value]) => `${name}=${value}`).join('; ')
  const path = `${endpoints.authorize}?${String(
    new URLSearchParams({
      ...{ client_id: program.id, response_type: 'code', redirect_uri: redirectUri, scope: 'openid profile email' },
      ...{ state: 'state', nonce: 'nonce', code_challenge: challenge, code_challenge_method: 'S256' },
    }),
  )}`
  const visit = async (target: string) => {
    const { pathname, search } = new URL(target, origin)
    const answer = await fetch(origin + pathname + search, { redirect: 'manual', headers: { cookie: jar() } })
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
      if (value === '') held.delete(name!)
      else held.set(name!, value!)
    }
    await answer.arrayBuffer()
    return answer.headers.get('location') ?? ''
  }
  const codeIn = (location: string) => {
    const code = location.startsWith(redirectUri) && new URL(location).searchParams.get('code')
    if (!code) throw new Error(`no code, but: ${location}`)
    return code
  }
  let location = path
  for (let step = 0; step < enough && !location.startsWith(redirectUri); step++) location = await visit(location)
  codeIn(location)

  const cookie = `Cookie: ${jar()}`
  const exchange = (code: string) =>
    form(endpoints.token, program.id, program.secret, {
      ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier },
    })
  return {
    program,
    authorize: message(path, '127.0.0.1', [cookie, 'Accept: text/html']),
    exchange,
    async codes(count) {
      const codes: string[] = []
      const make = async () => {
        while (codes.length < count) {
          const answer = await fetch(origin + path, { redirect: 'manual', headers: { cookie: jar() } })
          codes.push(codeIn(answer.headers.get('location') ?? ''))
          await answer.arrayBuffer()
        }
      }
      await Promise.all(Array.from({ length: 16 }, make))
      return codes
    },
    async tokens() {
      const [headers = '', body = ''] = exchange(codeIn(await visit(path))).split('\r\n\r\n')
      const authorization = /^Authorization: (.*)$/m.exec(headers)![1]!.trim()
      const answer = await fetch(origin + endpoints.token, {
        ...{ method: 'POST', body },
        headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
      })
      return (await answer.json()) as { access_token: string; id_token: string }
    },
  }
}
