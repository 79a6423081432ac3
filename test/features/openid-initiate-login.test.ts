/** A sign-in to a program that its person starts here (OpenID Connect Core §4). */
import { test } from 'tap'
import { browserOf, letIn, registerProgram, requestOf, startProvider } from '../support/openid.ts'

void test('a program is opened from the page of programs', async (t) => {
  const service = await startProvider(t)
  const browser = browserOf(service)
  await browser.signIn(await service.createUser())
  const uri = 'https://wiki.example.com/start?tenant=a'
  const open = async (initiate_login_uri?: string) => {
    const program = await registerProgram(service, { ...(initiate_login_uri !== undefined && { initiate_login_uri }) })
    await letIn(browser, requestOf(service, program))
    return program
  }

  await t.test('its link names the issuer, beside what the address has already', async (t) => {
    const { client_id } = await open(uri)
    const { body } = (await browser.visit(`${service.issuer}/grants`)).answer
    t.match(body, `href="${uri}&#38;iss=${encodeURIComponent(service.issuer)}"`)
    await service.operate('PUT', `/clients/${client_id}`, { initiate_login_uri: '' })
    t.notMatch((await browser.visit(`${service.issuer}/grants`)).answer.body, 'wiki.example.com/start')
  })

  await t.test('without an address there is no link', async (t) => {
    await open()
    t.notMatch((await browser.visit(`${service.issuer}/grants`)).answer.body, /<a href="https/)
  })

  await t.test('what is no address of https is refused by its name', async (t) => {
    const { client_id } = await registerProgram(service)
    for (const wrong of [
      'http://wiki.example.com/start',
      'javascript:alert(1)',
      'https://a@b.test/',
      'https://b.test/#x',
    ]) {
      const refused = service.operate('PUT', `/clients/${client_id}`, { initiate_login_uri: wrong })
      await t.rejects(refused, /400.*initiate_login_uri/, wrong)
    }
  })
})
