import { test } from 'tap'
import { pino } from 'pino'
import type { AccessTokenClaims } from '../../src/core/access-token.ts'
import { uuidv7 } from '../../src/core/ids.ts'
import { hashSecret, randomSecret } from '../../src/core/secrets.ts'
import { maxTokenLength } from '../../src/core/sizes.ts'
import { createCredentials } from '../../src/features/credentials/credentials.ts'
import { createSubjects } from '../../src/core/subjects.ts'
import { createEntityCache } from '../../src/features/credentials/entity-cache.ts'
import { createRevocationFeed } from '../../src/features/revocations/feed.ts'
import { backends } from '../support/backends.ts'
import { createClock } from '../support/service.ts'
import { createBench, exampleClient } from '../stores/contract.ts'

const silent = pino({ level: 'silent' })
type Test = { teardown(after: () => unknown): unknown }

/** Credentials over a real store, whose look-ups are counted and can be held up, and a feed whose time the test moves. */
async function open(
  t: Test,
  backend: (typeof backends)[number],
  { bounds, idleSeconds = 100 }: { bounds?: { max: number; maxSize: number }; idleSeconds?: number } = {},
) {
  const clock = createClock()
  const monotonic = createClock()
  const opened = await backend.open(clock)
  const { stores } = opened
  const bench = createBench(opened, stores, clock)
  let readable = true
  let ahead = 0
  const revocations = {
    ...stores.revocations,
    async readAfter(sequence: number) {
      if (!readable) throw new Error('the feed is cut')
      const read = await stores.revocations.readAfter(sequence + ahead)
      feedHeld()
      await feedGate
      return read
    },
    // Whatever the test changes was changed by another replica.
    onChange: async () => async () => {},
  }
  const feed = createRevocationFeed(revocations, silent, monotonic)
  await feed.start()
  t.teardown(async () => {
    await feed.stop()
    await opened.close()
  })
  const looks = { up: 0 }
  const signatures = { verified: 0 }
  const secrets = { proven: 0 }
  const warnings: unknown[] = []
  const touches: Promise<void>[] = []
  let gate: Promise<void> = Promise.resolve()
  let held = () => {}
  let feedGate: Promise<void> = Promise.resolve()
  let feedHeld = () => {}
  const counted = {
    findLive: async (...given: Parameters<typeof stores.sessions.findLive>) => {
      looks.up += 1
      const live = await stores.sessions.findLive(...given)
      held()
      await gate
      return live
    },
    touch: (...given: Parameters<typeof stores.sessions.touch>) => {
      const touch = stores.sessions.touch(...given)
      touches.push(touch)
      return touch
    },
  }
  const credentials = createCredentials({
    // Signatures are the key ring's matter: here a token is its claims.
    verifyAccessToken: (token) => {
      signatures.verified += 1
      return JSON.parse(token) as AccessTokenClaims
    },
    proveApiKey: async () => undefined,
    authenticateClient: async () => {
      secrets.proven += 1
      return exampleClient('reports', bench.at())
    },
    senderFaultOf: () => undefined,
    sessions: counted,
    hostSessions: stores.hostSessions,
    subjects: createSubjects(() => 'salt'),
    known: createEntityCache({ ...stores, sessions: counted, feed, clock }),
    feed,
    clock,
    log: { ...silent, warn: ({ event }: object & { event?: string }) => void warnings.push(event) },
    settings: {
      ...{ idle_ttl_seconds: idleSeconds, absolute_ttl_seconds: 10_000 },
      short: { idle_ttl_seconds: 40, absolute_ttl_seconds: 1_000 },
    },
    ...(bounds && { bounds }),
  })
  return {
    ...bench,
    monotonic,
    feed,
    looks,
    signatures,
    secrets,
    warnings,
    credentials,
    /** Touches are not waited for by whoever asks. */
    touched: () => Promise.all(touches.splice(0)),
    cutFeed: (cut: boolean) => void (readable = !cut),
    /** Makes the database look restored to a state in which it had fewer rows than were read. */
    setBack: (back: boolean) => void (ahead = back ? 1_000_000 : 0),
    /** Holds answers of the store back until they are released; `reached` resolves when the first look-up has read its row. */
    hold() {
      let release = () => {}
      gate = new Promise((done) => (release = done))
      const reached = new Promise<void>((done) => (held = done))
      return { release, reached }
    },
    /** Holds what is read of the feed back until it is released; `reached` resolves when something has been read. */
    holdFeed() {
      let release = () => {}
      feedGate = new Promise((done) => (release = done))
      const reached = new Promise<void>((done) => (feedHeld = done))
      return { release, reached }
    },
    async signIn(change = {}) {
      const secret = randomSecret()
      const { id: userId } = await bench.user()
      const session = await bench.session(userId, { secretHash: hashSecret(secret), ...change } as never)
      const now = Math.floor(clock.now() / 1000)
      const jti = crypto.randomUUID()
      const subject = { sub: userId, sid: session.id, client_id: 'gatehouse' }
      const claims = { iss: 'i', aud: 'i', ...subject, iat: now, exp: now + 3_600, jti } satisfies AccessTokenClaims
      return { secret, token: JSON.stringify(claims), session, userId, jti }
    },
  }
}

/** Another token of the same session. */
const further = (token: string, change = {}) =>
  JSON.stringify({ ...JSON.parse(token), jti: crypto.randomUUID(), ...change })

for (const [bound, bounds] of Object.entries({
  entries: { max: 10, maxSize: 1_000_000 },
  bytes: { max: 1_000_000, maxSize: 60_000 },
})) {
  void test(`what is remembered is bounded in ${bound}: the longest unused goes first`, async (t) => {
    const { credentials, signatures, signIn } = await open(t, backends[0]!, { bounds })
    const { token } = await signIn()
    const tokens = Array.from({ length: 30 }, (_, at) => token.replace('}', `,"pad":"${'x'.repeat(3_000)}${at}"}`))
    for (const each of tokens) t.ok(await credentials.accessToken(each))
    // From the newest on: whatever is proven again takes the place of what was used longest ago.
    const remembered = await Promise.all(
      tokens.toReversed().map(async (each) => {
        const before = signatures.verified
        const proof = credentials.accessToken(each)
        const isKnown = signatures.verified === before
        t.ok(await proof)
        return isKnown
      }),
    )
    const count = remembered.filter(Boolean).length
    t.same(remembered, [
      ...Array.from({ length: count }, () => true),
      ...Array.from({ length: 30 - count }, () => false),
    ])
    t.ok(count >= 8 && count <= 20, `${count} are remembered`)
    t.equal(signatures.verified, 30 + 30 - count)
  })
}

void test('past 500 proofs under way further ones are refused, and none once they are done', async (t) => {
  const { credentials, looks, signIn, hold } = await open(t, backends[0]!)
  const { secret } = await signIn()
  const { release, reached } = hold()
  const waiting = Array.from({ length: 500 }, async () => credentials.sessionCookie(randomSecret()))
  await reached
  looks.up = 0
  const further = Promise.resolve(credentials.sessionCookie(secret))
  t.equal(looks.up, 0, 'without a look-up')
  release()
  await t.rejects(further, { code: 'unavailable' })
  t.same(new Set(await Promise.all(waiting)), new Set([undefined]))
  t.ok(await credentials.sessionCookie(secret))
})

for (const [idleSeconds, lookedUp, touched] of [
  [100, 50, 25],
  [10_000, 300, 60],
] as const) {
  void test(`a cookie of a session that goes idle after ${idleSeconds} seconds`, async (t) => {
    const {
      credentials,
      clock,
      looks,
      at,
      touched: touches,
      signIn,
      stores,
    } = await open(t, backends[0]!, { idleSeconds })
    const lasting = { idleExpiresAt: at(idleSeconds), expiresAt: at(50_000) }

    await t.test(`is looked up again after ${lookedUp}`, async (t) => {
      const { secret } = await signIn(lasting)
      t.ok(await credentials.sessionCookie(secret))
      looks.up = 0
      clock.advance(lookedUp - 0.001)
      await credentials.sessionCookie(secret)
      t.equal(looks.up, 0)
      clock.advance(0.001)
      await credentials.sessionCookie(secret)
      t.equal(looks.up, 1)
    })
    await t.test(`keeps it alive, with one write every ${touched} at most`, async (t) => {
      const live = async ({ secret }: { secret: string }) =>
        (await stores.sessions.findLive({ secretHash: hashSecret(secret) }, at()))?.session
      await touches()
      const lately = await signIn({ ...lasting, lastSeenAt: at(0.001 - touched) })
      await credentials.sessionCookie(lately.secret)
      t.equal((await touches()).length, 0)
      const before = await signIn({ ...lasting, idleExpiresAt: at(1), lastSeenAt: at(-touched) })
      await credentials.sessionCookie(before.secret)
      t.equal((await touches()).length, 1)
      const { lastSeenAt, idleExpiresAt } = (await live(before))!
      t.same([lastSeenAt, idleExpiresAt], [at(), at(idleSeconds)])
    })
  })
}

void test('a session whose use cannot be noted counts all the same, and the log says so', async (t) => {
  const { credentials, at, stores, touched, warnings, signIn } = await open(t, backends[0]!)
  const { secret } = await signIn({ lastSeenAt: at(-60) })
  stores.sessions.touch = () => Promise.reject(new Error('gone'))
  t.ok(await credentials.sessionCookie(secret))
  await t.rejects(touched(), { message: 'gone' })
  t.same(warnings, ['session.touch_failed'])
})

void test('a token is known until it expires, and one of a known session for fifteen minutes after its issue', async (t) => {
  const { credentials, clock, looks, signatures, signIn, at } = await open(t, backends[0]!)
  const { token } = await signIn({ idleExpiresAt: at(5_000), expiresAt: at(5_000) })
  const now = clock.now() / 1000
  const brief = further(token, { exp: now + 10 })
  await credentials.accessToken(brief)
  looks.up = signatures.verified = 0
  clock.advance(9.999)
  await credentials.accessToken(brief)
  t.equal(signatures.verified, 0)
  clock.advance(0.001)
  await credentials.accessToken(brief)
  t.equal(signatures.verified, 1)
  for (const [age, asked] of [
    [899.999, 0],
    [900, 1],
  ] as const) {
    looks.up = 0
    await credentials.accessToken(further(token, { iat: clock.now() / 1000 - age }))
    t.equal(looks.up, asked, `${age} seconds`)
  }
})

for (const [which, ends] of Object.entries({ idle: [50, 900], absolute: [900, 50] } as const)) {
  void test(`a known session comes to its ${which} end on time for further tokens, too`, async (t) => {
    const { credentials, clock, looks, signIn, at } = await open(t, backends[0]!)
    const { token } = await signIn({ idleExpiresAt: at(ends[0]), expiresAt: at(ends[1]) })
    t.ok(await credentials.accessToken(token))
    looks.up = 0
    clock.advance(49.999)
    t.ok(await credentials.accessToken(further(token)))
    t.equal(looks.up, 0)
    clock.advance(0.001)
    t.equal(await credentials.accessToken(further(token)), undefined)
  })
}

void test('a session that ended is not known for further tokens', async (t) => {
  const { credentials, feed, stores, signIn, at } = await open(t, backends[0]!)
  const { token, session } = await signIn()
  t.ok(await credentials.accessToken(token))
  await stores.sessions.revoke(session.id, 'test', at())
  await feed.catchUp()
  t.equal(await credentials.accessToken(further(token)), undefined)
})

void test('a further token of a known client asks the stores nothing', async (t) => {
  const { credentials, clock, stores, at } = await open(t, backends[0]!)
  await stores.clients.create(exampleClient('reports', at()))
  const token = () => {
    const iat = Math.floor(clock.now() / 1000)
    const subject = { sub: 'reports', client_id: 'reports', jti: uuidv7(clock.now()) }
    return credentials.accessToken(JSON.stringify({ iss: 'i', aud: 'i', ...subject, iat, exp: iat + 300 }))
  }
  t.ok(await token())
  stores.clients.find = () => Promise.reject(new Error('asked'))
  stores.accessTokens.isRevoked = () => Promise.reject(new Error('asked'))
  t.ok(await token())
})

void test('each token of a session says its own scopes, whatever others were seen', async (t) => {
  const { credentials, signIn } = await open(t, backends[0]!)
  const { token } = await signIn()
  for (const scope of ['a b', 'ab', undefined, 'a', 'a b']) {
    const proven = await credentials.accessToken(further(token, scope === undefined ? {} : { scope }))
    t.match(proven, { principal: { scopes: scope?.split(' ') ?? [] } })
    t.equal(proven?.principal.scopes.length, scope?.split(' ').length ?? 0)
  }
})

void test('a proof that the feed has overtaken leaves the one that came after it to be shared', async (t) => {
  const { credentials, feed, looks, signIn, hold, stores } = await open(t, backends[0]!)
  const { secret, userId } = await signIn()
  const first = hold()
  const before = credentials.sessionCookie(secret)
  await first.reached
  await stores.users.changeProfile(userId, { name: 'Ada King' })
  await feed.catchUp()
  const second = hold()
  const after = credentials.sessionCookie(secret)
  await second.reached
  first.release()
  await before
  looks.up = 0
  const shared = credentials.sessionCookie(secret)
  t.equal(looks.up, 0)
  second.release()
  t.match(await shared, { principal: { name: 'Ada King' } })
  t.equal(await shared, await after)
})

for (const backend of backends) {
  void test(`proven credentials on ${backend.name} stores`, async (t) => {
    const bench = await open(t, backend)
    const { stores, credentials, feed, looks, signatures, at } = bench
    const proves = async (proof: ReturnType<typeof credentials.accessToken>) => (await proof) !== undefined

    await t.test('50 parallel first requests of one session cost one look-up, later ones none', async (t) => {
      const { secret, token } = await bench.signIn()
      looks.up = 0
      const proofs = await Promise.all(Array.from({ length: 50 }, async () => credentials.sessionCookie(secret)))
      t.ok(proofs.every((proof) => proof !== undefined && proof === proofs[0]))
      t.equal(looks.up, 1)
      await Promise.all(Array.from({ length: 50 }, async () => credentials.accessToken(token)))
      t.equal(looks.up, 2)
      t.notOk(credentials.sessionCookie(secret) instanceof Promise, 'at once, without a turn of the event loop')
      t.equal(looks.up, 2)
    })
    await t.test('a token costs one signature verification and one look-up at first sight, then neither', async (t) => {
      const { token } = await bench.signIn()
      looks.up = signatures.verified = 0
      for (let asked = 0; asked < 5; asked++)
        await Promise.all([1, 2, 3].map(async () => credentials.accessToken(token)))
      t.same([signatures.verified, looks.up], [1, 1])
    })
    await t.test('a further token of a known session or client costs its signature alone', async (t) => {
      const { token } = await bench.signIn()
      t.ok(await credentials.accessToken(token))
      looks.up = signatures.verified = 0
      t.ok(await credentials.accessToken(further(token)))
      t.same([signatures.verified, looks.up], [1, 0])
      t.equal(
        await credentials.accessToken(further(token, { sub: 'somebody-else' })),
        undefined,
        'and must be of its user',
      )
      const old = Math.floor(bench.clock.now() / 1000) - 901
      t.ok(await credentials.accessToken(further(token, { iat: old })))
      t.equal(looks.up, 1, 'an old one may have been revoked before anything that is remembered')
    })
    await t.test('a revoked token of a known session is refused, also by a process that began later', async (t) => {
      const { token, jti } = await bench.signIn()
      const further = JSON.stringify({ ...JSON.parse(token), jti: crypto.randomUUID() })
      await stores.accessTokens.revoke(jti, at(300), at())
      await feed.catchUp()
      t.ok(await credentials.accessToken(further))
      t.equal(await credentials.accessToken(token), undefined)
      const laterFeed = createRevocationFeed(stores.revocations, silent, bench.monotonic)
      await laterFeed.start()
      t.teardown(() => laterFeed.stop())
      const later = createEntityCache({ ...stores, feed: laterFeed, clock: bench.clock })
      const issuedAt = Math.floor(bench.clock.now() / 1000)
      const { sid } = JSON.parse(token) as { sid: string }
      for (const before of [issuedAt, issuedAt - 3_600]) {
        const token = (...ids: string[]) => ({ ids, issuedAt: before })
        t.ok(await later.session(sid, token('another'), at()))
        t.equal(await later.session(sid, token(jti), at()), undefined)
        t.equal(await later.session(sid, token('another', jti), at()), undefined, 'or one that it stands on')
        t.equal(await later.isTokenRevoked(token(jti)), true)
        t.equal(await later.isTokenRevoked(token('another', jti)), true)
        t.equal(await later.isTokenRevoked(token('another')), false)
      }
    })
    await t.test('texts with the same end are never taken for one another', async (t) => {
      const [ada, bob] = [await bench.signIn(), await bench.signIn()]
      const withEnd = (token: string) => JSON.stringify({ ...(JSON.parse(token) as object), end: 'x'.repeat(100) })
      for (const { token, userId } of [ada, bob, ada, bob, bob, ada, ada]) {
        t.equal((await credentials.accessToken(withEnd(token)))?.principal.subject, userId)
      }
    })
    await t.test('what was not proven is not remembered', async (t) => {
      const secret = randomSecret()
      t.equal(await credentials.sessionCookie(secret), undefined)
      await bench.session((await bench.user()).id, { secretHash: hashSecret(secret) } as never)
      t.ok(await credentials.sessionCookie(secret))
    })
    await t.test('a text longer than any credential of ours is refused without a look-up', (t) => {
      looks.up = 0
      t.equal(credentials.sessionCookie('x'.repeat(4_097)), undefined)
      t.equal(credentials.accessToken('x'.repeat(maxTokenLength + 1)), undefined)
      t.equal(
        credentials.basic('x'.repeat(maxTokenLength + 1), () => undefined),
        undefined,
      )
      t.same([looks.up, bench.secrets.proven], [0, 0])
      t.end()
    })
    await t.test('one that is as long as it may be is not', async (t) => {
      const { token } = await bench.signIn()
      const longest = token.replace('}', `,"pad":"${'x'.repeat(maxTokenLength - token.length - 9)}"}`)
      t.equal(longest.length, maxTokenLength)
      t.ok(await credentials.accessToken(longest))
      const secret = () => credentials.basic('x'.repeat(maxTokenLength), () => undefined)
      t.match(await secret(), { principal: { kind: 'client', subject: 'reports' } })
      for (const [seconds, proven] of [
        [59.999, 1],
        [0.001, 2],
      ] as const) {
        bench.clock.advance(seconds)
        await secret()
        t.equal(bench.secrets.proven, proven, 'a client’s secret is proven once a minute')
      }
    })
    await t.test('a replica that missed rows which have gone proves everything anew', async (t) => {
      const [ada, bob] = [await bench.signIn(), await bench.signIn()]
      const both = async () => [await credentials.accessToken(ada.token), await credentials.accessToken(bob.token)]
      await both()
      await stores.users.changeProfile(bob.userId, { name: 'Bob' })
      await feed.catchUp()
      bench.cutFeed(true)
      await stores.sessions.revoke(ada.session.id, 'test', at())
      for (const name of ['one', 'two']) await stores.users.changeProfile(bob.userId, { name })
      t.ok((await stores.housekeeping.sweep('revocations', at(1), 500)) !== 0)
      bench.cutFeed(false)
      await feed.catchUp()
      t.match(await both(), [undefined, { principal: { name: 'two' } }])
    })
    await t.test('every kind of announcement makes its subject, and it alone, be proven anew', async (t) => {
      const [ada, bob] = [await bench.signIn(), await bench.signIn()]
      const both = async () => [
        ...[await credentials.accessToken(ada.token), await credentials.sessionCookie(ada.secret)],
        ...[await credentials.accessToken(bob.token), await credentials.sessionCookie(bob.secret)],
      ]
      await both()
      looks.up = 0
      await stores.users.changeProfile(ada.userId, { name: 'Ada King' })
      await feed.catchUp()
      t.match(await both(), [{ principal: { name: 'Ada King' } }, { principal: { name: 'Ada King' } }, {}, {}])
      t.equal(looks.up, 2)
      await stores.accessTokens.revoke(ada.jti, at(300), at())
      await feed.catchUp()
      t.same((await both()).map(Boolean), [false, true, true, true])
      await stores.sessions.revoke(ada.session.id, 'test', at())
      await feed.catchUp()
      t.same((await both()).map(Boolean), [false, false, true, true])
      await stores.users.setStatus(bob.userId, 'disabled', at())
      await feed.catchUp()
      t.same((await both()).map(Boolean), [false, false, false, false])
    })
    await t.test('a client’s tokens die with the client', async (t) => {
      await stores.clients.create(exampleClient('reports', at()))
      const exp = Math.floor(bench.clock.now() / 1000) + 300
      const jti = uuidv7(bench.clock.now())
      const claims = { iss: 'i', aud: 'i', sub: 'reports', client_id: 'reports', jti, iat: exp - 300, exp }
      const token = JSON.stringify(claims)
      t.match(await credentials.accessToken(token), { principal: { kind: 'client', subject: 'reports' } })
      await stores.clients.delete('reports')
      await feed.catchUp()
      t.equal(await credentials.accessToken(token), undefined)
    })
    await t.test('a proof that was under way when its session ended is not used', async (t) => {
      const { secret, session } = await bench.signIn()
      const { release, reached } = bench.hold()
      const before = credentials.sessionCookie(secret)
      // The look-up has read the live session by the time that the revocation is announced.
      await reached
      await stores.sessions.revoke(session.id, 'test', at())
      await feed.catchUp()
      const after = credentials.sessionCookie(secret)
      release()
      t.ok(await before, 'it was asked before the end')
      t.equal(await after, undefined)
      t.equal(await credentials.sessionCookie(secret), undefined)
    })
    await t.test('when the feed is stale nothing remembered counts, and it counts again when it is read', async (t) => {
      const { secret } = await bench.signIn()
      await credentials.sessionCookie(secret)
      looks.up = 0
      bench.cutFeed(true)
      bench.monotonic.advance(0.999)
      t.equal(feed.isCurrent(), true)
      await credentials.sessionCookie(secret)
      t.equal(looks.up, 0)
      bench.monotonic.advance(0.001)
      t.equal(feed.isCurrent(), false)
      t.ok(await proves(credentials.sessionCookie(secret)), 'the store answers instead')
      t.ok(await proves(credentials.sessionCookie(secret)))
      t.equal(looks.up, 2)
      await t.rejects(feed.catchUp())
      bench.cutFeed(false)
      await feed.catchUp()
      t.equal(feed.isCurrent(), true)
      await credentials.sessionCookie(secret)
      await credentials.sessionCookie(secret)
      t.ok(looks.up <= 3)
    })
    await t.test('the feed is as old as the beginning of its last read, however long that took', async (t) => {
      const { secret, session } = await bench.signIn()
      t.ok(await credentials.sessionCookie(secret))
      // One that the feed makes by itself, every 250 ms.
      const { release, reached } = bench.holdFeed()
      await reached
      bench.monotonic.advance(0.9)
      await stores.sessions.revoke(session.id, 'test', at())
      // Later reads fail, and this one does not have what was revoked after it.
      bench.cutFeed(true)
      release()
      await t.rejects(feed.catchUp())
      t.equal(feed.isCurrent(), true)
      bench.monotonic.advance(0.1)
      t.equal(feed.isCurrent(), false, 'a second after it began')
      t.equal(await credentials.sessionCookie(secret), undefined)
      bench.cutFeed(false)
      await feed.catchUp()
      t.equal(feed.isCurrent(), true)
    })
    await t.test('the feed misses nothing of what happened while it could not be read', async (t) => {
      const { secret, session } = await bench.signIn()
      await credentials.sessionCookie(secret)
      bench.cutFeed(true)
      await stores.sessions.revoke(session.id, 'test', at())
      await t.rejects(feed.catchUp())
      bench.cutFeed(false)
      await feed.catchUp()
      t.equal(await credentials.sessionCookie(secret), undefined)
    })
    await t.test(
      'after a restore of the database nothing remembered counts until the process is started again',
      async (t) => {
        const restored = await open(t, backend)
        const { secret, session } = await restored.signIn()
        t.ok(await restored.credentials.sessionCookie(secret))
        restored.setBack(true)
        await t.rejects(restored.feed.catchUp(), { message: /started again/ })
        await restored.stores.sessions.revoke(session.id, 'test', restored.at())
        // From here on the numbers are all there again.
        restored.setBack(false)
        await t.rejects(restored.feed.catchUp(), { message: /started again/ })
        restored.monotonic.advance(1)
        t.equal(restored.feed.isCurrent(), false, 'which the service says by not being ready')
        t.equal(await restored.credentials.sessionCookie(secret), undefined)
      },
    )
    await t.test('a long-lived token that was proven, revoked and not asked for a while is refused', async (t) => {
      const { token, session } = await bench.signIn({ idleExpiresAt: at(3_600), expiresAt: at(7_200) })
      t.ok(await credentials.accessToken(token))
      await stores.sessions.revoke(session.id, 'test', at())
      await feed.catchUp()
      // Half an hour of other people's changes, longer than the feed keeps a subject.
      for (const target of [bench.clock, bench.monotonic]) target.advance(1_800)
      await stores.users.changeProfile((await bench.user()).id, { name: 'Someone else' })
      await feed.catchUp()
      t.equal(await credentials.accessToken(token), undefined)
    })
  })

  void test(`idle sessions on ${backend.name} stores`, async (t) => {
    const bench = await open(t, backend)
    const { credentials, clock } = bench
    const { secret } = await bench.signIn()
    t.ok(await credentials.sessionCookie(secret))
    clock.advance(100)
    t.equal(await credentials.sessionCookie(secret), undefined, 'a remembered session goes idle on time')

    const used = await bench.signIn()
    const dead: number[] = []
    for (let seconds = 30; seconds < 1_000; seconds += 30) {
      clock.advance(30)
      if ((await credentials.sessionCookie(used.secret)) === undefined) dead.push(seconds)
      await bench.touched()
    }
    t.same(dead, [], 'one that is used every 30 seconds stays, though it would go idle after 100')
    clock.advance(30)
    t.equal(await credentials.sessionCookie(used.secret), undefined, 'until its absolute end')
  })
}
