/** Sign-in by providers: who is signed in, whose account it is, and what comes with it. */
import { test } from 'tap'
import { auditRows, eventsOfProviders } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { createWithFactor, nextCode } from '../support/factors.ts'
import { mailsTo, readMail, tokenOf } from '../support/mails.ts'
import { titleOf, wordsOf } from '../support/pages.ts'
import { labSecrets, labSettings, startGithub, startLabProvider, Visitor } from '../support/providers.ts'
import { bearer, startService } from '../support/service.ts'

const verified = { email_verified: true }
let people = 0
/** Somebody whom no other test knows. */
const somebody = (more: Record<string, unknown> = {}) => {
  const sub = `person-${++people}`
  return { sub, name: 'Ada', email: `${sub}@people.test`, ...more }
}

for (const backend of backends) {
  void test(`sign-in by providers on ${backend.name} stores`, async (t) => {
    const time = { now: () => Date.now() }
    const clock = { now: () => time.now() }
    const [lab, asking, shut, strong, ofStaff] = [
      await startLabProvider(t, { clock }),
      await startLabProvider(t, { clock }, { logout: false }),
      await startLabProvider(t, { clock }),
      await startLabProvider(t, { clock }),
      await startLabProvider(t, { clock }),
    ]
    const github = await startGithub(t)
    const service = await startService(t, {
      backend,
      yaml: {
        roles: { editor: ['reports:write'], auditor: [] },
        sign_in: {
          factors: { required_for: { roles: [] } },
          providers: [
            labSettings(lab, { first_sign_in: 'create', roles: { staff: ['editor'] }, session_hours: 8, logout: true }),
            labSettings(asking, { name: 'asking', title: 'Asking' }),
            labSettings(shut, { name: 'shut', first_sign_in: 'refuse', trust_email_for: ['example.test'] }),
            labSettings(strong, {
              ...{ name: 'strong', first_sign_in: 'create', acr_values: ['gold', 'silver'] },
              aal2_when: { acr: ['gold'], amr: ['mfa'] },
            }),
            labSettings(ofStaff, {
              ...{
                name: 'staff',
                first_sign_in: 'create',
                domains: ['staff.test'],
                groups_claim: 'realm_access.roles',
              },
              allow: { domains: ['staff.test'], groups: ['ops'] },
            }),
            labSettings(github, {
              ...{ name: 'github', title: 'GitHub', preset: 'github', first_sign_in: 'create' },
              allow: { organisations: ['analytical-engines'] },
            }),
          ],
        },
      },
      environment: labSecrets('lab', 'asking', 'shut', 'strong', 'staff', 'github'),
    })
    time.now = () => service.clock.now()
    const identitiesOf = async (visitor: Visitor) =>
      (await service.call('/api/users/me/identities', { headers: visitor.headers })).json().items
    const sessionsOf = (id: string) => service.stores.sessions.listOf(id, new Date(service.clock.now()))
    /** Somebody with a password, signed in by it in a browser. */
    async function withPassword(email?: string) {
      const user = await service.createUser(email === undefined ? {} : { email })
      const visitor = new Visitor(service)
      await visitor.submit('/login', '/login', { email: user.email, password: user.password })
      return { user, visitor }
    }

    await t.test('a first sign-in makes an account, and the next one finds it', async (t) => {
      const ada = somebody(verified)
      lab.person = ada
      const visitor = new Visitor(service)
      const answer = await visitor.signIn('lab', { return_to: '/account' })
      t.equal(answer.status, 303)
      t.equal(answer.headers['location'], '/account')
      const person = await visitor.person()
      t.match(person, { email: ada.email })
      t.ok(visitor.cookies['gatehouse_refresh'], 'with a refresh cookie as well')
      lab.person = { ...ada, email: 'ada@elsewhere.test' }
      const again = new Visitor(service)
      await again.signIn()
      t.match(await again.person(), { id: person!.id, email: ada.email }, 'by issuer and subject alone')
      t.match(await identitiesOf(again), [{ source: 'provider:lab', title: 'Lab', label: 'ada@elsewhere.test' }])
    })

    await t.test('what the provider is asked holds PKCE, state, nonce, and an address of its own', async (t) => {
      lab.person = somebody(verified)
      await new Visitor(service).signIn('lab', { email: 'Ada@Example.test' })
      const { asked } = lab
      t.match(Object.fromEntries(asked), {
        ...{ response_type: 'code', code_challenge_method: 'S256', scope: 'openid profile email' },
        ...{ redirect_uri: `${service.issuer}/api/federation/lab/callback`, login_hint: 'ada@example.test' },
      })
      for (const name of ['state', 'nonce', 'code_challenge']) t.equal(asked.get(name)?.length, 43, name)
    })

    await t.test('three tabs at once are three sign-ins', async (t) => {
      lab.person = somebody(verified)
      const visitor = new Visitor(service)
      const addresses = [await visitor.begin(), await visitor.begin(), await visitor.begin()]
      for (const address of addresses.toReversed()) t.equal((await visitor.finish(address)).headers['location'], '/')
    })

    await t.test('roles come and go with groups, and those that an operator gave stay', async (t) => {
      const ada = somebody(verified)
      lab.person = { ...ada, groups: ['staff', 'choir'] }
      const visitor = new Visitor(service)
      await visitor.signIn()
      const { id } = (await visitor.person())!
      t.match(await visitor.person(), { roles: ['editor'] })
      await service.operate('PUT', `/users/${id}/roles/auditor`)
      lab.person = { ...ada, groups: ['choir'] }
      await visitor.signIn()
      t.match(await visitor.person(), { roles: ['auditor'] })
      t.match(await identitiesOf(visitor), [{ groups: ['choir'], roles: [] }])
    })

    await t.test('a session that a provider began ends after its hours', async (t) => {
      lab.person = somebody(verified)
      const visitor = new Visitor(service)
      await visitor.signIn('lab', { remember: 'yes' })
      service.clock.advance(8 * 3_600 - 1)
      t.ok(await visitor.person())
      service.clock.advance(2)
      t.notOk(await visitor.person())
    })

    await t.test('signing out here leads to where the provider signs out too', async (t) => {
      lab.person = somebody(verified)
      const visitor = new Visitor(service)
      await visitor.signIn()
      const answer = await visitor.submit('/logout', '/logout', {})
      const address = new URL(String(answer.headers['location']))
      t.equal(address.origin + address.pathname, `${lab.issuer}/end`)
      t.equal(address.searchParams.get('post_logout_redirect_uri'), `${service.issuer}/signed-out`)
      t.equal(address.searchParams.get('id_token_hint')?.split('.').length, 3)
      t.notOk(await visitor.person())
    })

    await t.test('a second factor is asked for, unless the provider says that it has asked for two', async (t) => {
      const { user, secret } = await createWithFactor(service)
      shut.person = somebody({ ...verified, email: user.email })
      const visitor = new Visitor(service)
      const answer = await visitor.signIn('shut')
      t.equal(answer.headers['location'], '/second-factor?return_to=%2F')
      t.notOk(await visitor.person(), 'which is no session')
      await visitor.submit('/second-factor', '/second-factor', { code: nextCode(service, secret) })
      t.match(await visitor.person(), { id: user.id })
      const sessions = await sessionsOf(user.id)
      t.match(sessions, [{ level: 'aal2', methods: ['fed', 'otp', 'mfa'] }])
      for (const [claims, level] of [
        [{ acr: 'gold' }, 'aal2'],
        [{ acr: 'silver', amr: ['pwd', 'mfa'] }, 'aal2'],
        [{ acr: 'silver' }, 'aal1'],
      ] as const) {
        strong.person = somebody({ ...verified, ...claims })
        const strongly = new Visitor(service)
        await strongly.signIn('strong')
        const { id } = (await strongly.person())!
        t.match(await sessionsOf(id), [{ level }])
      }
      t.equal(strong.asked.get('acr_values'), 'gold silver')
    })

    await t.test('who has no account chooses between a new one and theirs', async (t) => {
      const ada = somebody(verified)
      asking.person = ada
      const visitor = new Visitor(service)
      const page = await visitor.follow(await visitor.signIn('asking', { return_to: '/account' }))
      t.match(wordsOf(page), /You have signed in at Asking as person-\d+@people.test/)
      t.notOk(await visitor.person())
      const arrival = /name="arrival" value="([\w-]+)"/.exec(page.body)![1]!
      const address = `/provider-account?arrival=${arrival}`
      const made = await visitor.submit(address, '/provider-account', { arrival, act: 'create' })
      t.equal(made.headers['location'], '/account')
      t.match(await visitor.person(), { email: ada.email })
      const again = await visitor.submit('/login', '/provider-account', { arrival, act: 'create' })
      t.match(again.headers['location'], /problem=unknown_trip/, 'once')
    })

    await t.test('an account is linked once its owner has proven both', async (t) => {
      const user = await service.createUser({ email: 'owner@people.test' })
      asking.person = somebody({ ...verified, email: user.email })
      const visitor = new Visitor(service)
      const page = await visitor.follow(await visitor.signIn('asking', { return_to: '/sessions' }))
      t.match(wordsOf(page), /Somebody has an account with this address already/)
      t.notMatch(page.body, /value="create"/)
      const address = new URL(/href="(\/login[^"]+)"/.exec(page.body)![1]!.replaceAll('&#38;', '&'), service.issuer)
      const back = address.searchParams.get('return_to')!
      const arrival = back.split('=')[1]!
      t.equal(
        (await visitor.submit('/login', '/provider-account', { arrival, act: 'create' })).status,
        409,
        'the text of a mail address makes nothing',
      )
      await visitor.submit('/login', '/login', { email: user.email, password: user.password, return_to: back })
      const linked = await visitor.submit(back, '/provider-account', { arrival, act: 'link' })
      t.equal(linked.headers['location'], '/sessions')
      t.match(await identitiesOf(visitor), [{ source: 'provider:asking' }])
      const mails = (await mailsTo(service, user.email)).map(readMail)
      t.ok(
        mails.some((mail) => mail.includes('Asking')),
        'and is told of it',
      )
      const other = new Visitor(service)
      await other.signIn('asking')
      t.match(await other.person(), { id: user.id })
    })

    await t.test('a trusted provider links by the address, if both have verified it', async (t) => {
      const user = await service.createUser()
      const visitor = new Visitor(service)
      shut.person = somebody({ email: user.email })
      const refused = await visitor.signIn('shut')
      t.match(refused.headers['location'], /problem=no_account/, 'not where the provider has not')
      shut.person = somebody({ email: user.email, email_verified: true })
      await visitor.signIn('shut')
      t.match(await visitor.person(), { id: user.id })
      const outside = await service.createUser({ email: `outside-${backend.name}@elsewhere.test` })
      shut.person = somebody({ email: outside.email, email_verified: true })
      t.match((await new Visitor(service).signIn('shut')).headers['location'], /problem=no_account/)
    })

    await t.test(
      'an address that the provider has not verified is confirmed by mail, in the same browser',
      async (t) => {
        const ada = somebody()
        asking.person = ada
        const visitor = new Visitor(service)
        const page = await visitor.follow(await visitor.signIn('asking'))
        t.match(wordsOf(page), /does not say that this address is yours/)
        const arrival = /name="arrival" value="([\w-]+)"/.exec(page.body)![1]!
        const address = `/provider-account?arrival=${arrival}`
        const sent = await visitor.submit(address, '/provider-account', { arrival, act: 'mail', email: ada.email })
        t.match(wordsOf(sent), /We have sent a mail/)
        const token = await tokenOf(service, ada.email, 'confirm-provider')
        const elsewhere = new Visitor(service)
        const led = await elsewhere.follow(await elsewhere.call(`/confirm-provider?token=${token}`))
        t.match(wordsOf(led), /opened in another browser/, 'whoever reads the mailbox alone gets nothing')
        const confirmed = await visitor.submit(`/confirm-provider?token=${token}`, '/confirm-provider', { token })
        t.equal(confirmed.headers['location'], '/')
        t.match(await visitor.person(), { email: ada.email, email_verified: true })
      },
    )

    await t.test('whoever has the address already is told by mail, and the page says the same', async (t) => {
      const user = await service.createUser()
      asking.person = somebody({ email: user.email })
      const visitor = new Visitor(service)
      const page = await visitor.follow(await visitor.signIn('asking'))
      t.notMatch(wordsOf(page), /has an account with this address/)
      const arrival = /name="arrival" value="([\w-]+)"/.exec(page.body)![1]!
      const address = `/provider-account?arrival=${arrival}`
      const sent = await visitor.submit(address, '/provider-account', { arrival, act: 'mail', email: user.email })
      t.match(wordsOf(sent), /We have sent a mail/)
      const [mail] = (await mailsTo(service, user.email)).map(readMail)
      t.match(mail, /You have an account/)
      t.notMatch(mail, /confirm-provider/)
    })

    await t.test('accounts are linked and unlinked on the page of the account, never the last way in', async (t) => {
      const { user, visitor } = await withPassword()
      lab.person = somebody(verified)
      const begun = await visitor.submit('/linked-accounts', '/linked-accounts', { link: 'lab' })
      const answer = await visitor.finish(String(begun.headers['location']))
      t.equal(answer.headers['location'], '/linked-accounts?done=linked')
      t.match(wordsOf(await visitor.follow(answer)), /The account is linked/)
      const [identity] = await identitiesOf(visitor)
      const other = new Visitor(service)
      await other.signIn()
      t.match(await other.person(), { id: user.id })
      const unlinked = await visitor.submit('/linked-accounts', '/linked-accounts', { unlink: identity.id })
      t.equal(unlinked.headers['location'], 'linked-accounts?done=unlinked')
      t.notOk(await other.person(), 'sessions that were begun by it end')
      t.match((await mailsTo(service, user.email)).map(readMail).join('\n'), /is not linked any more/)
      lab.person = somebody(verified)
      const alone = new Visitor(service)
      await alone.signIn()
      const [only] = await identitiesOf(alone)
      const refused = await alone.submit('/linked-accounts', '/linked-accounts', { unlink: only.id })
      t.equal(refused.status, 409)
      t.match(wordsOf(refused), /the only way/)
      t.equal(
        (
          await service.call(`/api/users/me/identities/${only.id}`, {
            method: 'DELETE',
            headers: { ...alone.headers, origin: service.issuer },
          })
        ).status,
        409,
      )
    })

    await t.test('an account at a provider belongs to one person here', async (t) => {
      lab.person = somebody(verified)
      await new Visitor(service).signIn()
      const { visitor } = await withPassword()
      const begun = await visitor.submit('/linked-accounts', '/linked-accounts', { link: 'lab' })
      const answer = await visitor.finish(String(begun.headers['location']))
      t.match(answer.headers['location'], /problem=taken/)
    })

    await t.test('an administrator sees and unlinks what somebody has linked, who is told', async (t) => {
      const { user, visitor } = await withPassword()
      lab.person = somebody(verified)
      const begun = await visitor.submit('/linked-accounts', '/linked-accounts', { link: 'lab' })
      await visitor.finish(String(begun.headers['location']))
      const { accessToken } = await service.signIn(await service.createUser({ roles: ['admin'] }))
      const path = `/api/admin/users/${user.id}/identities`
      const { items } = (await service.call(path, { headers: bearer(accessToken) })).json()
      t.match(items, [{ source: 'provider:lab' }])
      const unlink = () => service.call(`${path}/${items[0].id}`, { method: 'DELETE', headers: bearer(accessToken) })
      t.same((await unlink()).json().items, [])
      t.equal((await unlink()).status, 404)
      t.match((await mailsTo(service, user.email)).map(readMail).join('\n'), /is not linked any more/)
      const rows = (await auditRows(service)).filter(({ subject }) => subject === user.id)
      t.match(
        rows.map(({ event }) => event),
        /identity.linked,.*identity.unlinked/,
      )
    })

    await t.test('who has no password proves themselves at the provider anew', async (t) => {
      const ada = somebody({ ...verified, auth_time: Math.floor(service.clock.now() / 1000) })
      asking.person = ada
      const visitor = new Visitor(service)
      const page = await visitor.follow(await visitor.signIn('asking'))
      const arrival = /name="arrival" value="([\w-]+)"/.exec(page.body)![1]!
      await visitor.submit(`/provider-account?arrival=${arrival}`, '/provider-account', { arrival, act: 'create' })
      service.clock.advance(600)
      const stepUp = await visitor.call('/authenticator')
      t.match(stepUp.headers['location'], /step-up/, 'what changes their security asks for it')
      t.match(wordsOf(await visitor.call('/step-up')), /Confirm with Asking/)
      const begin = async () =>
        String(
          (await visitor.submit('/step-up', '/step-up-with', { provider: 'asking', return_to: '/authenticator' }))
            .headers['location'],
        )
      const old = await visitor.finish(await begin())
      t.match(old.headers['location'], /problem=age/, 'a proof of before does not count')
      t.equal(asking.asked.get('max_age'), '0')
      asking.person = somebody({ ...verified, auth_time: Math.floor(service.clock.now() / 1000) })
      t.match((await visitor.finish(await begin())).headers['location'], /problem=other_person/)
      asking.person = { ...ada, auth_time: Math.floor(service.clock.now() / 1000) }
      t.equal((await visitor.finish(await begin())).headers['location'], '/authenticator')
      t.equal((await visitor.call('/authenticator')).status, 200)
    })

    await t.test('the time of a proof is the one that the provider says', async (t) => {
      lab.person = somebody({ ...verified, auth_time: Math.floor(service.clock.now() / 1000) - 3_600 })
      const visitor = new Visitor(service)
      await visitor.signIn()
      t.match((await visitor.call('/authenticator')).headers['location'], /step-up/)
    })

    await t.test('people of a mail domain are led to their provider, by the address alone', async (t) => {
      const { body } = await service.call('/login')
      t.match(body, /Sign in with Lab/)
      t.notMatch(body, /value="staff"/, 'which has no button')
      ofStaff.person = somebody({ email: 'bo@staff.test', ...verified, realm_access: { roles: ['ops'] } })
      const visitor = new Visitor(service)
      const led = await visitor.submit('/login', '/login', { email: 'Bo@Staff.test', password: '' })
      await visitor.finish(String(led.headers['location']))
      t.match(await visitor.person(), { email: 'bo@staff.test', groups: ['ops'] })
    })

    await t.test('restrictions hold one by one', async (t) => {
      for (const [claims, reason] of [
        [{ email: 'cy@staff.test', ...verified }, 'group'],
        [{ email: 'cy@staff.test', realm_access: { roles: ['ops'] } }, 'domain'],
        [{ email: 'cy@else.test', ...verified, realm_access: { roles: ['ops'] } }, 'domain'],
      ] as const) {
        ofStaff.person = { sub: `cy-${backend.name}`, ...claims }
        const answer = await new Visitor(service).signIn('staff')
        t.match(answer.headers['location'], /problem=not_allowed/)
        t.match((await auditRows(service)).at(-1), { event: 'provider.person_refused', details: { reason } })
      }
    })

    await t.test('GitHub says by its API who somebody is', async (t) => {
      github.user.id = ++people
      github.emails[0]!.email = `octo-${people}@people.test`
      const visitor = new Visitor(service)
      await visitor.signIn('github')
      t.match(await visitor.person(), { email: github.emails[0]!.email, groups: ['analytical-engines'] })
      t.equal(github.asked.get('scope'), 'read:user user:email read:org')
      github.organisations = ['others']
      t.match((await new Visitor(service).signIn('github')).headers['location'], /problem=not_allowed/)
    })

    await t.test('an account that is going to be deleted can be kept', async (t) => {
      lab.person = somebody(verified)
      const visitor = new Visitor(service)
      await visitor.signIn()
      const headers = { ...visitor.headers, origin: service.issuer }
      t.equal((await service.call('/api/users/me', { method: 'DELETE', headers })).status, 202)
      const page = await visitor.follow(await visitor.signIn())
      t.equal(titleOf(page), 'Keep the account?')
      const keep_token = /name="keep_token" value="([^"]+)"/.exec(page.body)![1]!
      t.equal((await visitor.submit('/login', '/keep-account', { keep_token })).status, 200)
      await visitor.signIn()
      t.ok(await visitor.person())
    })

    await t.test('no event is left out here', async (t) => {
      const told = new Set((await auditRows(service)).map(({ event }) => event))
      const own = Object.keys(eventsOfProviders).filter((event) => event.startsWith('identity.'))
      t.same(
        own.filter((event) => !told.has(event)),
        [],
      )
    })
  })
}
