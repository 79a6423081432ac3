/** Broken, hostile and oversized input at the OAuth endpoints: refused in the words of RFC 6749, and never a 500. */
import { test } from 'tap'
import { backends } from '../support/backends.ts'
import { endpoints, refuses, register } from '../support/oauth.ts'
import { type Call, startService } from '../support/service.ts'

for (const backend of backends) {
  void test(`bad input at the OAuth endpoints on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const client = await register(service)
    const send = (path: string, call: Call) => service.call(path, { method: 'POST', ...call })
    const json = (text: string): Call => ({ body: text, headers: { 'content-type': 'application/json' } })

    for (const path of endpoints) {
      const form = { ...client, grant_type: 'client_credentials', token: 'unknown' }
      const good = new URLSearchParams(form).toString()
      await t.test(`${path}: broken forms are invalid_request`, async (t) => {
        t.equal((await send(path, { form: good })).status, 200, 'the good form')
        for (const bad of ['scope=%zz', 'scope=%', 'scope=%ff', 'scope=%ed%a0%80', '%c0%af=x']) {
          refuses(t, await send(path, { form: `${good}&${bad}` }), 400, 'invalid_request', bad)
        }
        for (const name of Object.keys(form)) {
          refuses(t, await send(path, { form: `${good}&${name}=again` }), 400, 'invalid_request', `${name} twice`)
        }
        refuses(t, await send(path, { form: `${good}&x=1&x=2` }), 400, 'invalid_request', 'an unknown one twice')
        const raw = { body: Buffer.concat([Buffer.from(`${good}&scope=`), Buffer.from([0xff])]) }
        const headers = { 'content-type': 'application/x-www-form-urlencoded' }
        refuses(t, await send(path, { ...raw, headers }), 400, 'invalid_request', 'a raw byte')
      })
      await t.test(`${path}: other content types are invalid_request`, async (t) => {
        refuses(t, await send(path, { json: form }), 400, 'invalid_request', 'JSON')
        refuses(t, await send(path, json('{"grant_type":')), 400, 'invalid_request', 'broken JSON')
        const types = [
          'text/plain',
          'garbage',
          'application/x-www-form-urlencoded garbage',
          'application/json garbage',
          'multipart/form-data',
        ]
        for (const type of types) {
          const answer = await send(path, { body: good, headers: { 'content-type': type } })
          refuses(t, answer, 400, 'invalid_request', type)
        }
      })
      await t.test(`${path}: a megabyte of scope is refused before anything is looked up`, async (t) => {
        const fresh = await register(service)
        const { find } = service.stores.clients
        service.stores.clients.find = () => Promise.reject(new Error('looked up'))
        t.teardown(() => (service.stores.clients.find = find))
        const sent = { ...form, ...fresh }
        const huge = await send(path, { form: { ...sent, scope: 'x '.repeat(512 * 1024) } })
        refuses(t, huge, 413, 'invalid_request', 'over the body limit')
        const long = await send(path, { form: { ...sent, scope: 'x '.repeat(35_000) } })
        refuses(t, long, 413, 'invalid_request', '70 kB')
        if (path !== '/oauth/token') return
        const within = await send(path, { form: { ...sent, scope: 'x '.repeat(20_000) } })
        refuses(t, within, 400, 'invalid_request', 'longer than a scope may be')
      })
      await t.test(`${path}: nothing, and bytes in place of credentials, are refused in its own words`, async (t) => {
        t.match(await send(path, {}), { status: path === '/oauth/token' ? 400 : 401 })
        for (const id of ['\u0000', 'x\u0000y', 'é', 'a b', '__proto__', '\n']) {
          const answer = await send(path, { form: { ...form, client_id: id } })
          refuses(t, answer, 401, 'invalid_client', JSON.stringify(id))
        }
        for (const authorization of [
          'Basic',
          'Basic %%%',
          'Basic AAAA',
          `Basic ${Buffer.from('%zz:x').toString('base64')}`,
        ]) {
          const answer = await send(path, { form: { grant_type: 'client_credentials' }, headers: { authorization } })
          refuses(t, answer, 401, 'invalid_client', authorization)
        }
      })
    }
    await t.test('/oauth: control bytes in other parameters are values that match nothing', async (t) => {
      for (const text of ['\u0000', '\ud83d\ude42', '\n', "' or 1=1 --"]) {
        const token = await send('/oauth/introspect', { form: { ...client, token: text } })
        t.same([token.status, token.body], [200, '{"active":false}'], JSON.stringify(text))
        t.equal((await send('/oauth/revoke', { form: { ...client, token: text } })).status, 200)
        for (const [name, error] of [
          ['scope', 'invalid_scope'],
          ['resource', 'invalid_target'],
        ] as const) {
          const form = { ...client, grant_type: 'client_credentials', [name]: text }
          t.match((await send('/oauth/token', { form })).json(), { error })
        }
      }
    })

    await t.test('nothing of it was a fault', async (t) => t.notMatch(service.logged(), /"code":"internal_error"/))
  })
}
