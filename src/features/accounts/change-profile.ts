import type { Audit } from '../../core/audit.ts'
import { GatehouseError } from '../../core/errors.ts'
import type { Clock } from '../../core/clock.ts'
import type { User, UserStore } from '../../core/records/user.ts'
import { canonicalUsername } from '../../core/username.ts'
import type { accountsEvents } from './audit-events.ts'

/** What somebody changes of their own profile; what is left out stays. A user name of null is given up. */
interface ProfileChange {
  name?: string
  locale?: User['locale']
  username?: string | null
}

export type ChangeProfile = (userId: string, change: ProfileChange) => Promise<void>

/** What an account says of its person: told by the person, or by an operator for them. */
export interface Profiles {
  /**
   * By the person. Throws `forbidden` for a user name where `choosesUsername` is false, and `conflict` for one that is taken;
   * nothing else has changed then.
   */
  change: ChangeProfile
  /** Gives a user name, or takes it away with null, whoever may choose one. Throws `conflict` when it is taken. */
  setUsername(userId: string, username: string | null): Promise<void>
}

/** `choosesUsername`: whether people may give themselves a user name. */
export function createProfiles(dependencies: {
  users: Pick<UserStore, 'changeProfile' | 'setUsername'>
  choosesUsername: boolean
  audit: Audit<typeof accountsEvents>
  clock: Clock
}): Profiles {
  const { users, choosesUsername, audit, clock } = dependencies

  async function setUsername(userId: string, written: string | null) {
    const username = written === null ? null : canonicalUsername(written)
    const outcome = await users.setUsername(userId, username, new Date(clock.now()))
    if (outcome === 'username_taken') throw usernameTaken()
    audit.record({ event: 'user.profile_changed', subject: userId, changed: ['username'] })
  }

  return {
    setUsername,
    async change(userId, { username, ...profile }) {
      if (username !== undefined) {
        if (!choosesUsername) {
          throw new GatehouseError('forbidden', { detail: 'User names are given by administrators here.' })
        }
        // First, since it alone can be refused.
        await setUsername(userId, username)
      }
      const changed = Object.keys(profile)
      if (changed.length === 0) return
      await users.changeProfile(userId, profile)
      audit.record({ event: 'user.profile_changed', subject: userId, changed })
    },
  }
}

/** That of another account, or of one that had it before. */
export function usernameTaken(): GatehouseError {
  return new GatehouseError('conflict', {
    detail: 'This user name is taken.',
    fields: [{ path: '/body/username', message: 'is taken' }],
  })
}
