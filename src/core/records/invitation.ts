import type { Language } from '../language.ts'
import type { WithMails } from './mail.ts'
import type { NewUser, NotCreated } from './user.ts'

/** An account that somebody may open whose address an administrator named. */
export interface Invitation {
  id: string
  email: string
  username: string | null
  roles: string[]
  language: Language
  createdAt: Date
  expiresAt: Date
}

export interface InvitationStore {
  /** Keeps an invitation in place of an earlier one to the address, and queues its mail. Nothing of it otherwise. */
  open(invitation: Invitation & { tokenHash: string } & WithMails): Promise<'opened' | NotCreated>
  /** Whom a link is for, while it can be used. Uses nothing up. */
  find(tokenHash: string, at: Date): Promise<Invitation | undefined>
  /** Those that can be used, the newest first; `before`: those before the one of this id. */
  list(wanted: { before: string | undefined; limit: number; at: Date }): Promise<Invitation[]>
  /** False when there is none of this id. */
  withdraw(id: string): Promise<boolean>
  /**
   * Makes the account that an invitation is for, and uses it up. One transaction: of any number of calls one makes an account.
   * Where it is not `created`, the invitation can still be used.
   */
  accept(
    tokenHash: string,
    user: Pick<NewUser, 'id' | 'name' | 'locale' | 'passwordHash' | 'createdAt'>,
  ): Promise<'created' | NotCreated | 'invalid_token'>
}
