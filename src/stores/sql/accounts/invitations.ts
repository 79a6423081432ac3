import { and, desc, eq, gt } from '../drizzle.ts'
import type { InvitationStore } from '../../../core/records/invitation.ts'
import type { Database } from '../database.ts'
import { queueMails } from '../mail/queue-mails.ts'
import { createIn, orWhyNot } from './create-user.ts'
import { holdRoles } from './roles.ts'
import { invitations, users } from './tables.ts'

const columns = {
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
        if (!(await holdRoles(tx, invitation.roles))) return 'unknown_role'
        const owner = await tx.select({ id: users.id }).from(users).where(eq(users.email, invitation.email))
        if (owner.length > 0) return 'email_taken'
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
        .select(columns)
        .from(invitations)
        .where(and(eq(invitations.tokenHash, tokenHash), gt(invitations.expiresAt, at)))
      return found
    },
    list: (at) =>
      db.select(columns).from(invitations).where(gt(invitations.expiresAt, at)).orderBy(desc(invitations.createdAt)),
    async withdraw(id) {
      const gone = await db.delete(invitations).where(eq(invitations.id, id)).returning({ id: invitations.id })
      return gone.length > 0
    },
    async accept(tokenHash, user) {
      return await orWhyNot(() =>
        db.transaction(async (tx) => {
          const [used] = await tx
            .delete(invitations)
            .where(and(eq(invitations.tokenHash, tokenHash), gt(invitations.expiresAt, user.createdAt)))
            .returning(columns)
          if (used === undefined) return 'invalid_token'
          const { email, username, roles } = used
          return createIn(tx, { ...user, email, username, roles, emailVerifiedAt: user.createdAt })
        }),
      )
    },
  }
}
