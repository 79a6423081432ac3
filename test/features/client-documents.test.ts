/** Programs that are known by a document at the address which is their id (OAuth Client ID Metadata Document). */
import { test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { browserOf, redeem, requestOf, startProvider, toldBy } from '../support/openid.ts'
import { answerJson, startSite } from '../support/outgoing.ts'

const redirect = 'http://127.0.0.1/callback'

void test('programs are known by a document of theirs', async (t) => {
  const site = await startSite(t)
  const yaml = {
    outgoing: { allow: ['localhost'], ca_file: site.ca },
    clients: { metadata_documents: true, most: 2, scopes: ['openid', 'offline_access'] },
    limits: { requests_per_minute: 100_000 },
  }
  const service = await startProvider(t, { yaml })
  const host = new URL(site.origin).host
  let documents = 0
  const idOf = (name = `agent-${++documents}`) => `${site.origin}/${name}`
  const documentOf = (client_id: string, change: object = {}) => ({
    ...{ client_id, client_name: 'Your bank', redirect_uris: [redirect, `${site.origin}/callback`] },
    ...{ grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'none' },
    ...change,
  })
  const ada = await service.createUser()
  const browser = browserOf(service)
  await browser.signIn(ada)
  const ask = (client_id: string, change: object = {}) =>
    browser.visit(
      requestOf(service, { client_id }, { redirect_uri: redirect, scope: 'openid offline_access', ...change }),
    )
  const ids = async () => (await service.list('/clients')).map(({ client_id }: { client_id: string }) => client_id)
  const isNone = async (client_id: string, about: string) => {
    const { url, answer } = await ask(client_id)
    t.match([new URL(url).origin, answer.status], [service.issuer, 400], about)
    t.match(answer.body, /id="fault"/, about)
  }
  const id = idOf()

  await t.test('a person sees the host and that nobody has verified it, lets it in, and shuts it out', async (t) => {
    site.answer = answerJson(documentOf(id))
    const page = await ask(id)
    t.match(page.answer.body, new RegExp(`class="site"[^]*${host}[^]*is not verified`))
    t.notMatch(page.answer.body, 'Your bank', 'the name that it gives itself is nobody’s word')
    t.notOk((await ids()).includes(id), 'nothing is written before somebody agrees')
    const { code } = toldBy(await browser.fillIn(page, { answer: 'allow' }))
    const tokens = (await redeem(service, { client_id: id }, { code: code!, redirect_uri: redirect })).json()
    t.ok(tokens.access_token && tokens.refresh_token)
    t.equal(site.asked.splice(0).length, 1, 'the document is fetched once')
    t.match(await service.operate('GET', `/clients/${encodeURIComponent(id)}`), { verified: false, name: host })
    t.ok((await auditRows(service)).some(({ event, clientId }) => event === 'client.registered' && clientId === id))
    const grants = await browser.visit(`${service.issuer}/grants`)
    t.match(grants.answer.body, host)
    await browser.fillIn(grants, { client_id: id })
    const form = { grant_type: 'refresh_token', client_id: id, refresh_token: tokens.refresh_token }
    t.equal((await service.call('/oauth/token', { method: 'POST', form })).json().error, 'invalid_grant')
  })

  await t.test('logout tokens go where the document says', async (t) => {
    const own = idOf()
    const backchannel_logout_uri = `${site.origin}/logout`
    const said = { redirect_uris: [redirect], backchannel_logout_uri, initiate_login_uri: `${site.origin}/login` }
    site.answer = answerJson(documentOf(own, said))
    const guest = browserOf(service)
    await guest.signIn(ada)
    const url = requestOf(service, { client_id: own }, { redirect_uri: redirect, scope: 'openid' })
    const { code } = toldBy(await guest.fillIn(await guest.visit(url), { answer: 'allow' }))
    const tokens = (await redeem(service, { client_id: own }, { code: code!, redirect_uri: redirect })).json()
    t.match(await service.operate('GET', `/clients/${encodeURIComponent(own)}`), said)
    site.asked.splice(0)
    await guest.fillIn(await guest.visit(`${service.issuer}/oauth/logout?id_token_hint=${tokens.id_token}`), {})
    await service.gatehouse.deliverLogouts()
    const told = site.asked.splice(0).filter(({ body }) => body.startsWith('logout_token='))
    t.equal(told.length, 1)
    await service.operate('DELETE', `/clients/${encodeURIComponent(own)}`)
  })

  await t.test('a changed document counts with the next agreement', async (t) => {
    site.answer = answerJson(documentOf(id, { redirect_uris: [`${site.origin}/other`] }))
    service.clock.advance(601)
    await isNone(id, 'the former address')
    const page = await ask(id, { redirect_uri: `${site.origin}/other` })
    t.ok(toldBy(await browser.fillIn(page, { answer: 'allow' }))['code'])
    const { redirect_uris } = await service.operate('GET', `/clients/${encodeURIComponent(id)}`)
    t.same(redirect_uris, [`${site.origin}/other`])
  })

  await t.test('what such a document may not say makes it none', async (t) => {
    const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' }
    const wrong: [string, object][] = [
      ['another id', { client_id: `${site.origin}/another` }],
      ['a secret', { client_secret: 'x' }],
      ['a method with a secret', { token_endpoint_auth_method: 'client_secret_basic' }],
      ['a private key', { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key] } }],
      ['logout elsewhere', { backchannel_logout_uri: 'https://elsewhere.example.test/logout' }],
      ['a sign-in elsewhere', { initiate_login_uri: 'https://elsewhere.example.test/login' }],
      ['another origin', { redirect_uris: ['https://elsewhere.example.test/callback'] }],
      ['another port', { redirect_uris: ['https://localhost:1/callback'] }],
      ['one of several', { redirect_uris: [redirect, 'https://elsewhere.example.test/callback'] }],
      ['plain http', { redirect_uris: ['http://elsewhere.example.test/callback'] }],
      ['the scheme of an app', { redirect_uris: ['com.example.app:/callback'] }],
      ['no address', { redirect_uris: [] }],
      ['another grant', { grant_types: ['client_credentials'] }],
      ['a scope of others', { scope: 'gatehouse:users:read' }],
      ['a software statement', { software_statement: 'eyJ' }],
    ]
    for (const [about, change] of wrong) {
      const one = idOf()
      site.answer = answerJson(documentOf(one, change))
      await isNone(one, about)
    }
    const answers = { text: 'x', list: [], nothing: null }
    for (const [about, value] of Object.entries(answers)) {
      site.answer = answerJson(value)
      await isNone(idOf(), about)
    }
    site.answer = answerJson({}, 404)
    await isNone(idOf(), 'not there')
    const before = site.asked.length
    const next = idOf()
    site.answer = answerJson(documentOf(next), 302, { location: `${site.origin}/agent-1` })
    await isNone(next, 'a redirect')
    await isNone(next, 'again')
    t.equal(site.asked.splice(0).length, before + 1, 'not asked again at once')
  })

  await t.test('what is no such address is asked of nobody', async (t) => {
    service.clock.advance(601)
    for (const odd of [
      `${site.origin}/`,
      site.origin,
      `${site.origin}/a/../b`,
      `${site.origin}/a?b=c`,
      `${site.origin}/a#b`,
      `https://ada:pw@${host}/a`,
      `http://${host}/a`,
      `HTTPS://${host}/a`,
      `${site.origin}/${'a'.repeat(200)}`,
    ]) {
      await isNone(odd, odd)
    }
    t.equal(site.asked.length, 0)
  })

  await t.test('fetches and programs have bounds, and nobody’s programs leave', async (t) => {
    service.clock.advance(601)
    site.answer = (request, ...rest) => answerJson(documentOf(site.origin + request.url!))(request, ...rest)
    const second = idOf()
    t.ok(toldBy(await browser.fillIn(await ask(second), { answer: 'allow' }))['code'])
    const full = await browser.fillIn(await ask(idOf()), { answer: 'allow' })
    t.equal(full.answer.status, 503, 'no more than there may be')
    t.same((await ids()).filter((one: string) => one.startsWith(site.origin)).toSorted(), [id, second].toSorted())
    const statuses = new Set<number>()
    for (let times = 0; times < 40; times++) statuses.add((await ask(idOf())).answer.status)
    t.ok(statuses.has(429), 'and a network address has documents fetched no more than so often')
    service.clock.advance(31 * 86_400)
    await service.gatehouse.maintain()
    t.same(
      (await ids()).filter((one: string) => one.startsWith(site.origin)),
      [],
    )
  })

  const metadata = (await service.call('/.well-known/oauth-authorization-server')).json()
  t.equal(metadata.client_id_metadata_document_supported, true)
})

void test('unless the operator lets them, nobody is asked for a document', async (t) => {
  const site = await startSite(t)
  const service = await startProvider(t, { yaml: { outgoing: { allow: ['localhost'], ca_file: site.ca } } })
  const browser = browserOf(service)
  const page = await browser.visit(requestOf(service, { client_id: `${site.origin}/agent` }))
  t.match([page.answer.status, site.asked.length], [400, 0])
  const metadata = (await service.call('/.well-known/oauth-authorization-server')).json()
  t.notOk('client_id_metadata_document_supported' in metadata)
})
