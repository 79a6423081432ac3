/** Second factors: how they are set up, how people sign in and prove themselves by them, and what is told of it. */
import { test } from 'tap'
import { Secret } from 'otpauth'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import {
  codeOf,
  createWithFactor,
  givePassword,
  nextCode,
  post,
  setUpTotp,
  signInWithCode,
  stepUpBy,
} from '../support/factors.ts'
import { mailsTo, readMail } from '../support/mails.ts'
import { claimsOf } from '../support/oauth.ts'
import { addPasskey } from '../support/passkeys.ts'
import { type Answer, asks, bearer, exampleRules, startService } from '../support/service.ts'

const mfa = '/api/users/me/mfa'
const yaml = {
  // So that a token outlives the freshness of its session.
  tokens: { access_ttl_seconds: 3_600 },
  hosts: {
    ...exampleRules.hosts,
    'strong.example.test': { rules: [{ allow: { level: 'aal2' } }] },
  },
}
const codeOfError = (answer: Answer) => [answer.status, answer.json().code]

for (const backend of backends) {
  void test(`second factors on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend, yaml })
    const begin = async () => {
      const user = await service.createUser()
      return { user, ...(await service.signIn(user)) }
    }
    const edge = async (headers: Record<string, string>) =>
      (
        await service.call('/forward-auth', {
          headers: { ...asks({ path: '/', host: 'strong.example.test' }), ...headers },
        })
      ).status
    const factorsOf = async (headers: Record<string, string>) => (await service.call(mfa, { headers })).json()

    await t.test('an authenticator app counts once its first code was confirmed', async (t) => {
      const { user, cookie, refreshToken } = await begin()
      t.same(await factorsOf({ cookie }), { factors: [], recovery_codes_left: 0 })
      const proposed = await service.call(`${mfa}/totp`, { method: 'POST', headers: { cookie } })
      t.equal(proposed.headers['cache-control'], 'no-store')
      const { secret, otpauth_uri: uri, qr_code: picture } = proposed.json()
      t.equal(Secret.fromBase32(secret).bytes.length, 20, '160 bits')
      const { protocol, host, pathname, searchParams } = new URL(uri)
      t.same([protocol, host, decodeURIComponent(pathname)], ['otpauth:', 'totp', `/Gatehouse:${user.email}`])
      t.same(Object.fromEntries(searchParams), {
        ...{ issuer: 'Gatehouse', secret, algorithm: 'SHA1', digits: '6', period: '30' },
      })
      t.match(picture, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[\s\S]*<\/svg>\s*$/)
      t.equal((await givePassword(service, user)).status, 200, 'it does not count yet')
      const confirm = (code: string) => post(service, `${mfa}/totp/confirm`, { code }, { cookie })
      t.same(codeOfError(await confirm('000000')), [401, 'invalid_code'])
      t.equal((await givePassword(service, user)).status, 200)
      const answer = await confirm(`${codeOf(service, secret).slice(0, 3)} ${codeOf(service, secret).slice(3)}`)
      t.match([answer.status, answer.headers['cache-control']], [200, 'no-store'])
      const { recovery_codes: codes } = answer.json()
      t.equal(new Set(codes).size, 10)
      for (const code of codes) t.match(code, /^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/, '80 bits')
      t.match(await factorsOf({ cookie }), {
        factors: [{ kind: 'totp', confirmed_at: new Date(service.clock.now()).toISOString() }],
        recovery_codes_left: 10,
      })
      t.same([await edge({ cookie }), codeOfError(await givePassword(service, user))], [401, [403, 'mfa_required']])
      const proof = { code: nextCode(service, secret), token_delivery: 'body' }
      const raised = await post(service, '/api/auth/step-up', proof, { cookie })
      t.match(claimsOf(raised.json().access_token), { acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] })
      t.equal(await edge({ cookie: `gatehouse=${raised.cookies['gatehouse']}` }), 200)
      t.equal((await service.call(mfa, { headers: { cookie } })).status, 401, 'the session before has ended')
      const refresh = (token: string) => post(service, '/api/auth/refresh', { refresh_token: token })
      t.same(codeOfError(await refresh(refreshToken)), [401, 'invalid_refresh_token'], 'with what hung on it')
      const refreshed = (await refresh(raised.json().refresh_token)).json()
      t.match(claimsOf(refreshed.access_token), { acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] })
      t.match((await mailsTo(service, user.email)).map(readMail).at(-1), 'An authenticator app was set up')
      t.same(codeOfError(await confirm(codeOf(service, secret))), [401, 'unauthorized'])
    })
    await t.test('the key is sealed in the database, and recovery codes are hashed there', async (t) => {
      const { secret, recoveryCodes, user } = await createWithFactor(service)
      const rows = Object.values((await service.backend.everyRow?.())!)
        .flat()
        .join('\n')
      t.match(rows, user.id)
      for (const plain of [secret, ...recoveryCodes, ...recoveryCodes.map((code) => code.replaceAll('-', ''))]) {
        t.notMatch(rows, plain)
        t.notMatch(service.logged(), plain)
      }
    })
    await t.test('who has one is asked for it after a right password, and after no other', async (t) => {
      const { user, secret } = await createWithFactor(service)
      const wrong = await givePassword(service, { ...user, password: 'a wrong guess altogether' })
      t.same(codeOfError(wrong), [401, 'invalid_credentials'])
      t.notOk('mfa_token' in wrong.json())
      const asked = await givePassword(service, user)
      t.match(asked.json(), { code: 'mfa_required', factors: ['totp', 'recovery_code'], mfa_token: /^[\w-]{43}$/ })
      t.equal(asked.headers['cache-control'], 'no-store')
      t.same(asked.cookies, {}, 'it is no session')
      for (const headers of [{ cookie: `gatehouse=${asked.json().mfa_token}` }, bearer(asked.json().mfa_token)]) {
        t.equal((await service.call('/api/users/me', { headers })).status, 401)
      }
      const answer = await post(service, '/api/auth/mfa', {
        ...{ mfa_token: asked.json().mfa_token, code: nextCode(service, secret) },
      })
      t.equal(answer.status, 200)
      t.match(answer.json(), { token_type: 'Bearer', refresh_token: String, user: { id: user.id } })
      t.match(claimsOf(answer.json().access_token), { acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] })
      const cookie = `gatehouse=${answer.cookies['gatehouse']}`
      t.same([await edge({ cookie }), await edge(bearer(answer.json().access_token))], [200, 200])
      const { cookie: weak } = await begin()
      t.equal(await edge({ cookie: weak }), 401, 'and nobody gets in without')
      const rows = (await auditRows(service)).filter(({ subject }) => subject === user.id)
      t.match(rows.at(-2), { event: 'sign_in.continued', details: { step: 'second_factor' } })
      t.match(rows.at(-1), { event: 'sign_in.succeeded', details: { methods: ['pwd', 'otp', 'mfa'] } })
    })
    await t.test('a code counts one step before and after its own, and no further', async (t) => {
      for (const [seconds, status] of [
        [-60, 401],
        [-30, 200],
        [0, 200],
        [30, 200],
        [60, 401],
        [90, 401],
        [-3_600, 401],
      ] as const) {
        const { user, secret } = await createWithFactor(service)
        service.clock.advance(600)
        t.equal((await signInWithCode(service, user, codeOf(service, secret, seconds))).status, status, `${seconds} s`)
      }
    })
    await t.test('the code of the set-up signs nobody in', async (t) => {
      const { user, secret } = await createWithFactor(service)
      t.same(codeOfError(await signInWithCode(service, user, codeOf(service, secret))), [401, 'invalid_code'])
      t.equal((await signInWithCode(service, user, nextCode(service, secret))).status, 200)
    })
    await t.test('a recovery code works in its place, in any writing, and each use is mailed', async (t) => {
      const { user, recoveryCodes } = await createWithFactor(service)
      const [first, second] = recoveryCodes as [string, string]
      const answer = await signInWithCode(service, user, first)
      t.match(claimsOf(answer.json().access_token), { acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] })
      t.match((await mailsTo(service, user.email)).map(readMail).join(), /recovery code[\s\S]*9 are left/)
      t.same(codeOfError(await signInWithCode(service, user, first)), [401, 'invalid_code'])
      const written = second.toUpperCase().replaceAll('-', ' ').replaceAll('0', 'O').replaceAll('1', 'l')
      t.equal((await signInWithCode(service, user, written)).status, 200)
      t.match((await auditRows(service)).at(-2), { event: 'recovery_code.used', details: { left: 8 } })
    })
    await t.test('new recovery codes void the former ones', async (t) => {
      const { user, recoveryCodes, cookie } = await createWithFactor(service)
      const made = await service.call(`${mfa}/recovery-codes`, { method: 'POST', headers: { cookie } })
      const { recovery_codes: fresh } = made.json()
      t.equal(fresh.length, 10)
      t.equal((await signInWithCode(service, user, recoveryCodes[0]!)).status, 401)
      t.equal((await signInWithCode(service, user, fresh[0])).status, 200)
      t.match(await factorsOf({ cookie }), { recovery_codes_left: 9 })
      const { cookie: without } = await begin()
      const none = await service.call(`${mfa}/recovery-codes`, { method: 'POST', headers: { cookie: without } })
      t.same(codeOfError(none), [409, 'conflict'])
    })
    await t.test('another app takes the place of the one before once it is confirmed', async (t) => {
      const { user, secret, cookie } = await createWithFactor(service)
      const proposed = await service.call(`${mfa}/totp`, { method: 'POST', headers: { cookie } })
      t.equal((await signInWithCode(service, user, nextCode(service, secret))).status, 200, 'until then the former')
      const next = proposed.json().secret
      const confirmed = await post(service, `${mfa}/totp/confirm`, { code: nextCode(service, next) }, { cookie })
      t.equal(confirmed.status, 200)
      t.equal((await signInWithCode(service, user, nextCode(service, secret))).status, 401)
      t.equal((await signInWithCode(service, user, nextCode(service, next))).status, 200)
    })
    await t.test('the app is removed with the recovery codes, and the person told', async (t) => {
      const { user, cookie } = await createWithFactor(service)
      const remove = () => service.call(`${mfa}/totp`, { method: 'DELETE', headers: { cookie } })
      t.equal((await remove()).status, 204)
      t.same(await factorsOf({ cookie }), { factors: [], recovery_codes_left: 0 })
      t.equal((await givePassword(service, user)).status, 200)
      t.match((await mailsTo(service, user.email)).map(readMail).join(), 'The authenticator app was removed')
      t.equal((await remove()).status, 404)
      const told = (await auditRows(service)).filter(({ subject }) => subject === user.id).map(({ event }) => event)
      t.same(told, [
        ...['user.created', 'sign_in.succeeded', 'factor.added', 'session.revoked', 'step_up.succeeded'],
        ...['factor.removed', 'sign_in.succeeded'],
      ])
    })
    await t.test('with the last factor every session loses the level that it had proven, and no more', async (t) => {
      const { user, secret, cookie, accessToken } = await createWithFactor(service)
      const elsewhere = (await signInWithCode(service, user, nextCode(service, secret))).json().access_token
      const strangers = await createWithFactor(service)
      const shown = [{ cookie }, bearer(accessToken), bearer(elsewhere)]
      for (const headers of shown) t.equal(await edge(headers), 200, 'strong')
      const { id } = (await addPasskey(service, { cookie })).answer.json()
      t.equal((await service.call(`${mfa}/totp`, { method: 'DELETE', headers: { cookie } })).status, 204)
      for (const headers of shown) t.equal(await edge(headers), 200, 'while there is another factor')
      const last = `/api/users/me/passkeys/${id}`
      t.equal((await service.call(last, { method: 'DELETE', headers: { cookie } })).status, 204)
      for (const headers of shown) {
        t.not(await edge(headers), 200, 'no longer strong')
        t.equal((await service.call('/api/users/me', { headers })).status, 200, 'and signed in')
      }
      t.equal(await edge(bearer(strangers.accessToken)), 200, 'nobody else is concerned')
    })
    await t.test('a step-up is by the factor: the password of whoever has one proves nothing', async (t) => {
      const { user, secret, accessToken } = await createWithFactor(service)
      const remove = () => service.call(`${mfa}/totp`, { method: 'DELETE', headers: bearer(accessToken) })
      service.clock.advance(301)
      t.match((await remove()).json(), {
        ...{ status: 401, code: 'insufficient_user_authentication', acr_values: 'aal2', max_age: 300 },
      })
      const byPassword = await stepUpBy(service, accessToken, { password: user.password })
      t.match(byPassword.json(), { status: 401, code: 'insufficient_user_authentication', acr_values: 'aal2' })
      t.same(codeOfError(await stepUpBy(service, accessToken, { code: '000000' })), [401, 'invalid_code'])
      t.equal((await remove()).status, 401)
      const proven = await stepUpBy(service, accessToken, { code: nextCode(service, secret) })
      t.match(claimsOf(proven.json().access_token), { acr: 'aal2', auth_time: Math.floor(service.clock.now() / 1000) })
      for (const json of [{}, { code: '' }, { code: 1 }, { code: '123456', password: user.password }]) {
        t.equal((await stepUpBy(service, accessToken, json)).status, 400, JSON.stringify(json))
      }
      t.equal((await remove()).status, 204)
      t.match(
        (await auditRows(service)).findLast(({ event }) => event === 'step_up.failed'),
        {
          ...{ subject: user.id, details: { reason: 'wrong_code' } },
        },
      )
    })
    await t.test('a code lifts a session that began before the factor was there, and no copy of it', async (t) => {
      const { user, cookie } = await begin()
      const other = await service.signIn(user)
      const { secret } = await setUpTotp(service, { cookie })
      t.equal(await edge({ cookie: other.cookie }), 401)
      const json = { name: 'Job', scopes: [] }
      const makeKey = (token: string) => post(service, '/api/users/me/api-keys', json, bearer(token))
      t.match((await makeKey(other.accessToken)).json(), { status: 401, acr_values: 'aal2', max_age: 300 })
      const proven = await stepUpBy(service, other.accessToken, { code: nextCode(service, secret) })
      const { access_token: token } = proven.json()
      t.match(claimsOf(token), { acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] })
      t.not(claimsOf(token).sid, claimsOf(other.accessToken).sid, 'another session')
      t.match(
        Object.keys(proven.cookies).toSorted(),
        ['gatehouse', 'gatehouse_device', 'gatehouse_refresh'].slice(0, 1),
      )
      t.same([(await makeKey(token)).status, (await makeKey(other.accessToken)).status], [201, 401])
      t.equal((await post(service, '/api/auth/refresh', { refresh_token: other.refreshToken })).status, 401)
      t.equal((await service.call(mfa, { headers: { cookie: other.cookie } })).status, 401)
      t.equal((await service.call(mfa, { headers: { cookie } })).status, 200, 'the session that set it up goes on')
    })
  })
}
