/**
 * An application that signs people in by next-auth, in a process of its own: Express hands it what Next.js hands to the file
 * `pages/api/auth/[...nextauth].js`. Told by its environment.
 */
import { createRequire } from 'node:module'
import cookieParser from 'cookie-parser'
import express from 'express'

const { PORT, ISSUER: issuer, CLIENT_ID: client_id, AUTH_GATEHOUSE_SECRET: client_secret, FOLDER, RECIPE } = process.env
const NextAuth = createRequire(FOLDER)('next-auth').default
const { providers } = await import(RECIPE)

async function renew(refresh_token) {
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token, client_id, client_secret })
  return (await fetch(`${issuer}/oauth/token`, { method: 'POST', body })).json()
}

const handle = NextAuth({
  providers,
  callbacks: {
    // At every look at the session.
    jwt: async ({ token, account }) => ({ ...token, ...(account ?? (await renew(token.refresh_token))) }),
    session: ({ session, token }) => ({ ...session, token: token.access_token, hint: token.id_token }),
  },
})

const server = express()
server.use(cookieParser(), express.urlencoded())
server.use('/api/auth/*nextauth', (request, response) => {
  const query = { ...request.query, nextauth: request.params.nextauth }
  Object.defineProperty(request, 'query', { value: query })
  return handle(request, response)
})
server.use((_request, response) => response.end('the application'))
server.listen(Number(PORT), '127.0.0.1')
