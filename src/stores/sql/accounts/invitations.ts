import { and, desc, eq, gt, lt, ne } from '../drizzle.ts'
import type { Invitation, InvitationStore } from '../../../core/records/invitation.ts'
import type { NotCreated } from '../../../core/records/user.ts'
import { hashSecret } from '../../../core/secrets.ts'
import type { Database, Transaction } from '../database.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { holdAddresses, isKeptForAnother } from './addresses.ts'
import { createIn, orWhyNot } from './create-user.ts'
import { holdRoles } from './roles.ts'
import { invitations, usernameClaims, users } from './tables.ts'

export const invitationColumns = {
  id: invitations.id,
  email: invitations.email,
  username: invitations.username,
  roles: invitations.roles,
  language: invitations.language,
  createdAt: invitations.createdAt,
  expiresAt: invitations.expiresAt,
}

export function createInvitationStore(db: Database): InvitationStore {
  return {
    async open({ mails = [], ...invitation }) {
      return await db.transaction(async (tx) => {
        await holdAddresses(tx, invitation.email)
        const fault = await whyNot(tx, invitation)
        if (fault !== undefined) return fault
        await tx
          .insert(invitations)
          .values(invitation)
          .onConflictDoUpdate({ target: invitations.email, set: invitation })
        await queueMails(tx, mails)
        return 'opened'
      })
    },
    async find(tokenHash, at) {
      const [found] = await db
        .select(invitationColumns)
        .from(invitations)
        .where(and(eq(invitations.tokenHash, tokenHash), gt(invitations.expiresAt, at)))
      return found
    },
    list: ({ before, limit, at }) =>
      db
        .select(invitationColumns)
        .from(invitations)
        .where(and(gt(invitations.expiresAt, at), before === undefined ? undefined : lt(invitations.id, before)))
        .orderBy(desc(invitations.id))
        .limit(limit),
    async withdraw(id) {
      const gone = await db.delete(invitations).where(eq(invitations.id, id)).returning({ id: invitations.id })
      return gone.length > 0
    },
    async accept(tokenHash, user) {
      const isLive = and(eq(invitations.tokenHash, tokenHash), gt(invitations.expiresAt, user.createdAt))
      const [link] = await db.select({ email: invitations.email }).from(invitations).where(isLive)
      if (link === undefined) return 'invalid_token'
      return await orWhyNot(() =>
        db.transaction(async (tx) => {
          await holdAddresses(tx, link.email)
          const [used] = await tx.delete(invitations).where(isLive).returning(invitationColumns)
          if (used === undefined) return 'invalid_token'
          const { email, username, roles } = used
          return createIn(tx, { ...user, email, username, roles, emailVerifiedAt: user.createdAt })
        }),
      )
    },
  }
}

/** Why an invitation could not be accepted as things are. Its address has to be held. */
async function whyNot(tx: Transaction, invitation: Invitation): Promise<NotCreated | undefined> {
  const { email, username, roles, createdAt } = invitation
  if (!(await holdRoles(tx, roles))) return 'unknown_role'
  const isTaken = (await tx.$count(users, eq(users.email, email))) > 0
  if (isTaken || (await isKeptForAnother(tx, email, undefined, createdAt))) return 'email_taken'
  if (username === null) return undefined
  const isClaimed = (await tx.$count(usernameClaims, eq(usernameClaims.usernameHash, hashSecret(username)))) > 0
  const others = [
    eq(invitations.username, username),
    ne(invitations.email, email),
    gt(invitations.expiresAt, createdAt),
  ]
  return isClaimed || (await tx.$count(invitations, and(...others))) > 0 ? 'username_taken' : undefined
}
