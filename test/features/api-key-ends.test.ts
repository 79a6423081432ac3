/** How long API keys last, how many one owner has, and how all of them end at once. */
import { test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { register } from '../support/oauth.ts'
import { until } from '../support/patience.ts'
import { linkIn } from '../support/mails.ts'
import { asks, bearer, type Service, type SignedIn, startService, type TestUser } from '../support/service.ts'

const path = '/api/users/me/api-keys'
const yaml = { api_keys: { days: 7 } }

const make = (service: Service, { accessToken }: SignedIn, body: object = {}) =>
  service.call(path, { method: 'POST', headers: bearer(accessToken), json: { name: 'Job', scopes: [], ...body } })
const statusOf = async (service: Service, key: string) =>
  (await service.call('/forward-auth', { headers: { ...asks({ path: '/' }), 'x-api-key': key } })).status
const inDays = (service: Service, days: number) => new Date(service.clock.now() + days * 86_400_000).toISOString()

for (const backend of backends) {
  void test(`the end and the number of API keys on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend, yaml })
    const signedIn = await service.signIn(await service.createUser())

    await t.test('a key ends after the days that are set, unless it is said when', async (t) => {
      t.equal((await make(service, signedIn)).json().expires_at, inDays(service, 7))
      const expires_at = inDays(service, 900)
      t.equal((await make(service, signedIn, { expires_at })).json().expires_at, expires_at)
      const { status, errors } = (await make(service, signedIn, { expires_at: null })).json()
      t.match([status, errors], [400, [{ path: '/body/expires_at', message: /api_keys\.allow_unlimited/ }]])
      const { key } = (await make(service, signedIn)).json()
      service.clock.advance(7 * 86_400 - 1)
      t.equal(await statusOf(service, key), 200)
      service.clock.advance(1)
      t.equal(await statusOf(service, key), 401)
    })
    await t.test('one without an end is made where it is allowed', async (t) => {
      const open = await startService(t, { yaml: { api_keys: { allow_unlimited: true } } })
      const person = await open.signIn(await open.createUser())
      t.equal((await make(open, person, { expires_at: null })).json().expires_at, null)
      t.equal((await make(open, person)).json().expires_at, inDays(open, 90), 'for who asks for it')
    })
    await t.test('after an emergency everybody’s end where it is asked for, on every replica', async (t) => {
      const second = service.backend.replica && (await startService(t, { beside: service, yaml }))
      const person = await service.signIn(await service.createUser())
      const { client_id: client } = await register(service)
      const keys: string[] = [
        (await make(service, person)).json().key,
        (await service.operate('POST', '/api-keys', { client, name: 'Job', scopes: [] })).key,
      ]
      const doors = (replica: Service) => Promise.all(keys.map((key) => statusOf(replica, key)))
      for (const replica of [service, second ?? service]) t.same(await doors(replica), [200, 200])
      const rotate = (body: object) => service.operate('POST', '/keys/rotate', body)
      await t.rejects(rotate({ compromised: false, end_api_keys: true }), /400/)
      t.match(await rotate({ compromised: true }), { ended_api_keys: 0, notice: /API keys go on/ })
      t.same(await doors(service), [200, 200])
      const { ended_api_keys: ended, notice } = await rotate({ compromised: true, end_api_keys: true })
      t.ok(ended >= 2)
      t.match(notice, `${ended} API keys were ended.`)
      t.same(await doors(service), [401, 401])
      if (second)
        await until('the other replica has learnt of it', async () => (await doors(second)).join() === '401,401')
      const told = (await auditRows(service)).findLast(({ event }) => event === 'api_keys.ended')
      t.match(told, { actor: 'operator', subject: null, details: { reason: 'emergency', ended } })
      t.equal((await make(service, person)).status, 401, 'the token has ended, too')
      const headers = { cookie: person.cookie, origin: service.issuer }
      const again = await service.call(path, { method: 'POST', headers, json: { name: 'Job', scopes: [] } })
      t.equal(again.status, 201)
      t.equal(await statusOf(service, again.json().key), 200, 'and another can be made')
    })
    await t.test('a new password of one’s own ends the keys where it is asked for, by API and by page', async (t) => {
      const other = (await make(service, await service.signIn(await service.createUser()))).json().key
      const next = 'a heron, a lantern and a map'
      const post = (to: string, json: object, headers = {}) => service.call(to, { method: 'POST', headers, json })
      const byLink = async ({ id, email }: TestUser) => {
        await service.operate('POST', `/users/${id}/reset`)
        const mails = (await service.mails()).filter((mail) => mail.includes(`To: ${email}`))
        return mails.flatMap((mail) => linkIn(mail, service.issuer, 'reset-password') ?? []).at(-1)!
      }
      const press = async (to: string, form: Record<string, string>, cookie = '') => {
        const page = await service.call(to, { headers: { cookie } })
        const csrf_token = /name="csrf_token" value="([\w-]+)"/.exec(page.body)![1]!
        const headers = {
          origin: service.issuer,
          cookie: `${cookie}; gatehouse_csrf=${page.cookies['gatehouse_csrf']}`,
        }
        const answer = await service.call(to.split('?')[0]!, { method: 'POST', headers, form: { csrf_token, ...form } })
        return { page, answer }
      }
      type Person = { user: TestUser; signedIn: SignedIn }
      const byApi = ({ user, signedIn }: Person, also: object) =>
        post(
          '/api/users/me/password',
          { current_password: user.password, password: next, ...also },
          bearer(signedIn.accessToken),
        )
      const ways: Record<string, (person: Person, ends: boolean) => Promise<number | undefined>> = {
        async 'the change, by API'(person, ends) {
          const answer = await byApi(person, ends ? { end_api_keys: true } : {})
          t.equal(answer.status, ends ? 200 : 204)
          return ends ? answer.json().ended_api_keys : undefined
        },
        async 'the change, by page'({ user, signedIn: { cookie } }, ends) {
          const form = { current_password: user.password, password: next, ...(ends && { end_api_keys: 'yes' }) }
          const { page, answer } = await press('/change-password', form, cookie)
          t.match(page.body, 'End your 2 API keys too')
          t.equal(answer.status, 303)
          return ends ? 2 : undefined
        },
        async 'the mailed link, by API'({ user }, ends) {
          const body = { token: await byLink(user), password: next, ...(ends && { end_api_keys: true }) }
          const answer = await post('/api/auth/reset-password', body)
          t.equal(answer.status, ends ? 200 : 204)
          return ends ? answer.json().ended_api_keys : undefined
        },
        async 'the mailed link, by page'({ user }, ends) {
          const token = await byLink(user)
          const form = { token, password: next, ...(ends && { end_api_keys: 'yes' }) }
          const { page, answer } = await press(`/reset-password?token=${token}`, form)
          t.match(page.body, 'name="end_api_keys"')
          t.equal(answer.status, 200)
          return ends ? Number(/(\d+) API keys were ended/.exec(answer.body)?.[1]) : undefined
        },
      }
      for (const [way, change] of Object.entries(ways)) {
        for (const ends of [false, true]) {
          const user = await service.createUser()
          const signedIn = await service.signIn(user)
          const keys = [(await make(service, signedIn)).json().key, (await make(service, signedIn)).json().key]
          t.equal(await change({ user, signedIn }, ends), ends ? 2 : undefined, way)
          const doors = await Promise.all(keys.map((key) => statusOf(service, key)))
          t.same(doors, ends ? [401, 401] : [200, 200], way)
          const told = (await auditRows(service)).filter(
            ({ event, subject }) => event === 'api_keys.ended' && subject === user.id,
          )
          t.match(told, ends ? [{ details: { reason: 'password_changed', ended: 2 } }] : [], way)
          t.equal(told.length, ends ? 1 : 0)
        }
      }
      t.equal(await statusOf(service, other), 200, 'nobody else’s')
      const keyless = await service.createUser()
      const signedIn = await service.signIn(keyless)
      const page = await service.call('/change-password', { headers: { cookie: signedIn.cookie } })
      t.notMatch(page.body, 'end_api_keys', 'whoever has none is not asked')
      t.match((await byApi({ user: keyless, signedIn }, { end_api_keys: true })).json(), { ended_api_keys: 0 })
      const wrong = { user: { ...keyless, password: 'a wrong guess' }, signedIn }
      t.equal((await byApi(wrong, { end_api_keys: true })).status, 401)
    })
    await t.test('nobody gets a 101st key, by 50 calls at once over two replicas', async (t) => {
      const second = service.backend.replica && (await startService(t, { beside: service, yaml }))
      const { id, ...user } = await service.createUser()
      const person = await service.signIn({ id, ...user })
      // One after the other, since a slow machine may turn some of a crowd away.
      for (let made = 0; made < 95; made++) t.equal((await make(service, person)).status, 201)
      const replicas = [service, second ?? service]
      const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => make(replicas[i % 2]!, person)))
      const count = (status: number) => answers.filter((answer) => answer.status === status).length
      t.same([count(201), count(409)], [5, 45])
      t.match(answers.find(({ status }) => status === 409)!.json().detail, /There are 100 keys already/)
      const listed = (await service.call(path, { headers: bearer(person.accessToken) })).json()
      t.equal(listed.length, 100)
      await service.operate('DELETE', `/api-keys/${listed[0].id}`)
      t.equal((await make(service, person)).status, 201, 'there is room again')
    })
  })
}
