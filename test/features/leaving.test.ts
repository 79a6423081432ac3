/** What is stored about a person: the copy that they take out, and that nothing of it is left once they have gone. */
import { test } from 'tap'
import { auditRows } from '../support/audit.ts'
import { registerProgram, requestOf } from '../support/openid.ts'
import { backends } from '../support/backends.ts'
import { createWithFactor, nextCode, setUpTotp } from '../support/factors.ts'
import { linkIn } from '../support/mails.ts'
import { addPasskey } from '../support/passkeys.ts'
import { bearer, type Service, type SignedIn, startService } from '../support/service.ts'

const password = 'seven quiet herons at dawn'
const post = (service: Service, path: string, json: object, signedIn?: SignedIn) =>
  service.call(path, { method: 'POST', headers: signedIn ? bearer(signedIn.accessToken) : {}, json })
const tokenOf = async (service: Service, email: string, page: string) => {
  const mails = (await service.mails()).filter((mail) => mail.includes(`To: ${email}`))
  const token = mails.flatMap((mail) => linkIn(mail, service.issuer, page) ?? []).at(-1)
  if (token === undefined) throw new Error(`no link of ${page} to ${email}`)
  return token
}
let count = 0

/** Somebody of whom every table holds something. */
async function livesHere(service: Service) {
  const n = ++count
  const [first, email, next] = [`first-${n}@example.test`, `present-${n}@example.test`, `next-${n}@example.test`]
  const [name, username] = [`Wilhelmina ${n} Leaver`, `wilhelmina-${n}`]
  await service.operate('POST', '/invitations', { email: first, username, roles: [] })
  const registration = { name, email: first, password }
  for (let times = 0; times < 2; times++) await post(service, '/api/auth/register', registration)
  await post(service, '/api/auth/verify-email', { token: await tokenOf(service, first, 'verify-email'), password })
  const user = { ...(await service.stores.users.findByLogin(first))!, password }
  await service.operate('PUT', `/users/${user.id}/username`, { username: `former-${username}` })
  await service.operate('PUT', `/users/${user.id}/username`, { username })
  await service.operate('PUT', `/users/${user.id}/roles/writer`)
  await service.signIn(user)
  const ended = await service.signIn(user)
  await post(service, '/api/auth/logout', {}, ended)
  const changeTo = async (to: string, by: SignedIn) =>
    (await post(service, '/api/users/me/email', { email: to, password }, by)).status
  const before = await service.signIn(user)
  const { secret } = await setUpTotp(service, before)
  const proof = { code: nextCode(service, secret), token_delivery: 'body' }
  const raised = await post(service, '/api/auth/step-up', proof, before)
  const { access_token: accessToken, refresh_token: refreshToken } = raised.json()
  const signedIn = { accessToken, refreshToken, cookie: `gatehouse=${raised.cookies['gatehouse']}` }
  await addPasskey(service, signedIn)
  await changeTo(email, signedIn)
  await post(service, '/api/auth/confirm-email', { token: await tokenOf(service, email, 'confirm-email') })
  service.clock.advance(1)
  await changeTo(next, signedIn)
  service.clock.advance(1)
  const makeKey = async (key: string) =>
    (await post(service, '/api/users/me/api-keys', { name: key, scopes: ['reports:write'] }, signedIn)).json()
  await makeKey('deploys')
  service.clock.advance(1)
  const { id: keyId } = await makeKey('of-before')
  await service.call(`/api/users/me/api-keys/${keyId}`, { method: 'DELETE', headers: bearer(signedIn.accessToken) })
  await service.operate('POST', `/users/${user.id}/reset`)
  await service.mails()
  // One that waits to be answered, and one of the address of before.
  for (const address of [email, first]) await post(service, '/api/auth/forgot-password', { email: address })
  await post(service, '/api/auth/login', { email, password: 'not the password' })
  const wiki = await registerProgram(service, { first_party: true })
  await service.call(requestOf(service, wiki).slice(service.issuer.length), { headers: { cookie: signedIn.cookie } })
  // One that waits for a code.
  await post(service, '/api/auth/login', { email, password })
  return { id: user.id, email, signedIn, words: [first, email, next, name, username, `n-${n}@`] }
}

for (const backend of backends) {
  void test(`leaving on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend })
    await service.operate('PUT', '/roles/writer', { permissions: ['reports:write'] })

    await t.test('the copy holds something of every table, and no secret, hash or token', async (t) => {
      const person = await livesHere(service)
      const headers = bearer(person.signedIn.accessToken)
      t.equal((await service.call('/api/admin/users', { headers })).status, 403)
      await service.operate('PUT', `/users/${person.id}/roles/admin`)
      const other = await service.createUser()
      await service.call(`/api/admin/users/${other.id}/status`, {
        method: 'PUT',
        headers,
        json: { status: 'disabled' },
      })
      await auditRows(service)
      const answer = await service.call('/api/users/me/export', { headers })
      t.equal(answer.status, 200)
      const told = answer.json()
      for (const [part, rows] of Object.entries<unknown[]>(told)) {
        if (part === 'exported_at' || part === 'profile' || part === 'invitations') continue
        // Whom an operator took the factors from has none.
        if (part === 'recovery_codes_left' || part === 'factor_resets') continue
        if (part !== 'mail_requests') t.ok(rows.length > 0, part)
      }
      t.match(told.factors, [{ kind: 'totp', confirmed_at: String, last_used_at: String }])
      t.equal(told.recovery_codes_left, 10)
      t.match(told.sign_ins_under_way, [{ proofs: [{ method: 'pwd', at: String }], tries: 0, expires_at: String }])
      t.match(told.profile, { id: person.id, email: person.email, deletes_at: null, has_password: true, unlocks: 0 })
      t.ok(
        told.sessions.some((one: { ended_at: string | null }) => one.ended_at !== null),
        'those that ended',
      )
      t.ok(told.refresh_families.every((one: { session_id: string }) => one.session_id))
      t.match(
        told.api_keys.map((one: { name: string; revoked_at: unknown }) => [one.name, one.revoked_at !== null]),
        [
          ['deploys', false],
          ['of-before', true],
        ],
      )
      t.same(
        told.address_changes.map((one: { to: string; confirmed_at: unknown }) => [one.to, one.confirmed_at !== null]),
        [
          [person.words[2], false],
          [person.email, true],
        ],
        'the pending one, and the one that can be taken back',
      )
      t.same(told.reserved_usernames.map((one: { is_present: boolean }) => one.is_present).toSorted(), [false, true])
      const kinds = new Set(told.mails.map(({ kind }: { kind: string }) => kind))
      for (const kind of ['verify-email', 'email-changed', 'reset-password']) t.ok(kinds.has(kind), kind)
      t.match(told.mails[0], { state: /^(queued|sent)$/, created_at: String, attempts: Number })
      const events = told.activity as {
        event: string
        by: string
        about: string
        client_id: unknown
        details: object
      }[]
      t.ok(events.some(({ event, client_id }) => event === 'administration.refused' && client_id === 'gatehouse'))
      t.match(
        events.find(({ event }) => event === 'user.disabled'),
        { by: 'you', about: 'another', details: {} },
      )
      t.match(
        events.find(({ event }) => event === 'role.granted'),
        { by: 'another', about: 'you', ip: null },
      )
      t.notMatch(answer.body, other.id, 'nothing of whom something was done to')

      const secrets = Object.values(await service.backend.everyRow!())
        .flat()
        .flatMap((row) => Object.entries(JSON.parse(row) as Record<string, unknown>))
        .filter(([column]) => /hash|sealed|recipient|replay|secret|token/.test(column))
        .flatMap(([, value]) => (typeof value === 'string' && value.length > 20 ? value : []))
      t.ok(secrets.length > 20)
      t.same(
        secrets.filter((secret) => answer.body.includes(secret)),
        [],
      )
    })

    type Leaver = Awaited<ReturnType<typeof livesHere>>
    const ways: Record<string, (leaver: Leaver) => Promise<unknown>> = {
      'an operator': ({ id }) => service.operate('DELETE', `/users/${id}`),
      async 'their own wish'({ signedIn }) {
        const headers = bearer(signedIn.accessToken)
        t.equal((await service.call('/api/users/me', { method: 'DELETE', headers })).status, 202)
        service.clock.advance(14 * 86_400)
        await service.gatehouse.maintain()
      },
    }
    for (const [way, goes] of Object.entries(ways)) {
      await t.test(`gone by ${way}, an account is in no table, nor is what else holds its address`, async (t) => {
        const [leaver, other] = [await livesHere(service), await service.createUser()]
        const atOther = await service.signIn(other)
        // Two who have a hand in it: one asks for the address, the other registers it.
        const asked = { email: leaver.email, password: other.password }
        t.equal((await post(service, '/api/users/me/email', asked, atOther)).status, 202)
        await post(service, '/api/auth/register', { name: 'Squatter', email: leaver.email, password })
        await goes(leaver)
        await service.mails()
        await auditRows(service)
        for (const [table, rows] of Object.entries(await service.backend.everyRow!())) {
          const all = rows.join('\n')
          for (const word of leaver.words) t.notOk(all.includes(word), `${table} does not hold ${word}`)
          // What says that there was somebody, and what they did, goes by the id alone.
          if (['audit_events', 'revocations', 'username_claims'].includes(table)) continue
          t.notOk(all.includes(leaver.id), `${table} is done with the account`)
        }
        const { mails = [], mail_requests: requests = [] } = await service.backend.everyRow!()
        const owners = mails.map((row) => JSON.parse(row) as { user_id: string | null; kind: string })
        t.same(
          owners.filter(({ user_id: owner }) => owner === null),
          [],
          'no mail is left that is nobody’s',
        )
        t.same(requests, [])
      })
    }

    await t.test('so is an account from which an operator took the factors', async (t) => {
      const { user } = await createWithFactor(service)
      await service.operate('POST', `/users/${user.id}/reset-factors`)
      const holds = async () =>
        Object.entries(await service.backend.everyRow!())
          .filter(([, rows]) => rows.some((row) => row.includes(user.id)))
          .map(([table]) => table)
      t.ok((await holds()).includes('factor_resets'))
      await service.operate('DELETE', `/users/${user.id}`)
      await service.mails()
      await auditRows(service)
      t.same((await holds()).toSorted(), ['audit_events', 'revocations'])
    })
    await t.test('an invitation to the address of a deleted account opens nothing', async (t) => {
      const email = `invited-${++count}@example.test`
      await service.operate('POST', '/invitations', { email, roles: ['writer'] })
      const invitation = await tokenOf(service, email, 'invitation')
      const { id } = await service.operate('POST', '/users', { email, name: 'Made', roles: [] })
      await service.operate('DELETE', `/users/${id}`)
      const accepted = await post(service, '/api/auth/register', { invitation, name: 'Again', password })
      t.match([accepted.status, accepted.json()], [400, { code: 'invalid_token' }])
    })
  })
}
