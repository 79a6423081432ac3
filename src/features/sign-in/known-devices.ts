import type { Clock } from '../../core/clock.ts'
import type { KnownDeviceStore } from '../../core/records/known-device.ts'
import type { User } from '../../core/records/user.ts'
import { eachOf, hashSecret, randomSecret, type Shown } from '../../core/secrets.ts'
import type { FailureLimits } from './settings.ts'

/** How long a browser stays known after its last sign-in. */
const knownSeconds = 365 * 86_400

export interface KnownDevices {
  /**
   * Counts a try of an account's password, before it is evaluated, against the budget of the browser that it comes from.
   * Resolves to the secret that the browser is known by for this account. Nothing when it has no budget: it never signed
   * in to this account, or has used its budget up.
   */
  mayTry(shown: Shown | undefined, email: string): Promise<string | undefined>
  /** After a right password. */
  clearTries(secret: string): Promise<void>
  /**
   * Knows a browser from a complete sign-in on. Resolves to what its cookie shall hold: the secret that it showed, when it
   * is known for this account already. Nothing when the account's password has changed since it was verified.
   */
  remember(user: User, secret: string | undefined): Promise<{ secret: string; expires: Date } | undefined>
}

/**
 * The way in that a stranger cannot use up. Ten wrong tries lock an account for everybody who guesses, and anybody can make
 * them; a browser that has signed in completely has so many failures for itself. It skips no factor and no other limit. A
 * browser is known for one account and its present password, by all replicas.
 */
export function createKnownDevices(dependencies: {
  devices: KnownDeviceStore
  clock: Clock
  limits: FailureLimits
}): KnownDevices {
  const { devices, clock, limits } = dependencies
  return {
    async mayTry(shown, email) {
      const at = new Date(clock.now())
      const { failures_per_account: max, failure_window_seconds: windowSeconds } = limits
      // One at a time: only one of them may be charged.
      for (const secret of eachOf(shown)) {
        const tries = await devices.countTry({ secretHash: hashSecret(secret), email, at, windowSeconds })
        if (tries !== undefined) return tries <= max ? secret : undefined
      }
      return undefined
    },
    clearTries: (secret) => devices.clearTries(hashSecret(secret)),
    async remember(user, shown) {
      const now = clock.now()
      const [secret, expires] = [randomSecret(), new Date(now + knownSeconds * 1000)]
      const shownHash = shown === undefined ? undefined : hashSecret(shown)
      const device = { userId: user.id, secretHash: hashSecret(secret), at: new Date(now), expiresAt: expires }
      const outcome = await devices.remember({ ...device, shownHash }, user.passwordHash)
      if (outcome === 'refused') return undefined
      return { secret: outcome === 'renewed' ? shown! : secret, expires }
    },
  }
}
