/** The reference: an empty route on the same Fastify, sending the headers it is given. */
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { facts, report } from '../support/contestant.ts'

const headers = await facts<Record<string, string>>()
const app = Fastify()
app.get('/forward-auth/traefik', (_request, reply) => {
  reply.headers(headers).send()
})
await app.listen({ host: '127.0.0.1', port: 0 })
report({ port: (app.server.address() as AddressInfo).port, facts: {} }, () => app.close())
