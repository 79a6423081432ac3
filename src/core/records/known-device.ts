import type { QueuedMail } from './mail.ts'

/** A browser in which somebody is not asked for their second factor, as they wanted. */
interface RememberedDevice {
  userAgent: string
  /** When it last signed in. */
  seenAt: Date
  rememberedUntil: Date
}

export interface KnownDeviceStore {
  /**
   * Whether the device is known for the account of this address. One statement, with the same work whether or not there is
   * such an account.
   */
  isKnown(device: { secretHash: string; email: string; at: Date }): Promise<boolean>
  /**
   * Knows the device of a complete sign-in: the one that showed `shownHash`, when that is known for this account
   * (`renewed`), else a new one in its place (`added`). `provenHash`: as for a session; `refused` when it is not the user's
   * any more, or the user is disabled. `mails`: queued when it is `added`. Known devices end with the password, and when the user is disabled.
   */
  remember(
    device: {
      userId: string
      secretHash: string
      shownHash: string | undefined
      at: Date
      expiresAt: Date
      userAgent: string
      /** Until when the second factor is not asked for; left out, that stays as it is. */
      rememberedUntil?: Date
    },
    provenHash: string | null,
    mails?: readonly QueuedMail[],
  ): Promise<'renewed' | 'added' | 'refused'>
  /** Whether the second factor of this person is not asked for on the device. A change of any factor ends that. */
  isRemembered(device: { secretHash: string; userId: string; at: Date }): Promise<boolean>
  /** The one that signed in last first. */
  listRemembered(userId: string, at: Date): Promise<RememberedDevice[]>
  /** The devices stay known. Resolves to how many are asked again. */
  forgetRemembered(userId: string, at: Date): Promise<number>
}
