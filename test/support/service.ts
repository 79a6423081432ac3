/** The whole service, listening on a real port, with a clock that the test moves. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { pino } from 'pino'
import { stringify } from 'yaml'
import { buildApp, type Gatehouse } from '../../src/gatehouse.ts'
import { createBase } from '../../src/base.ts'
import { loadConfig } from '../../src/config.ts'
import type { Budgets } from '../../src/core/budgets.ts'
import type { PasswordHasher } from '../../src/core/password-hasher.ts'
import type { Stores } from '../../src/core/stores.ts'
import { answerHeaderBytes } from '../../src/core/sizes.ts'
import { type ApiDocument, createDocumentCheck, watchAnswers } from './document.ts'
import { patientProxies } from './patience.ts'
import { freePort, scratchFolder } from './servers.ts'
import { cheapHasher, estimateStrength } from './passwords.ts'
import { testSecret } from './secrets.ts'
import { type Backend, backends, type OpenBackend } from './backends.ts'

interface Teardown {
  teardown(after: () => unknown): unknown
}

export interface TestClock {
  now(): number
  advance(seconds: number): void
}

/** Begins at the real time, so that libraries with clocks of their own agree; moves only when told. */
export function createClock(): TestClock {
  let now = Date.now()
  return { now: () => now, advance: (seconds) => void (now += seconds * 1000) }
}

export interface ServiceOptions {
  backend?: Backend
  /** Shares the state of another service: a second replica. */
  beside?: Service
  /** Content of gatehouse.yaml. */
  yaml?: { proxies?: object; [section: string]: unknown }
  environment?: Record<string, string>
  /** What hashes passwords; without it Argon2id at its cheapest, since few tests are about what a hash costs. */
  hasher?: PasswordHasher
  /** Where it listens, when the caller must know beforehand. */
  port?: number
}

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
  /** The body as JSON. */
  json<T = any>(): T
  /** `name=value` of each cookie that was set, by name. */
  cookies: Record<string, string>
}

export interface Call {
  method?: string
  headers?: Record<string, string | string[]>
  json?: unknown
  form?: Record<string, string> | string
  body?: string | Buffer
}

export interface Service {
  url: string
  port: number
  /** Where it keeps what it keeps in files. */
  folder: string
  issuer: string
  clock: TestClock
  stores: Stores
  /** What must not be tried too often, by the names that features give it. */
  budgets: Budgets
  backend: OpenBackend
  gatehouse: Gatehouse
  /** This one and those beside it, each of which sends mails. */
  replicas: Set<Gatehouse>
  /** Everything that was logged, as text. */
  logged(): string
  call(path: string, call?: Call): Promise<Answer>
  /** Runs an operator's task, as the command line does. */
  operate<T = any>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<T>
  /** All that an operator sees of a short list. */
  list<T = any>(path: string): Promise<T[]>
  /** A verified user with a password, and with roles, which are made when they are not there. */
  createUser(user?: { email?: string; name?: string; roles?: string[] }): Promise<TestUser>
  /** Signs in over HTTP. */
  signIn(user: TestUser): Promise<SignedIn>
  /** Mails in the outbox, oldest first, once those that wait are sent. */
  mails(): Promise<string[]>
}

export interface TestUser {
  id: string
  email: string
  password: string
}
export interface SignedIn {
  accessToken: string
  refreshToken: string
  /** The session cookie as `name=value`. */
  cookie: string
}

export const exampleRules = {
  hosts: {
    'app.example.test': {
      rules: [
        { paths: ['/public/**'], allow: 'anyone' },
        { paths: ['/admin/**'], allow: { roles: ['admin'] } },
        { paths: ['/read-only/**'], methods: ['GET', 'HEAD'], allow: 'signed-in' },
        { paths: ['/read-only/**'], allow: { roles: ['editor'] } },
        { paths: ['/nobody/**'], allow: { roles: ['nobody-has-this'] } },
        { allow: 'signed-in' },
      ],
    },
    'other.example.test': { audience: 'other', rules: [{ paths: ['/only/**'], allow: 'signed-in' }] },
  },
}

/** What an operator sends to register a program that acts for itself. */
export const newClient = {
  name: 'Job',
  grants: ['client_credentials'],
  redirect_uris: [],
  scopes: [] as string[],
  audiences: [] as string[],
  public: false,
}

const password = 'a horse, a battery and a staple'
let users = 0

export async function startService(t: Teardown, options: ServiceOptions = {}): Promise<Service> {
  const clock = options.beside?.clock ?? createClock()
  const backend = options.beside?.backend ?? (await (options.backend ?? backends[0]!).open(clock))
  const stores = options.beside === undefined ? backend.stores : await backend.replica!()
  const folder = scratchFolder(t)
  const data = options.beside?.folder ?? folder
  const port = options.port ?? (await freePort())
  const configFile = join(folder, 'gatehouse.yaml')
  // Tests sign in often, from one address.
  const limits = { requests_per_minute: 100_000, secret_tests_per_minute: 100_000, refreshes_per_minute: 100_000 }
  const proxies = { ...patientProxies, ...options.yaml?.proxies }
  // Where a test does not say otherwise, people may register.
  const accounts = { registration: 'open' }
  writeFileSync(configFile, stringify({ limits, accounts, ...exampleRules, ...options.yaml, proxies }))
  const config = loadConfig({
    PORT: String(port),
    GATEHOUSE_ISSUER: 'http://auth.example.test',
    // Whichever replica sends a mail, it is found in one place.
    GATEHOUSE_DATA_DIR: data,
    GATEHOUSE_CONFIG: configFile,
    GATEHOUSE_SECRET: testSecret().toString('base64'),
    ...options.environment,
  })
  const { hasher = cheapHasher } = options
  const lines: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  const base = createBase({
    ...{ config, stores, clock, logger, hasher },
    ...(options.yaml?.['passwords'] === undefined && { estimateStrength }),
  })
  const gatehouse = await buildApp(base, config, '0.0.0').catch(async (error: unknown) => {
    await stores.close()
    throw error
  })
  const undocumented = await holdAgainstDocument(gatehouse, { basePath: base.basePath, yaml: options.yaml })
  await gatehouse.app.listen({ host: '127.0.0.1', port })
  const replicas = (options.beside?.replicas ?? new Set()).add(gatehouse)
  t.teardown(async () => {
    replicas.delete(gatehouse)
    await gatehouse.close()
    if (options.beside === undefined) await backend.close()
    else await stores.close().catch(() => {})
    if (undocumented.size > 0) throw new Error(`not in the OpenAPI document:\n${[...undocumented].join('\n')}`)
  })

  const url = `http://127.0.0.1:${port}`
  const call = (path: string, given: Call = {}) => ask(port, path, given)
  const service: Service = {
    url,
    port,
    folder,
    issuer: config.issuer,
    clock,
    stores,
    budgets: base.budgets,
    backend,
    gatehouse,
    replicas,
    logged: () => lines.join(''),
    call,
    async operate(method, path, body) {
      const reply = await gatehouse.control.inject({ method, url: path, ...(body && { payload: body }) })
      if (reply.statusCode >= 400) throw new Error(`${method} ${path}: ${reply.statusCode} ${reply.body}`)
      return reply.json()
    },
    list: (path) => listBy(service, path),
    async createUser({ email = `user-${++users}@example.test`, name = 'Ada Lovelace', roles = [] } = {}) {
      await defineRoles(service, roles)
      const { id } = await service.operate('POST', '/users', { email, name, roles, password })
      return { id, email, password }
    },
    async signIn(user) {
      const body = { email: user.email, password: user.password, token_delivery: 'body' }
      const answer = await call('/api/auth/login', { method: 'POST', json: body })
      if (answer.status !== 200) throw new Error(`sign-in: ${answer.status} ${answer.body}`)
      const { access_token: accessToken, refresh_token: refreshToken } = answer.json()
      const [cookie] = Object.entries(answer.cookies).map(([name, value]) => `${name}=${value}`)
      return { accessToken, refreshToken, cookie: cookie! }
    },
    async mails() {
      // What one has queued another one may be sending: the second time waits for that.
      for (let times = 0; times < 2; times++) {
        await Promise.all([...replicas].map((replica) => replica.deliverMails()))
      }
      return readOutbox(join(data, 'outbox'))
    },
  }
  return service
}

async function listBy({ operate }: Pick<Service, 'operate'>, path: string) {
  const { items, next_cursor } = await operate('GET', `${path}?limit=1000`)
  if (next_cursor !== null) throw new Error(`${path} has more than a page`)
  return items
}

/** Makes those of the roles that are not there yet, without permissions. */
export async function defineRoles({ operate }: Pick<Service, 'operate'>, roles: readonly string[]): Promise<void> {
  const wanted = roles.filter((role) => role !== 'admin')
  if (wanted.length === 0) return
  const there = new Set((await listBy({ operate }, '/roles')).map(({ name }: { name: string }) => name))
  for (const role of wanted) if (!there.has(role)) await operate('PUT', `/roles/${role}`, { permissions: [] })
}

const documentChecks = new Map<string, Promise<ReturnType<typeof createDocumentCheck>>>()

/**
 * What the OpenAPI document does not hold of the answers that a service gives, to whoever asks. A process reads the
 * document once for each path that services stand at: what else differs between them is no answer.
 */
async function holdAgainstDocument(
  { app, documentation }: Gatehouse,
  { basePath, yaml }: { basePath: string; yaml: ServiceOptions['yaml'] },
): Promise<Set<string>> {
  const undocumented = new Set<string>()
  const hosts = (yaml?.['hosts'] ?? {}) as Record<string, { headers?: string | Record<string, string> }>
  const chosen = Object.values(hosts).flatMap(({ headers = {} }) =>
    typeof headers === 'string' ? [] : Object.values(headers).map((name) => name.toLowerCase()),
  )
  if (!documentChecks.has(basePath)) {
    const reading = documentation().then((it) => createDocumentCheck(it.swagger() as unknown as ApiDocument))
    documentChecks.set(basePath, reading)
  }
  const check = await documentChecks.get(basePath)!
  watchAnswers(app.server, (given) => {
    for (const fault of check(given, chosen)) undocumented.add(fault)
  })
  return undocumented
}

/** One request over a real connection. Header lists are sent as repeated headers. */
export function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {}, json, form, body }: Call,
): Promise<Answer> {
  const payload =
    json !== undefined
      ? JSON.stringify(json)
      : form !== undefined
        ? typeof form === 'string'
          ? form
          : new URLSearchParams(form).toString()
        : body
  const type =
    json !== undefined ? 'application/json' : form !== undefined ? 'application/x-www-form-urlencoded' : undefined
  const raw = Object.entries({ host: `127.0.0.1:${port}`, ...(type && { 'content-type': type }), ...headers }).flatMap(
    ([name, value]) => [value].flat().flatMap((one) => [name, one]),
  )
  const length = payload === undefined ? 0 : Buffer.byteLength(payload)
  if (payload !== undefined || method !== 'GET') raw.push('content-length', String(length))
  return new Promise((done, fail) => {
    // What a proxy would not take is no answer here either.
    const options = { host: '127.0.0.1', port, path, method, headers: raw as never, maxHeaderSize: answerHeaderBytes }
    const outgoing = httpRequest(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', fail)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const set = (response.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]!.split('='))
        done({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          json: () => JSON.parse(text),
          cookies: Object.fromEntries(set.map(([name, ...value]) => [name, value.join('=')])),
        })
      })
    })
    outgoing.on('error', fail)
    outgoing.end(payload)
  })
}

/** Headers that would be the same in another answer of the same content. */
export function metadataOf({ headers }: Pick<Answer, 'headers'>): Answer['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'date' && name !== 'x-request-id'))
}

/** What a 304 in place of an answer carries (RFC 9110 §15.4.5): its headers, but those about the content. */
export function withoutContent(answer: Pick<Answer, 'headers'>): Answer['headers'] {
  const headers = Object.entries(metadataOf(answer)).filter(([name]) => !name.startsWith('content-'))
  return Object.fromEntries(headers)
}

/** Headers of a question as Traefik and Caddy ask it. */
export function asks(target: {
  path: string
  host?: string
  method?: string
  scheme?: string
}): Record<string, string> {
  return {
    'x-forwarded-method': target.method ?? 'GET',
    'x-forwarded-proto': target.scheme ?? 'http',
    'x-forwarded-host': target.host ?? 'app.example.test',
    'x-forwarded-uri': target.path,
    'x-forwarded-for': '203.0.113.7',
  }
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` }
}

function readOutbox(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.eml'))
      .toSorted()
      .map((name) => readFileSync(join(folder, name), 'utf8'))
  } catch {
    return []
  }
}
