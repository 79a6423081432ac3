import type { QueuedMail } from './mail.ts'

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
    device: { userId: string; secretHash: string; shownHash: string | undefined; at: Date; expiresAt: Date },
    provenHash: string | null,
    mails?: readonly QueuedMail[],
  ): Promise<'renewed' | 'added' | 'refused'>
}
