/**
 * node-oidc-provider with its in-memory adapter: a client with ES256 access tokens as JWT for one resource, and clients by which
 * somebody signs in who is let in as soon as they are asked.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import { facts, report } from '../support/contestant.ts'
import { redirectUri } from '../support/sign-in.ts'

const { resource } = await facts<{ resource: string }>()
const client = { client_id: 'bench', client_secret: 'x'.repeat(43) }
const keyOf = (alg: string, { privateKey }: { privateKey: KeyObject }) => ({
  ...privateKey.export({ format: 'jwk' }),
  ...{ alg, use: 'sig', kid: alg },
})
const keys = [
  keyOf('ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  keyOf('RS256', generateKeyPairSync('rsa', { modulusLength: 2_048 })),
]
const programs = (['ES256', 'RS256'] as const).map((algorithm) => ({
  client_id: `signs-in-${algorithm}`,
  client_secret: client.client_secret,
  grant_types: ['authorization_code'],
  redirect_uris: [redirectUri],
  scope: 'openid profile email',
  id_token_signed_response_alg: algorithm,
}))
const account = { name: 'Ada Lovelace', email: 'ada@example.com', email_verified: true }

const provider = new Provider('http://localhost:3000', {
  clients: [
    {
      ...client,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      scope: 'api',
      id_token_signed_response_alg: 'ES256',
    },
    ...programs,
  ],
  jwks: { keys },
  scopes: ['openid', 'api'],
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
  findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId, ...account }) }),
  ttl: { ClientCredentials: 3_600, AccessToken: 3_600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: 'api',
        audience: resource,
        accessTokenTTL: 3_600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
})
const answer = provider.callback()

/** Signs the one person in, and lets the program in, without a page. */
async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, params } = await provider.interactionDetails(request, response)
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: 'ada' } })
  }
  const grant = new provider.Grant({ accountId: 'ada', clientId: String(params['client_id']) })
  grant.addOIDCScope('openid profile email')
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } })
}

const server = createServer(
  (request, response) => void (request.url!.startsWith('/interaction/') ? interact : answer)(request, response),
)
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  report({ port, facts: { clientId: client.client_id, clientSecret: client.client_secret } }, () => server.close(), {
    program: (algorithm: string) => ({ id: `signs-in-${algorithm}`, secret: client.client_secret }),
  })
})
