import { and, asc, desc, eq, inArray, lt, or } from '../drizzle.ts'
import type { PersonalDataStore } from '../../../core/records/personal-data.ts'
import { apiKeys } from '../api-keys/tables.ts'
import { auditEvents } from '../audit/tables.ts'
import { authorizations, consents } from '../authorizations/tables.ts'
import type { Database } from '../database.ts'
import { identityColumns } from '../identities/identities.ts'
import { identities } from '../identities/tables.ts'
import { passkeyColumns } from '../factors/passkeys.ts'
import { factorResets, factors, passkeys, recoveryCodes } from '../factors/tables.ts'
import { interactions } from '../interactions/tables.ts'
import { mailColumns } from '../mail/mails.ts'
import { mailRequests, mails } from '../mail/tables.ts'
import { sessionColumns } from '../sessions/sessions.ts'
import { sessions } from '../sessions/tables.ts'
import { refreshFamilies } from '../tokens/tables.ts'
import { changeColumns } from './email-changes.ts'
import { invitationColumns } from './invitations.ts'
import { emailChanges, invitations, knownDevices, passwordResets, usernameClaims, users } from './tables.ts'
import { userColumns } from './users.ts'

const { revokedAt: sessionRevokedAt, revokedReason } = sessions
const { id, name, scopes, createdAt, expiresAt, lastUsedAt, revokedAt } = apiKeys
const familyColumns = {
  id: refreshFamilies.id,
  sessionId: refreshFamilies.sessionId,
  clientId: refreshFamilies.clientId,
  scopes: refreshFamilies.scopes,
  expiresAt: refreshFamilies.expiresAt,
  revokedAt: refreshFamilies.revokedAt,
}
const consentColumns = { clientId: consents.clientId, scopes: consents.scopes, grantedAt: consents.grantedAt }
const authorizationColumns = {
  id: authorizations.id,
  sessionId: authorizations.sessionId,
  clientId: authorizations.clientId,
  scopes: authorizations.scopes,
  audiences: authorizations.audiences,
  createdAt: authorizations.createdAt,
  redeemedAt: authorizations.redeemedAt,
  revokedAt: authorizations.revokedAt,
  expiresAt: authorizations.expiresAt,
}
const deviceColumns = {
  createdAt: knownDevices.createdAt,
  seenAt: knownDevices.seenAt,
  expiresAt: knownDevices.expiresAt,
  rememberedUntil: knownDevices.rememberedUntil,
  userAgent: knownDevices.userAgent,
}
const factorColumns = {
  id: factors.id,
  kind: factors.kind,
  createdAt: factors.createdAt,
  confirmedAt: factors.confirmedAt,
  lastUsedAt: factors.lastUsedAt,
}
const { userId: _, publicKey: __, ...toldOfPasskeys } = passkeyColumns
const interactionColumns = {
  proofs: interactions.proofs,
  wishes: interactions.wishes,
  tries: interactions.tries,
  expiresAt: interactions.expiresAt,
}

/** Reads what other stores keep, each column by its name: what comes to be stored is not told by accident. */
export function createPersonalDataStore(db: Database): PersonalDataStore {
  return {
    read: (userId, recipients) =>
      db.transaction(
        async (tx) => {
          const { lockoutToldUntil, linksEndedAt, factorAskedAt } = users
          const granted = { roles: users.grantedRoles, groups: users.grantedGroups }
          const [found] = await tx
            .select({ user: userColumns, lockoutToldUntil, linksEndedAt, factorAskedAt, granted })
            .from(users)
            .where(eq(users.id, userId))
          if (found === undefined) return undefined
          const ended = { revokedAt: sessionRevokedAt, revokedReason }
          const ofAddress = inArray(mails.recipient, [...recipients])
          return {
            ...found,
            sessions: await tx
              .select({ ...sessionColumns, ...ended })
              .from(sessions)
              .where(eq(sessions.userId, userId))
              .orderBy(desc(sessions.id)),
            // By their sessions, with which they leave.
            refreshFamilies: await tx
              .select(familyColumns)
              .from(refreshFamilies)
              .innerJoin(sessions, eq(sessions.id, refreshFamilies.sessionId))
              .where(eq(sessions.userId, userId))
              .orderBy(desc(refreshFamilies.id)),
            consents: await tx
              .select(consentColumns)
              .from(consents)
              .where(eq(consents.userId, userId))
              .orderBy(asc(consents.clientId)),
            authorizations: await tx
              .select(authorizationColumns)
              .from(authorizations)
              .where(eq(authorizations.userId, userId))
              .orderBy(desc(authorizations.id)),
            apiKeys: await tx
              .select({ id, name, scopes, createdAt, expiresAt, lastUsedAt, revokedAt })
              .from(apiKeys)
              .where(eq(apiKeys.userId, userId))
              .orderBy(asc(apiKeys.id)),
            knownDevices: await tx
              .select(deviceColumns)
              .from(knownDevices)
              .where(eq(knownDevices.userId, userId))
              .orderBy(desc(knownDevices.seenAt)),
            factors: await tx
              .select(factorColumns)
              .from(factors)
              .where(eq(factors.userId, userId))
              .orderBy(asc(factors.id)),
            passkeys: await tx
              .select(toldOfPasskeys)
              .from(passkeys)
              .innerJoin(factors, eq(factors.id, passkeys.id))
              .where(eq(factors.userId, userId))
              .orderBy(asc(factors.id)),
            recoveryCodesLeft: await tx.$count(recoveryCodes, eq(recoveryCodes.userId, userId)),
            factorResets: await tx
              .select({ resetAt: factorResets.resetAt, expiresAt: factorResets.expiresAt })
              .from(factorResets)
              .where(eq(factorResets.userId, userId)),
            identities: await tx
              .select(identityColumns)
              .from(identities)
              .where(eq(identities.userId, userId))
              .orderBy(asc(identities.id)),
            interactions: await tx
              .select(interactionColumns)
              .from(interactions)
              .where(eq(interactions.userId, userId))
              .orderBy(desc(interactions.id)),
            emailChanges: await tx
              .select(changeColumns)
              .from(emailChanges)
              .where(eq(emailChanges.userId, userId))
              .orderBy(desc(emailChanges.id)),
            passwordResets: await tx
              .select({ expiresAt: passwordResets.expiresAt })
              .from(passwordResets)
              .where(eq(passwordResets.userId, userId)),
            usernameClaims: await tx
              .select({ releasedAt: usernameClaims.releasedAt })
              .from(usernameClaims)
              .where(eq(usernameClaims.userId, userId)),
            mails: await tx
              .select(mailColumns)
              .from(mails)
              .where(or(eq(mails.userId, userId), ofAddress))
              .orderBy(desc(mails.id)),
            mailRequests: await tx
              .select({ createdAt: mailRequests.createdAt })
              .from(mailRequests)
              .where(inArray(mailRequests.recipient, [...recipients])),
            invitations: await tx
              .select(invitationColumns)
              .from(invitations)
              .where(eq(invitations.email, found.user.email)),
          }
        },
        { isolationLevel: 'repeatable read', accessMode: 'read only' },
      ),
    async trail(userId, { before, limit }) {
      const next = before === undefined ? undefined : lt(auditEvents.id, before)
      // One index each: for both at once PostgreSQL would sort all of either.
      const pages = await Promise.all(
        [auditEvents.subject, auditEvents.actor].map((column) =>
          db
            .select()
            .from(auditEvents)
            .where(and(eq(column, userId), next))
            .orderBy(desc(auditEvents.id))
            .limit(limit),
        ),
      )
      const rows = new Map(pages.flat().map((row) => [row.id, row]))
      return [...rows.values()].toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit)
    },
  }
}
