/** Who needs a second factor, since when, in which browser they are not asked, and what an operator does for who has lost it. */
import { test } from 'tap'
import { auditRows, eventsOfFactors } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import {
  codeOf,
  createWithFactor,
  givePassword,
  mfaTokenOf,
  nextCode,
  post,
  signInWithCode,
  stepUpBy,
  setUpTotp,
} from '../support/factors.ts'
import { linkIn, mailsTo, readMail } from '../support/mails.ts'
import { createWithPasskey, signInByPasskey } from '../support/passkeys.ts'
import { claimsOf } from '../support/oauth.ts'
import { type Answer, bearer, type Service, startService, type TestUser } from '../support/service.ts'

const day = 86_400
const problem = (answer: Answer) => [answer.status, answer.json().code]
const sign_in = (factors: object) => ({ sign_in: { factors } })
const beginEnrolment = (service: Service, mfa_token: string, more: object = {}) =>
  post(service, '/api/auth/enrol', { mfa_token, ...more })

/** Sets a factor up within a sign-in, by the token that it was answered with. */
async function enrol(service: Service, mfa_token: string, more: object = {}): Promise<Answer & { secret: string }> {
  const { secret } = (await beginEnrolment(service, mfa_token, more)).json()
  const code = codeOf(service, secret)
  return { ...(await post(service, '/api/auth/enrol/confirm', { mfa_token, code, ...more })), secret }
}

for (const backend of backends) {
  void test(`the policy for second factors on ${backend.name} stores`, async (t) => {
    await t.test(
      'administrators need one a week after the first sign-in that told so, and set it up there',
      async (t) => {
        const service = await startService(t, { backend })
        const [admin, clerk] = [await service.createUser({ roles: ['admin'] }), await service.createUser()]
        t.equal((await givePassword(service, admin)).status, 200)
        service.clock.advance(7 * day - 1)
        t.equal((await givePassword(service, admin)).status, 200)
        service.clock.advance(1)
        t.equal((await givePassword(service, clerk)).status, 200, 'nobody else')
        const wrong = await givePassword(service, { ...admin, password: 'a wrong guess altogether' })
        t.same(problem(wrong), [401, 'invalid_credentials'])
        const asked = await givePassword(service, admin)
        t.match(asked.json(), { status: 403, code: 'enrolment_required', mfa_token: String, factors: [] })
        t.same(asked.cookies, {})
        const { mfa_token } = asked.json()
        t.same(problem(await post(service, '/api/auth/mfa', { mfa_token, code: '123456' })), [401, 'invalid_code'])
        t.same(problem(await post(service, '/api/auth/enrol/confirm', { mfa_token, code: '123456' })), [
          400,
          'invalid_token',
        ])
        const proposed = await beginEnrolment(service, mfa_token)
        t.match([proposed.status, proposed.headers['cache-control']], [200, 'no-store'])
        t.match(proposed.json(), { otpauth_uri: /^otpauth:/, qr_code: /^<svg/ })
        const wrongCode = await post(service, '/api/auth/enrol/confirm', { mfa_token, code: '000000' })
        t.same(problem(wrongCode), [401, 'invalid_code'])
        const enrolled = await enrol(service, mfa_token)
        t.equal(enrolled.status, 200)
        t.equal(enrolled.json().recovery_codes.length, 10)
        t.match(claimsOf(enrolled.json().access_token), { acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] })
        t.same(problem(await beginEnrolment(service, mfa_token)), [400, 'invalid_token'], 'once')
        t.match((await givePassword(service, admin)).json(), { code: 'mfa_required' })
      },
    )
    await t.test(
      'with no grace everybody who needs one sets it up at once; who removes it does so again',
      async (t) => {
        const service = await startService(t, { backend, yaml: sign_in({ required_for: 'all', grace_days: 0 }) })
        const user = await service.createUser()
        const asked = await givePassword(service, user)
        t.same(problem(asked), [403, 'enrolment_required'])
        const { json } = await enrol(service, asked.json().mfa_token)
        const headers = bearer(json().access_token)
        t.equal((await service.call('/api/users/me/mfa/totp', { method: 'DELETE', headers })).status, 204)
        t.same(problem(await givePassword(service, user)), [403, 'enrolment_required'])
      },
    )
    await t.test('two who know the password set up one factor: the quicker one’s', async (t) => {
      const service = await startService(t, { backend, yaml: sign_in({ required_for: 'all', grace_days: 0 }) })
      const user = await service.createUser()
      const begun = async () => {
        const mfa_token = (await givePassword(service, user)).json().mfa_token as string
        return { mfa_token, secret: (await beginEnrolment(service, mfa_token)).json().secret as string }
      }
      const [first, second] = [await begun(), await begun()]
      t.not(first.secret, second.secret, 'nobody is shown the key of another')
      const confirm = ({ mfa_token, secret }: typeof first) =>
        post(service, '/api/auth/enrol/confirm', { mfa_token, code: codeOf(service, secret) })
      t.equal((await confirm(first)).status, 400, 'the later one took its place')
      t.equal((await confirm(second)).status, 200)
      t.same(problem(await beginEnrolment(service, first.mfa_token)), [400, 'invalid_token'], 'and it stays')
    })
    await t.test('a browser that is remembered is not asked, and proves no more than a password', async (t) => {
      const service = await startService(t, { backend, yaml: sign_in({ required_for: 'all', remember_days: 30 }) })
      const user = await service.createUser()
      const before = await givePassword(service, user)
      const stolen = { cookie: `gatehouse_device=${before.cookies['gatehouse_device']}` }
      const { secret } = await setUpTotp(service, { cookie: `gatehouse=${before.cookies['gatehouse']}` })
      const remember = { mfa_token: await mfaTokenOf(service, user, stolen), remember_device: true }
      const remembered = await post(service, '/api/auth/mfa', { ...remember, code: nextCode(service, secret) }, stolen)
      const { access_token: strong } = remembered.json()
      t.match(claimsOf(strong), { acr: 'aal2' })
      t.same(
        problem(await givePassword(service, user, stolen)),
        [403, 'mfa_required'],
        'a copy of what the browser was known by before is asked',
      )
      const device = { cookie: `gatehouse_device=${remembered.cookies['gatehouse_device']}` }
      const again = await givePassword(service, user, device)
      t.equal(again.status, 200)
      t.match(claimsOf(again.json().access_token), { acr: 'aal1', amr: ['pwd'] })
      t.same(problem(await givePassword(service, user)), [403, 'mfa_required'], 'another browser is')
      const other = await createWithFactor(service)
      t.same(problem(await givePassword(service, other.user, device)), [403, 'mfa_required'], 'and another person')
      const headers = bearer(again.json().access_token)
      const remove = await service.call('/api/users/me/mfa/totp', { method: 'DELETE', headers })
      t.match(remove.json(), { code: 'insufficient_user_authentication', acr_values: 'aal2' })
      t.equal((await stepUpBy(service, again.json().access_token, { password: user.password })).status, 401)
      const listed = await service.call('/api/users/me/remembered-devices', { headers: bearer(strong) })
      t.match(listed.json(), [{ seen_at: String, remembered_until: String }])
      service.clock.advance(30 * day)
      t.same(problem(await givePassword(service, user, device)), [403, 'mfa_required'])
    })
    await t.test(
      'what ends a remembered browser: factors, passwords, sessions, its person and an operator',
      async (t) => {
        const service = await startService(t, { backend, yaml: sign_in({ remember_days: 30 }) })
        const rememberIn = async (user: TestUser, secret: string) => {
          const mfa_token = await mfaTokenOf(service, user)
          const json = { mfa_token, code: nextCode(service, secret), remember_device: true }
          const answer = await post(service, '/api/auth/mfa', json)
          return { cookie: `gatehouse_device=${answer.cookies['gatehouse_device']}`, token: answer.json().access_token }
        }
        const ends: Record<string, (user: TestUser, token: string) => Promise<unknown>> = {
          'new recovery codes': (_, token) =>
            service.call('/api/users/me/mfa/recovery-codes', { method: 'POST', headers: bearer(token) }),
          'a new password': ({ password }, token) =>
            post(
              service,
              '/api/users/me/password',
              { current_password: password, password: 'three wet herons count pebbles', end_api_keys: false },
              bearer(token),
            ),
          'the end of all other sessions': (_, token) =>
            service.call('/api/users/me/sessions', { method: 'DELETE', headers: bearer(token) }),
          'its person': (_, token) =>
            service.call('/api/users/me/remembered-devices', { method: 'DELETE', headers: bearer(token) }),
          'an operator who ends the sessions': ({ id }) => service.operate('DELETE', `/users/${id}/sessions`),
        }
        for (const [what, end] of Object.entries(ends)) {
          const { user, secret } = await createWithFactor(service)
          const { cookie, token } = await rememberIn(user, secret)
          t.equal((await givePassword(service, user, { cookie })).status, 200)
          await end(user, token)
          const password = what === 'a new password' ? 'three wet herons count pebbles' : user.password
          t.same(problem(await givePassword(service, { ...user, password }, { cookie })), [403, 'mfa_required'], what)
        }
      },
    )
    await t.test('without the setting no browser is remembered, whatever it asks', async (t) => {
      const service = await startService(t, { backend })
      const { user, secret } = await createWithFactor(service)
      const json = {
        mfa_token: await mfaTokenOf(service, user),
        code: nextCode(service, secret),
        remember_device: true,
      }
      const cookie = `gatehouse_device=${(await post(service, '/api/auth/mfa', json)).cookies['gatehouse_device']}`
      t.same(problem(await givePassword(service, user, { cookie })), [403, 'mfa_required'])
    })
    await t.test('an operator’s reset ends all, and the next factor needs password and mailbox', async (t) => {
      const service = await startService(t, { backend })
      const { user, cookie, secret, recoveryCodes } = await createWithFactor(service)
      const pending = await mfaTokenOf(service, user)
      const reset = () => service.operate('POST', `/users/${user.email}/reset-factors`)
      t.same(await reset(), { id: user.id, email: user.email, reset: true })
      t.match(await reset(), { reset: false })
      t.equal((await service.call('/api/users/me', { headers: { cookie } })).status, 401)
      const byFormer = await post(service, '/api/auth/mfa', { mfa_token: pending, code: nextCode(service, secret) })
      t.same(problem(byFormer), [400, 'invalid_token'])
      const asked = await givePassword(service, user)
      t.same(problem(asked), [403, 'enrolment_required'], 'the password alone opens nothing, required or not')
      const { mfa_token } = asked.json()
      for (const code of [nextCode(service, secret), recoveryCodes[0]!]) {
        t.same(problem(await post(service, '/api/auth/mfa', { mfa_token, code })), [401, 'invalid_code'])
      }
      for (const more of [{}, { token: 'guess' }]) {
        t.same(problem(await beginEnrolment(service, mfa_token, more)), [400, 'invalid_token'])
      }
      const mails = (await mailsTo(service, user.email)).filter((mail) => readMail(mail).includes('/enrol?token='))
      const links = mails.map((mail) => linkIn(mail, service.issuer, 'enrol')!)
      t.equal(links.length, 2, 'of the reset, and of the sign-in')
      t.equal((await beginEnrolment(service, mfa_token, { token: links[0] })).status, 400, 'which takes its place')
      const enrolled = await enrol(service, mfa_token, { token: links[1] })
      t.match(claimsOf(enrolled.json().access_token), { acr: 'aal2' })
      t.match((await givePassword(service, user)).json(), { code: 'mfa_required' })
      t.equal((await signInWithCode(service, user, nextCode(service, enrolled.secret))).status, 200)
    })
    await t.test('sign-ins after a reset fill no mailbox, and a link ends with its day', async (t) => {
      const service = await startService(t, { backend })
      const { user } = await createWithFactor(service)
      await service.operate('POST', `/users/${user.id}/reset-factors`)
      for (let at = 0; at < 8; at++) await givePassword(service, user)
      const links = (await mailsTo(service, user.email)).flatMap((mail) => linkIn(mail, service.issuer, 'enrol') ?? [])
      t.equal(links.length, 6)
      service.clock.advance(day)
      const { mfa_token } = (await givePassword(service, user)).json()
      t.equal((await beginEnrolment(service, mfa_token, { token: links.at(-1) })).status, 400)
    })
    await t.test('each security event is told', async (t) => {
      const service = await startService(t, { backend })
      const { user, secret, recoveryCodes, cookie } = await createWithFactor(service)
      await signInWithCode(service, user, recoveryCodes[0]!)
      const headers = { cookie }
      await service.call('/api/users/me/mfa/recovery-codes', { method: 'POST', headers })
      const mfa_token = await mfaTokenOf(service, user)
      for (let at = 0; at < 10; at++) await post(service, '/api/auth/mfa', { mfa_token, code: '000000' })
      const refused = await signInWithCode(service, user, nextCode(service, secret))
      t.same(problem(refused), [429, 'too_many_requests'])
      t.ok(Number(refused.headers['retry-after']) > 0)
      t.match((await mailsTo(service, user.email)).map(readMail).join(), 'then too many wrong codes')
      const other = await createWithFactor(service)
      await service.call('/api/users/me/mfa/totp', { method: 'DELETE', headers: { cookie: other.cookie } })
      await service.operate('POST', `/users/${user.id}/reset-factors`)
      await givePassword(service, user)
      const { cookie: byPasskey, passkey, passkeyId } = await createWithPasskey(service, { counts: true })
      const renaming = { method: 'PATCH', headers: { cookie: byPasskey }, json: { name: 'Key' } }
      await service.call(`/api/users/me/passkeys/${passkeyId}`, renaming)
      await signInByPasskey(service, passkey, { says: { counter: 1 } })
      const told = new Set((await auditRows(service)).map(({ event }) => event))
      t.same(
        Object.keys(eventsOfFactors).filter((event) => !told.has(event)),
        [],
      )
    })
  })
}
