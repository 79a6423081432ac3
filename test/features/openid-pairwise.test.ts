/** Programs that know people by names of their own (OpenID Connect Core §8). */
import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { createSubjects } from '../../src/core/subjects.ts'
import { backends } from '../support/backends.ts'
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
} from '../support/openid.ts'
import { answerJson, startSite } from '../support/outgoing.ts'
import { testSecret } from '../support/secrets.ts'
import { asks, bearer, type Service } from '../support/service.ts'

const pairwise = { subject_type: 'pairwise' }
const elsewhere = 'https://shop.example.test/callback'
const scope = 'openid offline_access'

void test('pairwise subjects', async (t) => {
  const site = await startSite(t)
  const yaml = {
    outgoing: { allow: ['localhost'], ca_file: site.ca },
    hosts: { 'app.example.test': { audience: 'app', rules: [{ allow: 'signed-in' }] } },
  }
  const service = await startProvider(t, { yaml })
  const { issuer } = service
  const ada = await service.createUser()
  const browser = browserOf(service)
  await browser.signIn(ada)
  const tokensOf = async (program: Program, redirect_uri = callback, by = browser): Promise<IssuedToProgram> => {
    const { code } = await letIn(by, requestOf(service, program, { scope, redirect_uri }))
    const answer = await redeem(service, program, { code, redirect_uri })
    t.equal(answer.status, 200)
    return answer.json<IssuedToProgram>()
  }
  const refresh = (program: Program, refresh_token: string) => {
    const form = { grant_type: 'refresh_token', refresh_token, ...program } as Record<string, string>
    return service.call('/oauth/token', { method: 'POST', form })
  }
  const backchannel_logout_uri = `${site.origin}/logout`
  const wiki = await registerProgram(service, { ...pairwise, audiences: ['app'], backchannel_logout_uri })
  const blog = await registerProgram(service, pairwise)
  const shop = await registerProgram(service, { ...pairwise, redirect_uris: [elsewhere] })
  const plain = await registerProgram(service)
  const told = await tokensOf(wiki)
  const { sub, sid } = claimsOf(told.id_token) as { sub: string; sid: string }

  await t.test('a person has one name in a sector, another in each other one, and none is the id', async (t) => {
    const names = [
      claimsOf((await tokensOf(blog)).id_token),
      claimsOf((await tokensOf(shop, elsewhere)).id_token),
      claimsOf((await tokensOf(plain)).id_token),
    ]
    t.same([names[0].sub, names[0].sid], [sub, sid])
    t.not(names[1].sub, sub)
    t.not(names[1].sid, sid)
    t.equal(names[2].sub, ada.id)
    const bob = await service.createUser()
    const own = browserOf(service)
    await own.signIn(bob)
    t.not(claimsOf((await tokensOf(wiki, callback, own)).id_token).sub, sub)
  })
  await t.test('the name is the same wherever the program is told of somebody, and the id is nowhere', async (t) => {
    const userinfo = await service.call('/oauth/userinfo', { headers: bearer(told.access_token) })
    t.equal(userinfo.json<{ sub: string }>().sub, sub)
    t.match(claimsOf(told.access_token), { sub, sid })
    const renewed = (await refresh(wiki, told.refresh_token)).json<IssuedToProgram>()
    for (const token of [renewed.id_token, renewed.access_token]) t.match(claimsOf(token), { sub, sid })
    const introspected = []
    for (const token of [renewed.access_token, renewed.refresh_token]) {
      const [, answer] = await introspect(service, wiki as never, token)
      t.match(answer, { active: true, sub, sid })
      introspected.push(answer)
    }
    const own = (await service.signIn(ada)).accessToken
    const [, ofPerson] = await introspect(service, wiki as never, own)
    t.match(ofPerson, { active: true, sub })
    const payloads = [told.id_token, told.access_token, renewed.id_token, renewed.access_token].map(claimsOf)
    t.notMatch(JSON.stringify([payloads, userinfo.body, introspected, ofPerson]), ada.id)
    const api = await registerProgram(service, { audiences: ['app'] })
    t.match((await introspect(service, api as never, renewed.access_token))[1], { active: true, sub: ada.id })
  })
  await t.test('its tokens are the person’s at protected hosts, and end as others do', async (t) => {
    const edge = async (token: string) => {
      const headers = { ...asks({ host: 'app.example.test', path: '/' }), ...bearer(token) }
      const answer = await service.call('/forward-auth/traefik', { headers })
      return [answer.status, answer.headers['x-auth-subject']]
    }
    const { access_token } = await tokensOf(wiki)
    t.same(await edge(access_token), [200, ada.id])
    await service.call('/oauth/revoke', { method: 'POST', form: { ...wiki, token: access_token } as never })
    t.equal((await edge(access_token))[0], 401)
    const { access_token: another } = await tokensOf(wiki)
    await service.operate('PUT', `/clients/${wiki.client_id}`, { sector_identifier_uri: '' })
    t.equal((await edge(another))[0], 200)
  })
  await t.test('a hint is understood of the program’s own sector, and tells nobody who has an id', async (t) => {
    const ask = async (program: Program, change: Record<string, string>, redirect_uri = callback) =>
      toldBy(await browser.visit(requestOf(service, program, { scope, redirect_uri, prompt: 'none', ...change })))
    for (const program of [wiki, blog]) t.match(await ask(program, { id_token_hint: told.id_token }), { code: String })
    t.match(await ask(shop, { id_token_hint: told.id_token }, elsewhere), { error: 'login_required' })
    const about = (value: string) => ({ claims: JSON.stringify({ id_token: { sub: { value } } }) })
    t.match(await ask(wiki, about(sub)), { code: String })
    t.match(await ask(wiki, about(ada.id)), { error: 'login_required' }, 'the id says nothing to it')
  })
  await t.test('a name follows from the id and from a salt that was stored once, and from no secret', async (t) => {
    const { clients } = service.stores
    const [salt, again] = [await clients.subjectSalt('another'), await clients.subjectSalt('and another')]
    t.equal(salt, again)
    t.not(salt, 'another')
    const client = await clients.find(wiki.client_id)
    t.equal(createSubjects(() => salt).sub(client, ada.id), sub)
    t.not(createSubjects(() => 'another').sub(client, ada.id), sub)
    t.same(createSubjects(() => salt).read(client, { sub, sid })?.sub, ada.id)
  })
  await t.test(
    'a program signs the person out by its ID token, and is told of the session that it knows',
    async (t) => {
      site.asked.splice(0)
      const url = `${issuer}/oauth/logout?id_token_hint=${told.id_token}`
      t.equal(new URL((await browser.visit(url)).url).pathname, '/signed-out', 'without a question')
      await service.gatehouse.deliverLogouts()
      const tokens = site.asked.map(({ body }) => claimsOf(new URLSearchParams(body).get('logout_token')!))
      t.match(tokens, [{ sub, sid, aud: wiki.client_id }])
      refuses(t, await refresh(wiki, told.refresh_token), 400, 'invalid_grant')
    },
  )
  await t.test('a sector is one host, or the list at an address that has all redirect URIs', async (t) => {
    const both = { ...pairwise, redirect_uris: [callback, elsewhere] }
    for (const uris of [both.redirect_uris, ['http://127.0.0.1/cb'], ['com.example.app:/cb']]) {
      await t.rejects(registerProgram(service, { ...pairwise, redirect_uris: uris }), /subject_type.*pairwise needs/)
    }
    const sector_identifier_uri = `${site.origin}/sector.json`
    site.answer = answerJson([callback])
    await t.rejects(registerProgram(service, { ...both, sector_identifier_uri }), /every redirect URI/)
    site.answer = answerJson({})
    await t.rejects(registerProgram(service, { ...both, sector_identifier_uri }), /must lead to a list/)
    site.answer = answerJson([], 500)
    await t.rejects(registerProgram(service, { ...both, sector_identifier_uri }), /cannot be read/)
    const http = { ...both, sector_identifier_uri: 'http://a.example/x' }
    await t.rejects(registerProgram(service, http), /sector_identifier_uri/)
    const moved = { redirect_uris: [elsewhere] }
    await t.rejects(service.operate('PUT', `/clients/${wiki.client_id}`, moved), /redirect_uris.*must keep their host/)
  })
})

void test('the names stay when the service starts with another secret', async (t) => {
  const service = await startProvider(t, { backend: backends.find(({ name }) => name === 'clustered')! })
  const ada = await service.createUser()
  const wiki = await registerProgram(service, pairwise)
  const tokensAt = async (at: Service) => {
    const browser = browserOf(at)
    await browser.signIn(ada)
    const { code } = await letIn(browser, requestOf(at, wiki, { scope }))
    return (await redeem(at, wiki, { code })).json<IssuedToProgram>()
  }
  const before = await tokensAt(service)
  const { sub } = claimsOf(before.id_token) as { sub: string }
  t.not(sub, ada.id)

  await service.gatehouse.app.close()
  const restarted = await startProvider(t, {
    ...{ beside: service, port: Number(new URL(service.issuer).port) },
    environment: {
      GATEHOUSE_SECRET: randomBytes(32).toString('base64'),
      GATEHOUSE_SECRET_PREVIOUS: testSecret().toString('base64'),
    },
  })
  t.match(claimsOf((await tokensAt(restarted)).id_token), { sub })
  const userinfo = await restarted.call('/oauth/userinfo', { headers: bearer(before.access_token) })
  t.equal(userinfo.json<{ sub: string }>().sub, sub, 'also by a token of before')
})
