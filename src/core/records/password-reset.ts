import type { WithMails } from './mail.ts'
import type { User } from './user.ts'

/** A link by which somebody who reads the mail of an account chooses a new password for it. */
export interface PasswordReset {
  tokenHash: string
  userId: string
  expiresAt: Date
}

export interface PasswordResetStore {
  /**
   * Keeps a link, voids every earlier one of the account, and queues the mails about it. False, and nothing of it, when the
   * account is disabled or its address is not `email` any more, or when links were ended or a later one was made since `at`.
   */
  open(reset: PasswordReset & { email: string; at: Date } & WithMails): Promise<boolean>
  /** Whose password a link changes; nothing when it is unknown, used, void or expired, or the account is disabled. Uses nothing up. */
  find(tokenHash: string, at: Date): Promise<User | undefined>
  /**
   * Sets the password that a link is for: what a change of password ends, ends here too, and the link is used. One
   * transaction: of any number of calls one changes something. API keys end where asked to: resolves to how many, and to nothing
   * when there was nothing to use.
   */
  use(
    reset: { tokenHash: string; passwordHash: string; endApiKeys?: boolean; at: Date } & WithMails,
  ): Promise<{ endedApiKeys: number } | undefined>
}
