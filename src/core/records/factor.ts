import type { QueuedMail, WithMails } from './mail.ts'

export type FactorKind = 'totp' | 'passkey'

/** A second factor that counts. */
interface Factor {
  id: string
  kind: FactorKind
  /** When its first code was confirmed, or the passkey was added. */
  confirmedAt: Date
  lastUsedAt: Date | null
}

/** The key of an authenticator app, sealed. */
export interface TotpKey {
  id: string
  sealedKey: string
}

/** What somebody can prove themselves by, beside the password. */
export interface FactorFacts {
  factors: Factor[]
  /** Since when the person has been asked to set up a factor; null: never. */
  askedAt: Date | null
  /** How many recovery codes are left. */
  recoveryCodes: number
  /** Whether an operator took the factors away, and whoever sets up the next one has to show that they read the mailbox. */
  mailboxNeeded: boolean
}

/** A link that shows, after an operator's reset, that whoever sets up the next factor reads the mailbox. */
interface MailboxLink {
  userId: string
  tokenHash: string
  expiresAt: Date
}

export interface FactorStore {
  of(userId: string): Promise<FactorFacts>
  /** Notes since when the person has been asked to set up a factor: resolves to the first time of all calls. */
  noteAsked(userId: string, at: Date): Promise<Date>
  /**
   * Keeps a key that counts once a code of it was confirmed, in place of an earlier one that was not. `by`: the session, or the sign-in
   * under way, that asks.
   */
  propose(proposed: TotpKey & { userId: string; by: string; at: Date; expiresAt: Date }): Promise<void>
  /** The key that the same one proposed and can confirm still: nobody is shown, or confirms, what another has proposed. */
  findProposed(userId: string, by: string, at: Date): Promise<TotpKey | undefined>
  /** The key that counts. */
  findTotp(userId: string): Promise<TotpKey | undefined>
  /**
   * Uses the code of a step up, by one statement: of any number of calls, on any replica, one resolves to true, and none where a
   * later step was used or the key counts no more. `step`: 30 seconds each, since the epoch.
   */
  useStep(id: string, step: number, at: Date): Promise<boolean>
  /**
   * Makes a proposed key count, whose code of `step` is used up with it, in place of the one before, and recovery codes in place of
   * those before. Remembered devices are asked again, and an operator's reset is over. `isFirst`: only while the person has no factor;
   * `mailboxToken`: only with the link that was mailed after a reset, which is used. False, and nothing of it, otherwise.
   */
  confirm(
    confirmed: {
      id: string
      userId: string
      step: number
      codeHashes: readonly string[]
      at: Date
      isFirst: boolean
      mailboxTokenHash: string | undefined
    } & WithMails,
  ): Promise<boolean>
  /** Takes the authenticator app away, and the recovery codes with the last factor; remembered devices are asked again. False when there is none. */
  removeTotp(userId: string, at: Date, also: WithMails): Promise<boolean>
  /** Puts recovery codes in place of those before. False when the person has no factor. */
  replaceRecoveryCodes(userId: string, codeHashes: readonly string[], also: WithMails): Promise<boolean>
  /**
   * Uses a recovery code up, by one statement: of any number of calls one resolves to how many are left, and queues the mails that are
   * made of that.
   */
  useRecoveryCode(
    userId: string,
    codeHash: string,
    mailsOf: (left: number) => readonly QueuedMail[],
  ): Promise<number | undefined>
  /**
   * Takes every factor of somebody away, and what browsers are known by, and ends their sessions. The next factor needs the link of
   * this token. False when there was no factor.
   */
  reset(reset: MailboxLink & { at: Date } & WithMails): Promise<boolean>
  /** Puts another link in place of the one before, where a reset waits for one. */
  renewMailboxLink(link: MailboxLink & WithMails): Promise<boolean>
  /** Whether a link can be used still. Uses nothing up. */
  isMailboxLink(userId: string, tokenHash: string, at: Date): Promise<boolean>
}
