/** A small application, as many stand behind a gateway: Express, which answers with JSON. */
import type { AddressInfo } from 'node:net'
import express from 'express'
import { facts, report } from '../support/contestant.ts'

await facts()
const app = express()
app.use((request, response) => {
  response.json({ path: request.originalUrl, user: request.headers['x-auth-subject'] ?? null })
})
const server = app.listen(0, '127.0.0.1', () => {
  report({ port: (server.address() as AddressInfo).port, facts: {} }, async () => void server.close())
})
