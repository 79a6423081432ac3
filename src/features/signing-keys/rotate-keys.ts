import type { Audit } from '../../core/audit.ts'
import { GatehouseError } from '../../core/errors.ts'
import type { Clock } from '../../core/clock.ts'
import type { SigningKey, SigningKeyStore } from '../../core/records/signing-key.ts'
import type { SecretBox } from '../../core/secrets.ts'
import { changesDue, type DueChange, type KeySchedule, type KeyStatus, statusOf } from './schedule.ts'
import { makeKey, openPrivateKey, wrongSecret } from './signing-key.ts'
import type { signingKeysEvents } from './audit-events.ts'

export interface KeyAdministration {
  /** Every stored key, the last to sign first, and what it is good for now. */
  list(): Promise<{ key: SigningKey; status: KeyStatus }[]>
  /** Makes what the schedule asks for; most of the time nothing. */
  keepSchedule(): Promise<void>
  /** Lets the next keys sign, ahead of the schedule: at once when they have been published for their lead, otherwise then. */
  rotate(): Promise<Rotation>
  /**
   * Ends a key, or every key: nothing that they signed counts any more, on any replica, within a second. In the same
   * transaction the next key takes the place of one that was signing; where all end, new ones do. Throws `not_found` when
   * there is no such key.
   */
  endCompromised(kid?: string): Promise<Rotation>
  /** Seals what signs, or is going to, with the current secret, after which the previous one is not needed. Returns how many. */
  rewrap(): Promise<number>
}

/** What an operator is told about a rotation. */
interface Rotation {
  /** When other keys sign. */
  takesEffectAt: Date
  /** What that means, and what is left to do: whole sentences. */
  notice: string
}

const noticeOfSecret =
  'GATEHOUSE_SECRET must be replaced as well, unless that was done just now: the new keys are sealed with it. Give every ' +
  'replica a new one and the old one as GATEHOUSE_SECRET_PREVIOUS, run this command again, then drop the old one.'

/** Retired keys are kept so long for those who look at what was signed when. */
const keepRetiredMilliseconds = 90 * 86_400_000

export function createKeyAdministration(dependencies: {
  store: SigningKeyStore
  box: SecretBox
  clock: Clock
  audit: Audit<typeof signingKeysEvents>
  /** `maxAgeSeconds`: how long verifiers may keep the key set, whatever else the schedule says. */
  maxAgeSeconds: number
  schedule(): Promise<KeySchedule>
}): KeyAdministration {
  const { store, box, clock, audit, maxAgeSeconds } = dependencies
  const noticeOfEnd =
    'Nothing that an ended key signed counts here any more. Services that verify tokens by themselves may trust it, and ' +
    `refuse what a new key signs, until they fetch the key set anew: within ${maxAgeSeconds} seconds where they go by ` +
    'its Cache-Control. Some libraries keep it for longer, one without end: restart what must not wait.'

  /** The keys that sign or are going to, each with its private half; refuses when one does not open. */
  function openLiving(keys: readonly SigningKey[]): { key: SigningKey; privateKey: string }[] {
    const living = keys.filter((key) => ['next', 'active'].includes(statusOf(key, clock.now())))
    return living.map((key) => {
      const privateKey = openPrivateKey(key, box)
      if (privateKey === undefined) throw new GatehouseError('conflict', { detail: wrongSecret })
      return { key, privateKey }
    })
  }

  /**
   * Makes what is due, tells the trail about it, and resolves once this replica acts by it, with the time from which on
   * other keys sign.
   */
  async function change({
    rotateNow = false,
    endedOf = () => [],
  }: {
    rotateNow?: boolean
    endedOf?: (keys: SigningKey[]) => string[]
  } = {}): Promise<Date> {
    const now = clock.now()
    const at = new Date(now)
    let ended: string[] = []
    let promoted: DueChange['reschedule'] = []
    let takesEffectAt = at
    const schedule = await dependencies.schedule()
    const created = await store.change(async (keys) => {
      ended = endedOf(keys)
      const due = changesDue(keys, schedule, now, { rotateNow, ended })
      promoted = due.reschedule.filter(({ kid, activatesAt }) =>
        keys.some((key) => key.kid === kid && activatesAt < key.activatesAt),
      )
      takesEffectAt = due.takesEffectAt
      // Keys that only this process can open would silence every other replica.
      openLiving(keys.filter(({ kid }) => !ended.includes(kid)))
      const old = keys.filter(
        (key) => statusOf(key, now - keepRetiredMilliseconds) === 'retired' && key.compromisedAt === null,
      )
      return {
        create: await Promise.all(
          due.create.map(({ algorithm, ...times }) => makeKey(algorithm, box, { createdAt: at, ...times })),
        ),
        reschedule: due.reschedule,
        compromised: ended.map((kid) => ({ kid, at })),
        remove: [...due.remove, ...old.map(({ kid }) => kid)],
        reseal: [],
      }
    })
    for (const kid of ended) audit.record({ event: 'key.compromised', kid })
    for (const { kid, activatesAt } of promoted) {
      audit.record({ event: 'key.promoted', kid, activates_at: activatesAt.toISOString() })
    }
    for (const { kid, algorithm, activatesAt } of created) {
      audit.record({ event: 'key.created', kid, alg: algorithm, activates_at: activatesAt.toISOString() })
    }
    if (rotateNow) audit.record({ event: 'key.rotated', created: created.length })
    return takesEffectAt
  }

  return {
    async list() {
      const keys = (await store.list()).toSorted((a, b) => b.activatesAt.getTime() - a.activatesAt.getTime())
      return keys.map((key) => ({ key, status: statusOf(key, clock.now()) }))
    },
    async keepSchedule() {
      const { create, reschedule, remove } = changesDue(await store.list(), await dependencies.schedule(), clock.now())
      if (create.length + reschedule.length + remove.length > 0) await change()
    },
    async rotate() {
      const takesEffectAt = await change({ rotateNow: true })
      const notice =
        takesEffectAt.getTime() <= clock.now()
          ? 'The next keys sign from now on. Verifiers have known them for as long as they may keep the key set.'
          : `The next keys sign from ${takesEffectAt.toISOString()} on, when every verifier can know them.`
      return { takesEffectAt, notice }
    },
    async endCompromised(kid) {
      const endedOf = (keys: SigningKey[]) => {
        const ended = keys.filter((key) => key.compromisedAt === null && (kid === undefined || key.kid === kid))
        if (kid !== undefined && ended.length === 0) {
          throw new GatehouseError('not_found', { detail: 'There is no such key, or it has ended.' })
        }
        return ended.map((key) => key.kid)
      }
      const takesEffectAt = await change({ endedOf })
      return { takesEffectAt, notice: kid === undefined ? `${noticeOfEnd} ${noticeOfSecret}` : noticeOfEnd }
    },
    async rewrap() {
      let resealed = 0
      await store.change(async (keys) => {
        const reseal = openLiving(keys)
          .filter(({ key }) => !box.isCurrent(key.sealedPrivateKey, key.kid))
          .map(({ key: { kid }, privateKey }) => ({ kid, sealedPrivateKey: box.seal(privateKey, kid) }))
        resealed = reseal.length
        return { create: [], reschedule: [], compromised: [], remove: [], reseal }
      })
      audit.record({ event: 'key.rewrapped', resealed })
      return resealed
    },
  }
}
