/** The `claims` parameter: single claims, and whom and how the program wants somebody signed in. */
import { test } from 'tap'
import { claimsOf } from '../support/oauth.ts'
import {
  browserOf,
  letIn,
  type Program,
  redeem,
  registerProgram,
  requestOf,
  startProvider,
  toldBy,
} from '../support/openid.ts'
import { bearer } from '../support/service.ts'

void test('the claims parameter', async (t) => {
  const service = await startProvider(t)
  const ada = await service.createUser()
  const browser = browserOf(service)
  await browser.signIn(ada)
  const wiki = await registerProgram(service)
  const ask = (claims: unknown, change: object = {}, program: Program = wiki) =>
    requestOf(service, program, { scope: 'openid', claims: JSON.stringify(claims), ...change })

  await t.test('a claim is told by the scope that brings it, to which the person agrees', async (t) => {
    const url = ask({
      userinfo: { name: null, nickname: { essential: true } },
      id_token: { email: { essential: true } },
    })
    const page = await browser.visit(url)
    t.match(page.answer.body, /see your name[^]*see your email address/)
    const { code } = toldBy(await browser.fillIn(page, { answer: 'allow' }))
    const { id_token, access_token, scope } = (await redeem(service, wiki, { code })).json()
    t.same(scope.split(' ').toSorted(), ['email', 'openid', 'profile'])
    t.match(claimsOf(id_token), { email: ada.email, email_verified: true })
    const userinfo = await service.call('/oauth/userinfo', { headers: bearer(access_token) })
    t.match(userinfo.json(), { name: 'Ada Lovelace', nickname: undefined })
  })
  await t.test('a program gets no claim that it is not registered for', async (t) => {
    const plain = await registerProgram(service, { scopes: ['openid'] })
    const { code } = await letIn(browser, ask({ id_token: { email: { essential: true } } }, {}, plain))
    const { id_token, scope } = (await redeem(service, plain, { code })).json()
    t.same([scope, claimsOf(id_token).email], ['openid', undefined])
  })
  await t.test('an essential acr is met, or is an error', async (t) => {
    const error = async (acr: unknown, change: object = {}) =>
      toldBy(await browser.visit(ask({ id_token: { acr } }, { prompt: 'none', ...change })))
    const unmet = { error: 'unmet_authentication_requirements' }
    t.match(await error({ essential: true, value: 'aal2' }), unmet)
    t.match(await error({ essential: true, values: ['gold'] }), unmet)
    t.match(await error({ essential: true, values: ['gold'] }, { prompt: undefined }), unmet, 'whoever it is')
    t.match(await error({ essential: true, values: ['aal2', 'aal1'] }), { code: String })
    t.match(await error({ values: ['gold'] }), { code: String }, 'one that is not essential')
    t.match(await error({ essential: true, value: 'aal1' }, { acr_values: 'aal2' }), { code: String })
    t.match(await error(null), { code: String })
  })
  await t.test('with a sub nobody else is let in', async (t) => {
    const other = await service.createUser()
    const of = async (sub: object) => toldBy(await browser.visit(ask({ id_token: { sub } })))
    t.match(await of({ value: ada.id }), { code: String })
    t.match(await of({ value: other.id }), { error: 'login_required' })
    t.match(await of({ values: [1] }), { error: 'login_required' })
  })
  await t.test('statement 47: what is malformed is told to the program', async (t) => {
    const wrong = ['{', '[]', '1', 'null', '""', '{"id_token":1}', '{"id_token":[]}', '{"userinfo":{"name":1}}']
    const more = ['{"id_token":{"acr":{"essential":"yes"}}}', '{"id_token":{"acr":{"values":"aal2"}}}']
    for (const claims of [...wrong, ...more]) {
      const told = toldBy(await browser.visit(requestOf(service, wiki, { claims })))
      t.match(told, { error: 'invalid_request', state: 'a state' }, claims)
    }
    const odd = '{"id_token":{"__proto__":null,"constructor":{}},"other":1,"userinfo":null}'
    t.match(toldBy(await browser.visit(requestOf(service, wiki, { claims: odd, scope: 'openid' }))), { code: String })
  })
})
