/** What somebody tries with passkeys that are not theirs, not fresh, not from here or not what they were: none of it opens anything. */
import { test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { createWithFactor, mfaTokenOf, post, stepUpBy } from '../support/factors.ts'
import { mailsTo } from '../support/mails.ts'
import {
  addPasskey,
  createWithPasskey,
  loginOptions,
  makePasskey,
  type Says,
  signInByPasskey,
} from '../support/passkeys.ts'
import { type Answer, bearer, type Service, startService } from '../support/service.ts'

const problem = (answer: Answer) => [answer.status, answer.json().code]
const told = (answer: Answer) => ({ ...answer.json(), request_id: undefined })
const refused = [401, 'invalid_passkey']
const own = '/api/users/me/passkeys'
const signIn = (service: Service, credential: object, more = {}) =>
  post(service, '/api/auth/passkey', { credential, ...more })

for (const backend of backends) {
  void test(`attacks on passkeys on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const replica = service.backend.replica && (await startService(t, { beside: service }))
    const at = (index: number): Service => (index % 2 === 1 && replica) || service
    const trail = () => auditRows(service, ...(replica ? [replica] : []))
    const stepUpOptions = async (accessToken: string) =>
      (await post(service, '/api/auth/step-up/options', {}, bearer(accessToken))).json()

    await t.test('what was made elsewhere, or without the person, is refused with its reason', async (t) => {
      const { passkey } = await createWithPasskey(service)
      const wrong: [Says, RegExp][] = [
        [{ origin: 'https://evil.example' }, /another site/],
        [{ origin: `${service.issuer}:8443` }, /another site/],
        [{ origin: service.issuer.replace('http:', 'https:') }, /another site/],
        [{ crossOrigin: true }, /another site/],
        [{ rpId: 'evil.example' }, /another site/],
        [{ rpId: 'example.test' }, /another site/],
        [{ isVerified: false }, /has not verified the person/],
        [{ challenge: 'of-its-own' }, /challenge is unknown/],
      ]
      for (const [says, why] of wrong) {
        const answer = await signInByPasskey(service, passkey, { says })
        t.same(problem(answer), refused)
        t.match(answer.json().detail, why)
        t.equal(answer.cookies['gatehouse'], undefined)
      }
    })
    await t.test('whose passkey it is, and whether there is one, nobody is told', async (t) => {
      const [{ passkey, user }, other] = [await createWithPasskey(service), await createWithPasskey(service)]
      const disabled = await createWithPasskey(service)
      await service.operate('PUT', `/users/${disabled.user.id}/status`, { status: 'disabled' })
      const { passkey: stray } = makePasskey(service, { challenge: 'any', user: { id: 'AAAAAAAAAAAAAAAAAAAAAA' } })
      const show = async (says: Says, by = passkey) => by.show(await loginOptions(service), says)
      const tampered = await show({})
      tampered.response.signature = (await show({})).response.signature
      const answers = {
        unknown: await signIn(service, await show({}, stray)),
        'of somebody who is disabled': await signIn(service, await show({}, disabled.passkey)),
        'under the name of another': await signIn(service, await show({ id: other.passkey.id })),
        'with the handle of another': await signIn(service, await show({ userHandle: 'AAAAAAAAAAAAAAAAAAAAAA' })),
        'with no handle': await signIn(service, await show({ userHandle: null })),
        'with another signature': await signIn(service, tampered),
        'as a registration': await signIn(service, await show({ type: 'webauthn.create' })),
        'that can be copied no more': await signIn(service, await show({ backupEligible: false, backedUp: false })),
        'that is copied, and cannot be': await signIn(service, await show({ backupEligible: false })),
      }
      for (const [what, answer] of Object.entries(answers)) {
        t.same(problem(answer), refused, what)
        t.same(told(answer), told(answers.unknown), what)
      }
      t.equal((await signInByPasskey(service, passkey)).status, 200)
      const row = (await trail()).find(({ event, subject }) => event === 'sign_in.failed' && subject === user.id)
      t.match(row, { details: { reason: 'wrong_passkey' } })
    })
    await t.test('a challenge is answered once, within five minutes, wherever it was asked for', async (t) => {
      const { passkey } = await createWithPasskey(service)
      const options = await loginOptions(service)
      const credential = passkey.show(options)
      const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => signIn(at(index), credential)))
      t.equal(answers.filter(({ status }) => status === 200).length, 1, 'of parallel answers exactly one wins')
      t.same(problem(await signIn(service, passkey.show(options))), refused, 'nor is it signed anew')
      const late = await loginOptions(service)
      service.clock.advance(300)
      t.same(problem(await signIn(service, passkey.show(late))), refused)
      t.equal((await signInByPasskey(at(1), passkey)).status, 200)
      const wasted = await loginOptions(service)
      t.same(problem(await signIn(service, passkey.show(wasted, { isVerified: false }))), refused)
      t.same(problem(await signIn(service, passkey.show(wasted))), refused, 'a wrong answer uses it up')
    })
    await t.test('a challenge is for what it was made for, and for whoever asked', async (t) => {
      const person = await createWithPasskey(service)
      const { passkey, user, accessToken } = person
      const mfaToken = await mfaTokenOf(service, user)
      const forStepUp = await stepUpOptions(accessToken)
      t.same(problem(await signIn(service, passkey.show(forStepUp))), refused, 'a step-up signs nobody in')
      const forFactor = await loginOptions(service, mfaToken)
      t.same(
        problem(await signIn(service, passkey.show(forFactor))),
        refused,
        'nor does a second factor, without the first',
      )
      const forSignIn = passkey.show(await loginOptions(service))
      t.same(problem(await stepUpBy(service, accessToken, { credential: forSignIn })), refused)
      const another = passkey.show(await loginOptions(service, await mfaTokenOf(service, user)))
      t.same(problem(await signIn(service, another, { mfa_token: mfaToken })), refused, 'of another sign-in')
      const second = (await signInByPasskey(service, passkey)).json().access_token
      const elsewhere = passkey.show(await stepUpOptions(second))
      t.same(problem(await stepUpBy(service, accessToken, { credential: elsewhere })), refused, 'of another session')
      t.same(problem(await post(service, '/api/auth/step-up/options', {})), [401, 'unauthorized'])
    })
    await t.test('somebody else’s passkey is neither a second factor nor a step-up', async (t) => {
      const [victim, thief] = [await createWithPasskey(service), await createWithPasskey(service)]
      const mfaToken = await mfaTokenOf(service, victim.user)
      for (const userHandle of [undefined, null]) {
        const says = userHandle === undefined ? {} : { userHandle }
        const asFactor = await signInByPasskey(service, thief.passkey, { mfaToken, says })
        t.same(problem(asFactor), refused)
        const credential = thief.passkey.show(await stepUpOptions(victim.accessToken), says)
        t.same(problem(await stepUpBy(service, victim.accessToken, { credential })), refused)
      }
      t.equal((await signInByPasskey(service, victim.passkey, { mfaToken })).status, 200)
    })
    await t.test('a sign-in takes few tries of passkeys too', async (t) => {
      const { user, passkey } = await createWithPasskey(service)
      const mfaToken = await mfaTokenOf(service, user)
      for (let tries = 0; tries < 10; tries++) {
        const says = { isVerified: false }
        t.same(problem(await signInByPasskey(service, passkey, { mfaToken, says })), refused)
      }
      t.same(problem(await signInByPasskey(service, passkey, { mfaToken })), [400, 'invalid_token'])
    })
    await t.test('a copy whose counter lags behind is refused, and its person is told', async (t) => {
      const { user, passkey } = await createWithPasskey(service, {
        counts: true,
        backupEligible: false,
        backedUp: false,
      })
      const copy = passkey.copy()
      t.equal((await signInByPasskey(service, passkey)).status, 200)
      for (let tries = 0; tries < 2; tries++) {
        const says = { counter: tries === 0 ? 3 : 0 }
        t.same(problem(await signInByPasskey(service, copy, { says })), refused)
      }
      const rows = (await trail()).filter(({ subject }) => subject === user.id)
      t.equal(rows.filter(({ event }) => event === 'passkey.copied').length, 2)
      const mails = (await mailsTo(service, user.email)).filter((mail) => mail.includes('may have been copied'))
      t.equal(mails.length, 1, 'once a day')
      t.equal((await signInByPasskey(service, passkey)).status, 200)
      const forged = copy.show(await loginOptions(service), { counter: 0 })
      forged.response.signature = passkey.show(await loginOptions(service)).response.signature
      t.same(problem(await signIn(service, forged)), refused)
      const after = (await trail()).filter(({ subject, event }) => subject === user.id && event === 'passkey.copied')
      t.equal(after.length, 2, 'who has no key raises no alarm')
    })
    await t.test('a password alone adds and removes nothing where there is a factor', async (t) => {
      const withApp = await createWithFactor(service)
      // As it is in the hands of whoever has the password: a session of before the passkey, which was never raised.
      const before = await service.createUser()
      const headers = bearer((await service.signIn(before)).accessToken)
      await addPasskey(service, await service.signIn(before))
      const needed = [401, 'insufficient_user_authentication']
      t.same(problem(await post(service, `${own}/options`, {}, headers)), needed)
      const [{ id }] = (await service.call(own, { headers })).json()
      t.same(problem(await service.call(`${own}/${id}`, { method: 'DELETE', headers })), needed)
      const byPassword = { password: before.password }
      t.same(problem(await post(service, '/api/auth/step-up', byPassword, headers)), needed)
      service.clock.advance(301)
      const stale = { cookie: withApp.cookie }
      t.same(problem(await post(service, `${own}/options`, {}, stale)), needed, 'nor does an old proof')
    })
    await t.test('a passkey is made here, with the person, once, and by whoever asked', async (t) => {
      const user = await service.createUser()
      const [one, other] = [await service.signIn(user), await service.signIn(user)]
      const optionsOf = async ({ cookie }: { cookie: string }) =>
        (await post(service, `${own}/options`, {}, { cookie })).json()
      const add = (credential: object, { cookie }: { cookie: string }) =>
        post(service, own, { name: 'Thief', credential }, { cookie })
      for (const says of [
        { origin: 'https://evil.example' },
        { rpId: 'evil.example' },
        { isVerified: false },
        { type: 'webauthn.get' },
        { challenge: 'of-its-own' },
        { backupEligible: false, backedUp: true },
      ]) {
        const { credential } = makePasskey(service, await optionsOf(one), says)
        t.same(problem(await add(credential, one)), refused, JSON.stringify(says))
      }
      const asked = await optionsOf(one)
      const { credential } = makePasskey(service, asked)
      t.same(problem(await add(credential, other)), refused, 'another session of the same person')
      const garbled = { ...credential, response: { ...credential.response, attestationObject: 'oA' } }
      t.same(problem(await add(garbled, one)), refused)
      const fresh = makePasskey(service, await optionsOf(one)).credential
      const answers = await Promise.all(Array.from({ length: 4 }, () => add(fresh, one)))
      t.equal(answers.filter(({ status }) => status === 201).length, 1)
      t.equal((await service.call(own, { headers: { cookie: one.cookie } })).json().length, 1)
      const { passkey, answer } = await addPasskey(service, await service.signIn(await service.createUser()))
      t.equal(answer.status, 201)
      t.equal((await signInByPasskey(service, passkey)).status, 200)
    })
    await t.test('no other site signs a browser in', async (t) => {
      const { passkey } = await createWithPasskey(service)
      const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
      const credential = passkey.show(await loginOptions(service))
      t.same(problem(await post(service, '/api/auth/passkey', { credential }, headers)), [403, 'cross_site_request'])
      t.same(problem(await post(service, '/api/auth/passkey/options', {}, headers)), [403, 'cross_site_request'])
      const page = await service.call('/login-options', {
        method: 'POST',
        headers: { ...headers, accept: 'application/json' },
      })
      t.equal(page.status, 403)
    })
    await t.test('bad input is named, and nothing is written of it', async (t) => {
      const { passkey } = await createWithPasskey(service)
      const credential = passkey.show(await loginOptions(service))
      const wrong: [object, string][] = [
        [{ ...credential, id: 'not base64url!' }, '/body/credential/id'],
        [{ ...credential, type: 'password' }, '/body/credential/type'],
        [{ ...credential, response: {} }, '/body/credential/response/clientDataJSON'],
        [{ ...credential, response: { ...credential.response, signature: 7 } }, '/body/credential/response/signature'],
      ]
      for (const [given, path] of wrong) {
        const answer = await signIn(service, given)
        t.same(problem(answer), [400, 'invalid_request'])
        t.equal(answer.json().errors[0].path, path)
      }
      for (const clientDataJSON of ['bnVsbA', 'AAAA', 'W10']) {
        const answer = await signIn(service, { ...credential, response: { ...credential.response, clientDataJSON } })
        t.same(problem(answer), refused)
      }
      t.notMatch(service.logged(), credential.response.signature)
    })
  })
}
