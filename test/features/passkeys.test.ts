/** Passkeys by the API: signing in with one, alone or after the password, proving again, and what their people do with them. */
import { decodeJwt } from 'jose'
import { test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { createWithFactor, givePassword, mfaTokenOf, nextCode, post, stepUpBy } from '../support/factors.ts'
import { mailsTo, tokenOf } from '../support/mails.ts'
import { own as ownOrigin, submit, wordsOf } from '../support/pages.ts'
import { addPasskey, createWithPasskey, loginOptions, makePasskey, signInByPasskey } from '../support/passkeys.ts'
import { type Answer, bearer, type Service, startService } from '../support/service.ts'

const problem = (answer: Answer) => [answer.status, answer.json().code]
const own = '/api/users/me/passkeys'
const listOf = async (service: Service, headers: Record<string, string>) =>
  (await service.call(own, { headers })).json()

for (const backend of backends) {
  void test(`passkeys on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })

    await t.test(
      'the first one is added with the password, and brings recovery codes, a mail and a trail',
      async (t) => {
        const user = await service.createUser()
        const signedIn = await service.signIn(user)
        const headers = { cookie: signedIn.cookie }
        const options = (await post(service, `${own}/options`, {}, headers)).json()
        t.match(options, {
          rp: { id: 'auth.example.test', name: 'Gatehouse' },
          user: { name: user.email, displayName: 'Ada Lovelace' },
          authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
          attestation: 'none',
          excludeCredentials: [],
        })
        t.equal(Buffer.from(options.user.id, 'base64url').toString('hex'), user.id.replaceAll('-', ''))
        const { credential } = makePasskey(service, options)
        const added = await post(service, own, { name: 'Phone', credential }, headers)
        t.equal(added.status, 201)
        t.match(added.json(), { name: 'Phone', synced: true, last_used_at: null, recovery_codes: { length: 10 } })
        t.match(await listOf(service, headers), [{ id: added.json().id, name: 'Phone' }])
        t.ok((await mailsTo(service, user.email)).some((mail) => mail.includes('Subject: A passkey was added')))
        const rows = (await auditRows(service)).filter(({ subject }) => subject === user.id)
        t.match(
          rows.filter(({ event }) => event === 'factor.added'),
          [{ details: { factor: 'passkey' } }],
        )
        const factors = await service.call('/api/users/me/mfa', { headers })
        t.match(factors.json(), { factors: [{ kind: 'passkey' }], recovery_codes_left: 10 })
      },
    )
    await t.test('it signs in by itself, at aal2, with the methods of RFC 8176', async (t) => {
      for (const [backupEligible, method] of [
        [true, 'swk'],
        [false, 'hwk'],
      ] as const) {
        const { user, passkey } = await createWithPasskey(service, { backupEligible, backedUp: false })
        const signedIn = await signInByPasskey(service, passkey, { token_delivery: 'body' })
        t.equal(signedIn.status, 200)
        t.match(signedIn.json(), { user: { id: user.id }, refresh_token: String })
        t.match(decodeJwt(signedIn.json().access_token), { acr: 'aal2', amr: [method, 'user', 'mfa'] })
        const cookies = await signInByPasskey(service, passkey)
        t.match(cookies.cookies, { gatehouse: /./, gatehouse_refresh: /./, gatehouse_device: /./ })
        t.equal(cookies.json().refresh_token, undefined)
      }
    })
    await t.test('it is the second factor after a password, which opens nothing alone any more', async (t) => {
      const { user, passkey, recoveryCodes } = await createWithPasskey(service)
      const asked = await givePassword(service, user)
      t.same(problem(asked), [403, 'mfa_required'])
      t.same(asked.json().factors, ['passkey', 'recovery_code'])
      const mfaToken = asked.json().mfa_token
      const options = (await post(service, '/api/auth/passkey/options', { mfa_token: mfaToken })).json()
      t.match(options.allowCredentials, [{ id: passkey.id, type: 'public-key', transports: ['internal'] }])
      const signedIn = await signInByPasskey(service, passkey, { mfaToken, says: { userHandle: null } })
      t.match(decodeJwt(signedIn.json().access_token), { acr: 'aal2', amr: ['pwd', 'swk', 'user', 'mfa'] })
      t.same(problem(await signInByPasskey(service, passkey, { mfaToken: 'unknown' })), [400, 'invalid_token'])
      const byCode = { mfa_token: await mfaTokenOf(service, user), code: recoveryCodes[0] }
      t.equal((await post(service, '/api/auth/mfa', byCode)).status, 200, 'and a recovery code stands in for it')
    })
    await t.test('beside an app either of the two does', async (t) => {
      const { user, cookie, secret } = await createWithFactor(service)
      const { passkey, answer } = await addPasskey(service, { cookie })
      t.equal(answer.status, 201)
      t.equal(answer.json().recovery_codes, undefined, 'those that are there go on working')
      t.same((await givePassword(service, user)).json().factors, ['totp', 'passkey', 'recovery_code'])
      t.equal((await signInByPasskey(service, passkey, { mfaToken: await mfaTokenOf(service, user) })).status, 200)
      const code = nextCode(service, secret)
      t.equal((await post(service, '/api/auth/mfa', { mfa_token: await mfaTokenOf(service, user), code })).status, 200)
      const headers = { cookie }
      t.equal((await service.call('/api/users/me/mfa/totp', { method: 'DELETE', headers })).status, 204)
      t.match((await service.call('/api/users/me/mfa', { headers })).json(), { recovery_codes_left: 10 })
      t.same((await givePassword(service, user)).json().factors, ['passkey', 'recovery_code'])
    })
    await t.test('it proves again who somebody is, and lifts a session of before to aal2', async (t) => {
      const user = await service.createUser()
      const before = await service.signIn(user)
      const { passkey } = await addPasskey(service, await service.signIn(user))
      const tooLow = await service.call('/api/users/me/api-keys', {
        method: 'POST',
        headers: bearer(before.accessToken),
        json: { name: 'a', scopes: [] },
      })
      t.match(tooLow.json(), { code: 'insufficient_user_authentication', acr_values: 'aal2' })
      const byPassword = await stepUpBy(service, before.accessToken, { password: user.password })
      t.match(byPassword.json(), { code: 'insufficient_user_authentication', acr_values: 'aal2' })
      const options = (await post(service, '/api/auth/step-up/options', {}, bearer(before.accessToken))).json()
      t.match(options.allowCredentials, [{ id: passkey.id }])
      const raised = await stepUpBy(service, before.accessToken, { credential: passkey.show(options) })
      t.match(decodeJwt(raised.json().access_token), { acr: 'aal2', amr: ['pwd', 'swk', 'user', 'mfa'] })
      t.equal((await service.call('/api/users/me', { headers: bearer(before.accessToken) })).status, 401)
    })
    await t.test('it is renamed and removed, and the codes go with the last factor', async (t) => {
      const { user, passkey, passkeyId, cookie } = await createWithPasskey(service)
      const other = await createWithPasskey(service)
      const headers = { cookie }
      const patch = (id: string, json: object, by = headers) =>
        service.call(`${own}/${id}`, { method: 'PATCH', headers: by, json })
      const remove = (id: string, by = headers) => service.call(`${own}/${id}`, { method: 'DELETE', headers: by })
      t.equal((await patch(passkeyId, { name: 'Old phone' })).status, 204)
      t.match(await listOf(service, headers), [{ name: 'Old phone', last_used_at: String }])
      for (const id of [other.passkeyId, 'no-uuid', crypto.randomUUID()]) {
        t.same(problem(await patch(id, { name: 'Mine' })), [404, 'not_found'])
        t.same(problem(await remove(id)), [404, 'not_found'])
      }
      t.same(problem(await patch(passkeyId, { name: '' })), [400, 'invalid_request'])
      t.equal((await remove(passkeyId)).status, 204)
      t.same(await listOf(service, headers), [])
      t.same(problem(await signInByPasskey(service, passkey)), [401, 'invalid_passkey'])
      t.equal((await givePassword(service, user)).status, 200, 'the password is enough again')
      t.ok((await mailsTo(service, user.email)).some((mail) => mail.includes('Subject: A passkey was removed')))
    })
    await t.test('a browser is told which ones there are, so that none is made twice', async (t) => {
      const { cookie, passkey } = await createWithPasskey(service)
      const options = (await post(service, `${own}/options`, {}, { cookie })).json()
      t.match(options.excludeCredentials, [{ id: passkey.id }])
    })
    await t.test('whoever has to set a factor up may add a passkey, and is signed in by it', async (t) => {
      const strict = await startService(t, {
        backend,
        yaml: { sign_in: { factors: { required_for: 'all', grace_days: 0 } } },
      })
      const user = await strict.createUser()
      const mfa_token = (await givePassword(strict, user)).json().mfa_token
      const options = (await post(strict, '/api/auth/enrol/passkey/options', { mfa_token })).json()
      const { credential, passkey } = makePasskey(strict, options)
      const done = await post(strict, '/api/auth/enrol/passkey', { mfa_token, name: 'Phone', credential })
      t.match(done.json(), { access_token: String, recovery_codes: { length: 10 } })
      t.match(decodeJwt(done.json().access_token), { acr: 'aal2' })
      t.equal((await signInByPasskey(strict, passkey)).status, 200, 'which the policy is met by')
    })
    await t.test('an operator’s reset takes passkeys too, and the next one needs the link in the mail', async (t) => {
      const { user, passkey, cookie } = await createWithPasskey(service)
      t.match(await service.operate('POST', `/users/${user.id}/reset-factors`), { reset: true })
      t.equal((await service.call('/api/users/me', { headers: { cookie } })).status, 401)
      t.same(problem(await signInByPasskey(service, passkey)), [401, 'invalid_passkey'])
      const { mfa_token } = (await givePassword(service, user)).json()
      const begin = (more: object) => post(service, '/api/auth/enrol/passkey/options', { mfa_token, ...more })
      t.same(problem(await begin({})), [400, 'invalid_token'])
      const token = await tokenOf(service, user.email, 'enrol')
      const made = makePasskey(service, (await begin({ token })).json())
      const json = { mfa_token, token, name: 'Phone', credential: made.credential }
      t.equal((await post(service, '/api/auth/enrol/passkey', json)).status, 200)
    })
    await t.test('a deletion can be taken back by whoever signs in with a passkey, and nothing else', async (t) => {
      const { passkey, cookie } = await createWithPasskey(service)
      const headers = { cookie }
      const leaving = await service.call('/api/users/me', { method: 'DELETE', headers, json: {} })
      t.equal(leaving.status, 202)
      const refused = await signInByPasskey(service, passkey)
      t.same(problem(refused), [403, 'account_deletion_pending'])
      const { keep_token } = refused.json()
      t.equal((await post(service, '/api/users/me/keep', { keep_token })).status, 204)
      t.equal((await signInByPasskey(service, passkey)).status, 200)
    })
    await t.test('the copy of somebody’s data names their passkeys, and no key', async (t) => {
      const { passkey, cookie } = await createWithPasskey(service)
      const told = (await service.call('/api/users/me/export', { headers: { cookie } })).json()
      t.match(told.passkeys, [{ name: 'Phone', credential_id: passkey.id, backed_up: true, last_used_at: String }])
      t.equal(told.passkeys[0].public_key, undefined)
    })
    await t.test('a change of passkeys ends remembered devices', async (t) => {
      const remembering = await startService(t, { backend, yaml: { sign_in: { factors: { remember_days: 30 } } } })
      const { user, passkey, cookie } = await createWithPasskey(remembering)
      const mfaToken = await mfaTokenOf(remembering, user)
      const credential = passkey.show(await loginOptions(remembering, mfaToken))
      const json = { credential, mfa_token: mfaToken, remember_device: true }
      const signedIn = await post(remembering, '/api/auth/passkey', json)
      const device = { cookie: `gatehouse_device=${signedIn.cookies['gatehouse_device']}` }
      t.equal((await givePassword(remembering, user, device)).status, 200)
      await addPasskey(remembering, { cookie })
      t.equal((await givePassword(remembering, user, device)).status, 403)
    })
    await t.test('by page the same, with the cookies of every sign-in, and words for what is refused', async (t) => {
      const [{ user, passkey }, other] = [await createWithPasskey(service), await createWithPasskey(service)]
      const answersOf = async (path: string, by: typeof passkey, cookie?: string) => {
        const headers = { ...ownOrigin, accept: 'application/json', ...(cookie !== undefined && { cookie }) }
        const options = (await service.call(path, { method: 'POST', headers })).json()
        return JSON.stringify(by.show(options))
      }
      const credential = await answersOf('/login-options', passkey)
      const wrong = [
        await answersOf('/login-options', makePasskey(service, { challenge: '', user: { id: 'AAAA' } }).passkey),
      ]
      for (const refused of [...wrong, 'no json', '{}', 'null', '{"id":7}']) {
        const answer = await submit(service, '/login', { credential: refused })
        t.match([answer.status, wordsOf(answer)], [422, 'This passkey was not accepted.'])
        t.equal(answer.cookies['gatehouse'], undefined)
      }
      const unproven = await service.call('/login', { method: 'POST', form: { credential } })
      t.same([unproven.status, unproven.cookies['gatehouse']], [403, undefined], 'a form of nobody signs nobody in')
      const signedIn = await submit(service, '/login', { credential, return_to: '/account', remember: 'yes' }, 'a=b')
      t.same([signedIn.status, signedIn.headers['location']], [303, '/account'])
      t.match(signedIn.cookies, { gatehouse: /./, gatehouse_refresh: /./, gatehouse_device: /./ })

      const asked = await submit(service, '/login', { email: user.email, password: user.password })
      const cookie = `gatehouse_interaction=${asked.cookies['gatehouse_interaction']}`
      const page = await service.call('/second-factor', { headers: { cookie } })
      t.match(wordsOf(page), 'Use your passkey')
      t.notMatch(page.body, 'one-time-code', 'there is no app to ask for')
      const theirs = await answersOf('/second-factor-options', other.passkey, cookie)
      t.equal((await submit(service, '/second-factor', { credential: theirs }, cookie)).status, 422)
      const right = await answersOf('/second-factor-options', passkey, cookie)
      t.equal((await submit(service, '/second-factor', { credential: right }, cookie)).status, 303)
      const nobody = await service.call('/second-factor-options', {
        method: 'POST',
        headers: { ...ownOrigin, accept: 'application/json' },
      })
      t.same(problem(nobody), [401, 'unauthorized'])

      await service.call('/api/users/me', { method: 'DELETE', headers: { cookie: other.cookie }, json: {} })
      const leaving = await submit(service, '/login', { credential: await answersOf('/login-options', other.passkey) })
      t.match(wordsOf(leaving), 'Keep the account?')
    })
    await t.test('where they are turned off nobody is offered one, and what was added protects on', async (t) => {
      if (service.backend.replica === undefined) return
      const { user, cookie, recoveryCodes } = await createWithPasskey(service)
      const off = await startService(t, { beside: service, yaml: { sign_in: { passkeys: { enabled: false } } } })
      t.same(problem(await post(off, '/api/auth/passkey/options', {})), [404, 'not_found'])
      t.same(problem(await post(off, `${own}/options`, {}, { cookie })), [404, 'not_found'])
      t.match(await listOf(off, { cookie }), [{ name: 'Phone' }])
      const asked = await givePassword(off, user)
      t.same([asked.status, asked.json().factors], [403, ['recovery_code']])
      const { mfa_token } = asked.json()
      t.equal((await post(off, '/api/auth/mfa', { mfa_token, code: recoveryCodes[0] })).status, 200)
    })
  })
}

void test('the start says for which domain passkeys are made, and that there are none for an address', async (t) => {
  const logs = async (issuer: string, passkeys: object = {}) => {
    const service = await startService(t, {
      environment: { GATEHOUSE_ISSUER: issuer },
      yaml: { sign_in: { passkeys } },
    })
    const lines = service
      .logged()
      .split('\n')
      .filter((line) => line.includes('"passkeys.'))
    return { service, told: lines.map((line) => JSON.parse(line).msg as string) }
  }
  t.same((await logs('http://auth.example.test')).told, [])
  const set = await logs('http://auth.example.test', { rp_id: 'example.test' })
  t.match(set.told, [/^passkeys are made for example\.test;/])
  const { user, passkey } = await createWithPasskey(set.service, { rpId: 'example.test' })
  t.equal((await signInByPasskey(set.service, passkey, { says: { rpId: 'example.test' } })).status, 200, user.email)
  const address = await logs('http://127.0.0.1')
  t.match(address.told, [/IP address/])
  t.same(problem(await post(address.service, '/api/auth/passkey/options', {})), [404, 'not_found'])
  t.same((await logs('http://127.0.0.1', { enabled: false })).told, [])
})
