import type { Audit } from '../../core/audit.ts'
import type { Clock } from '../../core/clock.ts'
import type { PasskeyFault, ShownCredential } from '../../core/passkey-answers.ts'
import type { Wishes } from '../../core/records/interaction.ts'
import type { UserStore } from '../../core/records/user.ts'
import type { Directories } from '../directories/index.ts'
import type { Ceremonies } from '../factors/index.ts'
import type { AccountKeeping } from './account-keeping.ts'
import type { Advance, Device, SignedIn, Unfinished } from './advance.ts'
import type { signInEvents } from './audit-events.ts'
import type { KnownDevices } from './known-devices.ts'

export type LogInByPasskey = (
  request: { credential: ShownCredential; wishes: Wishes },
  device: Device,
) => Promise<
  | SignedIn
  | Unfinished
  | { kind: 'invalid_passkey'; fault: PasskeyFault }
  /** All that the person may do is to keep the account. */
  | { kind: 'deletion_pending'; deletesAt: Date; keepToken: string }
>

/**
 * Takes a passkey in place of name and password: it says who somebody is, and proves it by two factors. Whose password a directory keeps
 * still has to count there. Rejects as `unavailable` when that directory gives no answer.
 */
export function createLogInByPasskey(dependencies: {
  checkPasskey: Ceremonies['check']
  advance: Advance
  keeping: Pick<AccountKeeping, 'seal'>
  knownDevices: Pick<KnownDevices, 'recognise'>
  directories: Pick<Directories, 'counts'>
  users: Pick<UserStore, 'findById'>
  audit: Audit<typeof signInEvents>
  clock: Clock
}): LogInByPasskey {
  const { checkPasskey, advance, keeping, knownDevices, directories, users, audit, clock } = dependencies
  return async ({ credential, wishes }, device) => {
    const check = await checkPasskey({ purpose: 'sign_in' }, credential)
    if (check.kind === 'wrong') {
      audit.record({ event: 'sign_in.failed', subject: check.user?.id, reason: 'wrong_passkey' })
      return { kind: 'invalid_passkey', fault: check.fault }
    }
    if (check.kind === 'deletion_pending') {
      const { user, deletesAt } = check
      audit.record({ event: 'sign_in.failed', subject: user.id, reason: 'deletion_pending' })
      const keepToken = keeping.seal({ userId: user.id, deletesAt, language: device.language })
      return { kind: 'deletion_pending', deletesAt, keepToken }
    }
    const { methods, passkeyId } = check
    if (!(await directories.counts(check.user))) {
      audit.record({ event: 'sign_in.failed', subject: check.user.id, reason: 'ended' })
      return { kind: 'invalid_passkey', fault: 'unknown' }
    }
    // Read anew: what they may do follows from what the directory has said.
    const user = await users.findById(check.user.id)
    if (user === undefined) return { kind: 'invalid_passkey', fault: 'unknown' }
    const recognised = await knownDevices.recognise(device.known, user.email)
    const at = clock.now()
    const proofs = methods.map((method) => ({ method, at }))
    const outcome = await advance({ user, proofs, wishes, ...recognised, passkeyId }, device)
    return outcome.kind === 'account_changed' ? { kind: 'invalid_passkey', fault: 'unknown' } : outcome
  }
}
