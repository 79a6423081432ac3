/** How clients prove who they are at the OAuth endpoints. Assertions have a file of their own, under `security/`. */
import { cryptoWorkOf } from '../support/work.ts'
import { test } from 'tap'
import { hashSecret } from '../../src/core/secrets.ts'
import { backends } from '../support/backends.ts'
import { basic, endpoints, grant, introspect, post, refuses, register } from '../support/oauth.ts'
import { type Answer, bearer, startService } from '../support/service.ts'

for (const backend of backends) {
  void test(`client authentication on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const client = await register(service)
    const form = { grant_type: 'client_credentials' }

    await t.test(
      'by Basic or in the form: two mechanisms at once are invalid_request, none is invalid_client',
      async (t) => {
        const credentials = basic(client.client_id, client.client_secret)
        const assertion = { client_assertion: 'a.b.c', client_assertion_type: 'x' }
        for (const path of endpoints) {
          const sent = { ...form, token: 'x' }
          t.equal((await post(service, path, sent, credentials)).status, 200)
          t.equal((await post(service, path, { ...sent, ...client })).status, 200)
          const named = { ...sent, client_id: client.client_id }
          t.equal((await post(service, path, named, credentials)).status, 200, 'a name alone is no mechanism')
          refuses(t, await post(service, path, { ...sent, ...client }, credentials), 400, 'invalid_request')
          for (const other of [credentials, {}]) {
            const both = { ...sent, ...(other === credentials ? {} : client), ...assertion }
            refuses(t, await post(service, path, both, other), 400, 'invalid_request', 'with an assertion')
          }
          const another = { ...sent, client_id: 'another' }
          refuses(t, await post(service, path, another, credentials), 400, 'invalid_request', 'a name that differs')
          refuses(t, await post(service, path, sent), 401, 'invalid_client', 'none')
        }
      },
    )
    await t.test('a secret may hold any character, form-encoded inside Basic', async (t) => {
      const [id, secret] = ['odd/client:1', 'a+b%: ü&"=']
      await service.stores.clients.create({
        id,
        name: 'Odd',
        authMethod: 'client_secret',
        secretHash: hashSecret(secret),
        grants: ['client_credentials'],
        redirectUris: [],
        scopes: [],
        audiences: [],
        jwks: null,
        selfRegistered: false,
        registrationTokenHash: null,
        openid: null,
        createdAt: new Date(service.clock.now()),
      })
      t.equal((await post(service, '/oauth/token', form, basic(id, secret))).status, 200)
      const plus = `${encodeURIComponent(id)}:${encodeURIComponent(secret).replaceAll('%20', '+')}`
      const authorization = `Basic ${Buffer.from(plus).toString('base64')}`
      t.equal((await post(service, '/oauth/token', form, { authorization })).status, 200, 'a space as plus')
      t.equal((await post(service, '/oauth/token', { ...form, client_id: id, client_secret: secret })).status, 200)
    })
    await t.test('an unknown client and a wrong secret get the same answer, word for word', async (t) => {
      const answers: Answer[] = []
      for (const headers of [
        basic(client.client_id, 'wrong'),
        basic('unknown', 'wrong'),
        basic('\u0000', 'wrong'),
        { authorization: 'Basic !' },
        { authorization: 'Basic bm8tY29sb24=' },
        { authorization: `Basic ${Buffer.from('%zz:x').toString('base64')}` },
        bearer('token'),
      ]) {
        const answer = await post(service, '/oauth/token', form, headers)
        refuses(t, answer, 401, 'invalid_client', headers.authorization)
        answers.push(answer)
      }
      for (const id of [client.client_id, 'unknown']) {
        answers.push(await post(service, '/oauth/token', { ...form, client_id: id, client_secret: 'wrong' }))
      }
      answers.push(await post(service, '/oauth/token', { ...form, client_id: client.client_id }))
      const shown = ({ body, headers: { 'x-request-id': _id, date: _date, ...headers } }: Answer) => ({ body, headers })
      for (const answer of answers) t.same(shown(answer), shown(answers[0]!))
    })
    await t.test('and cost the same work, whatever they were refused for', async (t) => {
      const open = await register(service, { grants: ['refresh_token'], public: true })
      const ids = { known: client.client_id, unknown: 'unknown', public: open.client_id }
      const asked: string[] = []
      const { clients, budgets } = service.stores
      const { find } = clients
      const { look, spend } = budgets
      t.teardown(() => [Object.assign(clients, { find }), Object.assign(budgets, { look, spend })])
      clients.find = (...given) => (asked.push('find'), find(...given))
      budgets.look = (...given) => (asked.push('look'), look(...given))
      budgets.spend = (...given) => (asked.push('spend'), spend(...given))
      for (const inForm of [true, false]) {
        const works = new Set<string>()
        for (const [what, id] of Object.entries(ids)) {
          asked.splice(0)
          let answer: Answer | undefined
          const crypto = await cryptoWorkOf(async () => {
            answer = inForm
              ? await post(service, '/oauth/token', { ...form, client_id: id, client_secret: 'wrong' })
              : await post(service, '/oauth/token', form, basic(id, 'wrong'))
          })
          t.equal(answer!.status, 401, what)
          works.add(JSON.stringify([crypto, asked]))
        }
        t.equal(works.size, 1, [...works].join(' '))
      }
    })
    await t.test(
      '30 failures of one client from one address are the most, and others are not locked out',
      async (t) => {
        const [victim, other] = [await register(service), await register(service)]
        for (let i = 0; i < 30; i++) {
          const answer = await grant(service, { ...victim, client_secret: `guess-${i}` })
          if (answer.status !== 401) t.fail(`guess ${i}: ${answer.status}`)
        }
        const refused = await grant(service, { ...victim, client_secret: 'guess' })
        refuses(t, refused, 429, 'slow_down')
        t.match(refused.headers['retry-after'], /^[1-9]\d*$/)
        t.match(refused.headers, { 'ratelimit-limit': '30', 'ratelimit-remaining': '0', 'ratelimit-reset': /^\d+$/ })
        for (const path of endpoints) {
          t.equal((await post(service, path, { ...form, ...victim, token: 'x' })).status, 429, `${path} counts alike`)
        }
        t.equal((await grant(service, other)).status, 200)
        // Redis has a clock of its own.
        if (service.backend.redisUrl !== undefined) return
        service.clock.advance(305)
        t.equal((await grant(service, victim)).status, 200)
      },
    )
    await t.test('a rotated secret ends the old one, a deleted client every one', async (t) => {
      const gone = await register(service)
      const token = (await grant(service, gone)).json().access_token
      const { client_secret } = await service.operate('POST', `/clients/${gone.client_id}/secret`)
      refuses(t, await grant(service, gone), 401, 'invalid_client')
      t.equal((await grant(service, { ...gone, client_secret })).status, 200)
      await service.operate('DELETE', `/clients/${gone.client_id}`)
      refuses(t, await grant(service, { ...gone, client_secret }), 401, 'invalid_client')
      t.same(await introspect(service, client, token), [200, { active: false }])
    })
    await t.test('a client can neither be named like a user nor like the service itself', async (t) => {
      const { id } = await service.createUser()
      const nobodys = '01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f'
      for (const taken of [id, id.toUpperCase(), nobodys, 'gatehouse']) {
        await t.rejects(register(service, { id: taken }), /400/, taken)
      }
      await t.rejects(register(service, { public: true }), /400/, 'nor use its own credentials without having any')
    })
  })
}
