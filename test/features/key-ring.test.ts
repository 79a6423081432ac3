/**
 * The ring of signing keys through any sequence of rotations, ends, restarts with other settings and passing time, on two
 * replicas of which one learns late. What must hold is said once, in `check`, and tried on sequences that nobody thought of.
 */
import * as fc from 'fast-check'
import { test } from 'tap'
import { tokenTypes } from '../../src/core/access-token.ts'
import type { SigningAlgorithm, SigningKey, SigningKeyStore } from '../../src/core/records/signing-key.ts'
import { createSecretBox } from '../../src/core/secrets.ts'
import { createKeyRing, type KeyRing } from '../../src/features/signing-keys/key-ring.ts'
import { createKeyAdministration } from '../../src/features/signing-keys/rotate-keys.ts'
import { scheduleOf, statusOf } from '../../src/features/signing-keys/schedule.ts'
import { backends } from '../support/backends.ts'
import { day, hour } from '../support/keys.ts'
import { testSecret } from '../support/secrets.ts'
import { createClock, type TestClock } from '../support/service.ts'

const issuer = 'https://auth.example.test'
const box = createSecretBox([testSecret()], 'signing keys')
interface Settings {
  rotation_days: number
  lead_seconds: number
  access_ttl_seconds: number
}
const firstSettings: Settings = { rotation_days: 30, lead_seconds: hour, access_ttl_seconds: 300 }
const others = { max_age_seconds: 300, access_tokens: 'ES256', assertions: 'EdDSA', id_tokens: 'RS256' } as const
const algorithmOf = (type: string): SigningAlgorithm => (type === 'identity-assertion+jwt' ? 'EdDSA' : 'ES256')
const silent = { info() {}, warn() {}, error() {} }

/** `which` names a key by its position among those that have not ended. */
type Step =
  | { does: 'wait'; seconds: number }
  | { does: 'upkeep'; replica: 0 | 1 }
  | { does: 'rotate'; replica: 0 | 1 }
  | { does: 'restart'; replica: 0 | 1; settings: Settings }
  | { does: 'learn'; replica: 0 | 1 }
  | { does: 'end'; replica: 0 | 1; which: number | 'all' }

const replica = fc.constantFrom(0 as const, 1 as const)
/** The lead is at most half of what a key signs for: the least and the most that settings allow, and what lies between. */
const settingsOfRestart: fc.Arbitrary<Settings> = fc.record({
  rotation_days: fc.constantFrom(1, 2, 30),
  lead_seconds: fc.constantFrom(600, hour, 12 * hour),
  access_ttl_seconds: fc.constantFrom(1, 300, day),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    does: fc.constant('wait' as const),
    seconds: fc.constantFrom(1, 60, 299, 301, hour - 1, hour, hour + 1, day, 30 * day - hour, 30 * day, 100 * day),
  }),
  fc.record({
    does: fc.constantFrom('upkeep' as const, 'rotate' as const, 'learn' as const),
    replica,
  }),
  fc.record({ does: fc.constant('restart' as const), replica, settings: settingsOfRestart }),
  fc.record({ does: fc.constant('end' as const), replica, which: fc.oneof(fc.nat(7), fc.constant('all' as const)) }),
)

/** A token that was issued for a day, and then a setting by which no token lives for more than minutes. */
const shorterLife: Step[] = [
  { does: 'restart', replica: 0, settings: { ...firstSettings, access_ttl_seconds: day } },
  { does: 'rotate', replica: 0 },
  { does: 'wait', seconds: hour },
  { does: 'restart', replica: 0, settings: firstSettings },
  { does: 'wait', seconds: hour },
]

for (const backend of backends) {
  void test(`any course of the key ring on ${backend.name} stores`, async (t) => {
    const clock = createClock()
    const opened = await backend.open(clock)
    const stores = [opened.stores, (await opened.replica?.()) ?? opened.stores] as const
    t.teardown(async () => {
      if (stores[1] !== stores[0]) await stores[1].close()
      await opened.close()
    })

    /** The second replica's clock is three seconds behind. */
    const clocks = [clock, { now: () => clock.now() - 3_000 }] as const

    async function openReplica(index: 0 | 1, settings: Settings) {
      const schedule = scheduleOf({ ...others, ...settings }, { ofPrograms: [] })
      const self = {
        schedule,
        tokenSeconds: settings.access_ttl_seconds,
        ring: undefined as unknown as KeyRing,
        knowsAll: true,
      }
      const { list, change } = stores[index].signingKeys
      const store: SigningKeyStore = {
        list,
        async change(decide) {
          const made = await change(decide)
          await self.ring?.reload([])
          self.knowsAll = true
          return made
        },
      }
      const dependencies = { store, box, clock: clocks[index], schedule, audit: { record() {} } }
      const open = async () => {
        const ring = createKeyRing({ ...dependencies, log: silent, issuer, algorithmOf })
        await ring.open()
        return ring
      }
      const administration = createKeyAdministration({
        ...dependencies,
        maxAgeSeconds: schedule.maxAgeSeconds,
        schedule: async () => schedule,
      })
      await administration.keepSchedule()
      self.ring = await open()
      return Object.assign(self, { administration })
    }

    async function run(steps: readonly Step[]): Promise<void> {
      const nothing = { create: [], reschedule: [], compromised: [], reseal: [], remove: [] }
      await stores[0].signingKeys.change(async (keys) => ({ ...nothing, remove: keys.map(({ kid }) => kid) }))
      const replicas = [await openReplica(0, firstSettings), await openReplica(1, firstSettings)] as const
      /** Tokens that must be accepted until they expire, or until their key ends. */
      let live: { token: string; kid: string; until: number }[] = []
      /** Kids that some key set showed, and since when: what a patient verifier can know. */
      const shown = new Map<string, number>()

      for (const one of [{ does: 'wait', seconds: 1 } as const, ...steps]) {
        const before = await stores[0].signingKeys.list()
        await take(one, replicas, before, clock)
        await check(one, before)
      }

      async function check(one: Step, before: readonly SigningKey[]): Promise<void> {
        const now = clock.now()
        const keys = await stores[0].signingKeys.list()
        // The one that acted says by which settings; which key signs is the same by any.
        const { schedule } = replicas['replica' in one ? one.replica : 0]
        const withStatus = (status: string) => keys.filter((key) => statusOf(key, now) === status)
        const ended = new Set(keys.filter(({ compromisedAt }) => compromisedAt !== null).map(({ kid }) => kid))
        const say = (what: string) => `${what} after ${JSON.stringify(one)}`
        for (const algorithm of schedule.algorithms) {
          const of = (status: string) => withStatus(status).filter((key) => key.algorithm === algorithm)
          if (of('active').length !== 1) throw new Error(say(`${of('active').length} active keys of ${algorithm}`))
          // Time alone may use the next key up; the service looks every minute.
          if (one.does !== 'wait' && one.does !== 'learn' && of('next').length === 0)
            throw new Error(say('no next key'))
        }
        for (const { ring, knowsAll, tokenSeconds } of replicas) {
          const set = JSON.parse(ring.jwks.body) as { keys: { kid: string }[] }
          for (const { kid } of set.keys) {
            if (!shown.has(kid)) shown.set(kid, now)
            if (knowsAll && ended.has(kid)) throw new Error(say('an ended key is published'))
          }
          const iat = Math.floor(now / 1000)
          const claims = { sub: 'a', aud: 'b', jti: 'c', client_id: 'd', iat, exp: iat + tokenSeconds }
          for (const type of tokenTypes) {
            const token = ring.sign(type, claims)
            const { kid } = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string }
            if (knowsAll && ended.has(kid)) throw new Error(say('an ended key signs'))
            if (!set.keys.some((key) => key.kid === kid)) throw new Error(say('a key signs that is not published'))
            if (type === 'at+jwt') live.push({ token, kid, until: claims.exp * 1000 })
          }
        }
        // What signs after a rotation has been known to every verifier for a lead.
        if (one.does === 'rotate' || one.does === 'upkeep' || one.does === 'restart') {
          for (const { kid, createdAt } of withStatus('active')) {
            const signedBefore = before.some((key) => key.kid === kid && statusOf(key, now) === 'active')
            if (!signedBefore && now - createdAt.getTime() < schedule.leadSeconds * 1000) {
              throw new Error(say('a key signs that verifiers cannot know'))
            }
          }
        }
        // Nothing but the end of everything makes a key sign that was never shown.
        if (one.does === 'end' && one.which !== 'all') {
          for (const { kid } of withStatus('active')) {
            if (!before.some((key) => key.kid === kid) && before.some((key) => statusOf(key, now) === 'next')) {
              throw new Error(say('a key signs that nobody knows, though a next one was published'))
            }
          }
        }
        live = live.filter(({ until }) => now < until)
        for (const { ring, knowsAll } of replicas.filter(({ knowsAll }) => knowsAll)) {
          for (const { token, kid } of live) {
            const accepted = ring.verifyAccessToken(token) !== undefined
            if (accepted === ended.has(kid))
              throw new Error(say(`${accepted ? 'accepted' : 'refused'}: token of ${kid}, ${knowsAll}`))
          }
        }
      }
    }

    async function take(
      one: Step,
      replicas: readonly [Awaited<ReturnType<typeof openReplica>>, Awaited<ReturnType<typeof openReplica>>],
      keys: readonly SigningKey[],
      time: TestClock,
    ): Promise<void> {
      if (one.does === 'wait') {
        // Within a second each replica has read the feed, or lets nobody in.
        for (const each of replicas) await learn(each)
        return time.advance(one.seconds)
      }
      const [here, there] = one.replica === 0 ? replicas : [replicas[1], replicas[0]]
      if (one.does === 'learn') return learn(here)
      if (one.does === 'restart') Object.assign(here, await openReplica(one.replica, one.settings))
      if (one.does === 'upkeep') await here.administration.keepSchedule()
      if (one.does === 'rotate') await here.administration.rotate()
      if (one.does === 'end') {
        const left = keys.filter(({ compromisedAt }) => compromisedAt === null)
        await here.administration.endCompromised(one.which === 'all' ? undefined : left[one.which % left.length]!.kid)
      }
      there.knowsAll = false
    }

    async function learn(one: Awaited<ReturnType<typeof openReplica>>): Promise<void> {
      await one.ring.reload([])
      one.knowsAll = true
    }

    await t.test('each algorithm signs, ended keys count for nothing, all other tokens live on', async (t) => {
      const courses = fc.array(step, { minLength: 1, maxLength: 14 })
      await fc.assert(fc.asyncProperty(courses, run), { numRuns: 60, examples: [[shorterLife]] })
      t.pass('60 courses')
    })
  })
}
