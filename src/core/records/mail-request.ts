import type { QueuedMail } from './mail.ts'

/**
 * What somebody asked for an address, and is answered by a mail alone. Every request is one row of one form, whoever the address
 * belongs to: what was asked, for which address and in which language is sealed.
 */
export interface StoredMailRequest {
  id: string
  /** Sealed for this id. */
  sealed: string
  createdAt: Date
}

export interface MailRequestStore {
  /** Keeps a request until it is answered. Its time to be answered is now. */
  add(request: StoredMailRequest): Promise<void>
  /** Takes the request that has been due for longest, which nobody else gets before `until`. One statement. */
  claim(at: Date, until: Date): Promise<StoredMailRequest | undefined>
  /**
   * Ends a request and queues the mails that answer it, in one transaction; false, and no mail is queued, when somebody else has
   * answered it since.
   */
  answer(id: string, mails: readonly QueuedMail[]): Promise<boolean>
}
