export interface KnownDeviceStore {
  /**
   * Counts a try from a device that is known for the account of this address, in a window that begins with the first. One
   * statement, with the same work whether or not there is such an account. Resolves to the tries of the window; to nothing
   * when the device is not known for this account.
   */
  countTry(device: { secretHash: string; email: string; at: Date; windowSeconds: number }): Promise<number | undefined>
  clearTries(secretHash: string): Promise<void>
  /**
   * Knows the device of a complete sign-in, with no try counted: the one that showed `shownHash`, when that is known for
   * this account (`renewed`), else a new one in its place (`added`). `provenHash`: as for a session; `refused` when it is
   * not the user's any more, or the user is disabled. Known devices end with the password, and when the user is disabled.
   */
  remember(
    device: { userId: string; secretHash: string; shownHash: string | undefined; at: Date; expiresAt: Date },
    provenHash: string | null,
  ): Promise<'renewed' | 'added' | 'refused'>
}
