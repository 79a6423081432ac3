/** What a program gets with a refresh token. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { claimsOf } from '../support/oauth.ts'
import { browserOf, letIn, type Program, redeem, registerProgram, requestOf, startProvider } from '../support/openid.ts'

interface Told {
  access_token: string
  refresh_token: string
  id_token?: string
}

for (const backend of backends) {
  void test(`renewed ID tokens on ${backend.name} stores`, async (t) => {
    const service = await startProvider(t, { backend })
    const ada = await service.createUser()
    const browser = browserOf(service)
    await browser.signIn(ada)
    const letProgramIn = async (program: Program, scope: string) => {
      const { code } = await letIn(browser, requestOf(service, program, { scope }))
      return (await redeem(service, program, { code })).json<Told>()
    }
    const refresh = async (program: Program, refresh_token: string, change: Record<string, string> = {}) => {
      const form = { grant_type: 'refresh_token', refresh_token, ...program, ...change }
      const answer = await service.call('/oauth/token', { method: 'POST', form: form as Record<string, string> })
      t.equal(answer.status, 200)
      return answer.json<Told>()
    }
    const scope = 'openid profile email offline_access'

    await t.test('statement 29: it is about the same sign-in, and has no nonce', async (t) => {
      const wiki = await registerProgram(service)
      const first = await letProgramIn(wiki, scope)
      const before = claimsOf(first.id_token!)
      t.equal(before.nonce, 'a nonce')
      service.clock.advance(200)
      const second = await refresh(wiki, first.refresh_token)
      const after = claimsOf(second.id_token!)
      for (const name of ['iss', 'sub', 'aud', 'azp', 'auth_time', 'acr', 'amr', 'sid', 'email']) {
        t.same(after[name], before[name], name)
      }
      t.notOk('nonce' in after)
      t.same([after.iat, after.exp], [before.iat + 200, before.exp + 200])
      t.not(after['at_hash'], before['at_hash'])
      const again = await refresh(wiki, first.refresh_token)
      t.equal(again.id_token, second.id_token, 'a retry gets the same answer')
      const third = await refresh(wiki, second.refresh_token, { scope: 'openid' })
      t.notOk(claimsOf(third.id_token!)['email'], 'narrower scopes tell less')
      t.notOk((await refresh(wiki, third.refresh_token, { scope: 'profile' })).id_token)
    })
    await t.test('its time of sign-in is the one that the program was told, whatever came after', async (t) => {
      const wiki = await registerProgram(service)
      const { refresh_token, id_token } = await letProgramIn(wiki, scope)
      service.clock.advance(60)
      const { code } = await letIn(browser, requestOf(service, wiki, { prompt: 'none' }))
      t.ok(code)
      const renewed = claimsOf((await refresh(wiki, refresh_token)).id_token!)
      t.equal(renewed.auth_time, claimsOf(id_token!).auth_time)
    })
    await t.test('a program that was let in for no sign-in gets none', async (t) => {
      const reader = await registerProgram(service, { scopes: ['reports:read', 'offline_access'] })
      const first = await letProgramIn(reader, 'reports:read offline_access')
      t.notOk(first.id_token)
      t.notOk((await refresh(reader, first.refresh_token)).id_token)
    })
  })
}
