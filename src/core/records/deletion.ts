import type { WithMails } from './mail.ts'

/** How accounts go: by their person, who can change their mind for a while, or by an operator, at once. */
export interface DeletionStore {
  /**
   * From now on the account counts for nothing, until `deletesAt` it can be kept, and then it goes. Ends its sessions, known
   * devices, API keys and links. `last_administrator`: nobody else could administer the service; of any number of calls at
   * once one administrator is left. `provenHash`: `not_there` when it is not the account's hash any more.
   */
  request(
    request: { userId: string; provenHash: string | null; deletesAt: Date; at: Date } & WithMails,
  ): Promise<'requested' | 'last_administrator' | 'not_there'>
  /** Takes a deletion back that would have been at `deletesAt`; false when there is none. */
  keep(keep: { userId: string; deletesAt: Date; at: Date } & WithMails): Promise<boolean>
  /** The ids of accounts whose time has come. */
  due(at: Date, limit: number): Promise<string[]>
  /**
   * Deletes an account, everything that is its own, and whatever else holds its address: invitations and registrations, mails and
   * requests of mails, and what others have asked for it. The rows of the audit trail stay. `dueBy`: only when its time has come by
   * then. `keepsAdministrator`: of any number of calls, and of those that take an administrator away otherwise, one administrator is
   * left. `recipientsOf`: the hashes under which an address is stored beside mails.
   */
  remove(removal: {
    userId: string
    at: Date
    dueBy?: Date | undefined
    keepsAdministrator?: boolean
    recipientsOf(email: string): string[]
  }): Promise<'removed' | 'not_there' | 'last_administrator'>
}
