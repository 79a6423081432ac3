import type { Audit } from '../../core/audit.ts'
import { GatehouseError } from '../../core/errors.ts'
import type { Clock, SigningKey, SigningKeyStore } from '../../core/ports.ts'
import type { SecretBox } from '../../core/secrets.ts'
import { changesDue, type DueChange, type KeySchedule, type KeyStatus, statusOf } from './schedule.ts'
import { makeKey } from './signing-key.ts'

export interface KeyAdministration {
  /** Every stored key, the last to sign first, and what it is good for now. */
  list(): Promise<{ key: SigningKey; status: KeyStatus }[]>
  /** Makes what the schedule asks for; most of the time nothing. */
  keepSchedule(): Promise<void>
  /** Publishes successors now, ahead of the schedule; they sign once every verifier can know them. */
  rotate(): Promise<void>
  /**
   * Ends a key, or all of them: nothing that they signed counts any more, on any replica, within a second; new keys sign
   * at once. Throws `not_found` when there is no such key.
   */
  endCompromised(kid?: string): Promise<void>
  /** Seals every private key with the current secret, after which the previous one is not needed. Returns how many. */
  rewrap(): Promise<number>
}

/** Retired keys are kept so long for those who look at what was signed when. */
const keepRetiredMilliseconds = 90 * 86_400_000

export function createKeyAdministration(dependencies: {
  store: SigningKeyStore
  box: SecretBox
  clock: Clock
  audit: Audit
  schedule: KeySchedule
  /** Resolves once this replica has read what was changed. */
  catchUp(): Promise<void>
}): KeyAdministration {
  const { store, box, clock, audit, schedule, catchUp } = dependencies

  async function made(due: DueChange, now: Date): Promise<SigningKey[]> {
    return Promise.all(
      due.create.map(({ algorithm, activatesAt }) => makeKey(algorithm, box, { createdAt: now, activatesAt })),
    )
  }

  async function change(decide: (keys: SigningKey[], now: number) => DueChange, compromised: string[] = []) {
    const now = clock.now()
    const created = await store.change(async (keys) => {
      const due = decide(keys, now)
      const old = keys.filter(
        (key) => statusOf(key, schedule, now - keepRetiredMilliseconds) === 'retired' && key.compromisedAt === null,
      )
      return {
        create: await made(due, new Date(now)),
        retire: due.retire,
        compromised: compromised.map((kid) => ({ kid, at: new Date(now) })),
        remove: old.map(({ kid }) => kid),
        reseal: [],
      }
    })
    for (const { kid, algorithm, activatesAt } of created) {
      audit.record({ event: 'key.created', kid, alg: algorithm, activates_at: activatesAt.toISOString() })
    }
    await catchUp()
    return created
  }

  return {
    async list() {
      const keys = (await store.list()).toSorted((a, b) => b.activatesAt.getTime() - a.activatesAt.getTime())
      return keys.map((key) => ({ key, status: statusOf(key, schedule, clock.now()) }))
    },
    async keepSchedule() {
      const due = changesDue(await store.list(), schedule, clock.now())
      if (due.create.length + due.retire.length === 0) return
      await change((keys, now) => changesDue(keys, schedule, now))
    },
    async rotate() {
      const created = await change((keys, now) => changesDue(keys, schedule, now, { rotateNow: true }))
      audit.record({ event: 'key.rotated', created: created.length })
    },
    async endCompromised(kid) {
      const stored = await store.list()
      const ended = stored.filter((key) => key.compromisedAt === null && (kid === undefined || key.kid === kid))
      if (kid !== undefined && ended.length === 0) {
        throw new GatehouseError('not_found', { detail: 'There is no such key, or it has ended.' })
      }
      const kids = ended.map((key) => key.kid)
      await change((keys, now) => {
        const left = keys.filter((key) => !kids.includes(key.kid))
        const due = changesDue(left, schedule, now)
        // Not published before: whoever verifies has to fetch the set anew in any case.
        const create = due.create.map(({ algorithm }) => ({ algorithm, activatesAt: new Date(now) }))
        return { create, retire: due.retire }
      }, kids)
      for (const one of kids) audit.record({ event: 'key.compromised', kid: one })
    },
    async rewrap() {
      let resealed = 0
      await store.change(async (keys) => {
        const reseal = keys
          .filter((key) => !box.isCurrent(key.sealedPrivateKey, key.kid))
          .map((key) => ({
            kid: key.kid,
            sealedPrivateKey: box.seal(box.open(key.sealedPrivateKey, key.kid), key.kid),
          }))
        resealed = reseal.length
        return { create: [], retire: [], compromised: [], remove: [], reseal }
      })
      audit.record({ event: 'key.rewrapped', resealed })
      await catchUp()
      return resealed
    },
  }
}
