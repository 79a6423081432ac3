export interface Mail {
  to: string
  subject: string
  text: string
  /** The language of the text, by its tag (RFC 5646). */
  language: string
}

export interface Mailer {
  /** Resolves once the mail is accepted: written to the outbox, or queued for the SMTP server. */
  send(mail: Mail): Promise<void>
  /** What keeps mails from being sent, in words for an operator and without a secret; nothing while they can be. */
  check(): Promise<string | undefined>
  /** Waits for queued mail, within a bound. */
  close(): Promise<void>
}
