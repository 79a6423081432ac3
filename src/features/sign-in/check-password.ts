import type { Audit } from '../../core/audit.ts'
import type { Budget, Budgets, UsedUp } from '../../core/budgets.ts'
import type { Clock } from '../../core/clock.ts'
import { DirectoryFault } from '../../core/directory.ts'
import { unavailable } from '../../core/errors.ts'
import { limitKey } from '../../core/network.ts'
import type { PasswordHasher } from '../../core/password-hasher.ts'
import type { User, UserStore } from '../../core/records/user.ts'
import type { Shown } from '../../core/secrets.ts'
import { createTellOnce } from '../../core/tell-once.ts'
import { canonicalLogin } from '../../core/username.ts'
import type { Directories, DirectoryAnswer } from '../directories/index.ts'
import type { DummyHashes } from './dummy-hashes.ts'
import type { KnownDevices } from './known-devices.ts'
import type { signInEvents } from './audit-events.ts'
import type { RenewHash } from './renew-hash.ts'
import type { FailureLimits } from './settings.ts'

/** Where a try comes from. */
export interface TriedFrom {
  /** Network address of the person. */
  ip: string
  /** What the browser shows that it is known by. */
  known: Shown | undefined
}

type NotRight = 'unknown_account' | 'user_disabled' | 'wrong_password' | 'locked_elsewhere' | 'limited_elsewhere'

/** What a directory says of a right password that opens no account here. */
export type Elsewhere = Exclude<DirectoryAnswer, { kind: 'right' | 'wrong' }>

type PasswordCheck =
  /**
   * `knownBy`: the secret that the browser is known by for this account. `keeps`: that, or what it shows otherwise; nothing
   * where what it was known by counts for nothing.
   */
  | { kind: 'right'; user: User; knownBy: string | undefined; keeps: string | undefined }
  /** `user`: whose account it would be. */
  | { kind: 'wrong'; user: User | undefined; reason: NotRight }
  /** The password is right, and is not enough: of the directory that keeps it. */
  | Elsewhere
  /** The password is right, and the person has asked for the deletion of the account. */
  | { kind: 'deletion_pending'; user: User; deletesAt: Date }
  | { kind: 'too_many_failures'; retryAfterSeconds: number; limit: number }

/** `login`: an email address or a user name. */
export type CheckPassword = (login: string, password: string, from: TriedFrom) => Promise<PasswordCheck>

/** Of what the failures of a try are counted. */
type Scope = 'account' | 'pair' | 'device' | 'address' | 'service'

/**
 * Tests the password of an account, wherever one is asked for: all doors share the budgets of failures. An unknown, a
 * disabled and a password-less account cost the same time as a wrong password. Rejects when failures cannot be counted, and as
 * `unavailable` when a directory gives no answer, which counts as nobody's failure.
 *
 * Accounts with a password here come first. Any other name is asked of the directories at the same time at which a dummy is tested.
 *
 * Each try is counted before it is evaluated, under the account that is named, so that parallel tries or other spellings never
 * get more evaluations than the limit (CVE-2024-4629, CVE-2025-24806). A right password takes back what the same network, or
 * the same browser, has failed for this account, and no more: whoever has an account of their own buys no tries at others' by
 * signing in to it, nor do strangers when its person does. A browser that is known for the account has failures of its own in
 * place of those that strangers can use up, and leaves theirs as they are; once they are used up it is a stranger like others.
 */
export function createCheckPassword(dependencies: {
  users: Pick<UserStore, 'findByLogin'>
  hasher: Pick<PasswordHasher, 'verify' | 'assertRoom'>
  dummies: DummyHashes
  renewHash: RenewHash
  budgets: Pick<Budgets, 'spend' | 'forgive'>
  knownDevices: Pick<KnownDevices, 'recognise'>
  directories: Pick<Directories, 'areThere' | 'askPassword' | 'times'>
  audit: Audit<typeof signInEvents>
  /** Tells the person once a lockout, beside the request; of no account it does the same work. */
  tellOfLockout(user: User | undefined): void
  clock: Clock
  limits: FailureLimits
}): CheckPassword {
  const { users, hasher, dummies, renewHash, budgets, knownDevices, directories } = dependencies
  const { audit, tellOfLockout, clock, limits } = dependencies
  const windowSeconds = limits.failure_window_seconds
  const most: Record<Scope, number> = {
    account: limits.failures_per_account,
    // Fewer, so that one network alone locks nobody out.
    pair: limits.failures_per_pair ?? Math.max(5, Math.ceil(limits.failures_per_account / 2)),
    device: limits.failures_per_device,
    address: limits.failures_per_address,
    service: limits.failures_of_service,
  }
  const isNews = createTellOnce(clock, windowSeconds)

  async function refuse(usedUp: UsedUp, scope: Scope, user: User | undefined) {
    // The first refusal alone, of all replicas: whoever goes on trying shall not fill the trail.
    const told = { key: `told:${usedUp.budget.key}`, most: 1, windowSeconds }
    if (isNews(told.key) && (await budgets.spend([told])).kind === 'spent') {
      audit.record({ event: 'sign_in.limited', subject: user?.id, scope, limit: most[scope] })
      if (scope === 'account') tellOfLockout(user)
    }
    return { kind: 'too_many_failures', retryAfterSeconds: usedUp.resetSeconds, limit: most[scope] } as const
  }

  /** What the browser is known by for this account, which may be another than the one of the name that was typed. */
  async function knownFor(user: User, { known, named, knownBy, keeps }: Parameters<typeof take>[2]) {
    return user.id === named?.id ? { knownBy, keeps } : knownDevices.recognise(known, user.email)
  }

  /** What it comes to that a directory has answered. The account's own status counts as it does for a password that is kept here. */
  async function take(
    answer: DirectoryAnswer,
    counted: readonly Budget[],
    from: { known: Shown | undefined; named: User | undefined; knownBy: string | undefined; keeps: string | undefined },
  ): Promise<PasswordCheck> {
    if (answer.kind === 'wrong') return answer
    if (answer.kind === 'right' && !['active', 'deleting'].includes(answer.user.status)) {
      return { kind: 'wrong', user: answer.user, reason: 'user_disabled' }
    }
    await budgets.forgive(counted)
    if (answer.kind !== 'right') return answer
    const { user } = answer
    return user.status === 'deleting' && user.deletesAt !== null
      ? { kind: 'deletion_pending', user, deletesAt: user.deletesAt }
      : { kind: 'right', user, ...(await knownFor(user, from)) }
  }

  return async (login, password, { ip, known }) => {
    // Mostly nothing is counted, nor looked up, that is not evaluated. A known device has room of its own.
    if (known === undefined) hasher.assertRoom()
    const named = canonicalLogin(login)
    const user = await users.findByLogin(named)
    // For every name alike, whether or not it is needed.
    const dummy = await dummies.hashFor(user?.email ?? named)
    let { knownBy, keeps } = await knownDevices.recognise(known, user?.email ?? named)
    // Anybody can make up a cookie.
    if (knownBy === undefined) hasher.assertRoom()

    // One account has one budget, by whatever it is named. By a number, so that lifting a lockout needs no store but SQL.
    const account = `${user?.unlocks ?? 0}:${user?.id ?? named}`
    const network = limitKey(ip)
    const scopes = new Map<Budget, Scope>()
    const budget = (scope: Scope, key: string): Budget => {
      const made = { key: `password:${scope}:${key}`, most: most[scope], windowSeconds }
      scopes.set(made, scope)
      return made
    }
    const pair = network === undefined ? [] : [budget('pair', `${network}:${account}`)]
    const address = network === undefined ? [] : [budget('address', network)]
    const strangers = [...pair, budget('account', account), ...address, budget('service', '')]
    const device = knownBy === undefined ? [] : [budget('device', `${knownBy}:${account}`)]

    const isElsewhere = directories.areThere && (user?.passwordHash ?? null) === null
    // Of this try alone, so that it can be given back by itself.
    const own = isElsewhere ? [{ key: `password:try:${crypto.randomUUID()}`, most: 1, windowSeconds }] : []

    let counted = knownBy === undefined ? strangers : [...device, ...address]
    const level = directories.areThere ? directories.times.begin() : undefined
    let spending = await budgets.spend([...own, ...counted])
    if (spending.kind === 'used_up' && spending.budget === device[0]) {
      // From here on it counts for nothing: neither for its place in the queue, nor as a device that its person knows.
      knownBy = keeps = undefined
      counted = strangers
      hasher.assertRoom()
      spending = await budgets.spend([...own, ...counted])
    }
    if (spending.kind === 'used_up') return refuse(spending, scopes.get(spending.budget)!, user)

    const passwordHash = user?.passwordHash ?? null
    const asked = { login: named, user, password, isKnown: knownBy !== undefined }
    const [opens, elsewhere] = await Promise.all([
      hasher.verify(passwordHash ?? dummy, password, knownBy !== undefined),
      isElsewhere ? directories.askPassword(asked) : undefined,
    ]).catch(async (error: unknown) => {
      if (!(error instanceof DirectoryFault)) throw error
      await budgets.forgive([...own, ...counted])
      throw unavailable(error)
    })
    if (elsewhere !== undefined) return take(elsewhere, counted, { known, named: user, knownBy, keeps })
    const matches = opens && passwordHash !== null
    if (!matches) await level?.()
    if (user === undefined) return { kind: 'wrong', user, reason: 'unknown_account' }
    if (matches && user.status === 'deleting' && user.deletesAt !== null) {
      // The password was right, and says so. Of a disabled account nobody learns it, by what is counted neither.
      await budgets.forgive(counted)
      return { kind: 'deletion_pending', user, deletesAt: user.deletesAt }
    }
    if (!matches || user.status !== 'active') {
      return { kind: 'wrong', user, reason: matches ? 'user_disabled' : 'wrong_password' }
    }
    await budgets.forgive(counted)
    const proven = await renewHash({ ...user, passwordHash }, password)
    if (proven === undefined) return { kind: 'wrong', user, reason: 'wrong_password' }
    return { kind: 'right', user: proven, knownBy, keeps }
  }
}
