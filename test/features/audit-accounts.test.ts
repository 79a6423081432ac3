/** What the audit trail says of accounts, of what people do to their own, of sessions and of mails: who, whose, and from where. */
import { randomUUID } from 'node:crypto'
import { type Test, test } from 'tap'
import type { AuditEventName } from '../../src/audit-events.ts'
import type { AuditRow } from '../../src/core/records/audit-event.ts'
import { addedRows, auditRows, eventsOfAccounts } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { codeOf, nextCode } from '../support/factors.ts'
import { linkIn } from '../support/mails.ts'
import { claimsOf } from '../support/oauth.ts'
import { type Answer, bearer, type SignedIn, startService } from '../support/service.ts'

/** All that a row says beside its id and time. */
type Row = Omit<AuditRow, 'id' | 'at'>
type Event = Partial<Row> & { event: AuditEventName }
/** What an answer has told the trail, and who asked; without an actor nobody had proven who they are. */
type Tells = (answer: Pick<Answer, 'headers'>, actor: string | null, ...events: Event[]) => void
/** A call of the administration. */
type Administer = (method: 'POST' | 'PUT' | 'DELETE', path: string, json?: object) => Promise<Answer>

const [name, username] = ['Ottilie Zwiebelturm', 'ottilie.z']
const [password, newPassword] = ['a heron, a lantern and a map', 'seven quiet otters juggle lanterns']
const yaml = {
  accounts: { registration: 'open', usernames: 'person', deletion_grace_days: 1 },
  sessions: { max_per_user: 2 },
}
let count = 0
const newAddress = () => `person-${++count}@example.test`

const about = (subject: string, event: AuditEventName, details: Row['details'] = {}): Event => ({
  event,
  subject,
  details,
})
const sessionEnds = (subject: string, sessionId: string, reason: string): Event => ({
  ...about(subject, 'session.revoked', { reason }),
  sessionId,
  clientId: 'gatehouse',
})
const signsIn = (subject: string, sessionId: string): Event => ({
  ...about(subject, 'sign_in.succeeded', { methods: ['pwd'] }),
  sessionId,
})

for (const backend of backends) {
  void test(`the audit trail of accounts on ${backend.name} stores`, async (t) => {
    const service = await startService(t, { backend, yaml })
    await service.operate('PUT', '/roles/reader', { permissions: [] })
    const shown: Row[] = []
    const unsaid = new Set([name, username, password, newPassword])

    /** Holds all that an act adds to the trail against what its answers are expected to have told. */
    async function holds(t: Test, act: (tells: Tells) => Promise<void>): Promise<void> {
      const expected: Row[] = []
      const tells: Tells = (answer, actor, ...events) => {
        // Operators' commands come from no network, and are not told the id of their request.
        const isOperator = actor === 'operator'
        const [ip, requestId] = isOperator ? [null, 'some'] : ['127.0.0.1', String(answer.headers['x-request-id'])]
        for (const { event, details = {}, ...given } of events) {
          const nobody = { subject: null, actor, clientId: null, sessionId: null, ip, requestId }
          expected.push({ event, ...nobody, ...given, details })
        }
      }
      const rows = await addedRows(service, () => act(tells))
      const told = rows.map(({ id: _id, at: _at, ...row }) => row)
      for (const row of told) if (row.actor === 'operator' && row.requestId !== null) row.requestId = 'some'
      t.same(told, expected)
      shown.push(...told)
    }

    const post = (path: string, json: object, who?: SignedIn) =>
      service.call(path, { method: 'POST', json, headers: who ? bearer(who.accessToken) : {} })
    /** Signs in, and says in which session. */
    async function logIn(email: string, typed: string, cookie = '') {
      const json = { email, password: typed, token_delivery: 'body' }
      const answer = await service.call('/api/auth/login', { method: 'POST', json, headers: { cookie } })
      const { access_token: accessToken, refresh_token: refreshToken } = answer.json<Record<string, string>>()
      const signedIn = { accessToken: accessToken!, refreshToken: refreshToken!, cookie: '' }
      signedIn.cookie = `gatehouse=${answer.cookies['gatehouse']}`
      for (const secret of [accessToken!, refreshToken!, ...Object.values(answer.cookies)]) unsaid.add(secret)
      return { answer, signedIn, id: String(claimsOf(accessToken!).sid) }
    }
    async function person() {
      const user = await service.createUser({ name, email: newAddress() })
      const { signedIn, id: sessionId } = await logIn(user.email, user.password)
      return { user, signedIn, sessionId, subject: user.id }
    }
    /** The token of the newest link to a page in the mails to an address. */
    async function mailed(page: string, address: string): Promise<string> {
      const mails = (await service.mails()).filter((mail) => mail.includes(`To: ${address}`))
      const token = mails.flatMap((mail) => linkIn(mail, service.issuer, page) ?? []).at(-1)!
      unsaid.add(token)
      return token
    }

    const admin = await service.createUser({ roles: ['admin'] })
    const { accessToken } = await service.signIn(admin)
    const administer: Administer = (method, path, json) =>
      service.call(`/api/admin${path}`, { method, json, headers: bearer(accessToken) })
    const operate: Administer = async (method, path, json) => {
      const reply = await service.gatehouse.control.inject({ method, url: path, ...(json && { payload: json }) })
      const headers = reply.headers as Answer['headers']
      return { status: reply.statusCode, headers, body: reply.body, json: () => reply.json(), cookies: {} }
    }
    for (const [who, actor, ask] of [
      ['administrators', admin.id, administer],
      ['operators', 'operator', operate],
    ] as const) {
      await t.test(`what ${who} do to accounts, to sessions and to invitations`, (t) =>
        holds(t, async (tells) => {
          const email = newAddress()
          const account = { email, username: `${username}.${count}`, name, roles: ['reader'], password }
          const created = await ask('POST', '/users', account)
          const { id } = created.json()
          tells(created, actor, about(id, 'user.created', { roles: ['reader'] }))
          const user = `/users/${id}`
          tells(await ask('PUT', `${user}/status`, { status: 'disabled' }), actor, about(id, 'user.disabled'))
          tells(await ask('PUT', `${user}/status`, { status: 'active' }), actor, about(id, 'user.enabled'))
          tells(await ask('POST', `${user}/unlock`), actor, about(id, 'user.unlocked'))
          tells(
            await ask('PUT', `${user}/password`, { password: newPassword, end_api_keys: true }),
            actor,
            about(id, 'user.password_changed'),
            about(id, 'api_keys.ended', { reason: 'password_changed', ended: 0 }),
          )
          tells(await ask('PUT', `${user}/roles/admin`), actor, about(id, 'role.granted', { role: 'admin' }))
          tells(await ask('DELETE', `${user}/roles/admin`), actor, about(id, 'role.withdrawn', { role: 'admin' }))
          const renamed = await ask('PUT', `${user}/username`, { username: null })
          tells(renamed, actor, about(id, 'user.profile_changed', { changed: ['username'] }))
          tells(await ask('POST', `${user}/reset`), actor, about(id, 'user.reset_sent'))

          const [first, second] = [await logIn(email, newPassword), await logIn(email, newPassword)]
          for (const session of [first, second]) tells(session.answer, null, signsIn(id, session.id))
          const reason = 'ended_by_administrator'
          tells(await ask('DELETE', `/sessions/${first.id}`), actor, sessionEnds(id, first.id, reason))
          tells(
            await ask('DELETE', `${user}/sessions`),
            actor,
            { ...sessionEnds(id, second.id, reason), clientId: null },
            about(id, 'sessions.ended', { reason, ended: 1 }),
          )
          tells(await ask('DELETE', user), actor, about(id, 'user.deleted'))

          const roles = ['reader']
          const invited = await ask('POST', '/invitations', { email: newAddress(), roles })
          const { id: invitation_id } = invited.json()
          tells(invited, actor, { event: 'invitation.sent', details: { roles, invitation_id } })
          const withdrawn = await ask('DELETE', `/invitations/${invitation_id}`)
          tells(withdrawn, actor, { event: 'invitation.withdrawn', details: { invitation_id } })
        }),
      )
    }

    await t.test('accounts that people open by a link in a mail', async (t) => {
      const [email, guest, roles] = [newAddress(), newAddress(), ['reader']]
      await post('/api/auth/register', { name, email, password })
      const token = await mailed('verify-email', email)
      const { id: invitation_id } = await service.operate('POST', '/invitations', { email: guest, roles })
      const invitation = await mailed('invitation', guest)
      await holds(t, async (tells) => {
        const confirmed = await post('/api/auth/verify-email', { token })
        const accepted = await post('/api/auth/register', { invitation, name, password })
        const [one, other] = [
          await service.operate('GET', `/users/${email}`),
          await service.operate('GET', `/users/${guest}`),
        ]
        tells(confirmed, null, about(one.id, 'registration.confirmed'))
        tells(accepted, null, about(other.id, 'invitation.accepted', { roles, invitation_id }))
      })
    })

    await t.test('passwords: one’s own, and one that is forgotten', async (t) => {
      const { user, signedIn, sessionId, subject } = await person()
      await holds(t, async (tells) => {
        const change = (current_password: string) =>
          post('/api/users/me/password', { current_password, password: newPassword }, signedIn)
        const refused = about(subject, 'own_account.refused', { change: 'password' })
        tells(await change('wrong'), subject, { ...refused, sessionId })
        tells(await change(user.password), subject, about(subject, 'user.password_changed'))

        const asked = await post('/api/auth/forgot-password', { email: user.email })
        const token = await mailed('reset-password', user.email)
        // A worker answers it, which knows from where it was asked.
        tells(asked, null, { ...about(subject, 'user.reset_sent'), requestId: null })
        const chosen = await post('/api/auth/reset-password', { token, password })
        tells(chosen, null, about(subject, 'user.password_reset'))
      })
    })

    await t.test('another address: asked for, stopped, confirmed and taken back', async (t) => {
      const { user, signedIn, sessionId, subject } = await person()
      await holds(t, async (tells) => {
        const ask = (email: string, typed = user.password) =>
          post('/api/users/me/email', { email, password: typed }, signedIn)
        const undo = async () => post('/api/auth/undo-email', { token: await mailed('undo-email', user.email) })
        const refused = about(subject, 'own_account.refused', { change: 'email' })
        tells(await ask(newAddress(), 'wrong'), subject, { ...refused, sessionId })
        tells(await ask(newAddress()), subject, about(subject, 'email.change_requested'))
        tells(await undo(), null, about(subject, 'email.change_stopped'))
        const email = newAddress()
        tells(await ask(email), subject, about(subject, 'email.change_requested'))
        const token = await mailed('confirm-email', email)
        tells(await post('/api/auth/confirm-email', { token }), null, about(subject, 'email.changed'))
        tells(await undo(), null, about(subject, 'email.taken_back'))
      })
    })

    await t.test('a profile, a copy of an account, and its end that is thought better of', async (t) => {
      const { user, signedIn, sessionId, subject } = await person()
      const headers = bearer(signedIn.accessToken)
      const end = (typed: string) =>
        service.call('/api/users/me', { method: 'DELETE', headers, json: { password: typed } })
      await holds(t, async (tells) => {
        const json = { name, locale: 'de', username }
        tells(
          await service.call('/api/users/me', { method: 'PATCH', headers, json }),
          subject,
          about(subject, 'user.profile_changed', { changed: ['username'] }),
          about(subject, 'user.profile_changed', { changed: ['name', 'locale'] }),
        )
        const copy = await service.call('/api/users/me/export', { headers })
        tells(copy, subject, about(subject, 'user.exported'))
        const refused = about(subject, 'own_account.refused', { change: 'deletion' })
        tells(await end('wrong'), subject, { ...refused, sessionId })
        const ends = await end(user.password)
        const { deleted_at: deletes_at } = ends.json()
        tells(ends, subject, about(subject, 'user.deletion_requested', { deletes_at }))
        const back = await post('/api/auth/login', { email: user.email, password: user.password })
        tells(back, null, about(subject, 'sign_in.failed', { reason: 'deletion_pending' }))
        const { keep_token } = back.json()
        unsaid.add(keep_token)
        tells(await post('/api/users/me/keep', { keep_token }), null, about(subject, 'user.kept'))
      })
    })

    await t.test('sessions: each way in which one ends', async (t) => {
      const { user, subject, sessionId: here } = await person()
      const end = (path: string, { accessToken }: SignedIn) =>
        service.call(`/api/users/me/sessions${path}`, { method: 'DELETE', headers: bearer(accessToken) })
      await holds(t, async (tells) => {
        async function signIn({ cookie = '', before = [] as Event[] } = {}) {
          service.clock.advance(1)
          const begun = await logIn(user.email, user.password, cookie)
          tells(begun.answer, null, ...before, signsIn(subject, begun.id))
          return begun
        }
        const first = await signIn()
        const second = await signIn({
          before: [{ ...sessionEnds(subject, here, 'too_many_sessions'), clientId: null }],
        })
        tells(
          await end('', second.signedIn),
          subject,
          { ...sessionEnds(subject, first.id, 'ended_by_person'), clientId: null },
          about(subject, 'sessions.ended', { reason: 'ended_by_person', ended: 1 }),
        )
        const asked = { method: 'DELETE', headers: bearer(second.signedIn.accessToken) }
        const forgotten = await service.call('/api/users/me/remembered-devices', asked)
        tells(forgotten, subject, about(subject, 'remembered_devices.forgotten', { forgotten: 0 }))
        const third = await signIn({ cookie: second.signedIn.cookie })
        tells(third.answer, null, sessionEnds(subject, second.id, 'signed_in_again'))
        const headers = { cookie: third.signedIn.cookie }
        const out = await service.call('/api/auth/logout', { method: 'POST', headers })
        tells(out, null, sessionEnds(subject, third.id, 'logged_out'))

        const fourth = await signIn()
        const ended = await end(`/${fourth.id}`, fourth.signedIn)
        tells(ended, subject, sessionEnds(subject, fourth.id, 'ended_by_person'))

        const fifth = await signIn()
        const form = { client_id: 'gatehouse', token: fifth.signedIn.refreshToken }
        const revoked = await service.call('/oauth/revoke', { method: 'POST', form })
        tells(revoked, null, sessionEnds(subject, fifth.id, 'refresh_token_revoked'))

        const { id, signedIn } = await signIn()
        const refresh = () => post('/api/auth/refresh', { refresh_token: signedIn.refreshToken })
        const of = { sessionId: id, clientId: 'gatehouse' }
        tells(await refresh(), null, { ...about(subject, 'refresh.rotated'), ...of })
        service.clock.advance(11)
        const reused = about(subject, 'refresh.reused', { subtype: 'previous', age_seconds: 11 })
        tells(await refresh(), null, sessionEnds(subject, id, 'refresh_token_reused'), { ...reused, ...of })

        const sixth = await signIn()
        const weak = bearer(sixth.signedIn.accessToken)
        const proposed = await service.call('/api/users/me/mfa/totp', { method: 'POST', headers: weak })
        const { secret } = proposed.json()
        const code = codeOf(service, secret)
        const confirmed = await post('/api/users/me/mfa/totp/confirm', { code }, sixth.signedIn)
        for (const recovery of confirmed.json().recovery_codes) unsaid.add(recovery)
        tells(confirmed, subject, about(subject, 'factor.added', { factor: 'totp' }))
        const raised = await post('/api/auth/step-up', { code: nextCode(service, secret) }, sixth.signedIn)
        const stepUp = about(subject, 'step_up.succeeded', { methods: ['pwd', 'otp', 'mfa'] })
        const sid = claimsOf(raised.json().access_token).sid
        tells(raised, subject, sessionEnds(subject, sixth.id, 'level_raised'), { ...stepUp, sessionId: sid })
      })
    })

    await t.test('a mail that is tried again: by whom, whose and which, and not where to', async (t) => {
      const { subject } = await person()
      const mail = { id: randomUUID(), kind: 'verify-email', language: 'en', userId: subject, expiresAt: null } as const
      const sealed = 'by a secret that is lost'
      await service.stores.mails.queue([{ ...mail, recipient: 'somebody', sealed, createdAt: new Date(0) }])
      await service.mails()
      await holds(t, async (tells) => {
        const retried = await administer('POST', `/mails/${mail.id}/retry`)
        tells(retried, admin.id, about(subject, 'mail.retried', { mail: mail.id, kind: mail.kind }))
      })
    })

    await t.test('an account whose time has come goes by the service itself', async (t) => {
      const { signedIn, subject } = await person()
      await service.call('/api/users/me', { method: 'DELETE', headers: bearer(signedIn.accessToken) })
      service.clock.advance(86_400)
      const gone = (await addedRows(service, () => service.gatehouse.maintain())).filter(
        (row) => row.subject === subject,
      )
      const itself = { actor: 'system', ip: null, requestId: null, clientId: null, sessionId: null, details: {} }
      t.match(gone, [{ event: 'user.deleted', ...itself }])
      t.equal(gone.length, 1)
    })

    await t.test('no event of theirs is left out here, and no reason for the end of a session', async (t) => {
      const left = new Set<string>(Object.keys(eventsOfAccounts))
      // Of people's groups, and of accounts elsewhere: `groups.test.ts` and `providers.test.ts`.
      for (const event of ['group.added', 'group.removed']) left.delete(event)
      const reasons = new Set(
        [...eventsOfAccounts['session.revoked'].about.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name),
      )
      t.equal(reasons.size, 10)
      for (const reason of ['ended_by_provider', 'identity_unlinked']) reasons.delete(reason)
      for (const { event, details } of shown) {
        left.delete(event)
        if (event === 'session.revoked') reasons.delete(String(details['reason']))
      }
      t.same([...left, ...reasons], [])
    })
    await t.test('no row says a name, an address or a secret', async (t) => {
      for (const mail of await service.mails()) {
        for (const [, address] of mail.matchAll(/^To: (\S+)/gm)) unsaid.add(address!)
      }
      t.ok(unsaid.size > 60)
      const trail = JSON.stringify(await auditRows(service)).toLowerCase()
      const said = [...unsaid].filter((text) => trail.includes(text.toLowerCase()))
      t.same(said, [])
    })
  })
}
