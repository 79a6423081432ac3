/** The reference: empty routes on the same Fastify, sending the headers, and to a form the body, that they are given. */
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { facts, report } from '../support/contestant.ts'

const { body, ...headers } = await facts<{ body?: string; [header: string]: string | undefined }>()
const app = Fastify()
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, text, done) =>
  done(null, text),
)
app.post('/oauth/introspect', (_request, reply) => {
  reply.headers(headers).send(body)
})
app.get('/.well-known/jwks.json', (_request, reply) => {
  reply.headers(headers).send(body)
})
app.get('/forward-auth/traefik', (_request, reply) => {
  reply.headers(headers).send()
})
await app.listen({ host: '127.0.0.1', port: 0 })
report({ port: (app.server.address() as AddressInfo).port, facts: {} }, () => app.close())
