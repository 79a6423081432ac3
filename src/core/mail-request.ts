import type { Language } from './language.ts'
import type { RequestAnswer } from './records/mail-request.ts'

/** What is asked for an address, by its name, each with what else was said. */
interface MailRequestKinds {
  register: { name: string; passwordHash: string }
  'resend-verification': object
  'forgot-password': object
}
export type MailRequestKind = keyof MailRequestKinds

/** What somebody asked for an address. */
export type MailRequest<Kind extends MailRequestKind = MailRequestKind> = {
  [One in Kind]: {
    readonly kind: One
    /** Canonical. */
    readonly email: string
    /** Of whoever asked; who has an account may have chosen another one. */
    readonly language: Language
    readonly details: MailRequestKinds[One]
  }
}[Kind]

/**
 * Answers requests of one kind: looks up whose address it is, and resolves to the mails to be sent, which may be none, with the link in
 * them. Changes nothing itself: the link is kept and the mails are queued in the transaction that ends the request, which happens
 * once, however often a handler is called for it. `token` belongs to the request. `at` and `ip`: when it was asked, and from where.
 * `answered`: called once that is done.
 */
export type AnswerMailRequest<Kind extends MailRequestKind> = (
  request: MailRequest<Kind> & { readonly token: string; readonly at: Date; readonly ip: string },
) => Promise<RequestAnswer & { readonly answered?: () => void }>

/** The way to ask: the answer is the same whoever the address belongs to, if to anybody. */
export interface MailRequests {
  /**
   * Keeps a request, which a worker answers soon after: the time that this takes, and what is stored, tell nothing about the
   * address. More than a few for one address in an hour are left out, known or not. `ip`: of whoever asks.
   */
  ask(request: MailRequest, ip: string): Promise<void>
  /**
   * Whether a mail may go to an address that somebody named. Counted for addresses of anybody and nobody alike, so that whoever
   * floods a stranger's mailbox learns nothing.
   */
  mayMail(email: string, ip: string): Promise<boolean>
}
