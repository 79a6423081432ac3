import type { Language } from '../language.ts'

/** What somebody asked for who has yet to show that the mail address is theirs. Until then there is no account. */
export interface PendingRegistration {
  tokenHash: string
  email: string
  name: string
  passwordHash: string
  /** What whoever registered reads, for mails to come; null: it is not known. */
  language?: Language | null
  expiresAt: Date
}

export interface RegistrationStore {
  /**
   * Keeps what was registered until its mail is confirmed; once, however often it is called. Where there is an account with
   * this address nothing about the registration can change it.
   */
  open(registration: PendingRegistration): Promise<void>
  /** Whom the mailed link of a pending registration is for. Uses nothing up. */
  find(tokenHash: string, at: Date): Promise<{ email: string; name: string } | undefined>
  /**
   * Makes the account of the registration whose mail was opened, and ends all others for its address. `passwordHash`: of
   * the password that shall count; without it the registration's counts, as long as none but this one is pending for the
   * address, since nobody can tell which of several people the mailbox belongs to. One statement: of any number of calls
   * for one address, one makes the account.
   */
  confirm(confirmation: {
    tokenHash: string
    userId: string
    passwordHash: string | undefined
    at: Date
  }): Promise<'confirmed' | 'password_required' | 'invalid_token'>
}
