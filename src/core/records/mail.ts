/** A mail as it is queued. Who gets it and what it says is sealed: a link in it opens an account. */
export interface QueuedMail {
  id: string
  kind: string
  /** By its tag (RFC 5646). */
  language: string
  /** Whose mail it is, and with whose account it leaves; null where there is none. */
  userId: string | null
  /** Keyed hash of the address that it goes to: it leaves with the account of that address too, sent or not. */
  recipient: string
  /** Recipient, subject and text, sealed for this id. */
  sealed: string
  createdAt: Date
  /** When the link in it ends; null where none does. */
  expiresAt: Date | null
}

/** Mails that a change brings with it: they are queued in its transaction. */
export interface WithMails {
  mails?: readonly QueuedMail[]
}

/**
 * `queued`: to be sent, or being sent. `sent`: the mail server has accepted it. `dead`: given up, and kept for an operator to
 * try again. `expired`: its link had ended before it could be sent.
 */
export const mailStates = ['queued', 'sent', 'dead', 'expired'] as const
export type MailState = (typeof mailStates)[number]

/** What is known of a mail without opening it. */
export interface MailRow extends Omit<QueuedMail, 'sealed' | 'recipient'> {
  state: MailState
  /** How often it was tried, since it was queued or an operator had it tried again. */
  attempts: number
  /** Since when it waits, by the same reckoning. */
  queuedAt: Date
  /** When it is tried next; null where it is not. */
  dueAt: Date | null
  /** Why the last try failed, as a code; null where none did. */
  fault: string | null
  /** When it was sent or given up. */
  endedAt: Date | null
}

/** A mail that this process is to send. */
export type ClaimedMail = Pick<
  MailRow,
  'id' | 'kind' | 'language' | 'userId' | 'createdAt' | 'expiresAt' | 'queuedAt' | 'attempts'
> & {
  sealed: string
}

/** What became of a try. Only what is tried again, or may be by an operator, keeps what it says. */
export type MailOutcome =
  | { state: 'queued'; dueAt: Date; fault: string | null; isTry: boolean }
  | { state: 'sent' | 'expired' }
  | { state: 'dead'; fault: string }

export interface MailStore {
  /** Queues mails that no other change causes. */
  queue(mails: readonly QueuedMail[]): Promise<void>
  /**
   * Takes the mail that has been due for longest, which nobody else gets before `until`. One statement: of any number of
   * parallel calls one gets a mail. Counts as a try of it.
   */
  claim(at: Date, until: Date): Promise<ClaimedMail | undefined>
  /** Notes what became of a try; false when somebody else has claimed the mail since, or it is gone. */
  settle(claimed: Pick<ClaimedMail, 'id' | 'attempts'>, outcome: MailOutcome, at: Date): Promise<boolean>
  /** The newest first; `before`: those before the one of this id. */
  list(wanted: { state: MailState | undefined; before: string | undefined; limit: number }): Promise<MailRow[]>
  /**
   * Has a mail tried now that waits or was given up, as if it were new. `ended`: it was sent, or its link has ended, so that nothing of
   * it is left.
   */
  retry(id: string, at: Date): Promise<MailRow | 'unknown' | 'ended'>
  /** How many wait and how many were given up, and since when the one waits, and was given up, that has been so longest. */
  count(): Promise<{ queued: number; dead: number; oldestQueuedAt: Date | null; oldestDeadAt: Date | null }>
  /** Calls back soon after mails were queued by any replica; a hint, which may be lost. Returns the way to stop. */
  onQueued(wake: () => void): Promise<() => Promise<void>>
}
