import type { Budgets } from './budgets.ts'
import type { Counters } from './counters.ts'
import type { AccessTokenStore } from './records/access-token.ts'
import type { ApiKeyStore } from './records/api-key.ts'
import type { AuthorizationStore } from './records/authorization.ts'
import type { AuditStore } from './records/audit-event.ts'
import type { UsedJtiStore, ClientStore } from './records/client.ts'
import type { DeviceCodeStore } from './records/device-code.ts'
import type { ElsewhereStore } from './records/elsewhere.ts'
import type { FactorStore } from './records/factor.ts'
import type { HostSessionStore } from './records/host-session.ts'
import type { IdentityStore } from './records/identity.ts'
import type { InteractionStore } from './records/interaction.ts'
import type { KnownDeviceStore } from './records/known-device.ts'
import type { RefreshTokenStore } from './records/refresh-token.ts'
import type { DeletionStore } from './records/deletion.ts'
import type { EmailChangeStore } from './records/email-change.ts'
import type { InvitationStore } from './records/invitation.ts'
import type { PersonalDataStore } from './records/personal-data.ts'
import type { PasswordResetStore } from './records/password-reset.ts'
import type { RegistrationStore } from './records/registration.ts'
import type { RevocationStore } from './records/revocation.ts'
import type { RoleStore } from './records/role.ts'
import type { SessionStore } from './records/session.ts'
import type { SigningKeyStore } from './records/signing-key.ts'
import type { LogoutStore } from './records/logout.ts'
import type { MailRequestStore } from './records/mail-request.ts'
import type { MailStore } from './records/mail.ts'
import type { PasskeyStore } from './records/passkey.ts'
import type { PushedRequestStore } from './records/pushed-request.ts'
import type { HousekeepingStore } from './records/sweep.ts'
import type { UserStore } from './records/user.ts'

export interface Stores {
  users: UserStore
  roles: RoleStore
  registrations: RegistrationStore
  passwordResets: PasswordResetStore
  emailChanges: EmailChangeStore
  invitations: InvitationStore
  deletions: DeletionStore
  personalData: PersonalDataStore
  sessions: SessionStore
  hostSessions: HostSessionStore
  knownDevices: KnownDeviceStore
  interactions: InteractionStore
  elsewhere: ElsewhereStore
  factors: FactorStore
  identities: IdentityStore
  passkeys: PasskeyStore
  refreshTokens: RefreshTokenStore
  clients: ClientStore
  authorizations: AuthorizationStore
  pushedRequests: PushedRequestStore
  deviceCodes: DeviceCodeStore
  apiKeys: ApiKeyStore
  usedJtis: UsedJtiStore
  accessTokens: AccessTokenStore
  signingKeys: SigningKeyStore
  revocations: RevocationStore
  mails: MailStore
  logouts: LogoutStore
  mailRequests: MailRequestStore
  audit: AuditStore
  housekeeping: HousekeepingStore
  /** In SQL, unless replicas share a store for what is counted. */
  budgets: Budgets
  counters: Counters
  /** Rejects when a store does not answer. */
  ping(): Promise<void>
  close(): Promise<void>
}
