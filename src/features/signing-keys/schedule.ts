import { maxAccessTokenSeconds } from '../../core/access-token.ts'
import type { SigningAlgorithm, SigningKey } from '../../core/records/signing-key.ts'
import type { KeySettings } from './settings.ts'

/** `next`: published, not signing yet; `active`: signs; `retiring`: verifies what it signed; `retired`: counts for nothing. */
export type KeyStatus = 'next' | 'active' | 'retiring' | 'retired'

export interface KeySchedule {
  /** Every algorithm that something is signed with. */
  algorithms: readonly SigningAlgorithm[]
  /** Of those, the ones that sign for programs that people sign in to, such as ID tokens, and nothing else. */
  ofProgramsAlone: readonly SigningAlgorithm[]
  /** Those that programs have asked for by name. */
  asked: readonly SigningAlgorithm[]
  /** How long a key signs. */
  rotationSeconds: number
  /** How long verifiers may keep the JWK set. */
  maxAgeSeconds: number
  /** How long a key is published before it signs: at least twice what verifiers may keep the set (OpenID Connect Core §10.1.1). */
  leadSeconds: number
}

/**
 * How long a key verifies after its last signature: as long as any setting lets a token live, and a minute for clocks. What is
 * set now says nothing of tokens that were issued before, or by a replica that was not restarted yet.
 */
const verifiesForSeconds = maxAccessTokenSeconds + 60

/**
 * The schedule that settings ask for. `ofPrograms`: the algorithms that the programs have that people sign in to, and nothing for those
 * of which nobody has said it. Keys of no other algorithm are made for them.
 */
export function scheduleOf(
  settings: KeySettings,
  { ofPrograms }: { ofPrograms: readonly (SigningAlgorithm | undefined)[] },
): KeySchedule {
  const { access_tokens, assertions, id_tokens } = settings
  const always = new Set<SigningAlgorithm>([access_tokens, assertions])
  const wanted = new Set(ofPrograms.map((algorithm) => algorithm ?? id_tokens))
  const ofProgramsAlone = [...wanted].filter((algorithm) => !always.has(algorithm))
  return {
    algorithms: [...always, ...ofProgramsAlone],
    ofProgramsAlone,
    asked: ofPrograms.filter((algorithm) => algorithm !== undefined),
    rotationSeconds: settings.rotation_days * 86_400,
    maxAgeSeconds: settings.max_age_seconds,
    leadSeconds: settings.lead_seconds,
  }
}

/** What a key is good for at a time, epoch milliseconds. */
export function statusOf(key: SigningKey, now: number): KeyStatus {
  if (key.compromisedAt !== null) return 'retired'
  if (now < key.activatesAt.getTime()) return 'next'
  if (key.retiresAt === null || now < key.retiresAt.getTime()) return 'active'
  return now < key.retiresAt.getTime() + verifiesForSeconds * 1000 ? 'retiring' : 'retired'
}

/** When a key of the ring next changes its status, epoch milliseconds; never: `Infinity`. */
export function nextChange(keys: readonly SigningKey[], now: number): number {
  const times = keys.flatMap(({ activatesAt, retiresAt }) => [
    activatesAt.getTime(),
    ...(retiresAt === null ? [] : [retiresAt.getTime(), retiresAt.getTime() + verifiesForSeconds * 1000]),
  ])
  return Math.min(...times.filter((time) => time > now))
}

/** A change of the ring that is due. */
export interface DueChange {
  create: ({ algorithm: SigningAlgorithm } & Times)[]
  reschedule: ({ kid: string } & Times)[]
  /** Kids of keys that were to sign one day, and never will. */
  remove: string[]
  /** When the last of the successors signs that a rotation ahead of the schedule is about. */
  takesEffectAt: Date
}
type Times = Pick<SigningKey, 'activatesAt' | 'retiresAt'>

/** One key of an algorithm's line of successors. Times are epoch milliseconds. */
interface Planned {
  /** Absent while the key has to be made. */
  stored?: SigningKey
  publishedAt: number
  activatesAt: number
}

/**
 * What is due, so that afterwards each algorithm has a line of keys in which each retires at the moment when the next one
 * signs: first the one that signs, and last one that signs no earlier than a lead from now. So a successor that every
 * verifier can know is there at any time, whichever key comes to an unforeseen end.
 *
 * - `ended`: kids of keys that count for nothing from now on. Where one of them was signing, its successor does so at once,
 *   or a new key where there is none.
 * - `rotateNow`: the next keys sign as soon as verifiers can know them, which is at once when their lead is over.
 *
 * An algorithm that comes to be used waits for its lead, as long as a key of another one signs in its place. Keys of
 * algorithms that nothing is signed with any more leave once all others sign.
 */
export function changesDue(
  keys: readonly SigningKey[],
  schedule: KeySchedule,
  clockNow: number,
  { rotateNow = false, ended = [] }: { rotateNow?: boolean; ended?: readonly string[] } = {},
): DueChange {
  const { algorithms } = schedule
  // Replicas' clocks differ by seconds: what another one has just done is not undone by looking at it from before.
  const now = Math.max(clockNow, ...keys.map((key) => (key.compromisedAt ?? key.createdAt).getTime()))
  const isActive = (key: SigningKey) => statusOf(key, now) === 'active'
  const isNext = (key: SigningKey) => statusOf(key, now) === 'next'
  const living = keys.filter((key) => !ended.includes(key.kid) && (isActive(key) || isNext(key)))
  const bereft = keys.filter((key) => ended.includes(key.kid) && isActive(key)).map(({ algorithm }) => algorithm)
  const nothingSigns = !living.some(isActive)
  const due: DueChange = { create: [], reschedule: [], remove: [], takesEffectAt: new Date(now) }
  // Nothing was signed by it before: nobody holds a key set that lacks its key. Where the setting was changed, the former one signs until
  // verifiers can know the new key; a program that has asked for one by name takes no other.
  const isFirst = (algorithm: SigningAlgorithm) =>
    living.every((key) => key.algorithm !== algorithm) &&
    (schedule.asked.includes(algorithm) || living.every((key) => algorithms.includes(key.algorithm)))
  let allSign = true
  for (const algorithm of algorithms) {
    // A key of an algorithm that is not in the schedule stood in for those that are.
    const signsNow =
      nothingSigns ||
      (schedule.ofProgramsAlone.includes(algorithm) && isFirst(algorithm)) ||
      bereft.some((lost) => lost === algorithm || !algorithms.includes(lost))
    const line = lineOf(
      living.filter((key) => key.algorithm === algorithm),
      schedule,
      now,
      signsNow,
    )
    const next = line.find(({ activatesAt }) => activatesAt > now)
    if (rotateNow && next !== undefined) {
      next.activatesAt = Math.min(next.activatesAt, Math.max(now, next.publishedAt + schedule.leadSeconds * 1000))
      due.takesEffectAt = new Date(Math.max(due.takesEffectAt.getTime(), next.activatesAt))
      extend(line, schedule, now)
    }
    allSign &&= line[0]!.activatesAt <= now
    for (const [index, { stored, activatesAt }] of line.entries()) {
      const successor = line[index + 1]
      const times = {
        activatesAt: new Date(activatesAt),
        retiresAt: successor === undefined ? null : new Date(successor.activatesAt),
      }
      if (stored === undefined) due.create.push({ algorithm, ...times })
      else if (!hasTimes(stored, times)) due.reschedule.push({ kid: stored.kid, ...times })
    }
  }
  if (allSign) {
    const unused = living.filter(({ algorithm }) => !algorithms.includes(algorithm))
    due.remove = unused.filter(isNext).map(({ kid }) => kid)
    due.reschedule.push(
      ...unused.filter(isActive).map(({ kid, activatesAt }) => ({ kid, activatesAt, retiresAt: new Date(now) })),
    )
  }
  return due
}

/** The line of one algorithm's keys, with those that have to be made. */
function lineOf(keys: readonly SigningKey[], schedule: KeySchedule, now: number, signsNow: boolean): Planned[] {
  const line = keys
    .map((stored): Planned => ({
      stored,
      publishedAt: stored.createdAt.getTime(),
      activatesAt: stored.activatesAt.getTime(),
    }))
    .toSorted((a, b) => a.activatesAt - b.activatesAt)
  const leadMilliseconds = schedule.leadSeconds * 1000
  if (line.length === 0) line.push({ publishedAt: now, activatesAt: signsNow ? now : now + leadMilliseconds })
  const [first] = line as [Planned]
  if (signsNow) first.activatesAt = Math.min(first.activatesAt, now)
  // A shorter setting holds for keys that were planned by a longer one, too.
  for (const [index, one] of line.entries()) {
    const before = line[index - 1]
    if (before === undefined || one.activatesAt <= now) continue
    const planned = before.activatesAt + schedule.rotationSeconds * 1000
    one.activatesAt = Math.min(one.activatesAt, Math.max(planned, one.publishedAt + leadMilliseconds, now))
  }
  extend(line, schedule, now)
  return line
}

/** Adds keys to the end of a line until the last one signs later than a lead from now. */
function extend(line: Planned[], schedule: KeySchedule, now: number): void {
  const earliest = now + schedule.leadSeconds * 1000
  for (let last = line.at(-1)!; last.activatesAt <= earliest; last = line.at(-1)!) {
    const planned = last.activatesAt + schedule.rotationSeconds * 1000
    line.push({ publishedAt: now, activatesAt: Math.max(planned, earliest) })
  }
}

function hasTimes(key: SigningKey, { activatesAt, retiresAt }: Times): boolean {
  return key.activatesAt.getTime() === activatesAt.getTime() && key.retiresAt?.getTime() === retiresAt?.getTime()
}
