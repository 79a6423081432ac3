/** Raw requests as a proxy or a browser sends them. */

const browser = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml',
  'Accept-Language: en',
]

export const bearer = (token: string): string => `Authorization: Bearer ${token}`

const program = ['User-Agent: curl/8.16.0', 'Accept: application/json']

/** Traefik's question about a request for `https://host/path`, which a browser sent, or a program. */
export function question(
  credential: string,
  {
    host = 'app.example.com',
    path = '/api/reports?year=2026',
    by = 'browser',
  }: { host?: string; path?: string; by?: 'browser' | 'program' } = {},
): string {
  const target = [
    'X-Forwarded-Method: GET',
    'X-Forwarded-Proto: https',
    `X-Forwarded-Host: ${host}`,
    `X-Forwarded-Uri: ${path}`,
    'X-Forwarded-For: 203.0.113.7',
  ]
  return message('/forward-auth/traefik', 'gatehouse:3000', [
    ...target,
    ...(by === 'browser' ? browser : program),
    credential,
  ])
}

/** What a browser sends to a proxy. */
export function visit(credential: string, host: string, path = '/api/reports?year=2026'): string {
  return message(path, host, [...browser, credential])
}

/** What a program sends to an endpoint of OAuth, with its id and secret as Basic. */
export function form(path: string, id: string, secret: string, fields: Record<string, string>): string {
  const body = new URLSearchParams(fields).toString()
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    `Authorization: Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
  ]
  return [...lines, '', body].join('\r\n')
}

/** A request for a path, with the headers of these lines. */
export function message(path: string, host: string, lines: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, `Host: ${host}`, ...lines, '', ''].join('\r\n')
}

/** The answer that a reference must send as well: its headers, without those of every server's own, and its body. */
export async function sampleOf(
  url: string,
  init?: RequestInit,
): Promise<{ headers: Record<string, string>; body: string }> {
  const answer = await fetch(url, init)
  if (answer.status !== 200) throw new Error(`the service answered ${answer.status}`)
  const own = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding'])
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !own.has(name)))
  return { headers, body: await answer.text() }
}

/** The headers of the answer that lets a bearer token pass, for opponents that send the same. */
export async function headersOfAllowed(port: number, token: string): Promise<Record<string, string>> {
  const { headers } = await sampleOf(`http://127.0.0.1:${port}/forward-auth/traefik`, {
    headers: {
      'x-forwarded-method': 'GET',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'app.example.com',
      'x-forwarded-uri': '/',
      authorization: `Bearer ${token}`,
    },
  })
  return headers
}
