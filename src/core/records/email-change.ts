import type { WithMails } from './mail.ts'
import type { PasswordReset } from './password-reset.ts'
import type { User } from './user.ts'

/** A new address that somebody asked for. It counts once it is confirmed; until `expiresAt` the former one can come back. */
export interface EmailChange {
  id: string
  userId: string
  fromEmail: string
  toEmail: string
  requestedAt: Date
  /** Null: it is pending. */
  confirmedAt: Date | null
  /** When the link to confirm it ends, and then the one to take it back. */
  expiresAt: Date
}

export interface EmailChangeStore {
  /**
   * Keeps what was asked for, in place of what was pending, and queues the mails. `confirmHash` and `stopHash`: of the tokens in
   * the mails to the new and to the present address. Says nothing about whether the new address is somebody's. False, and
   * nothing of it, when the account is not active or its password or address is not that any more.
   */
  open(
    change: Omit<EmailChange, 'confirmedAt'> & { confirmHash: string; stopHash: string } & WithMails,
    provenHash: string | null,
  ): Promise<boolean>
  /** What a link to confirm is for, while it can be used; with the account. Uses nothing up. */
  findPending(confirmHash: string, at: Date): Promise<{ change: EmailChange; user: User } | undefined>
  /**
   * Makes the new address that of the account. Ends links to reset the password, and whatever was pending for either address.
   * Nobody else can have the former address until `undoUntil`. One transaction; false when there was nothing to use, or the
   * new address has become somebody's. `formerRecipients`: the hashes of the former address, whose mails that are nobody's become
   * the account's.
   */
  confirm(
    use: {
      confirmHash: string
      undoHash: string
      undoUntil: Date
      formerRecipients: readonly string[]
      at: Date
    } & WithMails,
  ): Promise<boolean>
  /** What a link in a mail to the former address takes back, pending or confirmed. Uses nothing up. */
  findUndoable(undoHash: string, at: Date): Promise<{ change: EmailChange; user: User } | undefined>
  /**
   * Takes a change back. A pending one ends. After a confirmed one the account has its former address again; later changes,
   * sessions, known devices, links to reset the password, and the API keys made since it was asked for are ended, and
   * `reset` is kept. One transaction; nothing when there was nothing to use.
   */
  undo(
    use: { undoHash: string; at: Date; reset: Omit<PasswordReset, 'userId'> } & WithMails,
  ): Promise<'stopped' | 'taken_back' | undefined>
}
