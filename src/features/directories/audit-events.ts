import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const directoriesEvents = {
  'directory.unreachable': auditEvent<{ directory: string; reason: string }>(
    'warn',
    'a directory cannot be used',
    'its name, and a code; once until it answers again',
  ),
  'directory.recovered': auditEvent<{ directory: string }>('info', 'a directory can be used again', 'its name'),
  'directory.account_created': auditEvent<{ directory: string }>(
    'info',
    'a person of a directory signed in for the first time, and has an account',
    'the directory',
  ),
  'directory.account_connected': auditEvent<{ directory: string; by: 'trusted_address' | 'both_passwords' }>(
    'warn',
    'an account was connected with one of a directory',
    'the directory, and by what: `trusted_address`, or `both_passwords`',
  ),
  'directory.account_disconnected': auditEvent<{ directory: string }>(
    'info',
    'an account was disconnected from one of a directory',
    'the directory',
  ),
  'directory.not_admitted': auditEvent<{
    directory: string
    reason: 'first_sign_in' | 'no_address' | 'address_taken' | 'several_entries'
  }>(
    'warn',
    'a person of a directory has no account here, and got none',
    'the directory, and why: `first_sign_in` refuses, `no_address` that can be one, `address_taken` by another account, or `several_entries` of that name',
  ),
  'directory.account_ended': auditEvent<{
    directory: string
    reason: 'gone' | 'disabled' | 'expired'
    sessions: number
    api_keys: number
  }>(
    'warn',
    'a person does not count any more in their directory, and was signed out',
    'the directory, why, and how many sessions and API keys ended',
  ),
  'directory.rights_changed': auditEvent<{ directory: string; added: readonly string[]; withdrawn: readonly string[] }>(
    'info',
    'roles of a person have changed with their groups in a directory',
    'the directory, and which roles',
  ),
}
