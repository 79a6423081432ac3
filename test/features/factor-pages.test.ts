/** The pages of second factors, asked as browsers without scripts ask: signing in, proving again, setting up and removing. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { codeOf, createWithFactor, keyOn, nextCode } from '../support/factors.ts'
import { linkIn, mailsTo } from '../support/mails.ts'
import { faultAt, fieldsOf, submit, titleOf, wordsOf } from '../support/pages.ts'
import { type Answer, asks, type Service, startService, type TestUser } from '../support/service.ts'

const wanted = 'http://app.example.test/reports?year=2026'
const toWanted = `return_to=${encodeURIComponent(wanted)}`
const leadsTo = ({ status, headers }: Answer) => [status, headers['location']]
const sessionOf = ({ cookies }: Answer) => `gatehouse=${cookies['gatehouse']}`
const interactionOf = ({ cookies }: Answer) => `gatehouse_interaction=${cookies['gatehouse_interaction']}`
const codesOn = ({ body }: Answer) => [...body.matchAll(/<li><code>([^<]+)<\/code><\/li>/g)].map(([, code]) => code!)
const logIn = (service: Service, { email, password }: TestUser, path = `/login?${toWanted}`, more = {}) =>
  submit(service, path, { email, password, return_to: wanted, ...more })
const isSignedIn = async (service: Service, cookie: string) =>
  (await service.call('/api/users/me', { headers: { cookie } })).status === 200

for (const backend of backends) {
  void test(`pages of second factors on ${backend.name} stores`, async (t) => {
    const service = await startService(t, {
      backend,
      yaml: {
        hosts: {
          'app.example.test': { rules: [{ paths: ['/admin/**'], allow: { level: 'aal2' } }, { allow: 'signed-in' }] },
        },
      },
    })
    const open = (path: string, cookie: string) => service.call(path, { headers: { cookie } })

    await t.test('a sign-in asks for the code after the password, and leads back', async (t) => {
      const { user, secret } = await createWithFactor(service)
      const asked = await logIn(service, user)
      t.same(leadsTo(asked), [303, `second-factor?${toWanted}`])
      const cookie = interactionOf(asked)
      const page = await open(`/second-factor?${toWanted}`, cookie)
      t.match([page.status, titleOf(page), page.headers['cache-control']], [200, 'Enter your code', 'no-store'])
      t.match(
        page.body,
        /<input\s+id="code"\s+type="text"\s+name="code"\s+autocomplete="one-time-code"\s+inputmode="numeric"/,
      )
      t.match(wordsOf(page), user.email)
      const wrong = await submit(service, '/second-factor', { code: '000 000' }, cookie)
      t.equal(wrong.status, 422)
      const time = new Date(service.clock.now()).toISOString().slice(11, 19)
      t.match(wordsOf(wrong), `check that the clock of your device is right: here it is ${time} (UTC).`)
      const code = nextCode(service, secret)
      const right = await submit(service, '/second-factor', { code: ` ${code.slice(0, 3)} ${code.slice(3)} ` }, cookie)
      t.same(leadsTo(right), [303, wanted])
      t.equal(await isSignedIn(service, sessionOf(right)), true)
      t.equal(right.cookies['gatehouse_interaction'], '', 'what continued it is gone')
      const gate = await service.call('/forward-auth', {
        headers: { ...asks({ path: '/admin/' }), cookie: sessionOf(right) },
      })
      t.equal(gate.status, 200)
      t.match((await submit(service, '/second-factor', { code }, cookie, '/login')).headers['location'], /^login\?/)
    })
    await t.test('a recovery code in its place, by a way from there and back', async (t) => {
      const { user, recoveryCodes } = await createWithFactor(service)
      const cookie = interactionOf(await logIn(service, user))
      const page = await open(`/second-factor?${toWanted}`, cookie)
      const way = `second-factor?recovery=yes&#38;${toWanted}`
      t.match(page.body, `href="${way}"`)
      const recovery = await open(`/second-factor?recovery=yes&${toWanted}`, cookie)
      t.match(recovery.body, /<input\s+id="code"\s+type="text"\s+name="code"\s+autocomplete="off"/)
      t.equal(fieldsOf(recovery)['recovery'], 'yes')
      const form = { recovery: 'yes', return_to: wanted }
      const wrong = await submit(service, '/second-factor', { ...form, code: 'none of them' }, cookie)
      t.match([wrong.status, wordsOf(wrong)], [422, 'This recovery code is wrong, or was used already.'])
      const right = await submit(service, '/second-factor', { ...form, code: recoveryCodes[0]! }, cookie)
      t.same(leadsTo(right), [303, wanted])
    })
    await t.test('without a sign-in under way there is nothing to enter a code for', async (t) => {
      t.same(leadsTo(await service.call(`/second-factor?${toWanted}`)), [
        303,
        `login?continue=after-sign-in&${toWanted}`,
      ])
      const other = await open(`/second-factor?${toWanted}`, 'gatehouse_interaction=unknown')
      t.same(leadsTo(other), [303, `login?${toWanted}`])
      t.same(leadsTo(await service.call('/enrol')), [303, `/login?return_to=${encodeURIComponent('/enrol')}`])
    })
    await t.test('what asks for aal2 or for a younger proof leads through a step-up, and back', async (t) => {
      const { user, secret, cookie: strong } = await createWithFactor(service)
      const stronger = `/login?${toWanted}&acr_values=aal2`
      t.equal((await open(stronger, strong)).status, 200, 'who is strong enough may go on')
      const young = await open(`/login?${toWanted}&max_age=60`, strong)
      t.equal(young.status, 200)
      service.clock.advance(61)
      t.same(leadsTo(await open(`/login?${toWanted}&max_age=60`, strong)), [303, `step-up?${toWanted}`])
      const page = await open(`/step-up?${toWanted}`, strong)
      t.match(page.body, 'autocomplete="one-time-code"')
      t.notMatch(page.body, 'type="password"')
      const { password } = user
      const byPassword = await submit(service, '/step-up', { password, return_to: wanted }, strong)
      t.equal(byPassword.status, 422, 'the password proves nothing')
      const wrong = await submit(service, '/step-up', { code: '000000', return_to: wanted }, strong)
      t.match([wrong.status, wordsOf(wrong)], [422, /check that the clock/])
      const right = await submit(service, '/step-up', { code: nextCode(service, secret), return_to: wanted }, strong)
      t.same(leadsTo(right), [303, wanted])
      t.same([await isSignedIn(service, strong), await isSignedIn(service, sessionOf(right))], [false, true])
      t.equal((await open(`/login?${toWanted}&max_age=60`, sessionOf(right))).status, 200)
    })
    await t.test('who has no factor is told to set one up', async (t) => {
      const { cookie } = await service.signIn(await service.createUser())
      const page = await open(`/login?${toWanted}&acr_values=aal2`, cookie)
      t.match(
        [titleOf(page), wordsOf(page)],
        ['A stronger sign-in is needed', 'You go on there once you have set one up.'],
      )
      t.match(page.body, `href="factors?${toWanted}"`)
    })
    await t.test('an app is set up by a page without scripts, in a session that rises by it', async (t) => {
      const user = await service.createUser()
      const { cookie } = await service.signIn(user)
      t.match(wordsOf(await open('/factors', cookie)), 'Authenticator app Not set up')
      const page = await open('/authenticator', cookie)
      t.match(page.body, /<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
      t.notMatch(page.body, /<svg[^>]* style=|<style/, 'nothing that the policy for content refuses')
      t.equal(page.headers['cache-control'], 'no-store')
      const secret = keyOn(page)
      t.equal(secret.length, 32)
      t.equal(keyOn(await open('/authenticator', cookie)), secret, 'nobody has to scan twice')
      const other = await service.signIn(user)
      t.not(keyOn(await open('/authenticator', other.cookie)), secret, 'and no other session is shown it')
      const gone = await submit(service, '/authenticator', { code: codeOf(service, secret) }, cookie)
      t.equal(gone.status, 422, 'of which the later one counts')
      const key = keyOn(await open('/authenticator', cookie))
      const wrong = await submit(service, '/authenticator', { code: '12' }, cookie)
      t.match([wrong.status, wordsOf(wrong), keyOn(wrong)], [422, /This code is wrong/, key])
      const done = await submit(service, '/authenticator', { code: codeOf(service, key) }, cookie)
      t.match([done.status, titleOf(done)], [200, 'Your recovery codes'])
      const codes = codesOn(done)
      t.equal(codes.length, 10)
      const [, file = ''] = /href="data:text\/plain;charset=utf-8,([^"]+)"\s+download="recovery-codes\.txt"/.exec(
        done.body,
      )!
      t.same(decodeURIComponent(file).split('\r\n').slice(2, 12), codes)
      const renewed = sessionOf(done)
      t.same([await isSignedIn(service, cookie), await isSignedIn(service, renewed)], [false, true])
      t.match(wordsOf(await open('/factors', renewed)), /Set up on .* 10 are left/)

      const again = await submit(service, '/recovery-codes', {}, renewed)
      t.equal(codesOn(again).length, 10)
      t.not(codesOn(again)[0], codes[0])
      t.same(leadsTo(await submit(service, '/remove-authenticator', {}, renewed)), [303, 'factors?done=removed'])
      t.match(wordsOf(await open('/factors?done=removed', renewed)), /is removed.* Not set up/)
      t.same(leadsTo(await submit(service, '/recovery-codes', {}, renewed)), [303, 'factors'])
    })
    await t.test('who needs a factor sets it up within the sign-in, and is signed in by it', async (t) => {
      const strict = await startService(t, {
        backend,
        yaml: { sign_in: { factors: { required_for: 'all', grace_days: 0, remember_days: 30 } } },
      })
      const user = await strict.createUser()
      const asked = await logIn(strict, user)
      t.same(leadsTo(asked), [303, 'enrol'])
      const cookie = interactionOf(asked)
      const page = await strict.call('/enrol', { headers: { cookie } })
      t.equal(titleOf(page), 'A second factor is needed')
      const wrong = await submit(strict, '/enrol', { code: '000000' }, cookie)
      t.match([wrong.status, keyOn(wrong)], [422, keyOn(page)])
      const done = await submit(strict, '/enrol', { code: codeOf(strict, keyOn(page)) }, cookie)
      t.equal(codesOn(done).length, 10)
      t.match(done.body, `href="${wanted}"`)
      t.equal(await isSignedIn(strict, sessionOf(done)), true)

      const second = interactionOf(await logIn(strict, user))
      t.match(wordsOf(await strict.call('/second-factor', { headers: { cookie: second } })), 'for 30 days')
      const form = { code: nextCode(strict, keyOn(page)), remember_device: 'yes' }
      const signedIn = await submit(strict, '/second-factor', form, second)
      const device = `gatehouse_device=${signedIn.cookies['gatehouse_device']}`
      const { email, password } = user
      const third = await submit(strict, '/login', { email, password }, device)
      t.same(leadsTo(third), [303, '/'], 'this browser is not asked')
      const stronger = await submit(strict, '/login?acr_values=aal2', { email, password }, device)
      t.match(leadsTo(stronger), [303, /^second-factor/], 'unless aal2 is asked for')
      const list = await strict.call('/sessions', { headers: { cookie: sessionOf(third) } })
      t.match(wordsOf(list), 'Where your second factor is not asked for')
      const forgotten = await submit(strict, '/sessions', { forget: 'yes' }, sessionOf(third))
      t.same(leadsTo(forgotten), [303, 'sessions?done=forgotten'])
      t.match(leadsTo(await submit(strict, '/login', { email, password }, device)), [303, /^second-factor/])
    })
    await t.test('after a reset the page waits for the link in the mail', async (t) => {
      const { user } = await createWithFactor(service)
      await service.operate('POST', `/users/${user.id}/reset-factors`)
      const asked = await logIn(service, user)
      t.same(leadsTo(asked), [303, 'enrol'])
      const cookie = interactionOf(asked)
      const waiting = await open('/enrol', cookie)
      t.equal(titleOf(waiting), 'Look into your mail')
      t.notMatch(waiting.body, '<svg')
      t.equal(titleOf(await open('/enrol?token=guess', cookie)), 'Look into your mail')
      const links = (await mailsTo(service, user.email)).flatMap((mail) => linkIn(mail, service.issuer, 'enrol') ?? [])
      const token = links.at(-1)!
      const elsewhere = `/enrol?token=${token}`
      const toLogin = await service.call(elsewhere)
      t.same(
        leadsTo(toLogin),
        [303, `/login?return_to=${encodeURIComponent(elsewhere)}`],
        'another browser signs in first',
      )
      const page = await open(elsewhere, cookie)
      t.equal(titleOf(page), 'A second factor is needed')
      const code = codeOf(service, keyOn(page))
      t.equal(titleOf(await submit(service, '/enrol', { code }, cookie, elsewhere)), 'Look into your mail')
      const done = await submit(service, '/enrol', { code, token }, cookie, elsewhere)
      t.equal(codesOn(done).length, 10)
      t.equal(await isSignedIn(service, sessionOf(done)), true)
      t.equal(faultAt(done, 'code'), undefined)
    })
  })
}
