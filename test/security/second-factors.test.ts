/** Who knows the password of somebody with a second factor: what they try in place of the factor, and that none of it works. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { stringify } from 'yaml'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import {
  codeOf,
  createWithFactor,
  givePassword,
  mfaTokenOf,
  nextCode,
  post,
  setUpTotp,
  signInWithCode,
  stepUpBy,
} from '../support/factors.ts'
import { tokenOf } from '../support/mails.ts'
import { fieldsOf, own, submit } from '../support/pages.ts'
import { prepareData, run, serve } from '../support/program.ts'
import { scratchFolder } from '../support/servers.ts'
import { type Answer, bearer, type Service, startService, type TestUser } from '../support/service.ts'

const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))
const problem = (answer: Answer) => [answer.status, answer.json().code]
const statuses = (answers: readonly Answer[]) =>
  Object.entries(Object.groupBy(answers, ({ status }) => status)).map(([status, of]) => [Number(status), of!.length])
const newPassword = 'three wet herons count pebbles'

for (const backend of backends) {
  void test(`attacks on second factors on ${backend.name} stores`, async (t) => {
    const yaml = { tokens: { access_ttl_seconds: 3_600 } }
    const service = await startService(t, { backend, yaml })
    const replica = service.backend.replica && (await startService(t, { beside: service, yaml }))
    /** Spreads calls over all replicas. */
    const at = (index: number): Service => (index % 2 === 1 && replica) || service

    /** So many sign-ins of one person, each waiting for a code; one after the other, since parallel passwords are limited. */
    async function tokensOf(count: number, user: TestUser): Promise<string[]> {
      const tokens = []
      for (let index = 0; index < count; index++) tokens.push(await mfaTokenOf(at(index), user))
      return tokens
    }

    await t.test(
      'who uses up the tries of a factor has used up none of the one after an operator’s reset',
      async (t) => {
        const { user, secret: former } = await createWithFactor(service)
        const mfa_token = await mfaTokenOf(service, user)
        for (let index = 0; index < 10; index++) await post(service, '/api/auth/mfa', { mfa_token, code: '000000' })
        const refused = { mfa_token: await mfaTokenOf(service, user), code: nextCode(service, former) }
        t.equal((await post(service, '/api/auth/mfa', refused)).status, 429)
        await service.operate('POST', `/users/${user.id}/reset-factors`)
        const { mfa_token: enrolling } = (await givePassword(service, user)).json()
        const enrolment = { mfa_token: enrolling, token: await tokenOf(service, user.email, 'enrol') }
        const { secret } = (await post(service, '/api/auth/enrol', enrolment)).json()
        const code = codeOf(service, secret)
        t.equal((await post(service, '/api/auth/enrol/confirm', { ...enrolment, code })).status, 200)
        t.equal((await signInWithCode(service, user, nextCode(service, secret))).status, 200)
      },
    )
    await t.test('what was asked for by the password alone ends with the first factor', async (t) => {
      const user = await service.createUser()
      const email = 'thief@example.test'
      const thief = bearer((await service.signIn(user)).accessToken)
      const asked = await post(service, '/api/users/me/email', { email, password: user.password }, thief)
      t.equal(asked.status, 202)
      const token = await tokenOf(service, email, 'confirm-email')
      await setUpTotp(service, await service.signIn(user))
      t.same(problem(await post(service, '/api/auth/confirm-email', { token })), [400, 'invalid_token'])
    })
    await t.test('a code is used once, of eight parallel tries on all replicas, and never again', async (t) => {
      const { user, secret } = await createWithFactor(service)
      const tokens = await tokensOf(8, user)
      const code = nextCode(service, secret)
      const answers = await times(8, (index) => post(at(index), '/api/auth/mfa', { mfa_token: tokens[index], code }))
      t.same(statuses(answers), [
        [200, 1],
        [401, 7],
      ])
      const later = await post(at(1), '/api/auth/mfa', { mfa_token: await mfaTokenOf(at(1), user), code })
      t.same(problem(later), [401, 'invalid_code'], 'nor at the other replica')
      const former = { mfa_token: await mfaTokenOf(service, user), code: codeOf(service, secret, -30) }
      t.same(problem(await post(service, '/api/auth/mfa', former)), [401, 'invalid_code'], 'nor an earlier one')
    })
    await t.test('of parallel uses of one recovery code on two replicas exactly one wins', async (t) => {
      const { user, recoveryCodes } = await createWithFactor(service)
      const tokens = await tokensOf(8, user)
      const code = recoveryCodes[0]
      const answers = await times(8, (index) => post(at(index), '/api/auth/mfa', { mfa_token: tokens[index], code }))
      t.same(statuses(answers), [
        [200, 1],
        [401, 7],
      ])
    })
    await t.test('of parallel right codes in one sign-in one gets a session', async (t) => {
      const { user, secret, recoveryCodes } = await createWithFactor(service)
      const mfa_token = await mfaTokenOf(service, user)
      const codes = [nextCode(service, secret), ...recoveryCodes.slice(0, 5)]
      const answers = await times(6, (index) => post(at(index), '/api/auth/mfa', { mfa_token, code: codes[index] }))
      t.equal(answers.filter(({ status }) => status === 200).length, 1)
      t.same(problem(await post(service, '/api/auth/mfa', { mfa_token, code: recoveryCodes[9] })), [
        400,
        'invalid_token',
      ])
    })
    await t.test('codes of the former key, and of somebody else’s, open nothing', async (t) => {
      const { user, secret: former, cookie } = await createWithFactor(service)
      const other = await createWithFactor(service)
      const headers = { cookie }
      const { secret } = (await service.call('/api/users/me/mfa/totp', { method: 'POST', headers })).json()
      const json = { code: nextCode(service, secret) }
      t.equal((await post(service, '/api/users/me/mfa/totp/confirm', json, headers)).status, 200)
      for (const wrong of [nextCode(service, former), codeOf(service, other.secret), other.recoveryCodes[0]!]) {
        t.same(problem(await signInWithCode(service, user, wrong)), [401, 'invalid_code'])
      }
    })
    await t.test('guesses of both kinds share one budget, of all replicas', async (t) => {
      const { user, secret, recoveryCodes } = await createWithFactor(service)
      const guesses = [
        ...Array.from({ length: 5 }, (_, i) => `00000${i}`),
        ...Array.from({ length: 5 }, (_, i) => `7k2m-x9fq-3ab${i}-p0rz`),
      ]
      for (const code of guesses) t.same(problem(await signInWithCode(service, user, code)), [401, 'invalid_code'])
      const right = nextCode(service, secret)
      for (const code of [right, recoveryCodes[0]!]) {
        t.same(problem(await signInWithCode(at(1), user, code)), [429, 'too_many_requests'])
      }
      const told = (await auditRows(service, ...(replica ? [replica] : []))).filter(
        ({ subject }) => subject === user.id,
      )
      t.equal(told.filter(({ event }) => event === 'sign_in.failed').length, 10)
      t.equal(told.filter(({ event }) => event === 'factor.limited').length, 1, 'which is told once')
      const reset = await service.operate('PUT', `/users/${user.id}/password`, {
        password: newPassword,
        end_api_keys: false,
      })
      t.ok(reset)
      const again = await signInWithCode(service, { ...user, password: newPassword }, right)
      t.same(problem(again), [429, 'too_many_requests'], 'nor does a new password')
    })
    await t.test(
      'whoever knows the password uses up no tries of a browser that was signed in, nor of a session',
      async (t) => {
        const { user, secret, cookie } = await createWithFactor(service)
        const known = await submit(service, '/login', { email: user.email, password: user.password })
        const underWay = `gatehouse_interaction=${known.cookies['gatehouse_interaction']}`
        const done = await submit(service, '/second-factor', { code: nextCode(service, secret) }, underWay, '/login')
        const device = `gatehouse_device=${done.cookies['gatehouse_device']}`
        const guess = async (code: string) => problem(await signInWithCode(service, user, code))
        for (let number = 0; number < 10; number++) t.same(await guess(`00000${number}`), [401, 'invalid_code'])
        t.same(await guess(nextCode(service, secret)), [429, 'too_many_requests'])
        const mfa_token = await mfaTokenOf(service, user, { cookie: device })
        const right = { mfa_token, code: nextCode(service, secret) }
        const back = await post(at(1), '/api/auth/mfa', right, { cookie: device })
        t.equal(back.status, 200, back.body)
        service.clock.advance(30)
        const stepUp = await post(service, '/api/auth/step-up', { code: nextCode(service, secret) }, { cookie })
        t.equal(stepUp.status, 200)
      },
    )
    await t.test('of parallel guesses no more than the limit are told that they are wrong', async (t) => {
      const { user } = await createWithFactor(service)
      const tokens = await tokensOf(30, user)
      const answers = await times(30, (index) =>
        post(at(index), '/api/auth/mfa', { mfa_token: tokens[index], code: String(100_000 + index) }),
      )
      t.same(statuses(answers), [
        [401, 10],
        [429, 20],
      ])
    })
    await t.test('a sign-in allows ten tries, whoever makes them', async (t) => {
      const loose = await startService(t, {
        backend,
        yaml: {
          limits: { failures_per_account: 1_000, requests_per_minute: 100_000, secret_tests_per_minute: 100_000 },
        },
      })
      const { user, secret } = await createWithFactor(loose)
      const mfa_token = await mfaTokenOf(loose, user)
      const answers = await times(20, () => post(loose, '/api/auth/mfa', { mfa_token, code: '000000' }))
      t.same(statuses(answers), [
        [400, 10],
        [401, 10],
      ])
      t.same(problem(await post(loose, '/api/auth/mfa', { mfa_token, code: nextCode(loose, secret) })), [
        400,
        'invalid_token',
      ])
    })
    await t.test('what continues a sign-in is no other’s, no session, and ends', async (t) => {
      const { user, secret } = await createWithFactor(service)
      const byApi = await mfaTokenOf(service, user)
      const page = await submit(service, '/login', { email: user.email, password: user.password })
      t.match([page.status, page.headers['location']], [303, /^second-factor\?/])
      const byPage = page.cookies['gatehouse_interaction']!
      t.equal(page.cookies['gatehouse'], undefined, 'nobody is signed in')
      const tries: Record<string, string> = {
        'of a browser': byPage,
        tampered: `${byApi.slice(0, -1)}${byApi.endsWith('A') ? 'B' : 'A'}`,
        'cut short': byApi.slice(0, -1),
        empty: ' ',
      }
      const code = nextCode(service, secret)
      for (const [what, mfa_token] of Object.entries(tries)) {
        t.same(problem(await post(service, '/api/auth/mfa', { mfa_token, code })), [400, 'invalid_token'], what)
      }
      for (const cookie of [
        '',
        `gatehouse_interaction=${byApi}`,
        `gatehouse_interaction=${byPage}; gatehouse_interaction=${byApi}`,
      ]) {
        const answer = await submit(service, '/second-factor', { code }, cookie, '/login')
        t.match([answer.status, answer.headers['location']], [303, /^login\?/], 'another browser')
        t.equal(answer.cookies['gatehouse'], undefined)
      }
      for (const path of ['/', '/account', '/factors', '/authenticator', '/change-password']) {
        const headers = { cookie: `gatehouse_interaction=${byPage}; gatehouse=${byPage}` }
        t.match((await service.call(path, { headers })).headers['location'], /login/, path)
      }
      service.clock.advance(600)
      for (const [mfa_token, kind] of [
        [byApi, 'the token'],
        [await mfaTokenOf(service, user), 'and a later one does not'],
      ] as const) {
        const answer = await post(service, '/api/auth/mfa', { mfa_token, code: nextCode(service, secret) })
        t.equal(answer.status, kind === 'the token' ? 400 : 200, kind)
      }
      const late = await submit(service, '/second-factor', { code }, `gatehouse_interaction=${byPage}`, '/login')
      t.match(late.headers['location'], /^login\?/)
    })
    await t.test('it ends with the password, with the account, and with all sessions', async (t) => {
      const ends: Record<string, (id: string) => Promise<unknown>> = {
        'a new password': (id) =>
          service.operate('PUT', `/users/${id}/password`, { password: newPassword, end_api_keys: false }),
        disabling: (id) => service.operate('PUT', `/users/${id}/status`, { status: 'disabled' }),
        'all sessions': (id) => service.operate('DELETE', `/users/${id}/sessions`),
        'its end': (id) => service.operate('DELETE', `/users/${id}`),
      }
      for (const [what, end] of Object.entries(ends)) {
        const { user, secret } = await createWithFactor(service)
        const mfa_token = await mfaTokenOf(service, user)
        await end(user.id)
        const answer = await post(service, '/api/auth/mfa', { mfa_token, code: nextCode(service, secret) })
        t.same(problem(answer), [400, 'invalid_token'], what)
      }
    })
    await t.test('a form of the second step from another site takes no code', async (t) => {
      const { user, secret } = await createWithFactor(service)
      const page = await submit(service, '/login', { email: user.email, password: user.password })
      const cookie = `gatehouse_interaction=${page.cookies['gatehouse_interaction']}`
      const code = nextCode(service, secret)
      const { csrf_token = '' } = fieldsOf(await service.call('/second-factor', { headers: { cookie } }))
      for (const origin of ['https://evil.test', 'null']) {
        const form = { csrf_token, code }
        const answer = await service.call('/second-factor', { method: 'POST', headers: { cookie, origin }, form })
        t.equal(answer.status, 403, origin)
        t.equal(answer.cookies['gatehouse'], undefined)
      }
      const right = { method: 'POST', headers: { cookie, ...own }, form: { csrf_token, code } }
      t.equal((await service.call('/second-factor', right)).status, 303)
    })
    await t.test('the password alone changes nothing that matters, in whatever session', async (t) => {
      const { user, secret, cookie: strong } = await createWithFactor(service, { roles: ['admin'] })
      // A session that was proven by the factor, some time ago.
      service.clock.advance(301)
      const { password } = user
      const sensitive: [method: string, path: string, json?: object][] = [
        ['POST', '/api/users/me/password', { current_password: password, password: newPassword }],
        ['POST', '/api/users/me/email', { email: 'eve@example.test', password }],
        ['POST', '/api/users/me/mfa/totp'],
        ['POST', '/api/users/me/mfa/totp/confirm', { code: '123456' }],
        ['DELETE', '/api/users/me/mfa/totp'],
        ['POST', '/api/users/me/mfa/recovery-codes'],
        ['POST', '/api/users/me/api-keys', { name: 'Job', scopes: [] }],
        ['GET', '/api/users/me/export'],
        ['DELETE', '/api/users/me', { password }],
        ['POST', '/api/admin/users', { email: 'eve@example.test', name: 'Eve', roles: ['admin'] }],
      ]
      const headers = { cookie: strong }
      t.same(problem(await post(service, '/api/auth/step-up', { password }, headers)), [
        401,
        'insufficient_user_authentication',
      ])
      for (const [method, path, json] of sensitive) {
        const answer = await service.call(path, { method, headers, ...(json && { json }) })
        t.match(answer.json(), { code: 'insufficient_user_authentication', acr_values: 'aal2' }, `${method} ${path}`)
      }
      for (const path of [
        '/change-password',
        '/change-email',
        '/authenticator',
        '/remove-authenticator',
        '/recovery-codes',
        '/new-api-key',
        '/export',
        '/delete-account',
      ]) {
        const answer = await service.call(path, { headers })
        t.match(answer.headers['location'], `./step-up?return_to=${encodeURIComponent(path)}`, path)
      }
      t.equal((await post(service, '/api/auth/step-up', { code: nextCode(service, secret) }, headers)).status, 200)
    })
    await t.test('a session from before the factor administers nothing, not even what takes rights away', async (t) => {
      const user = await service.createUser({ roles: ['admin'] })
      const before = await service.signIn(user)
      const { cookie } = await service.signIn(user)
      const { secret } = (await service.call('/api/users/me/mfa/totp', { method: 'POST', headers: { cookie } })).json()
      const json = { code: codeOf(service, secret) }
      t.equal((await post(service, '/api/users/me/mfa/totp/confirm', json, { cookie })).status, 200)
      for (const [method, path] of [
        ['GET', '/api/admin/users'],
        ['DELETE', `/api/admin/users/${user.id}/sessions`],
      ] as const) {
        const answer = await service.call(path, { method, headers: bearer(before.accessToken) })
        t.match(answer.json(), { code: 'insufficient_user_authentication', acr_values: 'aal2' }, path)
      }
      const raised = await stepUpBy(service, before.accessToken, { code: nextCode(service, secret) })
      const allowed = await service.call('/api/admin/users', { headers: bearer(raised.json().access_token) })
      t.equal(allowed.status, 200)
    })
    await t.test('a changed password makes the proof of the factor no newer', async (t) => {
      const { user, secret } = await createWithFactor(service)
      const { access_token: token } = (await signInWithCode(service, user, nextCode(service, secret))).json()
      service.clock.advance(290)
      const json = { current_password: user.password, password: newPassword }
      t.equal((await post(service, '/api/users/me/password', json, bearer(token))).status, 204)
      service.clock.advance(20)
      const remove = await service.call('/api/users/me/mfa/totp', { method: 'DELETE', headers: bearer(token) })
      t.same(problem(remove), [401, 'insufficient_user_authentication'])
    })
    await t.test('a mailed link to a new password goes round no factor', async (t) => {
      const { user } = await createWithFactor(service)
      await post(service, '/api/auth/forgot-password', { email: user.email })
      const token = await tokenOf(service, user.email, 'reset-password')
      const json = { token, password: newPassword }
      t.equal((await post(service, '/api/auth/reset-password', json)).status, 204)
      t.same(problem(await givePassword(service, { ...user, password: newPassword })), [403, 'mfa_required'])
    })
  })
}

void test('a restart of an embedded service clears no budget of codes; an operator’s command takes the factor away', async (t) => {
  const folder = scratchFolder(t)
  const configFile = join(folder, 'gatehouse.yaml')
  writeFileSync(configFile, stringify({ limits: { requests_per_minute: 100_000, secret_tests_per_minute: 100_000 } }))
  const environment = { GATEHOUSE_DATA_DIR: join(folder, 'data'), GATEHOUSE_CONFIG: configFile }
  prepareData(environment.GATEHOUSE_DATA_DIR)
  const [email, password] = ['ada@example.test', 'a horse, a battery and a staple']
  const operate = (words: string, input?: string) => run(folder, [...words.split(' '), '--json'], environment, input)
  t.equal((await operate(`user create --email ${email} --name Ada --password-stdin`, password)).code, 0)
  const first = await serve(t, folder, environment)
  const ask = (running: typeof first, path: string, json: object, headers = {}) =>
    running.call(path, { method: 'POST', json, headers })
  const login = (running: typeof first) => ask(running, '/api/auth/login', { email, password })
  const begun = bearer((await login(first)).json().access_token)
  const proposed = await first.call('/api/users/me/mfa/totp', { method: 'POST', headers: begun })
  const { secret } = proposed.json()
  const clock = { clock: { now: () => Date.now(), advance: () => {} } }
  const confirmed = await ask(first, '/api/users/me/mfa/totp/confirm', { code: codeOf(clock, secret) }, begun)
  const [recovery] = confirmed.json().recovery_codes
  const { mfa_token } = (await login(first)).json()
  for (let index = 0; index < 10; index++) {
    t.equal((await ask(first, '/api/auth/mfa', { mfa_token, code: '000000' })).status, 401)
  }
  first.child.kill('SIGKILL')
  await first.finished

  const second = await serve(t, folder, environment)
  const again = await ask(second, '/api/auth/mfa', {
    mfa_token: (await login(second)).json().mfa_token,
    code: recovery,
  })
  t.equal(again.status, 429)
  const reset = await operate(`user reset-factors ${email}`)
  t.match(JSON.parse(reset.stdout), { email, reset: true })
  t.equal((await login(second)).json().code, 'enrolment_required')
})
