import type { SigningAlgorithm, SigningKey } from '../../core/ports.ts'

/** How long verifiers may keep the JWK set. */
export const jwksMaxAgeSeconds = 300

/** `next`: published, not signing yet; `active`: signs; `retiring`: verifies what it signed; `retired`: counts for nothing. */
export type KeyStatus = 'next' | 'active' | 'retiring' | 'retired'

export interface KeySchedule {
  /** Every algorithm that something is signed with. */
  algorithms: readonly SigningAlgorithm[]
  /** How long a key signs. */
  rotationSeconds: number
  /** How long a key is published before it signs: twice what verifiers may keep the set (OpenID Connect Core §10.1.1). */
  leadSeconds: number
  /** How long a key verifies after its last signature: the longest life of a token, and some seconds for clocks. */
  verifiesForSeconds: number
}

/** The schedule that settings ask for; `longestTokenSeconds`: the longest life of anything that is signed. */
export function keyScheduleOf(
  settings: { access_tokens: SigningAlgorithm; assertions: SigningAlgorithm; rotation_days: number },
  longestTokenSeconds: number,
): KeySchedule {
  return {
    algorithms: [...new Set([settings.access_tokens, settings.assertions])],
    rotationSeconds: settings.rotation_days * 86_400,
    leadSeconds: 2 * jwksMaxAgeSeconds,
    verifiesForSeconds: longestTokenSeconds + 60,
  }
}

/** What a key is good for at a time, epoch milliseconds. */
export function statusOf(key: SigningKey, schedule: KeySchedule, now: number): KeyStatus {
  if (key.compromisedAt !== null) return 'retired'
  if (now < key.activatesAt.getTime()) return 'next'
  if (key.retiresAt === null || now < key.retiresAt.getTime()) return 'active'
  return now < key.retiresAt.getTime() + schedule.verifiesForSeconds * 1000 ? 'retiring' : 'retired'
}

/** When a key of the ring next changes its status, epoch milliseconds; never: `Infinity`. */
export function nextChange(keys: readonly SigningKey[], schedule: KeySchedule, now: number): number {
  const times = keys.flatMap(({ activatesAt, retiresAt }) => [
    activatesAt.getTime(),
    ...(retiresAt === null ? [] : [retiresAt.getTime(), retiresAt.getTime() + schedule.verifiesForSeconds * 1000]),
  ])
  return Math.min(...times.filter((time) => time > now))
}

/** A change of the ring that is due. */
export interface DueChange {
  create: { algorithm: SigningAlgorithm; activatesAt: Date }[]
  retire: { kid: string; retiresAt: Date }[]
}

/**
 * What is due: a first key for an algorithm that has none, a successor for a key whose time is nearly up (all, when
 * `rotateNow`), and the end of keys of algorithms that nothing is signed with any more. Only a ring that verifies nothing
 * yet, or that lost every key, gets a key that signs at once; any other is published first.
 */
export function changesDue(
  keys: readonly SigningKey[],
  schedule: KeySchedule,
  now: number,
  { rotateNow = false } = {},
): DueChange {
  const due: DueChange = { create: [], retire: [] }
  const usable = keys.filter((key) => statusOf(key, schedule, now) !== 'retired')
  const signsAt = new Date(now + schedule.leadSeconds * 1000)
  for (const algorithm of schedule.algorithms) {
    const newest = newestOf(usable, algorithm)
    if (newest === undefined) {
      const someSigns = usable.some((key) => statusOf(key, schedule, now) === 'active')
      due.create.push({ algorithm, activatesAt: someSigns ? signsAt : new Date(now) })
      continue
    }
    // Its successor, or its own first signature, is on the way.
    if (newest.retiresAt !== null || now < newest.activatesAt.getTime()) continue
    const planned = newest.activatesAt.getTime() + schedule.rotationSeconds * 1000
    if (!rotateNow && now < planned - schedule.leadSeconds * 1000) continue
    const activatesAt = new Date(rotateNow ? signsAt.getTime() : Math.max(signsAt.getTime(), planned))
    due.create.push({ algorithm, activatesAt })
    due.retire.push({ kid: newest.kid, retiresAt: activatesAt })
  }
  const allSign = schedule.algorithms.every((algorithm) =>
    usable.some((key) => key.algorithm === algorithm && statusOf(key, schedule, now) === 'active'),
  )
  if (allSign) {
    const unused = usable.filter((key) => !schedule.algorithms.includes(key.algorithm) && key.retiresAt === null)
    due.retire.push(...unused.map(({ kid }) => ({ kid, retiresAt: new Date(now) })))
  }
  return due
}

function newestOf(keys: readonly SigningKey[], algorithm: SigningAlgorithm): SigningKey | undefined {
  return keys
    .filter((key) => key.algorithm === algorithm)
    .toSorted((a, b) => b.activatesAt.getTime() - a.activatesAt.getTime())[0]
}
