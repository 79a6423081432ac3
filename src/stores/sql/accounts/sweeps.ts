import { sql } from '../drizzle.ts'
import { countOf, day, deleteExpired, hour, type SqlSweep } from '../sweeps.ts'

export const sweeps: readonly SqlSweep[] = [
  { name: 'registrations', kept: () => day, run: deleteExpired('registrations', 'token_hash') },
  { name: 'knownDevices', kept: () => hour, run: deleteExpired('known_devices', 'secret_hash') },
  { name: 'passwordResets', kept: () => hour, run: deleteExpired('password_resets', 'token_hash') },
  { name: 'emailChanges', kept: () => hour, run: deleteExpired('email_changes', 'id') },
  { name: 'invitations', kept: () => day, run: deleteExpired('invitations', 'id') },
  {
    name: 'usernameClaims',
    kept: ({ audit }) => audit.retention_days * day,
    run: (tx, endedBefore, limit) =>
      countOf(
        tx,
        sql`delete from username_claims where username_hash in (
            select username_hash from username_claims where released_at < ${endedBefore}
            order by released_at limit ${limit} for update skip locked)
          returning 1`,
      ),
  },
]
