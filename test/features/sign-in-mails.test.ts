/** What a person is told of sign-ins to their account by mail, in their language. */
import { test } from 'tap'
import type { QueuedMail } from '../../src/core/records/mail.ts'
import { createTellPerson } from '../../src/features/sign-in/tell-person.ts'
import { backends } from '../support/backends.ts'
import { readMail } from '../support/mails.ts'
import { createWithPasskey, signInByPasskey } from '../support/passkeys.ts'
import { type Answer, bearer, type Service, startService, type TestUser } from '../support/service.ts'

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const windowSeconds = 900

function logIn(service: Service, user: TestUser, headers: Record<string, string> = {}, password = user.password) {
  return service.call('/api/auth/login', { method: 'POST', headers, json: { email: user.email, password } })
}
const deviceOf = (answer: Answer) => ({ cookie: `gatehouse_device=${answer.cookies['gatehouse_device']}` })

for (const backend of backends) {
  void test(`mails about sign-ins on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const replica = service.backend.replica === undefined ? service : await startService(t, { beside: service })
    /** The mails to somebody that begin with a subject, wherever they were sent. */
    const mailsTo = async ({ email }: TestUser, subject: string) => {
      await replica.mails()
      return (await service.mails()).filter(
        (mail) => mail.includes(`To: ${email}`) && mail.includes(`Subject: ${subject}`),
      )
    }
    const newDevice = (user: TestUser) => mailsTo(user, 'A new sign-in')

    await t.test('a device that was not seen before is told of, once', async (t) => {
      const user = await service.createUser()
      const headers = { 'user-agent': firefox, 'x-forwarded-for': '203.0.113.9' }
      const known = deviceOf(await logIn(service, user, headers))
      const mails = await newDevice(user)
      t.equal(mails.length, 1)
      const text = readMail(mails[0]!).replaceAll(/\s+/g, ' ')
      for (const part of [service.issuer, 'with Firefox on Linux', '203.0.113.9', 'If it was not you'])
        t.match(text, part)
      t.notMatch(text, /https?:\S+\?/, 'no link to sign in by')
      await logIn(replica, user, { ...headers, ...known })
      t.equal((await newDevice(user)).length, 1, 'nothing of one that is known')
      await logIn(service, user, headers, 'a wrong guess')
      t.equal((await newDevice(user)).length, 1, 'nor of a sign-in that failed')
      await logIn(replica, user, { cookie: 'gatehouse_device=made-up' })
      t.equal((await newDevice(user)).length, 2)
    })
    await t.test('it says what somebody would have to know or hold', async (t) => {
      const user = await service.createUser()
      await logIn(service, user)
      const { passkey, user: other } = await createWithPasskey(service)
      const before = (await newDevice(other)).length
      t.equal((await signInByPasskey(service, passkey)).status, 200)
      const [byPassword, byPasskey] = [(await newDevice(user)).at(-1)!, (await newDevice(other)).slice(before)]
      const words = (mail: string) => readMail(mail).replaceAll(/\s+/g, ' ')
      t.match(words(byPassword), /knows your password/)
      t.equal(byPasskey.length, 1)
      t.match(words(byPasskey[0]!), /a passkey of yours/)
      t.notMatch(words(byPasskey[0]!), /password/)
    })
    await t.test('what was known ends with the password, so that a thief’s first sign-in is told of', async (t) => {
      const user = await service.createUser()
      const known = deviceOf(await logIn(service, user))
      const password = 'nine calm otters by the river'
      await service.operate('PUT', `/users/${user.id}/password`, { password })
      await logIn(service, user, known, password)
      t.equal((await newDevice(user)).length, 2)
    })
    await t.test('a program that signs in anew each time fills no mailbox', async (t) => {
      const user = await service.createUser()
      for (let at = 0; at < 23; at++) t.equal((await logIn(service, user)).status, 200)
      t.equal((await newDevice(user)).length, 20)
    })
    await t.test('in the language that the person has chosen', async (t) => {
      const user = await service.createUser()
      const { accessToken } = await service.signIn(user)
      await service.call('/api/users/me', { method: 'PATCH', headers: bearer(accessToken), json: { locale: 'de' } })
      await logIn(service, user)
      const [mail] = await mailsTo(user, 'Eine neue Anmeldung')
      t.match(readMail(mail!), 'Wenn Sie das waren')
    })
    await t.test('a lockout is told of once, however long it is kept up, and the next one again', async (t) => {
      const user = await service.createUser()
      const lockOut = (round: number) =>
        Promise.all(
          Array.from({ length: 40 }, (_, at) =>
            logIn([service, replica][at % 2]!, user, { 'x-forwarded-for': `192.0.${round}.${at}` }, 'a wrong guess'),
          ),
        )
      const told = () => mailsTo(user, 'Too many wrong passwords')
      const soon = async (count: number) => {
        // It is told beside the request.
        for (let tries = 0; tries < 50 && (await told()).length < count; tries++) {
          await new Promise((again) => setTimeout(again, 20))
        }
        return (await told()).length
      }
      await lockOut(0)
      t.equal(await soon(1), 1)
      const text = readMail((await told())[0]!).replaceAll(/\s+/g, ' ')
      t.match(text, 'about 15 minutes')
      t.match(text, 'If it was not you')
      t.same(await mailsTo(user, 'A new sign-in'), [])
      if (backend.name === 'embedded') {
        for (let round = 1; round < 4; round++) {
          service.clock.advance(windowSeconds + 30)
          await lockOut(round)
        }
        t.equal(await soon(2), 1, 'it goes on')
        service.clock.advance(3 * windowSeconds)
        await lockOut(4)
        t.equal(await soon(2), 2)
      }
      await service.operate('POST', `/users/${user.id}/unlock`)
      await lockOut(5)
      const before = backend.name === 'embedded' ? 2 : 1
      t.equal(await soon(before + 1), before + 1, 'after an operator lifted it, it is another one')
    })
    await t.test('nobody is told of a lockout of no account', async (t) => {
      const nobody = { id: '', email: `nobody-${backend.name}@example.test`, password: '' }
      for (let at = 0; at < 12; at++) await logIn(service, nobody, { 'x-forwarded-for': `198.51.100.${at}` }, 'a guess')
      t.equal((await logIn(service, nobody, {}, 'a guess')).status, 429)
      t.notOk((await service.mails()).some((mail) => mail.includes(nobody.email)))
      t.notMatch(service.logged(), /lockout\.not_told/)
    })
  })
}

void test('a lockout costs the request as much where there is no account', async (t) => {
  const service = await startService(t)
  const { id } = await service.createUser()
  const kind = 'account-locked'
  const sealed: QueuedMail = {
    ...{ id, kind, language: 'en', userId: id, recipient: '', sealed: '' },
    ...{ createdAt: new Date(), expiresAt: null },
  }
  const work: string[] = []
  const { tellOfLockout } = createTellPerson({
    mails: {
      seal(mail) {
        work.push(mail.kind)
        return sealed
      },
    },
    users: {
      async noteLockout(_id, _lockout, mails) {
        work.push(`noted with ${mails.length}`)
        return true
      },
    },
    budgets: service.budgets,
    readDevice: () => ({ browser: '', system: '' }),
    clock: service.clock,
    log: { info() {}, warn() {}, error() {} },
    firstLanguage: 'en',
    windowSeconds,
  })
  tellOfLockout(await service.stores.users.findById(id))
  tellOfLockout(undefined)
  t.same(work, [kind, 'noted with 1', kind, 'noted with 0'])
})
