import type { Clock } from '../../core/clock.ts'
import type { KnownDeviceStore } from '../../core/records/known-device.ts'
import type { QueuedMail } from '../../core/records/mail.ts'
import type { User } from '../../core/records/user.ts'
import { eachOf, hashSecret, randomSecret, type Shown } from '../../core/secrets.ts'

/** How long a browser stays known after its last sign-in. */
const knownSeconds = 365 * 86_400

interface Recognised {
  /**
   * The secret that the browser is known by for the account, of those that it shows. Nothing when it never signed in to this account,
   * or what it was known by has ended.
   */
  knownBy: string | undefined
  /** That, or what it shows otherwise. */
  keeps: string | undefined
}

export interface KnownDevices {
  /** Looks at what a browser shows for the account of an address. */
  recognise(shown: Shown | undefined, email: string): Promise<Recognised>
  /**
   * Knows a browser from a complete sign-in on. Resolves to what its cookie shall hold: the secret that it showed, when it
   * is known for this account already, else a new one, with which the mails are queued. Nothing when the account's password has changed since it was
   * verified. `rememberedDays`: for how long the second factor is not asked for in it from now on; 0 leaves that as it is.
   */
  remember(
    user: User,
    device: { secret: string | undefined; userAgent: string; rememberedDays: number },
    mails: readonly QueuedMail[],
  ): Promise<{ secret: string; expires: Date } | undefined>
  /** Whether the second factor of this account is not asked for in the browser of this secret. */
  isRemembered(user: Pick<User, 'id'>, secret: string | undefined): Promise<boolean>
}

/**
 * The way in that a stranger cannot use up. A few wrong tries lock an account for everybody who guesses, and anybody can make
 * them; a browser that has signed in completely has failures for itself. It skips no limit of its network, and no factor unless its person has asked for that
 * where they showed one. A browser is known for one account and its present password, by all replicas.
 */
export function createKnownDevices(dependencies: { devices: KnownDeviceStore; clock: Clock }): KnownDevices {
  const { devices, clock } = dependencies
  return {
    async recognise(shown, email) {
      const at = new Date(clock.now())
      for (const secret of eachOf(shown)) {
        const isKnown = await devices.isKnown({ secretHash: hashSecret(secret), email, at })
        if (isKnown) return { knownBy: secret, keeps: secret }
      }
      return { knownBy: undefined, keeps: eachOf(shown)[0] }
    },
    async remember(user, { secret: shown, userAgent, rememberedDays }, mails) {
      const now = clock.now()
      const [secret, expires] = [randomSecret(), new Date(now + knownSeconds * 1000)]
      // A copy that was taken before is not remembered with the browser.
      const renewable = rememberedDays > 0 ? undefined : shown
      const shownHash = renewable === undefined ? undefined : hashSecret(renewable)
      const rememberedUntil = new Date(now + rememberedDays * 86_400_000)
      const device = {
        ...{ userId: user.id, secretHash: hashSecret(secret), at: new Date(now), expiresAt: expires },
        userAgent: userAgent.slice(0, 512),
        ...(rememberedDays > 0 && { rememberedUntil }),
      }
      const outcome = await devices.remember({ ...device, shownHash }, user.passwordHash, mails)
      if (outcome === 'refused') return undefined
      return { secret: outcome === 'renewed' ? shown! : secret, expires }
    },
    isRemembered: async ({ id: userId }, secret) =>
      secret !== undefined &&
      devices.isRemembered({ secretHash: hashSecret(secret), userId, at: new Date(clock.now()) }),
  }
}
