/** Programs by which people sign in, and browsers that they send. */
import { createHash } from 'node:crypto'
import { freePort } from './servers.ts'
import { type Answer, type Service, type ServiceOptions, startService, type TestUser } from './service.ts'
import { createVisitor, type Visited } from './visitor.ts'

export const callback = 'https://wiki.example.test/callback'

/** A service that is found at its issuer. */
export async function startProvider(
  t: Parameters<typeof startService>[0],
  options: ServiceOptions & { path?: string } = {},
): Promise<Service> {
  const port = options.port ?? (await freePort())
  const environment = { GATEHOUSE_ISSUER: `http://localhost:${port}${options.path ?? ''}`, ...options.environment }
  return startService(t, { ...options, port, environment })
}

let clients = 0

/** What a program gets of the token endpoint that asks for `openid offline_access`. */
export interface IssuedToProgram {
  access_token: string
  refresh_token: string
  id_token: string
  expires_in: number
}

export interface Program {
  client_id: string
  client_secret?: string
}

/** Registers a program by which people sign in. */
export async function registerProgram(service: Service, change: object = {}): Promise<Program> {
  return service.operate('POST', '/clients', {
    id: `wiki-${++clients}`,
    name: 'The wiki',
    grants: ['authorization_code', 'refresh_token'],
    redirect_uris: [callback],
    scopes: ['openid', 'profile', 'email', 'groups', 'offline_access'],
    audiences: [],
    public: false,
    ...change,
  })
}

/** A browser that asks the service, and stops at whatever is somewhere else. */
export function browserOf(service: Service) {
  const { origin } = new URL(service.issuer)
  const visitor = createVisitor(async (url, call) => {
    if (url.origin === origin) return service.call(url.pathname + url.search, call)
    return { status: 200, headers: {}, body: 'a program', json: () => undefined as never, cookies: {} }
  })
  return {
    ...visitor,
    /** Signs in by the form of the page for it. */
    async signIn(user: TestUser) {
      const form = await visitor.visit(`${service.issuer}/login`)
      return visitor.submit(form, { email: user.email, password: user.password })
    },
    /** Sends the form of a page as it stands, with what a person adds. */
    async fillIn({ url, answer }: Visited, fields: Record<string, string>): Promise<Visited> {
      // The switch of languages is a form too, and holds the page's address.
      const [body = '', tag = ''] = /(<form[^>]*method="post"[^>]*>)[^]*?<\/form>/.exec(answer.body) ?? []
      const action = /action="([^"]+)"/.exec(tag)?.[1]
      const form = { ...hiddenOf({ body }), ...fields }
      const to = new URL(action ?? url, url).href
      return visitor.visit(to, { method: 'POST', form, headers: { origin } })
    },
  }
}
export type Browser = ReturnType<typeof browserOf>

/** What a form of a page sends unseen. */
export function hiddenOf({ body }: Pick<Answer, 'body'>): Record<string, string> {
  const fields = [...body.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
  return Object.fromEntries(
    fields.map(([, name, value]) => [
      name!,
      value!.replaceAll(/&#(\d+);/g, (_all, code: string) => String.fromCharCode(Number(code))),
    ]),
  )
}

export const verifier = 'a-verifier-of-the-right-length-for-all-of-these-tests'
export const challenge = createHash('sha256').update(verifier).digest('base64url')

/** The address of an authorization request; what is undefined is left out. */
export function requestOf(
  service: Service,
  { client_id }: Pick<Program, 'client_id'>,
  change: Record<string, string | undefined> = {},
): string {
  const parameters = {
    ...{ client_id, response_type: 'code', redirect_uri: callback, scope: 'openid profile email', state: 'a state' },
    ...{ nonce: 'a nonce', code_challenge: challenge, code_challenge_method: 'S256' },
    ...change,
  }
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return `${service.issuer}/oauth/authorize?${String(new URLSearchParams(given))}`
}

/** What a program was told, where the browser has ended up. */
export function toldBy({ url }: Visited): Record<string, string> {
  return Object.fromEntries(new URL(url).searchParams)
}

/** Lets a program in, whether or not it has to be asked; resolves to what it is told. */
export async function letIn(browser: Browser, url: string): Promise<Record<string, string>> {
  const page = await browser.visit(url)
  return toldBy(/action="consent"/.test(page.answer.body) ? await browser.fillIn(page, { answer: 'allow' }) : page)
}

export function redeem(service: Service, program: Program, change: Record<string, string | undefined> = {}) {
  const form = {
    grant_type: 'authorization_code',
    ...{ client_id: program.client_id, client_secret: program.client_secret },
    ...{ redirect_uri: callback, code_verifier: verifier },
    ...change,
  }
  const given = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const { pathname } = new URL(service.issuer)
  const path = `${pathname === '/' ? '' : pathname}/oauth/token`
  return service.call(path, { method: 'POST', form: Object.fromEntries(given) })
}
