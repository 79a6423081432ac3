/** What a mail says, in text and in HTML. */
export interface Mail {
  to: string
  subject: string
  text: string
  html: string
  /** The language of both, by its tag (RFC 5646). */
  language: string
}

/** A mail on its way, the same at each try: the `Message-ID` follows from the id. */
export interface OutgoingMail extends Mail {
  /** UUID. */
  id: string
  /** When it was written. */
  date: Date
}

/** `reason`: a code such as `EENVELOPE 550`; `text`: what to do, for an operator. Neither holds an address or a secret. */
export type MailDelivery =
  | { kind: 'accepted' }
  /** `isPermanent`: the server has refused this mail for good. */
  | { kind: 'failed'; reason: string; text: string; isPermanent: boolean }

export interface Mailer {
  /** Hands a mail over, once: to the SMTP server, or as a file to the outbox. `signal` breaks it off. Never rejects. */
  send(mail: OutgoingMail, signal: AbortSignal): Promise<MailDelivery>
  /** What keeps mails from being sent, in words for an operator and without a secret; nothing while they can be. */
  check(): Promise<string | undefined>
}
