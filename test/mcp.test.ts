/** A program that knows nothing but the address of a protected host finds its way to a token: the SDK of the Model Context Protocol. */
import { createServer } from 'node:http'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { decodeJwt } from 'jose'
import { type Test, test } from 'tap'
import { browserOf, startProvider, toldBy } from './support/openid.ts'
import { hasProxy, startProxy } from './support/proxies.ts'
import { freePort } from './support/servers.ts'

const redirectUrl = 'http://127.0.0.1/callback'

/** A server of the SDK whose one tool says who asks, as the proxy tells it. */
async function startTools(t: Test): Promise<number> {
  const server = createServer((request, response) => {
    const tools = new McpServer({ name: 'tools', version: '1.0.0' })
    tools.registerTool('who', { description: 'Says who asks' }, () => ({
      content: [
        { type: 'text', text: ['x-auth-subject', 'x-auth-client'].map((name) => request.headers[name]).join(' by ') },
      ],
    }))
    const transport = new StreamableHTTPServerTransport({})
    response.on('close', () => void Promise.all([transport.close(), tools.close()]))
    void tools.connect(transport as Transport).then(() => transport.handleRequest(request, response))
  })
  const port = await freePort()
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', () => done()))
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise((done) => server.close(done))
  })
  return port
}

/** A program that keeps in memory what it is told, and opens pages by `open`. */
function createProgram(open: (url: URL) => void) {
  const kept: { [Name in 'information' | 'tokens' | 'verifier']?: any } = {}
  const provider: OAuthClientProvider = {
    redirectUrl,
    clientMetadata: {
      ...{ client_name: 'An agent', redirect_uris: [redirectUrl], token_endpoint_auth_method: 'none' },
      ...{ grant_types: ['authorization_code', 'refresh_token'], scope: 'openid offline_access' },
    },
    clientInformation: () => kept.information,
    saveClientInformation: (information) => void (kept.information = information),
    tokens: () => kept.tokens,
    saveTokens: (tokens) => void (kept.tokens = tokens),
    redirectToAuthorization: open,
    saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
    codeVerifier: () => kept.verifier,
    invalidateCredentials: () => void delete kept.tokens,
  }
  return { kept, provider }
}

if (hasProxy('nginx')) {
  void test('from a 401 at a protected host to the answer of a tool, by the MCP SDK as it is', async (t) => {
    const port = await freePort()
    const origin = `http://localhost:${port}`
    const audience = `${origin}/mcp`
    const hosts = { [`localhost:${port}`]: { title: 'Tools', audience, rules: [{ allow: 'signed-in' }] } }
    const scopes = ['openid', 'profile', 'offline_access']
    const clients = { registration: 'open', scopes, resources: [audience] }
    const service = await startProvider(t, { yaml: { hosts, clients } })
    const upstreamPort = await startTools(t)
    await startProxy(t, 'nginx', {
      ...{ port, hosts, issuer: service.issuer, servicePort: service.port, upstreamPort },
    })
    const ada = await service.createUser()
    const browser = browserOf(service)
    await browser.signIn(ada)

    let asked: URL | undefined
    const { kept, provider } = createProgram((url) => (asked = url))
    const connect = async () => {
      const transport = new StreamableHTTPClientTransport(new URL(audience), { authProvider: provider })
      const client = new Client({ name: 'agent', version: '1.0.0' })
      await client.connect(transport)
      return client
    }
    const who = async () => {
      const client = await connect()
      const { content } = await client.callTool({ name: 'who' })
      await client.close()
      return content
    }
    const letIn = async () => {
      const page = await browser.visit(asked!.href)
      t.match(page.answer.body, /An agent[^]*is not verified/)
      const { code } = toldBy(await browser.fillIn(page, { answer: 'allow' }))
      await new StreamableHTTPClientTransport(new URL(audience), { authProvider: provider }).finishAuth(code!)
    }

    await t.test('it is told where to ask, registers itself, and is let in by a person', async (t) => {
      await t.rejects(connect(), { message: 'Unauthorized' })
      t.match(Object.fromEntries(asked!.searchParams), { resource: audience, code_challenge_method: 'S256' })
      await letIn()
      const answer = [{ type: 'text', text: `${ada.id} by ${kept.information.client_id}` }]
      t.match(await who(), answer)
      const { aud } = decodeJwt(kept.tokens.access_token)
      t.ok([aud].flat().includes(audience))
    })

    await t.test('it renews its tokens by itself', async (t) => {
      const before = kept.tokens.access_token
      service.clock.advance(901)
      t.match(await who(), [{ type: 'text' }])
      t.not(kept.tokens.access_token, before)
    })

    await t.test('shut out, it has to ask the person again', async (t) => {
      await service.operate('DELETE', `/users/${ada.id}/grants/${kept.information.client_id}`)
      asked = undefined
      await t.rejects(connect(), { message: 'Unauthorized' })
      t.ok(asked)
    })
  })
}
