import type { WithMails } from './mail.ts'
import type { User } from './user.ts'

/** A passkey (WebAuthn §4, "credential record"). It is a factor of its person, under the same id. */
export interface Passkey {
  id: string
  userId: string
  /** What its person calls it. */
  name: string
  /** As browsers write it: base64url. */
  credentialId: string
  /** In COSE, as base64url. */
  publicKey: string
  /** How often it was used, as its authenticator says; 0 of one that does not count. */
  counter: number
  /** How browsers reach its authenticator. */
  transports: string[]
  /** Whether it can be copied to other devices of its person; that never changes. */
  backupEligible: boolean
  /** Whether it was, as of its last use. */
  backedUp: boolean
  createdAt: Date
  lastUsedAt: Date | null
}

/** What a challenge is for. An answer to it counts for nothing else. */
export type ChallengePurpose = 'sign_in' | 'second_factor' | 'step_up' | 'registration'

/** By what a challenge is found again. `holder`: the session or the sign-in under way that asked; null: anybody did. */
interface Challenge {
  challengeHash: string
  purpose: ChallengePurpose
  userId: string | null
  holder: string | null
}

/** What becomes of a passkey that was to be added. `first`: the person had no factor, and got the recovery codes. */
type PasskeyAddition = 'first' | 'another' | 'refused' | 'too_many'

export interface PasskeyStore {
  openChallenge(challenge: Challenge & { expiresAt: Date }): Promise<void>
  /** Uses a challenge up, by one statement: of any number of calls one resolves to true. */
  useChallenge(challenge: Challenge, at: Date): Promise<boolean>
  /** One that counts, with its person. */
  find(credentialId: string): Promise<{ passkey: Passkey; user: User } | undefined>
  /** Somebody's, the first one first. */
  listOf(userId: string): Promise<Passkey[]>
  /**
   * Makes a passkey count from now on. Remembered devices are asked again, and an operator's reset is over. `isFirst`: only while the
   * person has no factor; `mailboxTokenHash`: only with the link that was mailed after a reset, which is used; `most`: only while
   * there are fewer. `codeHashes` become the recovery codes of whoever had no factor. `refused`: one of these is not so, or the
   * passkey is known already; then nothing of it.
   */
  add(
    added: Passkey & {
      by: string
      isFirst: boolean
      mailboxTokenHash: string | undefined
      codeHashes: readonly string[]
      most: number
    } & WithMails,
  ): Promise<PasskeyAddition>
  /** False when it is not theirs. */
  rename(userId: string, id: string, name: string): Promise<boolean>
  /** Takes one away, and the recovery codes with the last factor; remembered devices are asked again. False when it is not theirs. */
  remove(userId: string, id: string, at: Date, also: WithMails): Promise<boolean>
  /**
   * Notes a use, by one statement. False, and nothing noted, when a use with that counter, or a later one, was noted before: so of
   * two copies of a passkey that counts one is found out (WebAuthn §6.1.1).
   */
  use(id: string, use: { counter: number; backedUp: boolean; at: Date }): Promise<boolean>
  /** Whether one counts still. */
  counts(id: string): Promise<boolean>
}
