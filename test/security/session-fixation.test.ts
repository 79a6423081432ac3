/** No session, and no value of one, that was there before a proof of the person counts as proven by it (CWE-384). */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { type Answer, bearer, startService } from '../support/service.ts'

for (const backend of backends) {
  void test(`sessions are not fixed on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const [ada, eve] = [await service.createUser(), await service.createUser()]
    const logIn = ({ email, password }: typeof ada, cookie = '') =>
      service.call('/api/auth/login', { method: 'POST', headers: { cookie }, json: { email, password } })
    const cookieOf = (answer: Answer) => `gatehouse=${answer.cookies['gatehouse']}`
    const whose = async (cookie: string): Promise<string | undefined> =>
      (await service.call('/api/users/me', { headers: { cookie } })).json().id
    const sidOf = (answer: Answer) =>
      JSON.parse(Buffer.from(answer.json().access_token.split('.')[1], 'base64url').toString()).sid

    await t.test('a value that somebody planted is never taken over by a sign-in', async (t) => {
      const planted = `gatehouse=${'x'.repeat(43)}`
      const answer = await logIn(ada, planted)
      t.not(cookieOf(answer), planted)
      t.equal(await whose(planted), undefined)
      t.equal(await whose(cookieOf(answer)), ada.id)
    })
    await t.test('nor is a live session of whoever planted it, which ends', async (t) => {
      const attacker = await logIn(eve)
      const answer = await logIn(ada, cookieOf(attacker))
      t.not(cookieOf(answer), cookieOf(attacker))
      t.not(sidOf(answer), sidOf(attacker), 'and it has an id of its own')
      t.same([await whose(cookieOf(attacker)), await whose(cookieOf(answer))], [undefined, ada.id])
    })
    await t.test('each sign-in has another value and another id', async (t) => {
      const first = await logIn(ada)
      const second = await logIn(ada, cookieOf(first))
      t.not(cookieOf(first), cookieOf(second))
      t.not(sidOf(first), sidOf(second))
      t.equal(await whose(cookieOf(first)), undefined)
    })
    await t.test('a copy that was taken before a step-up is worth nothing after it', async (t) => {
      for (const remember of [true, false]) {
        const { email, password } = ada
        const json = { email, password, remember }
        const before = await service.call('/api/auth/login', { method: 'POST', json })
        const headers = bearer(before.json().access_token)
        const after = await service.call('/api/auth/step-up', { method: 'POST', headers, json: { password } })
        t.not(cookieOf(after), cookieOf(before))
        t.same([await whose(cookieOf(before)), await whose(cookieOf(after))], [undefined, ada.id])
      }
    })
    await t.test('what a browser is known by signs nobody in', async (t) => {
      const answer = await logIn(ada)
      const device = answer.cookies['gatehouse_device']!
      t.equal(await whose(`gatehouse_device=${device}`), undefined)
      t.equal(await whose(`gatehouse=${device}`), undefined)
      t.equal((await logIn({ ...ada, password: 'a wrong guess' }, `gatehouse_device=${device}`)).status, 401)
    })
  })
}
