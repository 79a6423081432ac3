/** What comes back from providers, or as if it came from them: what is not what was asked for makes nothing and signs nobody in. */
import { test } from 'tap'
import { auditRows, eventsOfProviders } from '../support/audit.ts'
import { backends } from '../support/backends.ts'
import { createWithFactor, nextCode } from '../support/factors.ts'
import { own, wordsOf } from '../support/pages.ts'
import { type Lies, labSecrets, labSettings, startLabProvider, Visitor } from '../support/providers.ts'
import { type Answer, startService } from '../support/service.ts'

const verified = { email_verified: true }
let people = 0
const somebody = (more: Record<string, unknown> = {}) => {
  const sub = `stranger-${++people}`
  return { sub, name: 'Eve', email: `${sub}@example.test`, ...verified, ...more }
}
const problemOf = ({ headers }: Answer) => /problem=(\w+)/.exec(String(headers['location']))?.[1]

for (const backend of backends) {
  void test(`attacks by way of providers on ${backend.name} stores`, async (t) => {
    const time = { now: () => Date.now() }
    const clock = { now: () => time.now() }
    const [lab, other] = [await startLabProvider(t, { clock }), await startLabProvider(t, { clock })]
    const down = await startLabProvider(t, { clock })
    down.lies = { outage: 'dead' }
    const labs = { first_sign_in: 'create', acr_values: [] }
    const service = await startService(t, {
      backend,
      yaml: {
        sign_in: {
          providers: [
            labSettings(lab, { ...labs, trust_email_for: ['example.test'] }),
            labSettings(other, { ...labs, name: 'other', acr_values: ['gold'] }),
            labSettings(down, { name: 'down' }),
          ],
        },
      },
      environment: labSecrets('lab', 'other', 'down'),
    })
    time.now = () => service.clock.now()
    const accounts = async () => (await service.list('/users')).length

    /** What a sign-in comes to while the provider lies; and that it made nothing. */
    async function lying(lies: Lies, person = somebody()): Promise<string | undefined> {
      const before = await accounts()
      lab.person = person
      lab.lies = lies
      const visitor = new Visitor(service)
      const answer = await visitor.signIn()
      lab.lies = {}
      t.notOk(await visitor.person(), 'nobody is signed in')
      t.equal(await accounts(), before, 'nothing is made')
      return problemOf(answer)
    }

    await t.test(
      'an answer that contradicts what was asked counts for nothing, and is told to the trail',
      async (t) => {
        const now = () => Math.floor(service.clock.now() / 1000)
        const cases: [string, Lies, problem?: string][] = [
          ['a forged signature', { key: 'forged' }],
          ['another audience', { claims: { aud: 'somebody-else' } }],
          ['another issuer in the ID token', { claims: { iss: other.issuer } }],
          ['another issuer in the response', { responseIss: other.issuer }],
          ['no issuer in the response, though it is announced', { responseIss: null }],
          ['another nonce', { claims: { nonce: 'of-another-sign-in' } }],
          ['no nonce', { claims: { nonce: undefined } }],
          ['an expired ID token', { claims: { exp: now() - 60, iat: now() - 360 } }],
          ['no subject', { claims: { sub: undefined } }],
          ['a subject that nothing could hold', { claims: { sub: 'a\u0000b' } }, 'not_allowed'],
          ['an unannounced key', { key: 'unannounced' }, 'unknown_key'],
          ['an error', { error: 'access_denied' }, 'denied'],
          ['an outage in its own words', { error: 'temporarily_unavailable' }, 'unreachable'],
          ['a page in place of tokens', { outage: 'broken', at: '/token' }, 'unreachable'],
          ['nothing in place of tokens', { outage: 'dead', at: '/token' }, 'unreachable'],
        ]
        for (const [name, lies, problem = 'not_trusted'] of cases) {
          t.equal(await lying(lies), problem, name)
          const last = (await auditRows(service)).at(-1)
          t.match(last?.event, /^provider\.(failed|person_refused)$/, name)
          t.match(last?.details, { provider: 'lab' })
        }
        const page = await service.call('/provider-problem?problem=not_trusted&provider=lab')
        t.equal(page.status, 502)
        t.match(wordsOf(page), /The answer of Lab does not fit/)
        t.equal((await service.call('/provider-problem?problem=title&provider=<b>')).status, 400)
      },
    )

    await t.test('userinfo of another person is none of this one', async (t) => {
      const { sub, name } = somebody()
      t.equal(
        await lying({ userinfo: { sub: 'admin', email: 'admin@example.test' } }, { sub, name } as never),
        'not_trusted',
      )
    })

    await t.test('a key that was announced since is a reason to try again', async (t) => {
      await lab.rotate()
      lab.person = somebody()
      t.equal(problemOf(await new Visitor(service).signIn()), 'unknown_key')
      t.equal((await new Visitor(service).signIn()).headers['location'], '/', 'whoever tries again')
    })

    await t.test('a callback that nobody began, or somebody else, leads nowhere', async (t) => {
      const callback = '/api/federation/lab/callback'
      const ways = ['', '?code=1', '?code=1&state=', '?state=1', '?error=access_denied', '?code=1&state=1&state=2']
      for (const query of ways)
        t.equal(problemOf(await new Visitor(service).call(callback + query)), 'unknown_trip', query)
      t.equal(
        problemOf(await new Visitor(service).call('/api/federation/nobody/callback?code=1&state=1')),
        'unknown_trip',
      )
      lab.person = somebody()
      const [victim, attacker] = [new Visitor(service), new Visitor(service)]
      await victim.begin()
      const stolen = await attacker.visit(await attacker.begin())
      t.equal(
        problemOf(await victim.call(stolen)),
        'unknown_trip',
        'who is led to another one’s answer is not signed in as them',
      )
      t.notOk(await victim.person())
      t.equal((await attacker.call(stolen)).headers['location'], '/', 'and it is not used up by that')
      t.equal(problemOf(await attacker.call(stolen)), 'unknown_trip', 'it works once')
    })

    await t.test('of parallel answers one counts', async (t) => {
      lab.person = somebody()
      const visitor = new Visitor(service)
      const back = await visitor.visit(await visitor.begin())
      const { headers } = visitor
      const answers = await Promise.all(Array.from({ length: 8 }, () => service.call(back, { headers })))
      t.equal(answers.filter(({ headers: { location } }) => location === '/').length, 1)
    })

    await t.test('a code that was used, and one that is too old, are refused', async (t) => {
      lab.person = somebody()
      const [first, second] = [new Visitor(service), new Visitor(service)]
      const used = new URL(await first.visit(await first.begin()), service.issuer).searchParams.get('code')!
      const own = new URL(await second.visit(await second.begin()), service.issuer)
      own.searchParams.set('code', used)
      t.equal(problemOf(await second.call(own.pathname + own.search)), 'code_refused', 'of another sign-in')
      const late = await first.visit(await first.begin())
      service.clock.advance(601)
      t.equal(problemOf(await first.call(late)), 'unknown_trip')
    })

    await t.test('what is far too long is read no further', async (t) => {
      const callback = '/api/federation/lab/callback'
      const visitor = new Visitor(service)
      const state = new URL(await visitor.begin()).searchParams.get('state')!
      const code = 'x'.repeat(5_000)
      t.equal(problemOf(await visitor.call(`${callback}?state=${state}&code=${code}`)), 'unknown_trip')
      const form = { method: 'POST', form: { state, code: 'x'.repeat(1_000_000) }, headers: own }
      const sent = await service.call(callback, form)
      t.ok(sent.status === 413 || problemOf(sent) === 'unknown_trip', `${sent.status}`)
      const posted = await service.call(callback, { method: 'POST', form: { state: 's', code: 'c', user: 'u' } })
      t.equal(posted.headers['location'], `${callback}?code=c&state=s`, 'an answer as a form comes once more')
    })

    await t.test('one provider cannot be taken for another', async (t) => {
      lab.person = somebody()
      const visitor = new Visitor(service)
      const back = await visitor.visit(await visitor.begin())
      t.equal(problemOf(await visitor.call(back.replace('/lab/', '/other/'))), 'unknown_trip', 'RFC 9700 §4.4')
      other.person = { ...lab.person, acr: 'gold' }
      await new Visitor(service).signIn()
      const before = await accounts()
      const stranger = new Visitor(service)
      await stranger.signIn('other')
      t.equal(await accounts(), before, 'a subject of one is nobody of the other; the address is taken')
      t.notOk(await stranger.person())
    })

    await t.test('a level below the one that was asked for is refused', async (t) => {
      for (const acr of [undefined, '0', 'silver']) {
        other.person = somebody({ acr })
        t.equal(problemOf(await new Visitor(service).signIn('other')), 'level')
      }
    })

    await t.test('nobody is led to another site after a sign-in', async (t) => {
      for (const return_to of ['https://evil.test/', '//evil.test', '/\\evil.test', 'javascript:alert(1)']) {
        lab.person = somebody()
        t.equal((await new Visitor(service).signIn('lab', { return_to })).headers['location'], '/', return_to)
      }
      const { body } = await service.call(
        `/provider-problem?problem=denied&return_to=${encodeURIComponent('//evil.test')}`,
      )
      t.notMatch(body, /evil/)
    })

    await t.test('an account that was made before its owner came is not theirs', async (t) => {
      const owner = somebody()
      const { id } = await service.createUser({ email: owner.email })
      // As if nobody had shown yet that they read the mailbox.
      const found = await service.stores.users.findById(id)
      const unverified = { ...found!, id: crypto.randomUUID(), email: `pre-${owner.email}`, emailVerifiedAt: null }
      const { permissions: _p, status: _s, deletesAt: _d, unlocks: _u, hasSecondFactor: _h, ...made } = unverified
      t.equal(await service.stores.users.create(made as never), 'created')
      lab.person = { ...owner, email: unverified.email }
      const visitor = new Visitor(service)
      t.match((await visitor.signIn()).headers['location'], /provider-account/, 'it is asked, and not linked')
      t.notOk(await visitor.person())
    })

    await t.test('who makes an account with another one’s address at a provider gets none of theirs', async (t) => {
      const victim = await service.createUser()
      other.person = somebody({ email: victim.email, acr: 'gold' })
      const visitor = new Visitor(service)
      const page = await visitor.follow(await visitor.signIn('other'))
      t.notOk(await visitor.person())
      const arrival =
        /name="arrival" value="([\w-]+)"/.exec(page.body)?.[1] ?? /arrival%3D([\w-]+)/.exec(page.body)![1]!
      const linked = await visitor.submit('/login', '/provider-account', { arrival, act: 'link' })
      t.match(linked.headers['location'], /\/login/, 'without a proof of the account nothing is linked')
      t.equal((await visitor.submit('/login', '/provider-account', { arrival, act: 'create' })).status, 409)
      const thief = new Visitor(service)
      t.match((await thief.call(`/provider-account?arrival=${arrival}`)).headers['location'], /unknown_trip/)
    })

    await t.test('an address that changes at the provider changes nothing here', async (t) => {
      const [ada, bob] = [somebody(), await service.createUser()]
      lab.person = ada
      const visitor = new Visitor(service)
      await visitor.signIn()
      const { id } = (await visitor.person())!
      lab.person = { ...ada, email: bob.email }
      const again = new Visitor(service)
      await again.signIn()
      t.match(await again.person(), { id, email: ada.email })
    })

    await t.test('a link begins and ends in one session', async (t) => {
      const [victim, attacker] = [await service.createUser(), await service.createUser()]
      const visitor = new Visitor(service)
      const signIn = (user: { email: string; password: string }) => visitor.submit('/login', '/login', { ...user })
      await signIn(attacker)
      lab.person = somebody()
      const begun = await visitor.submit('/linked-accounts', '/linked-accounts', { link: 'lab' })
      const back = await visitor.visit(String(begun.headers['location']))
      delete visitor.cookies['gatehouse']
      await signIn(victim)
      t.equal(problemOf(await visitor.call(back)), 'other_session')
      t.same((await service.call('/api/users/me/identities', { headers: visitor.headers })).json().items, [])
    })

    await t.test('a provider that is down keeps nobody from other ways', async (t) => {
      const user = await service.createUser()
      const visitor = new Visitor(service)
      for (const lies of [{ outage: 'dead' }, { outage: 'broken' }, { metadataIssuer: other.issuer }] as const) {
        down.lies = lies
        const led = await visitor.begin('down')
        t.match(led, 'metadataIssuer' in lies ? /problem=not_trusted/ : /problem=unreachable/)
      }
      // It waits for real time.
      if (backend === backends[0]) {
        down.lies = { outage: 'slow' }
        t.match(await Promise.all([visitor.begin('down'), visitor.begin('down')]), [/unreachable/, /unreachable/])
      }
      await visitor.submit('/login', '/login', { email: user.email, password: user.password })
      t.ok(await visitor.person())
      down.lies = {}
      t.match(await new Visitor(service).begin('down'), /\/authorize\?/, 'and is asked again')
    })

    await t.test('logout tokens end what they name, once', async (t) => {
      const send = (logout_token: string, provider = 'lab') =>
        service.call(`/api/federation/${provider}/backchannel-logout`, { method: 'POST', form: { logout_token } })
      const signedIn = async (more: Record<string, unknown>) => {
        lab.person = somebody(more)
        const visitor = new Visitor(service)
        await visitor.signIn()
        t.ok(await visitor.person())
        return { visitor, sub: lab.person.sub }
      }
      const first = await signedIn({ sid: 'sid-1' })
      const second = await signedIn({ sid: 'sid-2' })
      const token = await lab.logoutToken({ sid: 'sid-1' })
      for (const [name, wrong] of [
        ['another audience', await lab.logoutToken({ sid: 'sid-1', aud: 'somebody-else' })],
        ['another issuer', await lab.logoutToken({ sid: 'sid-1', iss: other.issuer })],
        ['with a nonce', await lab.logoutToken({ sid: 'sid-1', nonce: 'n' })],
        ['without events', await lab.logoutToken({ sid: 'sid-1', events: undefined })],
        ['another event', await lab.logoutToken({ sid: 'sid-1', events: { 'urn:x': {} } })],
        ['nobody named', await lab.logoutToken()],
        ['without a jti', await lab.logoutToken({ sid: 'sid-1', jti: undefined })],
        ['expired', await lab.logoutToken({ sid: 'sid-1', exp: 1 })],
        ['too old', await lab.logoutToken({ sid: 'sid-1', iat: Math.floor(service.clock.now() / 1000) - 3_600 })],
        ['another type', await lab.logoutToken({ sid: 'sid-1' }, { typ: 'at+jwt' })],
        ['of another provider', await other.logoutToken({ sid: 'sid-1' })],
        ['no token', 'no.token.at-all'],
        ['far too long', 'x'.repeat(20_000)],
      ] as const) {
        t.equal((await send(wrong)).status, 400, name)
      }
      t.ok(await first.visitor.person(), 'none of which has ended anything')
      t.equal((await send(token)).status, 204)
      t.notOk(await first.visitor.person())
      t.ok(await second.visitor.person(), 'another session there is another one here')
      t.equal((await send(token)).status, 400, 'a replay is refused')
      t.equal((await send(await lab.logoutToken({ sid: 'unknown' }))).status, 204, 'who is not known is signed out')
      t.equal((await send(await lab.logoutToken({ sub: second.sub, exp: undefined }, { typ: 'JWT' }))).status, 204)
      t.notOk(await second.visitor.person(), 'by the account, in the shape that some providers send')
      t.equal((await send(token, 'nobody')).status, 404)
      const ended = (await auditRows(service)).filter(({ event }) => event === 'session.revoked')
      t.same(ended.filter(({ details }) => (details as { reason: string }).reason === 'ended_by_provider').length, 2)
    })

    await t.test('a sign-in that waits for a second factor ends with the session there', async (t) => {
      const { user, secret } = await createWithFactor(service)
      lab.person = somebody({ email: user.email, sid: 'sid-of-two' })
      const visitor = new Visitor(service)
      t.match((await visitor.signIn()).headers['location'], /second-factor/)
      const form = { logout_token: await lab.logoutToken({ sid: 'sid-of-two' }) }
      t.equal((await service.call('/api/federation/lab/backchannel-logout', { method: 'POST', form })).status, 204)
      await visitor.submit('/forgot-password', '/second-factor', { code: nextCode(service, secret) })
      t.notOk(await visitor.person())
    })

    await t.test('no event is left out here', async (t) => {
      const told = new Set((await auditRows(service)).map(({ event }) => event))
      const own = Object.keys(eventsOfProviders).filter((event) => event.startsWith('provider.'))
      t.same(
        own.filter((event) => !told.has(event)),
        [],
      )
    })
  })
}
