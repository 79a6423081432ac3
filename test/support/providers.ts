/** Providers to sign in by: one that lies as it is told, and one that speaks as GitHub's documentation says. */
import { createHash, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { exportJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import { freePort } from './servers.ts'
import type { Answer, Service } from './service.ts'
import { own } from './pages.ts'

interface Teardown {
  teardown(after: () => unknown): unknown
}
type Table = Record<string, unknown>

/** What a provider does otherwise than it should. */
export interface Lies {
  /** `iss` of the response; null: none. */
  responseIss?: string | null
  /** Claims of the ID token in place of what it should hold; undefined leaves one out. */
  claims?: Table
  /** Signed by another key: under the name of the announced one, or under a name that was never announced. */
  key?: 'forged' | 'unannounced'
  /** In place of a code. */
  error?: string
  /** `dead`: nothing is answered; `slow`: never; `broken`: a page of HTML with 502. */
  outage?: 'dead' | 'slow' | 'broken'
  /** Only the answer of this path is meant by `outage`. */
  at?: string
  /** The metadata say another issuer. */
  metadataIssuer?: string
  userinfo?: Table
}

export interface LabProvider {
  issuer: string
  clientId: string
  secret: string
  /** Who signs in. */
  person: Table & { sub: string }
  lies: Lies
  /** The parameters that the browser came with last. */
  asked: URLSearchParams
  /** Announces a key that signs from now on. */
  rotate(): Promise<void>
  logoutToken(claims?: Table, header?: Table): Promise<string>
  /** How often each path was asked for. */
  counts: Record<string, number>
}

export const labClient = { id: 'gatehouse', secret: 'a secret of the lab' }
const algorithm = 'ES256'

async function newKey(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' } as JWK }
}

/** A provider of OpenID Connect that signs in whoever is its `person`, without a page. `secretKey`: of which the secret is a token, as Apple has it. */
export async function startLabProvider(
  t: Teardown,
  service: { clock: { now(): number } },
  { logout = true, secretKey }: { logout?: boolean; secretKey?: KeyObject } = {},
): Promise<LabProvider> {
  const at = await freePort()
  const issuer = `http://127.0.0.1:${at}`
  const [forged, unannounced] = [await newKey('first'), await newKey('never-announced')]
  let key = await newKey('first')
  const announced = [key.jwk]
  const codes = new Map<string, { query: URLSearchParams; sub: string }>()
  const now = () => Math.floor(service.clock.now() / 1000)
  const lab: LabProvider = {
    issuer,
    clientId: labClient.id,
    secret: labClient.secret,
    person: { sub: 'ada' },
    lies: {},
    asked: new URLSearchParams(),
    counts: {},
    async rotate() {
      key = await newKey(randomUUID())
      announced.push(key.jwk)
    },
    logoutToken: (claims = {}, header = {}) =>
      new SignJWT({
        ...{ iss: issuer, aud: labClient.id, iat: now(), exp: now() + 120, jti: randomUUID() },
        ...{ events: { 'http://schemas.openid.net/event/backchannel-logout': {} }, ...claims },
      })
        .setProtectedHeader({ alg: algorithm, kid: key.kid, typ: 'logout+jwt', ...header })
        .sign(key.privateKey),
  }

  function idToken(query: URLSearchParams): Promise<string> {
    const { lies, person } = lab
    const signer = lies.key === undefined ? key : { forged, unannounced }[lies.key]
    const claims = {
      ...{ iss: issuer, aud: labClient.id, iat: now(), exp: now() + 300, nonce: query.get('nonce') ?? undefined },
      ...person,
      ...lies.claims,
    }
    return new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid: signer.kid }).sign(signer.privateKey)
  }
  const json = (reply: ServerResponse, body: unknown, status = 200) => {
    reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const routes: Record<string, (request: IncomingMessage, reply: ServerResponse, url: URL) => unknown> = {
    '/.well-known/openid-configuration': (_request, reply) =>
      json(reply, {
        issuer: lab.lies.metadataIssuer ?? issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/userinfo`,
        jwks_uri: `${issuer}/jwks`,
        ...(logout && { end_session_endpoint: `${issuer}/end` }),
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: [algorithm],
        authorization_response_iss_parameter_supported: true,
      }),
    '/jwks': (_request, reply) => json(reply, { keys: announced }),
    '/userinfo': (_request, reply) => json(reply, { ...lab.person, ...lab.lies.userinfo }),
    '/authorize'(_request, reply, { searchParams: query }) {
      lab.asked = query
      const code = randomUUID()
      codes.set(code, { query, sub: lab.person.sub })
      const { error, responseIss = issuer } = lab.lies
      const answer = new URL(query.get('redirect_uri')!)
      const given = { ...(error === undefined ? { code } : { error }), state: query.get('state')! }
      const told = { ...given, ...(responseIss !== null && { iss: responseIss }) }
      if (query.get('response_mode') === 'form_post') {
        const inputs = Object.entries(told).map(
          ([name, value]) => `<input type="hidden" name="${name}" value="${value}" />`,
        )
        const form = `<form method="post" action="${answer.href}">${inputs.join('')}<button>Continue</button></form>`
        return reply.writeHead(200, { 'content-type': 'text/html' }).end(form)
      }
      answer.search = new URLSearchParams(told).toString()
      reply.writeHead(303, { location: answer.href }).end()
    },
    async '/token'(request, reply) {
      const form = new URLSearchParams(await textOf(request))
      const begun = codes.get(form.get('code') ?? '')
      const expected = Buffer.from(`${labClient.id}:${encodeURIComponent(labClient.secret).replaceAll('%20', '+')}`)
      const isKnown =
        secretKey === undefined
          ? request.headers.authorization === `Basic ${expected.toString('base64')}`
          : await jwtVerify(form.get('client_secret') ?? '', secretKey, {
              ...{
                issuer: 'ABCDE12345',
                subject: labClient.id,
                audience: issuer,
                currentDate: new Date(service.clock.now()),
              },
            }).catch(() => false)
      if (!isKnown) {
        reply.setHeader('www-authenticate', 'Basic')
        return json(reply, { error: 'invalid_client' }, 401)
      }
      codes.delete(form.get('code') ?? '')
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url')
      const isRight = begun?.query.get('code_challenge') === challenge
      if (begun === undefined || !isRight || begun.query.get('redirect_uri') !== form.get('redirect_uri')) {
        return json(reply, { error: 'invalid_grant' }, 400)
      }
      const tokens = { access_token: randomUUID(), token_type: 'Bearer', id_token: await idToken(begun.query) }
      return json(reply, tokens)
    },
  }
  const server = createServer((request, reply) => {
    const url = new URL(request.url!, issuer)
    lab.counts[url.pathname] = (lab.counts[url.pathname] ?? 0) + 1
    const { outage, at: where = url.pathname } = lab.lies
    if (outage !== undefined && where === url.pathname) {
      if (outage === 'dead') request.socket.destroy()
      if (outage === 'broken') reply.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>')
      return
    }
    const route = routes[url.pathname]
    if (route === undefined) reply.writeHead(404).end()
    else void route(request, reply, url)
  })
  await new Promise<void>((listening) => server.listen(at, '127.0.0.1', listening))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return lab
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** As GitHub documents it: OAuth 2 without metadata, errors with status 200, and an API that says who somebody is. */
export async function startGithub(t: Teardown) {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const codes = new Map<string, string>()
  const github = {
    issuer,
    user: { id: 583_231, login: 'ada', name: 'Ada Lovelace' },
    emails: [{ email: 'ada@example.test', primary: true, verified: true }],
    organisations: ['analytical-engines'],
    asked: new URLSearchParams(),
  }
  const json = (reply: ServerResponse, body: unknown, status = 200) => {
    reply.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
  }
  const server = createServer((request, reply) => {
    const url = new URL(request.url!, issuer)
    if (url.pathname === '/login/oauth/authorize') {
      github.asked = url.searchParams
      const code = randomUUID()
      codes.set(code, url.searchParams.get('code_challenge') ?? '')
      const back = new URL(url.searchParams.get('redirect_uri')!)
      back.search = new URLSearchParams({ code, state: url.searchParams.get('state')! }).toString()
      return void reply.writeHead(302, { location: back.href }).end()
    }
    if (url.pathname === '/login/oauth/access_token') {
      return void textOf(request).then((text) => {
        const form = new URLSearchParams(text)
        const challenge = codes.get(form.get('code') ?? '')
        codes.delete(form.get('code') ?? '')
        const verifier = createHash('sha256')
          .update(form.get('code_verifier') ?? '')
          .digest('base64url')
        if (form.get('client_secret') !== labClient.secret)
          return json(reply, { error: 'incorrect_client_credentials' })
        if (challenge !== verifier) return json(reply, { error: 'bad_verification_code' })
        return json(reply, { access_token: 'gho_1', token_type: 'bearer', scope: 'read:user,user:email' })
      })
    }
    if (request.headers.authorization !== 'Bearer gho_1') return json(reply, { message: 'Bad credentials' }, 401)
    if (url.pathname === '/api/v3/user') return json(reply, github.user)
    if (url.pathname === '/api/v3/user/emails') return json(reply, github.emails)
    if (url.pathname === '/api/v3/user/orgs')
      return json(
        reply,
        github.organisations.map((login) => ({ login })),
      )
    return json(reply, { message: 'Not Found' }, 404)
  })
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return github
}

/** One provider of a gatehouse.yaml, at the lab. */
export const labSettings = (lab: { issuer: string }, more: object = {}) => ({
  ...{ name: 'lab', title: 'Lab', issuer: lab.issuer, client_id: labClient.id },
  ...more,
})
/** The variables that hold the secrets of providers. */
export const labSecrets = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [`GATEHOUSE_PROVIDER_${name.toUpperCase()}_SECRET`, labClient.secret]))

/** A browser: it keeps cookies, follows redirects when told, and fills in forms. */
export class Visitor {
  readonly service: Service
  readonly cookies: Record<string, string> = {}
  constructor(service: Service) {
    this.service = service
  }

  get headers(): Record<string, string> {
    const cookie = Object.entries(this.cookies)
      .map(([name, value]) => `${name}=${value}`)
      .join('; ')
    return cookie === '' ? {} : { cookie }
  }

  async call(path: string, form?: Record<string, string>): Promise<Answer> {
    const sent = form === undefined ? {} : { method: 'POST', form }
    const headers = { accept: 'text/html', ...this.headers, ...(form && own) }
    const answer = await this.service.call(path, { ...sent, headers })
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      const [pair = '', ...attributes] = line.split('; ')
      const [name = '', ...value] = pair.split('=')
      const isGone = attributes.some((attribute) => attribute === 'Expires=Thu, 01 Jan 1970 00:00:00 GMT')
      if (isGone) delete this.cookies[name]
      else this.cookies[name] = value.join('=')
    }
    return answer
  }

  /** Sends the form of a page, with its proof. */
  async submit(page: string, action: string, fields: Record<string, string>): Promise<Answer> {
    const proofIn = ({ body }: Answer) => /name="csrf_token" value="([\w-]+)"/.exec(body)?.[1]
    // Who is signed in is shown no form to sign in.
    const csrf_token = proofIn(await this.call(page)) ?? proofIn(await this.call('/forgot-password')) ?? ''
    return this.call(action, { csrf_token, ...fields })
  }

  /** Presses the button of a provider. Resolves to where that leads. */
  async begin(provider = 'lab', fields: Record<string, string> = {}): Promise<string> {
    const answer = await this.submit('/login', '/login-with', { provider, ...fields })
    return String(answer.headers['location'])
  }

  /** What the provider leads back to, as a path of the service. */
  async visit(address: string): Promise<string> {
    const answer = await fetch(address, { redirect: 'manual' })
    const location = answer.headers.get('location') ?? ''
    return location.replace(this.service.issuer, '')
  }

  /** Comes back from a provider. */
  async finish(address: string): Promise<Answer> {
    return this.call(await this.visit(address))
  }

  /** The whole way to a provider and back. */
  async signIn(provider = 'lab', fields: Record<string, string> = {}): Promise<Answer> {
    return this.finish(await this.begin(provider, fields))
  }

  /** The page that an answer leads to. */
  async follow(answer: Answer): Promise<Answer> {
    const location = String(answer.headers['location']).replace(this.service.issuer, '')
    return this.call(location.startsWith('/') ? location : `/${location}`)
  }

  /** Who is signed in here. */
  async person(): Promise<{ id: string; email: string; roles: string[]; groups: string[] } | undefined> {
    const answer = await this.service.call('/api/users/me', { headers: this.headers })
    return answer.status === 200 ? answer.json() : undefined
  }
}
