import { auditEvent } from '../../core/audit.ts'

/** What the trail is told of here. */
export const upstreamEvents = {
  'provider.failed': auditEvent<{ provider: string; reason: string; code: string }>(
    'warn',
    'a provider has proven nobody',
    'its name, reason (`unreachable`, `denied`, `unknown_key`, `code_refused`, `misconfigured` or `not_trusted`), and a code in the words of OAuth or of its library',
  ),
  'provider.answer_refused': auditEvent<{ provider: string; reason: string }>(
    'warn',
    'a browser came back from a provider with what was not asked for here',
    'its name, and reason: `unknown_trip` (begun nowhere, in another browser, too long ago or used), `too_long`, or `other_session`',
  ),
  'provider.person_refused': auditEvent<{ provider: string; reason: string }>(
    'info',
    'a person whom a provider has proven may not sign in',
    'its name, and reason: the restriction of `allow` that they do not fulfil, `level` (a lower `acr` than was asked for), `age` (proven too long ago), `no_subject`, `no_account`, `other_person` or `user_disabled`',
  ),
  'identity.linked': auditEvent<{ source: string; identity_id: string; how: string }>(
    'info',
    'an account elsewhere became a way to sign in',
    'where it is, its id here, and how: `by_person`, `trusted_email` or `new_account`',
  ),
  'identity.unlinked': auditEvent<{ source: string; identity_id: string }>(
    'info',
    'an account elsewhere is no way to sign in any more',
    'where it was, and its id here',
  ),
  'provider.signed_out': auditEvent<{ provider: string; ended: number }>(
    'info',
    'a provider has signed somebody out',
    'its name, and how many sessions ended',
  ),
  'provider.logout_token_refused': auditEvent<{ provider: string; reason: string }>(
    'warn',
    'a token that was to sign somebody out was refused',
    'its name, and reason: what was wrong with the token',
  ),
}
