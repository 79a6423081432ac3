import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const signInEvents = {
  'sign_in.succeeded': auditEvent<{ methods: readonly string[] }>('info', 'signed in', 'methods'),
  // Without a subject when the account is unknown: what was typed there may be anything, even a password.
  'sign_in.failed': auditEvent<{
    reason:
      | 'unknown_account'
      | 'wrong_password'
      | 'user_disabled'
      | 'deletion_pending'
      | 'wrong_code'
      | 'wrong_passkey'
      | 'locked_elsewhere'
      | 'limited_elsewhere'
      | 'must_change'
      | 'ended'
      | 'not_admitted'
  }>(
    'info',
    'sign-in failed',
    'reason; of a directory `locked_elsewhere` (it has locked the account), `limited_elsewhere` (too many were wrong for another to be sent), `must_change` (the password), `ended` (the account is disabled or has expired) and `not_admitted` (there is no account here)',
  ),
  'sign_in.continued': auditEvent<{ step: 'second_factor' | 'enrol' }>(
    'info',
    'a password was right, and more is needed to sign in',
    'step: `second_factor`, or `enrol` where one has to be set up first',
  ),
  'sign_in.limited': auditEvent<{ scope: 'account' | 'pair' | 'device' | 'address' | 'service'; limit: number }>(
    'warn',
    'too many wrong passwords',
    'scope (`account`, `pair` of an account and an address, known `device`, `address` or `service`) and limit, once a window',
  ),
  'step_up.succeeded': auditEvent<{ methods: readonly string[] }>(
    'info',
    'a person was proven again within a session',
    'methods: how the person was proven again within a session',
  ),
  'step_up.failed': auditEvent<{ reason: 'wrong_password' | 'wrong_code' | 'wrong_passkey' }>(
    'info',
    'a person was not proven again',
    'reason',
  ),
}
