/** Token exchange (RFC 8693): a service acts for somebody at another service, and never with more than it was given. */
import { randomUUID } from 'node:crypto'
import { test } from 'tap'
import { makeApiKey } from '../../src/core/api-key.ts'
import { backends } from '../support/backends.ts'
import { type Answer, asks, bearer, type Service, startService } from '../support/service.ts'

const grant_type = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const rules = [{ allow: 'signed-in' }]
const yaml = { hosts: { 'mail.example.test': { audience: 'mail', rules }, 'app.example.test': { rules } } }

interface Registered {
  client_id: string
  client_secret: string
}
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
const register = (service: Service, change: object = {}): Promise<Registered> =>
  service.operate('POST', '/clients', {
    name: 'Service',
    grants: [grant_type, 'client_credentials'],
    redirect_uris: [],
    scopes: ['reports:read', 'reports:write'],
    audiences: [],
    public: false,
    ...change,
  })
const only = ({ client_id, client_secret }: Registered) => ({ client_id, client_secret })
const exchange = (service: Service, client: Registered, subject_token: string, change: Record<string, string> = {}) => {
  const form = { grant_type, ...only(client), subject_token, subject_token_type: accessTokenType, ...change }
  return service.call('/oauth/token', { method: 'POST', form })
}
const told = (answer: Answer) => [answer.status, answer.json().error]

for (const backend of backends) {
  void test(`token exchange on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend, yaml })
    await service.operate('PUT', '/roles/reader', { permissions: ['reports:read'] })
    const ada = await service.createUser({ roles: ['reader'] })
    const { accessToken } = await service.signIn(ada)
    const calendar = await register(service, { audiences: ['calendar', 'mail'] })
    const mail = await register(service, { audiences: ['mail', 'archive'] })
    const issue = async (client: Registered, change: Record<string, string> = {}): Promise<string> => {
      const form = { grant_type: 'client_credentials', ...only(client), ...change }
      return (await service.call('/oauth/token', { method: 'POST', form })).json().access_token
    }
    const status = async (token: string, host = 'mail.example.test') =>
      (await service.call('/forward-auth', { headers: { ...asks({ path: '/', host }), ...bearer(token) } })).status
    const introspect = async (token: string, client = mail) =>
      (await service.call('/oauth/introspect', { method: 'POST', form: { ...only(client), token } })).json()

    await t.test('a user’s token becomes one for the next service, with the actor named', async (t) => {
      const answer = await exchange(service, calendar, accessToken, { audience: 'mail' })
      t.equal(answer.status, 200)
      t.equal(answer.headers['cache-control'], 'no-store')
      const { access_token, ...rest } = answer.json()
      t.same(rest, { token_type: 'Bearer', expires_in: 300, issued_token_type: accessTokenType })
      const [before, after] = [claimsOf(accessToken), claimsOf(access_token)]
      const { jti, iat: _, ...expected } = { ...before, aud: 'mail', client_id: calendar.client_id }
      t.match(after, { ...expected, act: { sub: calendar.client_id } })
      t.not(after.jti, jti)
      t.same(after.exchanged_from, [jti])
      const added = ['act', 'exchanged_from']
      t.same(Object.keys(after).toSorted(), [...Object.keys(before), ...added].toSorted(), 'nothing else is added')
      const edge = await service.call('/forward-auth', {
        headers: { ...asks({ path: '/', host: 'mail.example.test' }), ...bearer(access_token) },
      })
      t.match(edge, { status: 200, headers: { 'x-auth-subject': ada.id, 'x-auth-client': calendar.client_id } })
      t.equal(await status(access_token, 'app.example.test'), 401, 'and is worth nothing elsewhere')
      t.match(await introspect(access_token), { active: true, act: { sub: calendar.client_id } })
      const byResource = await exchange(service, calendar, accessToken, { resource: 'mail' })
      t.equal(claimsOf(byResource.json().access_token).aud, 'mail')
      const all = await exchange(service, calendar, accessToken)
      t.same(claimsOf(all.json().access_token).aud, ['calendar', 'mail'], 'unnamed: those of the client')
    })
    await t.test('each further exchange nests the actor, and a chain has an end', async (t) => {
      const first = (await exchange(service, calendar, accessToken, { audience: 'mail' })).json().access_token
      const second = (await exchange(service, mail, first)).json().access_token
      t.same(claimsOf(second).act, { sub: mail.client_id, act: { sub: calendar.client_id } })
      t.equal(claimsOf(second).aud, 'mail', 'the archive was not in the token')
      t.equal(claimsOf(second).sub, ada.id)
      let token = second
      for (let i = 0; i < 2; i++) token = (await exchange(service, mail, token)).json().access_token
      t.same(told(await exchange(service, mail, token)), [400, 'invalid_request'])
    })
    await t.test('a subject token of another audience is refused, and so is a wider target', async (t) => {
      const other = await register(service, { audiences: ['billing'] })
      const forCalendar = await issue(calendar, { resource: 'calendar' })
      t.same(told(await exchange(service, other, forCalendar)), [400, 'invalid_request'], 'not meant for the caller')
      t.same(told(await exchange(service, mail, forCalendar)), [400, 'invalid_request'])
      const deploymentWide = await register(service)
      t.same(told(await exchange(service, deploymentWide, forCalendar)), [400, 'invalid_request'])
      t.same(told(await exchange(service, calendar, forCalendar, { audience: 'mail' })), [400, 'invalid_target'])
      const both = { audience: 'mail', resource: 'calendar' }
      t.same(told(await exchange(service, calendar, forCalendar, both)), [400, 'invalid_target'], 'one of two')
      const answer = await exchange(service, calendar, accessToken, both)
      t.same(claimsOf(answer.json().access_token).aud.toSorted(), ['calendar', 'mail'])
      for (const audience of ['billing', service.issuer, 'MAIL', 'mail/', 'http://app.example.test']) {
        t.same(told(await exchange(service, calendar, accessToken, { audience })), [400, 'invalid_target'], audience)
      }
      const same = (await exchange(service, deploymentWide, accessToken)).json().access_token
      t.equal(claimsOf(same).aud, service.issuer, 'no wider than it was')
    })
    await t.test('the scope is that of the subject token or less, never the client’s', async (t) => {
      const reader = await issue(calendar, { scope: 'reports:read', resource: 'mail' })
      const both = await issue(calendar, { resource: 'mail' })
      const whole = (await exchange(service, mail, both)).json()
      t.equal(whole.scope, 'reports:read reports:write')
      const narrow = (await exchange(service, mail, both, { scope: 'reports:read' })).json()
      t.equal(narrow.scope, 'reports:read')
      t.equal(claimsOf(narrow.access_token).scope, 'reports:read')
      t.same(told(await exchange(service, mail, reader, { scope: 'reports:write' })), [400, 'invalid_scope'])
      t.same(told(await exchange(service, mail, narrow.access_token, { scope: 'reports:write' })), [
        400,
        'invalid_scope',
      ])
      t.same(told(await exchange(service, calendar, accessToken, { scope: 'reports:read' })), [400, 'invalid_scope'])
      t.same(told(await exchange(service, mail, both, { scope: 'reports:read "x"' })), [400, 'invalid_scope'])
      t.match(claimsOf(whole.access_token), { sub: calendar.client_id, client_id: mail.client_id })
    })
    await t.test('a role that came after the subject token is not in the new one, nor one that went', async (t) => {
      const bob = await service.createUser({ roles: ['reader', 'guest'] })
      const token = (await service.signIn(bob)).accessToken
      await service.operate('PUT', `/users/${bob.id}/roles/admin`)
      await service.operate('DELETE', `/users/${bob.id}/roles/guest`)
      const delegated = claimsOf((await exchange(service, calendar, token)).json().access_token)
      t.match([delegated.roles, delegated.permissions], [['reader'], ['reports:read']])
    })
    await t.test('it ends with the subject token’s own expiry', async (t) => {
      const token = (await service.signIn(ada)).accessToken
      service.clock.advance(200)
      const { access_token, expires_in } = (await exchange(service, calendar, token, { audience: 'mail' })).json()
      t.equal(claimsOf(access_token).exp, claimsOf(token).exp)
      t.ok(expires_in <= 100 && expires_in > 98)
      t.equal(await status(access_token), 200)
      service.clock.advance(100)
      t.equal(await status(access_token), 401)
      t.same(told(await exchange(service, calendar, token)), [400, 'invalid_request'], 'expired')
    })
    await t.test('it dies with the session, the user, the actor and the client that it speaks of', async (t) => {
      const ends: Record<string, (person: { id: string; cookie: string }, actor: Registered) => Promise<unknown>> = {
        session: (person) => service.call('/api/auth/logout', { method: 'POST', headers: { cookie: person.cookie } }),
        user: (person) => service.operate('PUT', `/users/${person.id}/status`, { status: 'disabled' }),
        actor: (_, actor) => service.operate('DELETE', `/clients/${actor.client_id}`),
      }
      for (const [what, end] of Object.entries(ends)) {
        const user = await service.createUser()
        const signedIn = await service.signIn(user)
        const actor = await register(service, { audiences: ['mail'] })
        const { access_token } = (await exchange(service, actor, signedIn.accessToken)).json()
        t.equal(await status(access_token), 200, what)
        await end({ id: user.id, cookie: signedIn.cookie }, actor)
        t.equal(await status(access_token), 401, what)
        t.same(await introspect(access_token), { active: false }, what)
        if (what !== 'actor')
          t.same(told(await exchange(service, actor, signedIn.accessToken)), [400, 'invalid_request'])
      }
      const [subject, actor] = [await register(service), await register(service, { audiences: ['mail'] })]
      const { access_token } = (await exchange(service, actor, await issue(subject))).json()
      t.equal(await status(access_token), 200)
      await service.operate('DELETE', `/clients/${subject.client_id}`)
      t.equal(await status(access_token), 401)
    })
    await t.test('it dies with every client that acted on the way to it', async (t) => {
      const chain = await Promise.all([1, 2, 3].map(() => register(service, { audiences: ['mail'] })))
      const { accessToken } = await service.signIn(ada)
      let token = accessToken
      for (const client of chain) token = (await exchange(service, client, token)).json().access_token
      t.equal(await status(token), 200)
      await service.operate('DELETE', `/clients/${chain[0]!.client_id}`)
      t.equal(await status(token), 401)
      t.same(await introspect(token), { active: false })
      t.same(told(await exchange(service, chain[2]!, token)), [400, 'invalid_request'])
    })
    await t.test('it can be revoked by the client that got it, and alone', async (t) => {
      const { accessToken } = await service.signIn(ada)
      const { access_token } = (await exchange(service, calendar, accessToken, { audience: 'mail' })).json()
      const revoke = (client: Registered) =>
        service.call('/oauth/revoke', { method: 'POST', form: { ...only(client), token: access_token } })
      await revoke(mail)
      t.equal(await status(access_token), 200, 'another client’s')
      await revoke(calendar)
      t.equal(await status(access_token), 401)
      t.equal((await service.call('/api/users/me', { headers: bearer(accessToken) })).status, 200)
    })
    await t.test('it dies with the token that it was exchanged from, and with those before that one', async (t) => {
      const revoke = (client: object, token: string) =>
        service.call('/oauth/revoke', { method: 'POST', form: { ...client, token } })
      const next = async (client: Registered, token: string) =>
        (await exchange(service, client, token, { audience: 'mail' })).json().access_token
      const firstParty = { client_id: 'gatehouse' }
      const subjects: [issuer: object, issue: () => Promise<string>][] = [
        [firstParty, async () => (await service.signIn(ada)).accessToken],
        [only(calendar), () => issue(calendar)],
      ]
      for (const [issuer, begin] of subjects) {
        const root = await begin()
        const chain = [root]
        for (const client of [calendar, mail, calendar, mail]) chain.push(await next(client, chain.at(-1)!))
        t.same(
          claimsOf(chain[4]!).exchanged_from,
          chain
            .slice(0, 4)
            .toReversed()
            .map((token) => claimsOf(token).jti),
        )
        const beside = await next(calendar, root)
        const live = async () =>
          Promise.all([...chain.slice(1), beside].map(async (token) => (await status(token)) === 200))
        t.same(await live(), [true, true, true, true, true])
        await revoke(only(mail), chain[2]!)
        t.same(await live(), [true, false, false, false, true], 'what stands on it, and nothing else')
        for (const token of chain.slice(2)) t.same(await introspect(token), { active: false })
        t.same(told(await exchange(service, calendar, chain[3]!)), [400, 'invalid_request'])
        const unseen = await next(calendar, root)
        await revoke(issuer, root)
        t.same(await live(), [false, false, false, false, false])
        t.equal(await status(unseen), 401, 'nor one that was never shown before')
      }
      const { accessToken } = await service.signIn(ada)
      const atApi = await next(await register(service, { audiences: [service.issuer, 'mail'] }), accessToken)
      const wide = (await exchange(service, await register(service), accessToken)).json().access_token
      const profile = async () => (await service.call('/api/users/me', { headers: bearer(wide) })).status
      t.same([await profile(), await status(atApi)], [200, 200])
      await revoke(firstParty, accessToken)
      t.same([await profile(), await status(atApi)], [401, 401])
    })
    await t.test('whoever acts for a person neither changes the account nor signs anybody out', async (t) => {
      const wide = await register(service)
      const signedIn = await service.signIn(ada)
      const headers = bearer((await exchange(service, wide, signedIn.accessToken)).json().access_token)
      t.equal((await service.call('/api/users/me', { headers })).status, 200)
      const calls: [method: string, path: string, json?: object][] = [
        ['PATCH', '/api/users/me', { name: 'Mallory' }],
        ['POST', '/api/users/me/api-keys', { name: 'Mine', scopes: [] }],
        ['GET', '/api/users/me/api-keys'],
      ]
      for (const [method, path, json] of calls) {
        t.equal((await service.call(path, { method, headers, ...(json && { json }) })).status, 403, `${method} ${path}`)
      }
      await service.call('/api/auth/logout', { method: 'POST', headers })
      t.equal((await service.call('/api/users/me', { headers: bearer(signedIn.accessToken) })).status, 200)
    })
    await t.test(
      'what is wrong with a request is named, and nothing but an access token of ours is taken',
      async (t) => {
        const { accessToken, refreshToken } = await service.signIn(ada)
        const edge = await service.call('/forward-auth', {
          headers: { ...asks({ path: '/' }), ...bearer(accessToken) },
        })
        const [header, payload] = accessToken.split('.')
        const tokens: Record<string, string> = {
          'no token': '',
          'a refresh token': refreshToken,
          'an API key': makeApiKey(),
          'an assertion': String(edge.headers['x-auth-assertion']),
          'a forged token': `${header}.${payload}.AAAA`,
          'a text': 'x',
        }
        for (const [what, token] of Object.entries(tokens)) {
          t.same(told(await exchange(service, calendar, token)), [400, 'invalid_request'], what)
        }
        const requests: Record<string, string>[] = [
          { subject_token_type: '' },
          { subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
          { actor_token: accessToken, actor_token_type: accessTokenType },
          { actor_token: accessToken },
          { actor_token_type: accessTokenType },
          { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
        ]
        for (const change of requests) {
          const answer = await exchange(service, calendar, accessToken, change)
          t.same(told(answer), [400, 'invalid_request'], JSON.stringify(Object.keys(change)))
          t.notMatch(answer.body, accessToken)
        }
        t.equal((await exchange(service, calendar, accessToken, { requested_token_type: accessTokenType })).status, 200)
        const unregistered = await register(service, { grants: ['client_credentials'] })
        t.same(told(await exchange(service, unregistered, accessToken)), [400, 'unauthorized_client'])
        t.same(told(await exchange(service, { ...calendar, client_secret: 'x' }, accessToken)), [401, 'invalid_client'])
        await t.rejects(register(service, { public: true, grants: [grant_type] }), /public client/)
        const open = { id: `open-${randomUUID().slice(0, 8)}`, authMethod: 'none', secretHash: null } as const
        const lists = { grants: [grant_type], redirectUris: [], scopes: [], audiences: ['mail'] }
        await service.stores.clients.create({
          ...open,
          ...lists,
          name: 'Open',
          jwks: null,
          selfRegistered: false,
          registrationTokenHash: null,
          openid: null,
          createdAt: new Date(),
        })
        const form = { grant_type, client_id: open.id, subject_token: accessToken, subject_token_type: accessTokenType }
        t.same(told(await service.call('/oauth/token', { method: 'POST', form })), [400, 'unauthorized_client'])
      },
    )
  })
}
