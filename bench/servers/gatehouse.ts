/** The whole service, with one person signed in: on the servers that it is given, or on its embedded stores. */
import { hash as bcrypt } from '@node-rs/bcrypt'
import { pbkdf2Sync, randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { buildApp } from '../../src/gatehouse.ts'
import { createBase } from '../../src/base.ts'
import { readVersion } from '../../src/cli/command.ts'
import { createLogger, systemClock } from '../../src/cli/process.ts'
import { loadConfig } from '../../src/config.ts'
import type { AccessTokenClaims } from '../../src/core/access-token.ts'
import { uuidv7 } from '../../src/core/ids.ts'
import { createSecretBox } from '../../src/core/secrets.ts'
import { createKeyRing } from '../../src/features/signing-keys/key-ring.ts'
import { openStores } from '../../src/stores/open.ts'
import { facts, report } from '../support/contestant.ts'
import { redirectUri } from '../support/sign-in.ts'
import type { StoreServers } from '../support/stores.ts'

const password = 'a horse, a battery and a staple'
const usual = { 'app.example.com': { rules: [{ paths: ['/public/**'], allow: 'anyone' }, { allow: 'signed-in' }] } }
const given = await facts<Partial<StoreServers> & { hosts?: object }>()

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
const configFile = join(folder, 'gatehouse.yaml')
// Tokens must stay valid for the whole run.
// and a flood of first sights takes its time.
const proxies = { decide_within_milliseconds: 30_000 }
// One caller stands for many people.
const often = 1_000_000
const limits = {
  refreshes_per_minute: often,
  requests_per_minute: often,
  secret_tests_per_minute: often,
  failures_of_service: often,
  failures_per_address: often,
}
const tokens = { access_ttl_seconds: 3_600 }
writeFileSync(
  configFile,
  stringify({ hosts: given.hosts ?? usual, tokens, limits, proxies, accounts: { registration: 'open' } }),
)
const config = loadConfig({
  GATEHOUSE_DATA_DIR: folder,
  GATEHOUSE_CONFIG: configFile,
  ...(given.databaseUrl && {
    DATABASE_URL: given.databaseUrl,
    REDIS_URL: given.redisUrl,
    GATEHOUSE_SECRET: randomBytes(32).toString('base64'),
  }),
})
// Denials and faults would be logged; what is measured is allowed, and not.
const logger = createLogger('warn')
const stores = await openStores(config, systemClock, logger)
const base = createBase({ config, stores, clock: systemClock, logger })
const gatehouse = await buildApp(base, config, readVersion())
await gatehouse.app.listen({ host: '127.0.0.1', port: 0 })

const user = { email: 'ada@example.com', name: 'Ada Lovelace', roles: ['admin', 'editor'], password }
await gatehouse.control.inject({ method: 'PUT', url: '/roles/editor', payload: { permissions: [] } })
await gatehouse.control.inject({ method: 'POST', url: '/users', payload: user })
const login = await gatehouse.app.inject({
  method: 'POST',
  url: '/api/auth/login',
  payload: { email: user.email, password },
})
const { access_token: token } = login.json<{ access_token: string }>()
const cookie = login.cookies.find(({ name }) => name === 'gatehouse')!.value
const keyRing = createKeyRing({
  store: stores.signingKeys,
  box: createSecretBox(config.secrets, 'signing keys'),
  clock: systemClock,
  issuer: config.issuer,
  log: logger,
  algorithmOf: () => 'ES256',
})
await keyRing.open()
const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as AccessTokenClaims

const client = { name: 'Bench', grants: ['client_credentials'], redirect_uris: [], scopes: ['api'], public: false }
const registered = await gatehouse.control.inject({
  method: 'POST',
  url: '/clients',
  payload: { ...client, audiences: ['https://api.example.com'] },
})
const { client_id: clientId, client_secret: clientSecret } = registered.json<Record<string, string>>()

const { port } = gatehouse.app.server.address() as AddressInfo
report(
  { port, facts: { token, cookie, clientId: clientId!, clientSecret: clientSecret! } },
  async () => {
    await gatehouse.close()
    await stores.close()
    rmSync(folder, { recursive: true })
  },
  {
    /** So many addresses of each kind, `KIND-NUMBER@example.com`. */
    async people(count: number) {
      const now = Date.now()
      const { passwordHash } = (await stores.users.findByLogin(user.email))!
      const salt = randomBytes(12).toString('hex')
      const pbkdf2 = pbkdf2Sync(password, salt, 100_000, 32, 'sha256').toString('base64')
      const imported = [await bcrypt(password, 10), `pbkdf2_sha256$100000$${salt}$${pbkdf2}`].map((hash) => {
        const read = base.hasher.importHash(hash)
        if ('refused' in read) throw new Error(read.refused)
        return read.stored
      })
      const hashes = [passwordHash, passwordHash, passwordHash, ...imported]
      for (let number = 0; number < count; number++) {
        for (const kind of ['known', 'disabled', 'password-less']) {
          const id = uuidv7(now)
          const own = kind === 'password-less' ? null : hashes[number % hashes.length]!
          const at = new Date(now)
          const person = {
            id,
            email: `${kind}-${number}@example.com`,
            name: 'Ada',
            roles: [],
            createdAt: at,
            emailVerifiedAt: at,
          }
          await stores.users.create({ ...person, passwordHash: own })
          if (kind === 'disabled') await stores.users.setStatus(id, 'disabled', at)
        }
        const pending = { tokenHash: `pending-${number}`, email: `unverified-${number}@example.com`, name: 'Ada' }
        const expiresAt = new Date(now + 86_400_000)
        await stores.registrations.open({ ...pending, passwordHash: passwordHash!, expiresAt })
      }
      return count
    },
    /** Registers a program by which people sign in, whose ID tokens are signed by this algorithm. */
    async program(algorithm: string) {
      const answer = await gatehouse.control.inject({
        method: 'POST',
        url: '/clients',
        payload: {
          ...{ name: `Bench ${algorithm}`, public: false, grants: ['authorization_code'], audiences: [] },
          ...{ redirect_uris: [redirectUri], scopes: ['openid', 'profile', 'email'], first_party: true },
          id_token_signed_response_alg: algorithm,
        },
      })
      const { client_id: id, client_secret: secret } = answer.json<Record<string, string>>()
      return { id, secret }
    },
    /** Answers once all is done that was asked for by mail, and every mail has left. */
    async settle() {
      await gatehouse.deliverMails()
      return true
    },
    /** More tokens of the same person, each with an id of its own. */
    tokens: (count: number) =>
      Array.from({ length: count }, () => keyRing.sign('at+jwt', { ...claims, jti: randomUUID() })),
    memory: () => {
      globalThis.gc!()
      return process.memoryUsage()
    },
  },
)
