import type { Language } from './language.ts'
import type { QueuedMail } from './records/mail.ts'

/** A value that a mail tells. A `Date` is told in the language of the mail, and in UTC. */
export type MailFact = string | number | Date
export type MailFacts = Readonly<Record<string, MailFact>>

/** Kinds of mails by their names, each with the facts that it tells. */
export type MailKinds = Readonly<Record<string, MailFacts>>

/** A mail that is to be written: to whom, which one, and what it tells. */
export type MailOf<Kinds extends MailKinds> = {
  [Kind in keyof Kinds & string]: {
    readonly kind: Kind
    /** A canonical address. */
    readonly to: string
    readonly language: Language
    readonly facts: Kinds[Kind]
    /** Whose mail it is: it leaves with the account. Nothing where there is none. */
    readonly userId?: string
    /** When the link in it ends: after that it is not sent any more. */
    readonly expiresAt?: Date
  }
}[keyof Kinds & string]

/** What writes mails, of these kinds: `MailWriter<MailOf<…>>`. */
export interface MailWriter<Written> {
  /**
   * Writes a mail and seals it. Sends nothing: what it returns is handed to the method of a store that makes the change which
   * the mail is about, and is queued in the transaction of that change.
   */
  seal(mail: Written): QueuedMail
}
