/** What of a client's own settings decides how long its tokens are good for, and how a person must have signed in for it. */
import { test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { createProver } from '../support/dpop.ts'
import { claimsOf, introspect, refuses } from '../support/oauth.ts'
import {
  browserOf,
  callback,
  type IssuedToProgram,
  letIn,
  type Program,
  redeem,
  registerProgram,
  requestOf,
  startProvider,
  toldBy,
  verifier,
} from '../support/openid.ts'

const scope = 'openid offline_access'

for (const backend of backends) {
  void test(`settings of clients on ${backend.name} stores`, async (t) => {
    const tokens = { access_ttl_seconds: 300, refresh_idle_ttl_seconds: 2_000, refresh_absolute_ttl_seconds: 9_000 }
    const service = await startProvider(t, { backend, yaml: { tokens } })
    const ada = await service.createUser()
    const browser = browserOf(service)
    await browser.signIn(ada)
    const tokensOf = async (program: Program) => {
      const { code } = await letIn(browser, requestOf(service, program, { scope }))
      const answer = await redeem(service, program, { code })
      t.equal(answer.status, 200)
      return answer.json<IssuedToProgram>()
    }
    const refresh = (program: Program, refresh_token: string, change: Record<string, string> = {}, headers = {}) => {
      const form = { grant_type: 'refresh_token', refresh_token, ...program, ...change } as Record<string, string>
      return service.call('/oauth/token', { method: 'POST', form, headers })
    }
    const lives = ({ exp, iat }: { exp: number; iat: number }) => exp - iat

    await t.test('a client has lifetimes of its own, which a change of them takes back', async (t) => {
      const own = { access_token_ttl_seconds: 1_200, id_token_ttl_seconds: 60 }
      const wiki = await registerProgram(service, own)
      const first = await tokensOf(wiki)
      const second = (await refresh(wiki, first.refresh_token)).json<IssuedToProgram>()
      for (const told of [first, second]) {
        t.equal(told.expires_in, 1_200)
        t.same([lives(claimsOf(told.access_token)), lives(claimsOf(told.id_token))], [1_200, 60])
      }
      await service.operate('PUT', `/clients/${wiki.client_id}`, { access_token_ttl_seconds: null })
      t.equal((await refresh(wiki, second.refresh_token)).json<IssuedToProgram>().expires_in, 300)
      const grants = ['client_credentials']
      const job = await registerProgram(service, { grants, scopes: [], access_token_ttl_seconds: 30 })
      const form = { grant_type: 'client_credentials', ...job } as Record<string, string>
      t.equal((await service.call('/oauth/token', { method: 'POST', form })).json<IssuedToProgram>().expires_in, 30)
    })
    await t.test(
      'statement 28: its refresh tokens end after its own times, and never after those of the service',
      async (t) => {
        const times = { refresh_idle_ttl_seconds: 100, refresh_absolute_ttl_seconds: 250 }
        const wiki = await registerProgram(service, times)
        const idle = await tokensOf(wiki)
        const begun = await tokensOf(wiki)
        service.clock.advance(99)
        const second = (await refresh(wiki, begun.refresh_token)).json<IssuedToProgram>()
        service.clock.advance(1)
        refuses(t, await refresh(wiki, idle.refresh_token), 400, 'invalid_grant')
        service.clock.advance(90)
        const third = (await refresh(wiki, second.refresh_token)).json<IssuedToProgram>()
        service.clock.advance(60)
        refuses(t, await refresh(wiki, third.refresh_token), 400, 'invalid_grant')
        const longer = { refresh_idle_ttl_seconds: 1_000_000, refresh_absolute_ttl_seconds: 1_000_000 }
        const other = await registerProgram(service, longer)
        const { refresh_token } = await tokensOf(other)
        service.clock.advance(2_000)
        refuses(t, await refresh(other, refresh_token), 400, 'invalid_grant')
      },
    )
    await t.test(
      'without rotation a refresh token stays good, at once and in parallel, until it goes idle',
      async (t) => {
        const wiki = await registerProgram(service, { refresh_token_rotation: 'off', refresh_idle_ttl_seconds: 1_000 })
        const { refresh_token } = await tokensOf(wiki)
        const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(wiki, refresh_token)))
        for (const answer of answers) t.match(answer.json(), { refresh_token, id_token: String })
        t.equal(new Set(answers.map((answer) => answer.json<IssuedToProgram>().access_token)).size, 10)
        for (let times = 0; times < 4; times++) {
          service.clock.advance(900)
          t.equal((await refresh(wiki, refresh_token)).status, 200, 'its use has it go idle later')
        }
        const narrow = await refresh(wiki, refresh_token, { scope: 'openid' })
        t.match(narrow.json(), { scope: 'openid', refresh_token })
        refuses(t, await refresh(wiki, refresh_token, { scope: 'openid email' }), 400, 'invalid_scope')
        const stranger = await registerProgram(service)
        refuses(t, await refresh(stranger, refresh_token), 400, 'invalid_grant')
        t.equal((await introspect(service, wiki as never, refresh_token))[1].active, true)
        service.clock.advance(1_000)
        refuses(t, await refresh(wiki, refresh_token), 400, 'invalid_grant')
      },
    )
    await t.test('it ends with the consent, and once rotation is on again it is used up by its next use', async (t) => {
      const wiki = await registerProgram(service, { refresh_token_rotation: 'off' })
      const withdrawn = await tokensOf(wiki)
      t.equal((await refresh(wiki, withdrawn.refresh_token)).status, 200)
      await service.operate('DELETE', `/users/${ada.id}/grants/${wiki.client_id}`)
      refuses(t, await refresh(wiki, withdrawn.refresh_token), 400, 'invalid_grant')
      const { refresh_token } = await tokensOf(wiki)
      t.equal((await refresh(wiki, refresh_token)).status, 200)
      await service.operate('PUT', `/clients/${wiki.client_id}`, { refresh_token_rotation: 'on' })
      t.not((await refresh(wiki, refresh_token)).json<IssuedToProgram>().refresh_token, refresh_token)
      service.clock.advance(11)
      refuses(t, await refresh(wiki, refresh_token), 400, 'invalid_grant')
      t.ok(
        (await auditRows(service)).some(
          ({ event, clientId }) => event === 'refresh.reused' && clientId === wiki.client_id,
        ),
      )
    })
    if (backend !== backends[0]) return
    await t.test('a public client keeps a refresh token only where that is bound to a key', async (t) => {
      const off = { public: true, refresh_token_rotation: 'off' }
      await t.rejects(registerProgram(service, off), /refresh_token_rotation.*must be on/)
      const app = await registerProgram(service, { ...off, dpop_bound_access_tokens: true })
      await t.rejects(
        service.operate('PUT', `/clients/${app.client_id}`, { dpop_bound_access_tokens: false }),
        /refresh_token_rotation/,
      )
      const { prove } = await createProver(service.clock)
      const at = { url: `${service.issuer}/oauth/token` }
      const { code } = await letIn(browser, requestOf(service, app, { scope }))
      const form = {
        grant_type: 'authorization_code',
        ...app,
        code,
        redirect_uri: callback,
        code_verifier: verifier,
      } as Record<string, string>
      const headers = { dpop: await prove(at) }
      const first = (await service.call('/oauth/token', { method: 'POST', form, headers })).json<IssuedToProgram>()
      const again = await refresh(app, first.refresh_token, {}, { dpop: await prove(at) })
      t.match(again.json(), { refresh_token: first.refresh_token, token_type: 'DPoP', access_token: String })
      t.ok(first.refresh_token)
      const other = await createProver(service.clock)
      const stolen = await refresh(app, first.refresh_token, {}, { dpop: await other.prove(at) })
      refuses(t, stolen, 400, 'invalid_grant')
    })
    await t.test('a default level and age hold where a request says nothing of them', async (t) => {
      const ask = async (program: Program, change: Record<string, string> = {}) =>
        toldBy(await browser.visit(requestOf(service, program, { scope: 'openid', prompt: 'none', ...change })))
      const strict = await registerProgram(service, { first_party: true, default_acr_values: ['aal2'] })
      t.match(await ask(strict), { error: 'unmet_authentication_requirements' })
      t.match(await ask(strict, { acr_values: 'aal1' }), { code: String })
      const fresh = await registerProgram(service, { first_party: true, default_max_age: 60 })
      service.clock.advance(61)
      t.match(await ask(fresh), { error: 'login_required' })
      t.match(await ask(fresh, { max_age: '1000000' }), { code: String })
      await service.operate('PUT', `/clients/${fresh.client_id}`, { default_max_age: null })
      t.match(await ask(fresh), { code: String })
    })
    await t.test('what is out of bounds, or contradicts itself, is refused by its name', async (t) => {
      for (const [name, value] of [
        ['access_token_ttl_seconds', 0],
        ['access_token_ttl_seconds', 86_401],
        ['id_token_ttl_seconds', 86_401],
        ['refresh_idle_ttl_seconds', 1.5],
        ['default_max_age', -1],
        ['default_acr_values', ['aal3']],
        ['refresh_token_rotation', 'never'],
      ] as const) {
        await t.rejects(registerProgram(service, { [name]: value }), new RegExp(name), `${name} ${String(value)}`)
      }
      const times = { refresh_idle_ttl_seconds: 100, refresh_absolute_ttl_seconds: 50 }
      await t.rejects(registerProgram(service, times), /refresh_idle_ttl_seconds.*must not exceed/)
    })
  })
}
