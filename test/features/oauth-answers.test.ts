/** What every answer of the OAuth endpoints keeps to, above all the errors (RFC 6749 §5). */
import * as fc from 'fast-check'
import { test } from 'tap'
import { unavailable } from '../../src/core/errors.ts'
import { backends } from '../support/backends.ts'
import { describable, endpoints, forgetFailures, post, register } from '../support/oauth.ts'
import { type Answer, startService } from '../support/service.ts'

for (const backend of backends) {
  void test(`answers of the OAuth endpoints on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    const client = await register(service)
    const form = { grant_type: 'client_credentials' }

    await t.test('no answer may be kept by anybody, whatever its status', async (t) => {
      for (const path of endpoints) {
        const answers: Answer[] = []
        const ask = async (status: number, answer: Promise<Answer>) => {
          answers.push(await answer)
          t.equal(answers.at(-1)!.status, status, `${path}: ${status}`)
        }
        const sent = { ...form, token: 'x' }
        await ask(200, post(service, path, { ...sent, ...client }))
        await ask(400, post(service, path, 'a=1&a=2'))
        await ask(401, post(service, path, sent))
        await ask(405, service.call(path))
        await ask(413, post(service, path, 'x'.repeat(70_000)))
        const { clients } = service.stores
        const { find } = clients
        const fresh = await register(service)
        clients.find = () => Promise.reject(unavailable(new Error('gone')))
        await ask(503, post(service, path, { ...sent, ...fresh }))
        clients.find = () => Promise.reject(new Error('a bug'))
        await ask(500, post(service, path, { ...sent, ...fresh }))
        clients.find = find
        for (let i = 0; i < 30; i++) await post(service, path, { ...sent, ...fresh, client_secret: `guess ${i}` })
        await ask(429, post(service, path, { ...sent, ...fresh }))
        await forgetFailures(service, fresh.client_id)
        for (const { status, headers, body } of answers) {
          t.match(headers, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }, `${path}: ${status}`)
          if (body !== '') t.match(headers['content-type'], /^application\/json/, `${path}: ${status}`)
          if (status !== 200) t.match(JSON.parse(body), { error: /^[a-z_]+$/, error_description: describable })
        }
      }
    })
    await t.test('no error repeats anything that was sent, and each keeps to the characters of RFC 6749', async (t) => {
      const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
      const every = await register(service, { grants: ['client_credentials', 'refresh_token', exchange] })
      const { accessToken } = await service.signIn(await service.createUser())
      const marker = 'zq7marker'
      const sent = fc
        .tuple(fc.constantFrom('', ' ', '"', '\\', '\u0000', '\n', 'é', '\u{1f642}', '%', '<b>'), fc.string())
        .map(([odd, any]) => `${marker}${odd}${any}`)
      const mostly = <T>(usual: T, odd: fc.Arbitrary<T | string>) =>
        fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: odd })
      const or = (...usual: string[]) => fc.oneof(fc.constantFrom(undefined, ...usual), sent)
      const inHeader = sent.filter((text) => /^[\x20-\x7e]+$/.test(text))
      const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
      const request = fc.record({
        path: fc.constantFrom('/oauth/token', ...endpoints),
        query: mostly('', sent),
        authorization: mostly(undefined, inHeader),
        type: mostly('application/x-www-form-urlencoded', inHeader),
        raw: mostly(undefined, sent),
        form: fc.record({
          grant_type: or('client_credentials', 'refresh_token', exchange),
          scope: or('reports:read'),
          resource: or(service.issuer),
          audience: or(service.issuer),
          refresh_token: or(),
          subject_token: or(accessToken),
          subject_token_type: mostly(accessTokenType, sent),
          requested_token_type: mostly(undefined, sent),
          actor_token: mostly(undefined, sent),
          token: or(accessToken),
          client_id: mostly(every.client_id, sent),
          client_secret: mostly(every.client_secret, sent),
          client_assertion: mostly(undefined, sent),
        }),
      })
      const seen = new Map<string, number>()
      await fc.assert(
        fc.asyncProperty(request, async ({ path, query, authorization, type, raw, form }) => {
          await forgetFailures(service, every.client_id)
          const given = Object.entries(form).filter((pair): pair is [string, string] => pair[1] !== undefined)
          const answer = await service.call(`${path}?${encodeURIComponent(query)}`, {
            method: 'POST',
            headers: { 'content-type': type, ...(authorization !== undefined && { authorization }) },
            body: raw ?? new URLSearchParams(given).toString(),
          })
          if (answer.status >= 500) return false
          if (answer.status === 200) return answer.headers['cache-control'] === 'no-store'
          const { error, error_description: told } = answer.json()
          seen.set(error, (seen.get(error) ?? 0) + 1)
          return describable.test(told) && !/zq7/i.test(answer.body + JSON.stringify(answer.headers))
        }),
        { numRuns: 1_000, seed: 17 },
      )
      t.same(
        [...seen.keys()].toSorted(),
        [
          'invalid_client',
          'invalid_grant',
          'invalid_request',
          'invalid_scope',
          'invalid_target',
          'unsupported_grant_type',
        ],
        'each kind of error came up',
      )
    })
  })
}
