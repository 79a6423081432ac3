import type { QueuedMail } from './mail.ts'
import type { PasswordReset } from './password-reset.ts'
import type { PendingRegistration } from './registration.ts'

/**
 * What somebody asked for an address, and is answered by a mail alone. Every request is one row of one form, whoever the address
 * belongs to: what was asked, for which address and in which language is sealed.
 */
export interface StoredMailRequest {
  id: string
  /** Sealed for this id. */
  sealed: string
  /** Keyed hash of the address, by which requests leave with the account of that address. */
  recipient: string
  createdAt: Date
}

/** What the link in a mail is for, and is kept with the answer. */
export type AnsweringLink =
  | { kind: 'reset'; reset: PasswordReset & { email: string } }
  | { kind: 'registration'; registration: PendingRegistration }
  /** Of what was registered last for the address. */
  | { kind: 'registration_again'; email: string; tokenHash: string; expiresAt: Date }

/** What answers a request: mails, and the link in them. None of either is an answer too. */
export interface RequestAnswer {
  mails: readonly QueuedMail[]
  link?: AnsweringLink
}

export interface MailRequestStore {
  /** Keeps a request until it is answered. Its time to be answered is now. */
  add(request: StoredMailRequest): Promise<void>
  /**
   * Takes the request that has been due for longest, which nobody else gets before `until`. One statement. Of one address one after the
   * other, by their ids: what was registered is there when another link to it is asked for, and no older link replaces a newer
   * one. What was asked more than five minutes ago holds up nothing.
   */
  claim(at: Date, until: Date): Promise<Omit<StoredMailRequest, 'recipient'> | undefined>
  /**
   * Ends a request, keeps the link and queues the mails, in one transaction. `gone`, and nothing of it, when somebody else has
   * answered the request since: whoever was late brings no link back to life. `void`, and the request ends without a mail, when
   * the link can be kept no more: the account has gone, was disabled or has another address; its links were ended, or a later one
   * was made, since the request; or nothing is registered any more.
   */
  answer(
    request: Pick<StoredMailRequest, 'id' | 'createdAt'>,
    answer: RequestAnswer,
  ): Promise<'answered' | 'void' | 'gone'>
}
