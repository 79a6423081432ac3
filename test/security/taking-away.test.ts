/** Whatever takes rights away works while nothing can be counted. What tests a secret does not. */
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { type Test, test } from 'tap'
import { openStores } from '../../src/stores/open.ts'
import { exampleIdentity } from '../stores/contract.ts'
import { createDatabase, hasServers } from '../support/backends.ts'
import { createWithFactor, mfaTokenOf, nextCode, post as postJson } from '../support/factors.ts'
import { clientAssertionType, grant, makeKey, post, register, registerSigner } from '../support/oauth.ts'
import { createWithPasskey } from '../support/passkeys.ts'
import { run } from '../support/program.ts'
import { testSecret } from '../support/secrets.ts'
import { scratchFolder, startRedis, startRelay } from '../support/servers.ts'
import { linkIn } from '../support/mails.ts'
import { type Answer, asks, bearer, type Service, startService } from '../support/service.ts'
import { until } from '../support/patience.ts'

/** What is ready to be taken away: by what call, and how somebody would notice that it is gone. */
interface Ready {
  take: () => Promise<Answer>
  /** What it opens; needs no counters. */
  use: () => Promise<Answer>
}

const edge = (service: Service, headers: Record<string, string>) =>
  service.call('/forward-auth', { headers: { ...asks({ path: '/reports' }), ...headers } })
/** What the role `editor` alone opens. */
const edits = (service: Service, headers: Record<string, string>) =>
  service.call('/forward-auth', { headers: { ...asks({ path: '/read-only/x', method: 'POST' }), ...headers } })
/** A call of an administrator who is signed in already. */
async function administers(service: Service, method: string, path: string, json?: object): Promise<Ready['take']> {
  const { accessToken } = await service.signIn(await service.createUser({ roles: ['admin'] }))
  return () => service.call(`/api/admin${path}`, { method, headers: bearer(accessToken), ...(json && { json }) })
}
/** The answer as long as it lists something, and as if it were not there from then on. */
async function whileListed(
  service: Service,
  path: string,
  headers: Record<string, string>,
  of: (body: any) => unknown[],
) {
  const answer = await service.call(path, { headers })
  return answer.status === 200 && of(answer.json()).length === 0 ? { ...answer, status: 404 } : answer
}
/** What a browser sends by the form of a page. */
async function submits(service: Service, path: string, sent: { cookie?: string; form?: Record<string, string> }) {
  const { cookie = '', form = {} } = sent
  const page = await service.call(`${path}?${new URLSearchParams(form).toString()}`, { headers: { cookie } })
  const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(page.body)![1]!
  const set = Object.entries(page.cookies).map(([name, value]) => `${name}=${value}`)
  const headers = { cookie: [cookie, ...set].join('; '), origin: service.issuer, 'sec-fetch-site': 'same-origin' }
  return service.call(path, { method: 'POST', headers, form: { csrf_token, ...form } })
}
/** Somebody whose account has got another address, and the token of the link by which its former mailbox takes it back. */
async function moves(service: Service) {
  const user = await service.createUser()
  const { accessToken, cookie } = await service.signIn(user)
  const email = `moved-${user.id}@example.test`
  const call = (path: string, json: object) =>
    service.call(path, { method: 'POST', headers: bearer(accessToken), json })
  const linkTo = async (address: string, page: string) =>
    (await service.mails())
      .filter((mail) => mail.includes(`To: ${address}`))
      .flatMap((mail) => linkIn(mail, service.issuer, page) ?? [])
      .at(-1)!
  await call('/api/users/me/email', { email, password: user.password })
  await call('/api/auth/confirm-email', { token: await linkTo(email, 'confirm-email') })
  return { cookie, token: await linkTo(user.email, 'undo-email') }
}
const revoke = (service: Service, form: Record<string, string>) => post(service, '/oauth/revoke', form)

/** Somebody with an account elsewhere. */
async function linked(service: Service) {
  const user = await service.createUser()
  const { passwordHash: provenHash } = (await service.stores.users.findById(user.id))!
  const identity = exampleIdentity(user.id, new Date(service.clock.now()))
  await service.stores.identities.link(identity, { provenHash })
  return { user, identity }
}

/** Every way over HTTP, by the operation of the document that it belongs to. */
const ways: Record<string, (service: Service) => Promise<Ready>> = {
  async 'logout, by cookie'(service) {
    const { cookie } = await service.signIn(await service.createUser())
    return {
      take: () => service.call('/api/auth/logout', { method: 'POST', headers: { cookie } }),
      use: () => edge(service, { cookie }),
    }
  },
  async 'logout, by token'(service) {
    const { accessToken, cookie } = await service.signIn(await service.createUser())
    return {
      take: () => service.call('/api/auth/logout', { method: 'POST', headers: bearer(accessToken) }),
      use: () => edge(service, { cookie }),
    }
  },
  async 'logout, by the page'(service) {
    const { cookie } = await service.signIn(await service.createUser())
    return {
      take: () => submits(service, '/logout', { cookie }),
      use: () => edge(service, { cookie }),
    }
  },
  async 'refresh, by a token that was used before'(service) {
    const { refreshToken, cookie } = await service.signIn(await service.createUser())
    const again = () => service.call('/api/auth/refresh', { method: 'POST', json: { refresh_token: refreshToken } })
    await again()
    service.clock.advance(60)
    return { take: again, use: () => edge(service, { cookie }) }
  },
  async deleteAccount(service) {
    const { accessToken, cookie } = await service.signIn(await service.createUser())
    return {
      take: () => service.call('/api/users/me', { method: 'DELETE', headers: bearer(accessToken) }),
      use: () => edge(service, { cookie }),
    }
  },
  async 'deleteAccount, by the page'(service) {
    const { cookie } = await service.signIn(await service.createUser())
    return { take: () => submits(service, '/delete-account', { cookie }), use: () => edge(service, { cookie }) }
  },
  async deleteUser(service) {
    const admin = await service.signIn(await service.createUser({ roles: ['admin'] }))
    const user = await service.createUser()
    const { cookie } = await service.signIn(user)
    const path = `/api/admin/users/${user.id}`
    return {
      take: () => service.call(path, { method: 'DELETE', headers: bearer(admin.accessToken) }),
      use: () => edge(service, { cookie }),
    }
  },
  async removeTotp(service) {
    const { accessToken } = await createWithFactor(service)
    const headers = bearer(accessToken)
    return {
      take: () => service.call('/api/users/me/mfa/totp', { method: 'DELETE', headers }),
      use: () => whileListed(service, '/api/users/me/mfa', headers, ({ factors }) => factors),
    }
  },
  async removePasskey(service) {
    const { accessToken, passkeyId } = await createWithPasskey(service)
    const headers = bearer(accessToken)
    return {
      take: () => service.call(`/api/users/me/passkeys/${passkeyId}`, { method: 'DELETE', headers }),
      use: () => whileListed(service, '/api/users/me/passkeys', headers, (passkeys) => passkeys),
    }
  },
  async forgetRememberedDevices(service) {
    const { user, secret } = await createWithFactor(service)
    const code = { code: nextCode(service, secret), remember_device: true }
    const signedIn = await postJson(service, '/api/auth/mfa', { mfa_token: await mfaTokenOf(service, user), ...code })
    const headers = bearer(signedIn.json().access_token)
    return {
      take: () => service.call('/api/users/me/remembered-devices', { method: 'DELETE', headers }),
      use: () => whileListed(service, '/api/users/me/remembered-devices', headers, (devices) => devices),
    }
  },
  async unlinkIdentity(service) {
    const { user, identity } = await linked(service)
    const headers = bearer((await service.signIn(user)).accessToken)
    const path = '/api/users/me/identities'
    return {
      take: () => service.call(`${path}/${identity.id}`, { method: 'DELETE', headers }),
      use: () => whileListed(service, path, headers, ({ items }) => items),
    }
  },
  async unlinkIdentityOf(service) {
    const { user, identity } = await linked(service)
    const headers = bearer((await service.signIn(user)).accessToken)
    return {
      take: await administers(service, 'DELETE', `/users/${user.id}/identities/${identity.id}`),
      use: () => whileListed(service, '/api/users/me/identities', headers, ({ items }) => items),
    }
  },
  async removeFromGroup(service) {
    const user = await service.createUser()
    await service.operate('PUT', `/users/${user.id}/groups/staff`)
    const headers = bearer((await service.signIn(user)).accessToken)
    return {
      take: await administers(service, 'DELETE', `/users/${user.id}/groups/staff`),
      use: () => whileListed(service, '/api/users/me', headers, ({ groups }) => groups),
    }
  },
  async withdrawInvitation(service) {
    const guest = { email: `guest-${randomUUID()}@example.test`, roles: [] }
    const { id } = await service.operate('POST', '/invitations', guest)
    const list = await administers(service, 'GET', '/invitations')
    return {
      take: await administers(service, 'DELETE', `/invitations/${id}`),
      // The page that it opens counts who asks.
      async use() {
        const answer = await list()
        const isThere = answer.json<{ items: { id: string }[] }>().items.some((one) => one.id === id)
        return isThere ? answer : { ...answer, status: 404 }
      },
    }
  },
  async undoEmail(service) {
    const { cookie, token } = await moves(service)
    const call = { method: 'POST', json: { token } }
    return { take: () => service.call('/api/auth/undo-email', call), use: () => edge(service, { cookie }) }
  },
  async 'undoEmail, by the page'(service) {
    const { cookie, token } = await moves(service)
    return { take: () => submits(service, '/undo-email', { form: { token } }), use: () => edge(service, { cookie }) }
  },
  async revokeApiKey(service) {
    const { accessToken } = await service.signIn(await service.createUser())
    const headers = bearer(accessToken)
    const path = '/api/users/me/api-keys'
    const made = await service.call(path, { method: 'POST', headers, json: { name: 'Job', scopes: [] } })
    return {
      async take() {
        const [{ id }] = (await service.call(path, { headers })).json()
        return service.call(`${path}/${id}`, { method: 'DELETE', headers })
      },
      use: () => edge(service, bearer(made.json().key)),
    }
  },
  async 'revoke, a session by its refresh token'(service) {
    const { refreshToken, cookie } = await service.signIn(await service.createUser())
    return {
      take: () => revoke(service, { client_id: 'gatehouse', token: refreshToken }),
      use: () => edge(service, { cookie }),
    }
  },
  async 'revoke, an access token by a secret that this replica has not seen'(service) {
    const client = await register(service)
    const token = (await grant(service, client)).json().access_token
    // Written differently, so that it is not remembered.
    const { client_id, client_secret } = client
    const authorization = `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`
    return {
      take: () => service.call('/oauth/revoke', { method: 'POST', headers: { authorization }, form: { token } }),
      use: () => edge(service, bearer(token)),
    }
  },
  async 'revoke, an access token by an assertion'(service) {
    const key = await makeKey('ES256')
    const { client_id } = await registerSigner(service, [key.jwk])
    const sign = async () => {
      const now = Math.floor(service.clock.now() / 1000)
      const claims = { iss: client_id, sub: client_id, aud: service.issuer, iat: now, exp: now + 60, jti: randomUUID() }
      const client_assertion = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(key.privateKey)
      return { client_assertion, client_assertion_type: clientAssertionType }
    }
    const token = (await grant(service, await sign())).json().access_token
    return {
      take: async () => revoke(service, { ...(await sign()), token }),
      use: () => edge(service, bearer(token)),
    }
  },
  async 'revoke, a person’s API key by whoever found it'(service) {
    const { accessToken } = await service.signIn(await service.createUser())
    const call = { method: 'POST', headers: bearer(accessToken), json: { name: 'Job', scopes: [] } }
    const { key } = (await service.call('/api/users/me/api-keys', call)).json()
    return {
      take: () => revoke(service, { client_id: 'gatehouse', token: key }),
      use: () => edge(service, bearer(key)),
    }
  },
  async revokeAnyApiKey(service) {
    const { client_id: client } = await register(service)
    const { id, key } = await service.operate('POST', '/api-keys', { client, name: 'Job', scopes: [] })
    return { take: await administers(service, 'DELETE', `/api-keys/${id}`), use: () => edge(service, bearer(key)) }
  },
  async endSession(service) {
    const user = await service.createUser()
    const [here, there] = [await service.signIn(user), await service.signIn(user)]
    const headers = bearer(here.accessToken)
    const path = '/api/users/me/sessions'
    return {
      async take() {
        const all = (await service.call(path, { headers })).json<{ id: string; current: boolean }[]>()
        const { id } = all.find(({ current }) => !current)!
        return service.call(`${path}/${id}`, { method: 'DELETE', headers })
      },
      use: () => edge(service, { cookie: there.cookie }),
    }
  },
  async endOtherSessions(service) {
    const user = await service.createUser()
    const [here, there] = [await service.signIn(user), await service.signIn(user)]
    const call = { method: 'DELETE', headers: bearer(here.accessToken) }
    return {
      take: () => service.call('/api/users/me/sessions', call),
      use: () => edge(service, { cookie: there.cookie }),
    }
  },
  async endAnySession(service) {
    const user = await service.createUser()
    const { cookie } = await service.signIn(user)
    const { items } = await service.operate('GET', `/users/${user.id}/sessions`)
    return {
      take: await administers(service, 'DELETE', `/sessions/${items[0].id}`),
      use: () => edge(service, { cookie }),
    }
  },
  async endSessionsOfUser(service) {
    const user = await service.createUser()
    const { cookie } = await service.signIn(user)
    return {
      take: await administers(service, 'DELETE', `/users/${user.id}/sessions`),
      use: () => edge(service, { cookie }),
    }
  },
  async deleteClient(service) {
    const client = await register(service)
    const token = (await grant(service, client)).json().access_token
    const take = await administers(service, 'DELETE', `/clients/${client.client_id}`)
    return { take, use: () => edge(service, bearer(token)) }
  },
  async deleteRegistration(service) {
    const wanted = { redirect_uris: ['http://127.0.0.1/callback'] }
    const asked = await service.call('/oauth/register', { method: 'POST', json: wanted })
    const { client_id, registration_access_token: token } = asked.json()
    const call = (method: string) => service.call(`/oauth/register/${client_id}`, { method, headers: bearer(token) })
    return { take: () => call('DELETE'), use: () => call('GET') }
  },
  async revokeRole(service) {
    const user = await service.createUser({ roles: ['editor'] })
    const { cookie } = await service.signIn(user)
    const take = await administers(service, 'DELETE', `/users/${user.id}/roles/editor`)
    return { take, use: () => edits(service, { cookie }) }
  },
  async deleteRole(service) {
    const { cookie } = await service.signIn(await service.createUser({ roles: ['editor'] }))
    const take = await administers(service, 'DELETE', '/roles/editor')
    return { take, use: () => edits(service, { cookie }) }
  },
  async setUserStatus(service) {
    const user = await service.createUser()
    const { cookie } = await service.signIn(user)
    const take = await administers(service, 'PUT', `/users/${user.id}/status`, { status: 'disabled' })
    return { take, use: () => edge(service, { cookie }) }
  },
  async 'revoke, a program’s API key'(service) {
    const client = await register(service)
    const { key } = await service.operate('POST', '/api-keys', { client: client.client_id, name: 'Job', scopes: [] })
    return { take: () => revoke(service, { ...client, token: key }), use: () => edge(service, bearer(key)) }
  },
}

/** What tests a secret that is new to this replica, or sends mail. */
const guesses: Record<string, (service: Service) => Promise<Answer>> = {
  'sign-in': async (service) =>
    service.call('/api/auth/login', { method: 'POST', json: { email: 'x@example.test', password: 'a wrong guess' } }),
  'the sign-in page': async (service) =>
    post(service, '/login', { email: 'x@example.test', password: 'a wrong guess' }),
  registration: async (service) => {
    const json = { email: 'y@example.test', password: 'seven quiet otters juggle', name: 'Y' }
    return service.call('/api/auth/register', { method: 'POST', json })
  },
  'a mailed token': async (service) =>
    service.call('/api/auth/verify-email', { method: 'POST', json: { token: 'x'.repeat(22) } }),
  'a client’s secret': async (service) => grant(service, { client_id: 'somebody', client_secret: 'a wrong guess' }),
}

if (hasServers) {
  void test('while nothing can be counted', async (t) => {
    const [database, redis] = await Promise.all([createDatabase({ migrated: true }), startRedis()])
    const relay = await startRelay(redis!.url)
    t.teardown(async () => {
      await relay.close()
      await Promise.all([database.drop(), redis!.stop()])
    })
    const folder = scratchFolder(t)
    const servers = { databaseUrl: database.url, redisUrl: relay.url, dataDirectory: folder }
    const service = await startService(t, {
      yaml: { sign_in: { factors: { remember_days: 30 } }, clients: { registration: 'open' } },
      backend: {
        name: 'clustered',
        async open(clock) {
          const stores = await openStores(servers, clock, { info() {}, warn() {}, error() {} })
          return { stores, close: () => stores.close() }
        },
      },
    })
    const failures: Record<string, { begin(): Promise<unknown>; end(): Promise<unknown> }> = {
      stopped: { begin: () => redis!.crash(), end: () => redis!.resume() },
      hanging: { begin: async () => relay.freeze(), end: async () => relay.thaw() },
    }
    const countsAgain = () =>
      until('Redis answers again', () =>
        service.stores.ping().then(
          () => true,
          () => false,
        ),
      )

    await t.test('every operation that takes something away is among the ways', async (t) => {
      const { paths } = (await service.call('/openapi.json')).json<{
        paths: Record<string, Record<string, { operationId?: string }>>
      }>()
      const takesAway = Object.values(paths).flatMap((operations) =>
        Object.entries(operations)
          .filter(
            ([method, { operationId = '' }]) =>
              method === 'delete' || /logout|revoke|^end|remove|undo/i.test(operationId),
          )
          .map(([, { operationId }]) => operationId!),
      )
      t.ok(takesAway.length >= 3)
      // What providers tell is shown in `providers.test.ts`, which has one, and what programs lose in `openid-codes.test.ts`.
      const elsewhere = ['backchannelLogout', 'withdrawMyGrant', 'withdrawGrantOfUser']
      const known = new Set([...Object.keys(ways).map((way) => way.split(',')[0]), ...elsewhere])
      t.same(
        takesAway.filter((operation) => !known.has(operation)),
        [],
      )
    })

    async function prepared(): Promise<[string, Ready][]> {
      const ready: [string, Ready][] = []
      for (const [way, prepare] of Object.entries(ways)) {
        const one = await prepare(service)
        if ((await one.use()).status !== 200) throw new Error(`${way}: nothing to take away`)
        ready.push([way, one])
      }
      return ready
    }
    async function takesAll(t: Test, ready: [string, Ready][]): Promise<void> {
      for (const [way, { take, use }] of ready) {
        const { status, body } = await take()
        t.ok(status < 400 || (status === 401 && way.startsWith('refresh')), `${way}: ${status} ${body}`)
        t.not((await use()).status, 200, `${way}: gone`)
      }
    }
    for (const [state, { begin, end }] of Object.entries(failures)) {
      await t.test(`a Redis that is ${state} keeps nothing from being taken away, and lets nobody guess`, async (t) => {
        const ready = await prepared()
        await begin()
        await takesAll(t, ready)
        for (const [what, attempt] of Object.entries(guesses)) t.equal((await attempt(service)).status, 503, what)
        const wrong = { client_id: 'somebody', client_secret: 'a wrong guess', token: 'x' }
        t.equal((await revoke(service, wrong)).status, 401, 'a wrong secret takes nothing away')
        await end()
        await countsAgain()
        for (const [way, { use }] of ready) t.match(String((await use()).status), /^40[134]$/, `${way}: gone for good`)
      })
    }
    await t.test('a Redis that has forgotten everything keeps nothing from being taken away', async (t) => {
      const ready = await prepared()
      await redis!.crash()
      await redis!.resume()
      await countsAgain()
      await takesAll(t, ready)
    })
    await t.test('no command opens Redis', async (t) => {
      const { user } = await createWithFactor(service, { roles: ['admin'] })
      const [client, other] = [await register(service), await register(service)]
      await service.operate('PUT', '/roles/editor', { permissions: [] })
      const { id } = await service.operate('POST', '/api-keys', { client: client.client_id, name: 'Job', scopes: [] })
      const jwks = join(folder, 'jwks.json')
      writeFileSync(jwks, JSON.stringify({ keys: [(await makeKey('ES256')).jwk] }))
      const signer = await registerSigner(service, [(await makeKey('ES256')).jwk])
      const guest = { email: 'guest@example.test', roles: [] }
      const { id: invitation } = await service.operate('POST', '/invitations', guest)
      const commands: [string, string?][] = [
        [`sessions revoke all --user ${user.email}`],
        [`user revoke-role ${user.email} admin`],
        [`user set-password ${user.email} --password-stdin`, 'seven quiet otters juggle lanterns'],
        [`user set-username ${user.email}`],
        [`user reset-factors ${user.email}`],
        [`user disable ${user.email}`],
        [`user delete ${user.email}`],
        [`user uninvite ${invitation}`],
        ['role set-permissions editor'],
        ['role delete editor'],
        [`api-key revoke ${id}`],
        [`client rotate-secret ${client.client_id}`],
        [`client set-jwks ${signer.client_id} --jwks-file ${jwks}`],
        [`client delete ${other.client_id}`],
        ['keys rotate --compromised'],
        ['keys rewrap'],
        ['audit tail'],
      ]
      relay.freeze()
      t.teardown(() => relay.thaw())
      const environment = {
        DATABASE_URL: servers.databaseUrl,
        REDIS_URL: servers.redisUrl,
        GATEHOUSE_SECRET: testSecret().toString('base64'),
        GATEHOUSE_DATA_DIR: folder,
        GATEHOUSE_ISSUER: service.issuer,
      }
      for (const [line, input] of commands) {
        const { code, stderr } = await run(folder, line.split(' '), environment, input)
        t.equal(code, 0, `${line}: ${stderr}`)
      }
      const helps = await Promise.all(
        ['user', 'sessions', 'role', 'client', 'api-key', 'keys'].map(async (name) => {
          const { stdout } = await run(folder, [name, '--help'], environment)
          return [...stdout.matchAll(/^ {2}([a-z-]+) /gm)].map(([, verb]) => `${name} ${verb}`)
        }),
      )
      const takesAway = helps
        .flat()
        .filter((verb) => /disable|revoke|delete|rotate|rewrap|set-|uninvite|reset-factors| end/.test(verb))
      t.ok(takesAway.length >= 8)
      t.same(
        takesAway.filter((verb) => !commands.some(([line]) => line.startsWith(verb))),
        [],
        'all of them are tried',
      )
    })
  })
}
