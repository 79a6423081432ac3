/** Codes, and what programs get for them: good once, for whom it was meant, and gone with what it hangs on. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { addedRows, auditRows, eventsOfPrograms } from '../support/audit.ts'
import { basic, claimsOf, introspect, refuses } from '../support/oauth.ts'
import { browserOf, letIn, type Program, redeem, registerProgram, requestOf, startProvider } from '../support/openid.ts'
import { asks, bearer, type TestUser } from '../support/service.ts'

const yaml = {
  hosts: {
    'app.example.test': {
      audience: 'app',
      rules: [
        { paths: ['/role/**'], allow: { roles: ['editor'] } },
        { paths: ['/read/**'], allow: { permissions: ['reports:read'] } },
        { paths: ['/write/**'], allow: { permissions: ['reports:write'] } },
        { allow: 'signed-in' },
      ],
    },
    'other.example.test': { audience: 'other', rules: [{ allow: 'signed-in' }] },
  },
}
const everything = 'openid profile email groups offline_access'

for (const backend of backends) {
  void test(`codes on ${backend.name} stores`, async (t) => {
    const service = await startProvider(t, { backend, yaml })
    const { issuer } = service
    await service.operate('PUT', '/roles/editor', { permissions: ['reports:read', 'reports:write'] })
    const ada = await service.createUser({ roles: ['editor'] })
    const scopes = [...everything.split(' '), 'reports:read']
    const wiki = await registerProgram(service, { scopes, audiences: ['app'] })
    const other = await registerProgram(service)
    const browser = browserOf(service)
    await browser.signIn(ada)

    const codeOf = async (program: Program = wiki, change: Record<string, string | undefined> = {}, by = browser) =>
      (await letIn(by, requestOf(service, program, change)))['code']!
    const tokensOf = async (program: Program = wiki, change: Record<string, string | undefined> = {}, by = browser) => {
      const answer = await redeem(service, program, { code: await codeOf(program, change, by) })
      t.equal(answer.status, 200, answer.body)
      return answer.json<{ access_token: string; refresh_token: string; id_token: string; scope: string }>()
    }
    const refresh = (program: Program, refresh_token: string, change: Record<string, string> = {}) => {
      const form = { grant_type: 'refresh_token', refresh_token, ...program, ...change }
      return service.call('/oauth/token', { method: 'POST', form: form as Record<string, string> })
    }
    const userinfo = (token: string) => service.call('/oauth/userinfo', { headers: bearer(token) })
    const edge = async (token: string, path = '/', host = 'app.example.test') =>
      (await service.call('/forward-auth/traefik', { headers: { ...asks({ host, path }), ...bearer(token) } })).status
    const isActive = async (token: string, by: Program = wiki) =>
      (await introspect(service, by as never, token))[1].active as boolean

    await t.test('statements 2, 15 and 19: what a code brings says what it is, and nobody keeps it', async (t) => {
      const answer = await redeem(service, wiki, { code: await codeOf(wiki, { scope: everything }) })
      t.match(answer.headers, { 'cache-control': 'no-store', 'content-type': /^application\/json/ })
      const { access_token, refresh_token, id_token, ...told } = answer.json()
      t.same(told, { token_type: 'Bearer', expires_in: 300, scope: everything })
      t.match(refresh_token, /^[\w-]{43}$/)
      const header = (token: string) => JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString())
      t.match(header(access_token), { alg: 'ES256', typ: 'at+jwt' })
      t.match(header(id_token), { alg: 'RS256', typ: 'JWT', kid: String })
      const claims = claimsOf(access_token)
      const sid = String
      t.match(claims, { iss: issuer, sub: ada.id, client_id: wiki.client_id, scope: everything, jti: String, sid })
      t.same(claims.aud, ['app', `${issuer}/oauth/userinfo`])
      t.match([claims.roles, claims.permissions], [undefined, undefined], 'what the person may do is not told')
      const now = Math.floor(service.clock.now() / 1000)
      t.match(claimsOf(id_token), { iss: issuer, sub: ada.id, aud: wiki.client_id, azp: wiki.client_id, iat: now, sid })
      t.match(claimsOf(id_token), { exp: now + 900, nonce: 'a nonce', acr: 'aal1', amr: ['pwd'], auth_time: Number })
      t.equal((await userinfo(id_token)).status, 401, 'an ID token is no access token')
      t.equal(await edge(id_token), 401)
      t.not(ada.id, wiki.client_id, 'statement 20: no id of a person is one of a program')
    })
    await t.test('a thin ID token says nothing but who it is, and a program chooses its refresh tokens', async (t) => {
      const thin = await registerProgram(service, { id_token_claims: 'thin', refresh_tokens: 'always' })
      const { id_token, refresh_token, access_token } = await tokensOf(thin)
      const { email, name, preferred_username } = claimsOf(id_token)
      t.same([email, name, preferred_username], [undefined, undefined, undefined])
      t.ok(refresh_token)
      t.match((await userinfo(access_token)).json(), { email: ada.email, name: 'Ada Lovelace' })
      t.notOk((await tokensOf(other)).refresh_token)
    })
    await t.test('statement 7: a program that is not registered for codes gets nothing for one', async (t) => {
      const job = await registerProgram(service, { grants: ['client_credentials'] })
      refuses(t, await redeem(service, job, { code: await codeOf() }), 400, 'unauthorized_client')
    })
    await t.test('statement 8: a code of another program is refused, and stays good for its own', async (t) => {
      const code = await codeOf()
      refuses(t, await redeem(service, other, { code }), 400, 'invalid_grant')
      t.equal((await redeem(service, wiki, { code })).status, 200)
    })
    await t.test('statements 8 and 11: a code is good for a minute', async (t) => {
      const [late, timely] = [await codeOf(), await codeOf()]
      service.clock.advance(59)
      t.equal((await redeem(service, wiki, { code: timely })).status, 200)
      service.clock.advance(1)
      refuses(t, await redeem(service, wiki, { code: late }), 400, 'invalid_grant')
    })
    await t.test('statement 9: of 20 parallel redemptions one succeeds', async (t) => {
      const code = await codeOf()
      const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(service, wiki, { code })))
      t.equal(answers.filter(({ status }) => status === 200).length, 1)
      for (const answer of answers) if (answer.status !== 200) refuses(t, answer, 400, 'invalid_grant')
    })
    await t.test('statement 10: a replayed code ends what it had brought', async (t) => {
      const code = await codeOf(wiki, { scope: everything })
      const { access_token, refresh_token } = (await redeem(service, wiki, { code })).json()
      const renewed = (await refresh(wiki, refresh_token)).json()
      t.same([await edge(access_token), await edge(renewed.access_token)], [200, 200])
      const rows = await addedRows(service, async () => {
        refuses(t, await redeem(service, wiki, { code }), 400, 'invalid_grant')
      })
      t.match(rows, [{ event: 'authorization.code_replayed', subject: ada.id, clientId: wiki.client_id }])
      t.same([await edge(access_token), await edge(renewed.access_token)], [401, 401])
      t.equal((await userinfo(renewed.access_token)).status, 401)
      t.equal(await isActive(renewed.access_token), false)
      refuses(t, await refresh(wiki, renewed.refresh_token), 400, 'invalid_grant')
      t.ok((await codeOf()).length, 'the person is still signed in')
    })
    await t.test(
      'statement 12: the redirect URI is the one of the request, or is left out with a verifier',
      async (t) => {
        const code = await codeOf()
        const redirect_uri = 'https://wiki.example.test/callback2'
        refuses(t, await redeem(service, wiki, { code, redirect_uri }), 400, 'invalid_grant')
        t.equal((await redeem(service, wiki, { code, redirect_uri: undefined })).status, 200)
        const none = { code_challenge: undefined, code_challenge_method: undefined }
        const unbound = { code: await codeOf(wiki, none), code_verifier: undefined }
        refuses(t, await redeem(service, wiki, { ...unbound, redirect_uri: undefined }), 400, 'invalid_grant')
        t.equal((await redeem(service, wiki, unbound)).status, 200)
      },
    )
    await t.test(
      'statement 13: without the verifier a code is worth nothing, and none is used up by a wrong one',
      async (t) => {
        const code = await codeOf()
        for (const code_verifier of [undefined, 'x'.repeat(43), 'x'.repeat(128)]) {
          refuses(t, await redeem(service, wiki, { code, code_verifier }), 400, 'invalid_grant')
        }
        for (const code_verifier of ['x'.repeat(42), 'x'.repeat(129), `${'x'.repeat(43)} `]) {
          refuses(t, await redeem(service, wiki, { code, code_verifier }), 400, 'invalid_request')
        }
        t.equal((await redeem(service, wiki, { code })).status, 200)
      },
    )
    await t.test('statement 14: a verifier without a challenge is refused', async (t) => {
      const none = { code_challenge: undefined, code_challenge_method: undefined }
      refuses(t, await redeem(service, wiki, { code: await codeOf(wiki, none) }), 400, 'invalid_request')
    })
    await t.test('a program proves itself by either way that it has, and a public one by its code alone', async (t) => {
      const form = { client_id: undefined, client_secret: undefined, code: await codeOf() }
      const given = Object.entries({ grant_type: 'authorization_code', ...form }).filter(([, value]) => value)
      const body = { ...Object.fromEntries(given), code_verifier: (await import('../support/openid.ts')).verifier }
      const headers = basic(wiki.client_id, wiki.client_secret!)
      const byBasic = await service.call('/oauth/token', { method: 'POST', form: body as never, headers })
      t.equal(byBasic.status, 200, byBasic.body)
      const app = await registerProgram(service, { public: true })
      t.equal((await redeem(service, app, { code: await codeOf(app) })).status, 200)
      refuses(t, await redeem(service, { client_id: wiki.client_id }, { code: await codeOf() }), 401, 'invalid_client')
    })
    await t.test('statements 22 and 23: a refresh token is its program’s, and never widens', async (t) => {
      const { refresh_token } = await tokensOf(wiki, { scope: everything })
      refuses(t, await refresh(other, refresh_token), 400, 'invalid_grant')
      refuses(t, await refresh(wiki, refresh_token, { scope: 'openid reports:read' }), 400, 'invalid_scope')
      refuses(t, await refresh(wiki, refresh_token, { resource: issuer }), 400, 'invalid_target')
      const narrow = (await refresh(wiki, refresh_token, { scope: 'openid', resource: 'app' })).json()
      t.equal(narrow.scope, 'openid')
      t.same(claimsOf(narrow.access_token).aud, ['app', `${issuer}/oauth/userinfo`])
      t.equal((await refresh(wiki, narrow.refresh_token)).json().scope, everything)
    })
    await t.test(
      'statement 24: a refresh token that is used again ends what its program was let in for, and no more',
      async (t) => {
        const first = await tokensOf(wiki, { scope: everything })
        const second = (await refresh(wiki, first.refresh_token)).json()
        service.clock.advance(11)
        const rows = await addedRows(service, () => refresh(wiki, first.refresh_token))
        t.match(rows, [{ event: 'refresh.reused', clientId: wiki.client_id }])
        refuses(t, await refresh(wiki, second.refresh_token), 400, 'invalid_grant')
        t.equal(await edge(second.access_token), 401)
        t.ok(await codeOf(), 'the person is still signed in')
      },
    )
    await t.test('statement 25: of 20 parallel refreshes one descendant is left, and it works', async (t) => {
      const { refresh_token } = await tokensOf(wiki, { scope: everything })
      const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(wiki, refresh_token)))
      t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
      const descendants = new Set(answers.map((answer) => answer.json().refresh_token))
      t.equal(descendants.size, 1)
      t.equal((await refresh(wiki, [...descendants][0])).status, 200)
    })
    await t.test('statements 35 to 37: a program revokes its own, and with the refresh token all of it', async (t) => {
      const { access_token, refresh_token } = await tokensOf(wiki, { scope: everything })
      const revoke = (program: Program, token: string) =>
        service.call('/oauth/revoke', { method: 'POST', form: { ...program, token } as Record<string, string> })
      t.equal((await revoke(other, refresh_token)).status, 200)
      t.equal(await isActive(refresh_token), true, 'of another program it is left alone')
      t.equal((await revoke(wiki, refresh_token)).status, 200)
      t.same(
        [await isActive(refresh_token), await isActive(access_token), await edge(access_token)],
        [false, false, 401],
      )
      t.equal((await revoke(wiki, refresh_token)).status, 200)
      t.ok(await codeOf(), 'the person is still signed in')
    })
    await t.test(
      'statement 27: a consent that is taken back ends the tokens at once, on the page and by the API',
      async (t) => {
        const headers = {
          cookie: Object.entries(browser.jarOf(new URL(issuer).host))
            .map((pair) => pair.join('='))
            .join('; '),
        }
        const ways: Record<string, (program: Program) => Promise<unknown>> = {
          page: async ({ client_id }) => {
            const page = await browser.visit(`${issuer}/grants`)
            t.match(page.answer.body, 'The wiki')
            return browser.fillIn(page, { client: client_id })
          },
          api: ({ client_id }) =>
            service.call(`/api/users/me/grants/${client_id}`, {
              method: 'DELETE',
              headers: { ...headers, origin: issuer },
            }),
          operator: ({ client_id }) => service.operate('DELETE', `/users/${ada.email}/grants/${client_id}`),
        }
        for (const [name, withdraw] of Object.entries(ways)) {
          const program = await registerProgram(service, { scopes, audiences: ['app'] })
          const unused = await codeOf(program)
          const { access_token, refresh_token } = await tokensOf(program, { scope: everything })
          t.equal(await edge(access_token), 200)
          const list = await service.operate('GET', `/users/${ada.id}/grants`)
          t.match(
            list.find((one: { client_id: string }) => one.client_id === program.client_id),
            { name: 'The wiki' },
          )
          await withdraw(program)
          t.equal(await edge(access_token), 401, name)
          refuses(t, await refresh(program, refresh_token), 400, 'invalid_grant')
          refuses(t, await redeem(service, program, { code: unused }), 400, 'invalid_grant')
          const again = await browser.visit(requestOf(service, program))
          t.equal(new URL(again.url).pathname, '/consent', 'the person is asked again')
        }
        const mine = (await service.call('/api/users/me/grants', { headers })).json()
        t.ok(mine.some(({ client_id }: Program) => client_id === wiki.client_id))
        const unknown = await service.call('/api/users/me/grants/nobody', {
          method: 'DELETE',
          headers: { ...headers, origin: issuer },
        })
        t.equal(unknown.status, 404)
      },
    )
    await t.test('statements 27 and 30: signing out, disabling and deleting the program end all of it', async (t) => {
      const begin = async (user: TestUser, program: Program) => {
        const own = browserOf(service)
        await own.signIn(user)
        const tokens = await tokensOf(program, { scope: everything }, own)
        return { own, ...tokens, code: await codeOf(program, {}, own) }
      }
      const ends: Record<string, (user: TestUser, program: Program, own: typeof browser) => Promise<unknown>> = {
        'signed out': async (_user, _program, own) => {
          const page = await own.visit(`${issuer}/logout`)
          return own.fillIn(page, {})
        },
        disabled: (user) => service.operate('PUT', `/users/${user.id}/status`, { status: 'disabled' }),
        'program deleted': (_user, { client_id }) => service.operate('DELETE', `/clients/${client_id}`),
      }
      for (const [name, end] of Object.entries(ends)) {
        const [user, program] = [
          await service.createUser(),
          await registerProgram(service, { scopes, audiences: ['app'] }),
        ]
        const { own, access_token, refresh_token, code } = await begin(user, program)
        t.equal(await edge(access_token), 200)
        await end(user, program, own)
        t.equal(await edge(access_token), 401, name)
        t.ok((await refresh(program, refresh_token)).status >= 400)
        t.ok((await redeem(service, program, { code })).status >= 400)
      }
    })
    await t.test('a program acts with its scopes and within its audience, never as the person', async (t) => {
      const token = (await tokensOf(wiki, { scope: 'openid reports:read' })).access_token
      t.same(claimsOf(token).permissions, ['reports:read'])
      t.same([await edge(token), await edge(token, '/read/x'), await edge(token, '/write/x')], [200, 200, 403])
      t.equal(await edge(token, '/role/x'), 403, 'the role is the person’s')
      t.equal(await edge(token, '/', 'other.example.test'), 401)
      const bare = (await tokensOf(wiki, { scope: 'openid' })).access_token
      t.equal(await edge(bare, '/read/x'), 403)
      const own = (await service.signIn(ada)).accessToken
      t.same([await edge(own, '/role/x'), await edge(own, '/write/x')], [200, 200])
    })
    if (backend === backends[0]) {
      await t.test('no token of a program opens anything of the service’s own API', async (t) => {
        const admin = await service.createUser({ roles: ['admin', 'editor'] })
        const by = browserOf(service)
        await by.signIn(admin)
        const greedy = await registerProgram(service, { scopes, audiences: ['app', issuer] })
        const { access_token, refresh_token } = await tokensOf(greedy, { scope: everything }, by)
        const asCookie = { cookie: `gatehouse_refresh=${refresh_token}`, origin: issuer }
        t.equal((await service.call('/api/auth/refresh', { method: 'POST', headers: asCookie })).status, 401)
        t.equal((await service.call('/api/auth/refresh', { method: 'POST', json: { refresh_token } })).status, 401)
        t.equal((await service.call('/api/auth/logout', { method: 'POST', headers: asCookie })).status, 204)
        t.notOk([claimsOf(access_token).aud].flat().includes(issuer), 'its audience is none of a program')
        const { paths } = (await service.call('/openapi.json')).json()
        const level = { '{id}': '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f' }
        let asked = 0
        for (const [path, item] of Object.entries<Record<string, { security?: object[] }>>(paths)) {
          if (!path.startsWith('/api/')) continue
          for (const [method, { security = [] }] of Object.entries(item)) {
            if (!security.some((one) => 'bearer' in one)) continue
            const url = path.replaceAll(/\{[^}]+\}/g, level['{id}'])
            const headers = bearer(access_token)
            const answer = await service.call(url, { method: method.toUpperCase(), headers })
            const isLogout = path === '/api/auth/logout'
            const refused = isLogout ? answer.status === 204 : [401, 403].includes(answer.status)
            t.ok(refused, `${method} ${path}: ${answer.status}`)
            asked++
          }
        }
        t.ok(asked > 50, `${asked} were asked`)
        t.equal(new URL((await by.visit(`${issuer}/account`)).url).pathname, '/account', 'nor signs the person out')
      })
    }
    await t.test('statements 58 and 59: userinfo says what is wrong, and takes no token from an address', async (t) => {
      const nothing = await service.call('/oauth/userinfo')
      t.same([nothing.status, nothing.headers['www-authenticate']], [401, 'Bearer realm="gatehouse"'])
      const bad = await userinfo('e30.e30.e30')
      t.match(
        [bad.status, bad.headers['www-authenticate'], bad.json()],
        [401, /error="invalid_token"/, { error: 'invalid_token' }],
      )
      const { access_token } = await tokensOf(wiki, { scope: 'reports:read' })
      const without = await userinfo(access_token)
      t.match([without.status, without.headers['www-authenticate']], [403, /error="insufficient_scope"/])
      const { access_token: token, id_token } = await tokensOf(wiki)
      t.equal((await service.call(`/oauth/userinfo?access_token=${token}`)).status, 401)
      const told = (await userinfo(token)).json()
      t.same(told, {
        sub: ada.id,
        name: 'Ada Lovelace',
        preferred_username: ada.email,
        email: ada.email,
        email_verified: true,
      })
      t.equal(claimsOf(id_token).sub, told.sub)
      const posted = [
        await service.call('/oauth/userinfo', { method: 'POST', headers: bearer(token) }),
        await service.call('/oauth/userinfo', { method: 'POST', form: { access_token: token } }),
      ]
      for (const answer of posted) t.same([answer.status, answer.json()], [200, told])
      const own = (await service.signIn(ada)).accessToken
      t.equal((await userinfo(own)).status, 403, 'the person’s own token has no scope')
    })
    await t.test(
      'what a program may do that was let in is not mixed up with what it exchanges a token for',
      async (t) => {
        const grants = ['authorization_code', 'urn:ietf:params:oauth:grant-type:token-exchange']
        const both = await registerProgram(service, { grants, audiences: ['app'], scopes: [], first_party: true })
        const { accessToken, cookie } = await service.signIn(ada)
        const url = requestOf(service, both, { scope: undefined }).slice(issuer.length)
        const tokens: Record<string, () => Promise<string>> = {
          async granted() {
            const { headers } = await service.call(url, { headers: { cookie } })
            const code = new URL(String(headers['location'])).searchParams.get('code')!
            return (await redeem(service, both, { code })).json().access_token
          },
          async exchanged() {
            const subject = {
              subject_token: accessToken,
              subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
            }
            const form = {
              grant_type: grants[1]!,
              ...subject,
              client_id: both.client_id,
              client_secret: both.client_secret!,
            }
            return (await service.call('/oauth/token', { method: 'POST', form })).json().access_token
          },
        }
        for (const kind of ['granted', 'exchanged', 'granted']) {
          t.equal(await edge(await tokens[kind]!(), '/role/x'), kind === 'granted' ? 403 : 200, kind)
        }
      },
    )
    await t.test('userinfo tells of somebody as they are now, with the same token', async (t) => {
      const person = await service.createUser()
      const theirs = browserOf(service)
      await theirs.signIn(person)
      const { access_token: token } = await tokensOf(wiki, {}, theirs)
      t.match((await userinfo(token)).json(), { name: 'Ada Lovelace', preferred_username: person.email })
      const headers = bearer((await service.signIn(person)).accessToken)
      const json = { name: 'Ada King', locale: 'de' }
      t.equal((await service.call('/api/users/me', { method: 'PATCH', headers, json })).status, 200)
      await service.operate('PUT', `/users/${person.id}/username`, { username: 'countess' })
      t.match((await userinfo(token)).json(), { name: 'Ada King', locale: 'de', preferred_username: 'countess' })
      await service.operate('PUT', `/users/${person.id}/status`, { status: 'disabled' })
      t.equal((await userinfo(token)).status, 401)
    })
    await t.test('a copy of the data holds what programs were let in for', async (t) => {
      const headers = bearer((await service.signIn(ada)).accessToken)
      const { grants, authorizations } = (await service.call('/api/users/me/export', { headers })).json()
      t.match(grants[0], { client_id: String, scopes: Array, granted_at: String })
      t.match(authorizations[0], { id: String, session_id: String, client_id: String, created_at: String })
      t.notMatch(JSON.stringify(authorizations), /code|hash|nonce|challenge/)
    })
    await t.test('the trail is told of all of it', async (t) => {
      const page = await browser.visit(requestOf(service, await registerProgram(service)))
      await browser.fillIn(page, { answer: 'deny' })
      await service.operate('PUT', `/clients/${wiki.client_id}`, { name: 'Another wiki' })
      const told = new Set((await auditRows(service)).map(({ event }) => event))
      t.same(
        Object.keys(eventsOfPrograms).filter((event) => !told.has(event)),
        [],
      )
    })
  })
}
