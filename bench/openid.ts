/**
 * The OpenID provider against node-oidc-provider with its own in-memory adapter: Gatehouse on its embedded stores, and on
 * PostgreSQL and Redis, whose processor time counts too.
 */
import { compare, type Entry, verdict } from './support/compare.ts'
import { type Contestant, start } from './support/contestant.ts'
import { bearer, form, message } from './support/question.ts'
import { type Endpoints, signIn, type SignedIn } from './support/sign-in.ts'
import { startStores, watchStores } from './support/stores.ts'
import type { Teardowns } from './support/teardowns.ts'

/** As many codes as the adapter of the opponent holds beside what else it has. */
const codesATurn = 400
const paths = {
  gatehouse: {
    authorize: '/oauth/authorize',
    token: '/oauth/token',
    userinfo: '/oauth/userinfo',
    introspect: '/oauth/introspect',
    jwks: '/.well-known/jwks.json',
  },
  'node-oidc-provider': {
    authorize: '/auth',
    token: '/token',
    userinfo: '/me',
    introspect: '/token/introspection',
    jwks: '/jwks',
  },
}

interface Provider {
  name: string
  contestant: Contestant
  paths: Endpoints & Record<'userinfo' | 'introspect' | 'jwks', string>
  cookies?: Record<string, string>
  /** How many times our processor time the opponent takes. */
  target?: number
}

export async function openIdProvider(teardowns: Teardowns): Promise<void> {
  const stores = await startStores(teardowns)
  const providers: Provider[] = []
  const embedded = await start(teardowns, 'gatehouse')
  providers.push({ name: 'Gatehouse, embedded', contestant: embedded, paths: paths.gatehouse, target: 2 })
  if (stores === undefined) console.log('PostgreSQL and Redis are not installed: on embedded stores alone')
  else {
    const contestant = await start(teardowns, 'gatehouse', stores)
    const watched = await watchStores(teardowns, stores)
    const cpu = async () => (await contestant.cpu()) + (await watched.cpu())
    providers.push({
      name: 'Gatehouse, PostgreSQL',
      contestant: { ...contestant, cpu },
      paths: paths.gatehouse,
      target: 1,
    })
  }
  for (const provider of providers) provider.cookies = { gatehouse: provider.contestant.facts['cookie']! }
  const opponent = await start(teardowns, 'oidc-provider', { resource: 'https://api.example.com' })
  providers.push({ name: 'node-oidc-provider', contestant: opponent, paths: paths['node-oidc-provider'] })

  const signedIn = new Map<string, SignedIn>()
  for (const algorithm of ['ES256', 'RS256'] as const) {
    for (const { name, contestant, paths, cookies } of providers) {
      const browser = await signIn(contestant, algorithm, paths, cookies)
      const { id_token: token } = await browser.tokens()
      const { alg } = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString() || '{}') as { alg?: string }
      if (alg !== algorithm) throw new Error(`${name} signs ID tokens by ${alg}`)
      signedIn.set(`${algorithm} ${name}`, browser)
    }
  }

  /** `target`: for the embedded stores, where it is not that of the provider. */
  async function against(title: string, entryOf: (provider: Provider) => Promise<Partial<Entry>>, target?: number) {
    const entries: Entry[] = []
    for (const provider of providers) {
      entries.push({ name: provider.name, contestant: provider.contestant, request: '', ...(await entryOf(provider)) })
    }
    const measured = await compare(title, entries, { apart: true })
    for (const [index, provider] of providers.entries()) {
      if (provider.target === undefined) continue
      const wanted = provider.target === 2 ? (target ?? 2) : 1
      verdict(
        `${title}, ${provider.name}: its processor time in the opponent’s`,
        1 / measured[index]!.ratio.cpu,
        '≥',
        wanted,
      )
    }
  }

  const path = (own: string) => message(own, '127.0.0.1', ['Accept: application/json'])
  await against('discovery', () => Promise.resolve({ request: path('/.well-known/openid-configuration') }))
  await against('JWKS', ({ paths }) => Promise.resolve({ request: path(paths.jwks) }))
  await against('authorize, with a live session', ({ name }) =>
    Promise.resolve({ request: signedIn.get(`ES256 ${name}`)!.authorize, expected: 'HTTP/1.1 303' }),
  )
  await against('userinfo', async ({ name, paths }) => {
    const { access_token: token } = await signedIn.get(`ES256 ${name}`)!.tokens()
    return { request: message(paths.userinfo, '127.0.0.1', [bearer(token)]) }
  })
  await against('introspection', async ({ name, paths }) => {
    const { program, tokens } = signedIn.get(`ES256 ${name}`)!
    const { access_token: token } = await tokens()
    return { request: form(paths.introspect, program.id, program.secret, { token }) }
  })
  for (const [algorithm, target] of [
    ['ES256', 2],
    ['RS256', 1.3],
  ] as const) {
    await against(
      `code exchange, ID token by ${algorithm}`,
      ({ name }) => {
        const { codes, exchange } = signedIn.get(`${algorithm} ${name}`)!
        let stock: string[] = []
        return Promise.resolve({
          prepare: async () => (stock = await codes(codesATurn)),
          request: () => {
            const code = stock.pop()
            return code === undefined ? undefined : exchange(code)
          },
        })
      },
      target,
    )
  }
}
