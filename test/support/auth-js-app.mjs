/** An application that signs people in by Auth.js, in a process of its own. Told by its environment. */
import { createServer } from 'node:http'
import { Auth } from '@auth/core'

const { PORT, ISSUER: issuer, CLIENT_ID: client_id, CLIENT_SECRET: client_secret } = process.env
const app = `http://localhost:${PORT}`

/** As its guide to refresh tokens has it, but at every look at the session. */
async function renew(refresh_token) {
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token, client_id, client_secret })
  return (await fetch(`${issuer}/oauth/token`, { method: 'POST', body })).json()
}

const config = {
  trustHost: true,
  secret: 'a secret of the application',
  basePath: '/auth',
  providers: [
    {
      ...{ id: 'gatehouse', name: 'Gatehouse', type: 'oidc', issuer, clientId: client_id, clientSecret: client_secret },
      authorization: { params: { scope: 'openid profile email offline_access' } },
    },
  ],
  callbacks: {
    jwt: async ({ token, account }) => ({ ...token, ...(account ?? (await renew(token.refresh_token))) }),
    session: ({ session, token }) => ({ ...session, token: token.access_token, hint: token.id_token }),
  },
}

async function answer(request, response) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const { method, url, headers } = request
  const body = method === 'POST' ? Buffer.concat(chunks).toString() : undefined
  const answered = url.startsWith('/auth/')
    ? await Auth(new Request(app + url, { method, headers, body }), config)
    : new Response('the application')
  response.writeHead(answered.status, {
    ...Object.fromEntries(answered.headers),
    'set-cookie': answered.headers.getSetCookie(),
  })
  response.end(await answered.text())
}

createServer((request, response) => void answer(request, response)).listen(Number(PORT), '127.0.0.1')
