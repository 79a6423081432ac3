/** The reference: `node:http` alone, which sends the headers that it is given and asks nothing. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { facts, report } from '../support/contestant.ts'

const headers = Object.entries(await facts<Record<string, string>>()).flat()
const server = createServer({ optimizeEmptyRequests: true }, (_request, response) => {
  response.writeHead(200, headers).end()
})
server.listen(0, '127.0.0.1', () => {
  report({ port: (server.address() as AddressInfo).port, facts: {} }, async () => void server.close())
})
