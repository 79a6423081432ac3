/**
 * The guard that tutorials build: Express with the middleware that they all begin with, a JWT verified on each request, its
 * session looked up in Redis, the user and the roles loaded from PostgreSQL. It takes the service's own tokens by their public key, or tokens of its own with a
 * shared secret, which are cheaper to verify and which every service that can verify them could also make.
 */
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import type { AddressInfo } from 'node:net'
import cookieParser from 'cookie-parser'
import cors from 'cors'
import express from 'express'
import helmet from 'helmet'
import { Redis } from 'ioredis'
import jwt from 'jsonwebtoken'
import morgan from 'morgan'
import { Pool } from 'pg'
import { facts, report } from '../support/contestant.ts'
import type { StoreServers } from '../support/stores.ts'

const secret = 'a secret that a tutorial would read from the environment'
const { databaseUrl, redisUrl, publicKey, sub, sid } = await facts<
  StoreServers & { publicKey: string; sub: string; sid: string }
>()
const pool = new Pool({ connectionString: databaseUrl })
const redis = new Redis(redisUrl)

await pool.query(`
  create table tutorial_users (id uuid primary key, email text not null, name text not null);
  create table tutorial_roles (user_id uuid not null references tutorial_users, role text not null);
  create index on tutorial_roles (user_id)`)
await pool.query('insert into tutorial_users values ($1, $2, $3)', [sub, 'ada@example.com', 'Ada Lovelace'])
await pool.query("insert into tutorial_roles values ($1, 'admin'), ($1, 'editor')", [sub])
await redis.set(`session:${sid}`, JSON.stringify({ userId: sub }))
const token = jwt.sign({ sub, sid, jti: randomUUID() }, secret, { expiresIn: '1h' })

const app = express()
app.use(helmet(), cors(), express.json(), cookieParser())
app.use(morgan('combined', { stream: createWriteStream('/dev/null') }))
app.get('/forward-auth/traefik', async (request, response) => {
  const presented = request.headers.authorization?.split(' ')[1] ?? ''
  const key = request.query['verify'] === 'secret' ? secret : publicKey
  let claims: { sub: string; sid: string }
  try {
    claims = jwt.verify(presented, key, { algorithms: [key === secret ? 'HS256' : 'ES256'] }) as typeof claims
  } catch {
    return void response.sendStatus(401)
  }
  const session = await redis.get(`session:${claims.sid}`)
  if (session === null) return void response.sendStatus(401)
  const user = (await pool.query('select id, email, name from tutorial_users where id = $1', [claims.sub])).rows[0]
  if (user === undefined) return void response.sendStatus(401)
  const { rows } = await pool.query('select role from tutorial_roles where user_id = $1', [claims.sub])
  const roles = rows.map(({ role }) => role as string)
  if (!roles.includes('admin')) return void response.sendStatus(403)
  response.set({ 'X-User': user.id, 'X-Email': user.email, 'X-Name': user.name, 'X-Roles': roles.join(',') })
  response.status(200).end()
})
const server = app.listen(0, '127.0.0.1', () => {
  report({ port: (server.address() as AddressInfo).port, facts: { token } }, async () => {
    server.close()
    await Promise.all([pool.end(), redis.quit()])
  })
})
