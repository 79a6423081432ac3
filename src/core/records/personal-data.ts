import type { AuthenticationLevel } from '../principal.ts'
import type { ApiKey } from './api-key.ts'
import type { AuditRow } from './audit-event.ts'
import type { Authorization, Consent } from './authorization.ts'
import type { EmailChange } from './email-change.ts'
import type { FactorKind } from './factor.ts'
import type { Identity } from './identity.ts'
import type { Proof, Wishes } from './interaction.ts'
import type { Invitation } from './invitation.ts'
import type { MailRow } from './mail.ts'
import type { Passkey } from './passkey.ts'
import type { Session } from './session.ts'
import type { User } from './user.ts'

/** When something ended before its time. */
interface Ended {
  revokedAt: Date | null
}

/** All that is stored about a person, but the audit trail. Neither hashes nor secrets nor tokens, and nothing of anybody else. */
export interface PersonalData {
  user: User
  /** Until when the lockout goes on that the person was told of. */
  lockoutToldUntil: Date | null
  linksEndedAt: Date | null
  /** Those included that have ended and are still there. */
  sessions: (Session & Ended & { level: AuthenticationLevel; revokedReason: string | null })[]
  refreshFamilies: (Ended & { id: string; sessionId: string; clientId: string; scopes: string[]; expiresAt: Date })[]
  /** What the person has allowed programs. */
  consents: Omit<Consent, 'userId'>[]
  /** What programs were let in for, by their sessions; those included that have ended and are still there. */
  authorizations: (Ended &
    Pick<Authorization, 'id' | 'sessionId' | 'clientId' | 'scopes' | 'audiences' | 'createdAt'> & {
      redeemedAt: Date | null
      expiresAt: Date
    })[]
  apiKeys: (Omit<ApiKey, 'owner'> & Ended)[]
  knownDevices: {
    createdAt: Date
    seenAt: Date
    expiresAt: Date
    rememberedUntil: Date | null
    userAgent: string
  }[]
  /** Those included that were proposed and not confirmed. */
  factors: { id: string; kind: FactorKind; createdAt: Date; confirmedAt: Date | null; lastUsedAt: Date | null }[]
  passkeys: Omit<Passkey, 'userId' | 'publicKey'>[]
  recoveryCodesLeft: number
  /** Since when the person has been asked to set up a second factor. */
  factorAskedAt: Date | null
  /** Of an operator who took the factors away, while none was set up since. */
  factorResets: { resetAt: Date; expiresAt: Date }[]
  identities: Identity[]
  /** What an operator has granted, beside what identities bring. */
  granted: { roles: string[]; groups: string[] }
  /** Sign-ins under way: what was proven in each. */
  interactions: { proofs: readonly Proof[]; wishes: Wishes; tries: number; expiresAt: Date }[]
  /** Pending ones, and those that can be taken back. */
  emailChanges: EmailChange[]
  passwordResets: { expiresAt: Date }[]
  /** User names that nobody else may have; a former one is kept as a hash alone. `releasedAt`: null for the present one. */
  usernameClaims: { releasedAt: Date | null }[]
  mails: MailRow[]
  /** What was asked for the address, and waits to be answered by mail. */
  mailRequests: { createdAt: Date }[]
  invitations: Invitation[]
}

export interface PersonalDataStore {
  /** As of one moment. `recipients`: the hashes under which the account's address is stored beside mails. Nothing: no such account. */
  read(userId: string, recipients: readonly string[]): Promise<PersonalData | undefined>
  /** The newest rows of the trail that are about the person or tell what they did, newest first; `before`: as for `AuditStore.list`. */
  trail(userId: string, page: { before: string | undefined; limit: number }): Promise<AuditRow[]>
}
