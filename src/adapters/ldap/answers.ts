import { PasswordPolicyError, type PasswordPolicyValue } from 'ldapts'
import { DirectoryFault, type PasswordAnswer } from '../../core/directory.ts'
import { connectionRemedies, type Remedies, remedyOf } from '../../core/server-fault.ts'

/** Result codes (RFC 4511 appendix A) by which the directory says that the service is set up wrongly. */
const settingsCodes: Readonly<Record<number, string>> = {
  1: 'it wants the service to sign in first, and the bind did not count; look into its log',
  4: 'it gives too few entries in one answer; let this service page without a limit',
  8: 'it wants another way of TLS or of signing in',
  10: 'it refers to another server; name that one in url, or a base_dn that this one holds',
  13: 'it wants TLS',
  21: 'base_dn or a filter is not written as it takes it',
  32: 'there is no entry at base_dn that the service may see; correct it, or let it read there',
  34: 'a DN is not written as it takes it; correct bind_dn and base_dn',
  48: 'bind_dn has no password there',
  49: 'it does not accept bind_dn with this password; correct them',
  50: 'the service may not read there; give bind_dn the right to',
  53: 'it does not do what is asked for; look into its log',
}

const remedies: Remedies = [
  [
    /^SELF_SIGNED|UNABLE_TO|CERT_UNTRUSTED|DEPTH_ZERO/,
    'its certificate is not trusted; name the file of its authority in ca_file',
  ],
  [/^ECONNRESET$/, 'it ended the connection; look into its log'],
]

const codeOf = (error: unknown) => (error as { code?: unknown } | undefined)?.code

/** Whether the server has answered, so that its connection is as good as before. */
export function isAnswer(error: unknown): boolean {
  return typeof codeOf(error) === 'number'
}

/** What an error means where the service asks for itself. The text of the server stays out of it: it may name people. */
export function faultOf(error: unknown): DirectoryFault {
  if (error instanceof DirectoryFault) return error
  const code = codeOf(error)
  if (typeof code === 'number') {
    const remedy = settingsCodes[code]
    return new DirectoryFault(remedy === undefined ? 'away' : 'settings', `LDAP ${code}`, remedy)
  }
  if (typeof code === 'string') return new DirectoryFault('away', code, remedyOf(code, remedies, connectionRemedies))
  const reason = error instanceof Error && /timed out|timeout/i.test(error.message) ? 'ETIMEDOUT' : 'ECONNRESET'
  return new DirectoryFault('away', reason, remedyOf(reason, remedies, connectionRemedies))
}

/** What Active Directory says beside 49, by its `data` (the system's error codes, hexadecimal). */
const reasons: Readonly<Record<string, PasswordAnswer['kind'] | 'locked'>> = {
  '52e': 'wrong',
  525: 'wrong',
  775: 'locked',
  533: 'refused',
  701: 'refused',
  530: 'refused',
  531: 'refused',
  532: 'must_change',
  773: 'must_change',
}

/**
 * What the answer to a person's bind means; rejects where it says nothing of the person. `policy`: what came with it
 * (draft-behera-ldap-password-policy §6.2), also where it was a success.
 */
export function answerOf(error: unknown, policy: PasswordPolicyValue | undefined): PasswordAnswer {
  if (error === undefined) {
    if (policy?.error === PasswordPolicyError.ChangeAfterReset || policy?.error === PasswordPolicyError.PasswordExpired)
      return { kind: 'must_change' }
    if (policy?.error === PasswordPolicyError.AccountLocked) return { kind: 'refused' }
    return {
      kind: 'right',
      endsSoon: policy?.graceAuthNsRemaining !== undefined || policy?.timeBeforeExpiration !== undefined,
    }
  }
  const code = codeOf(error)
  // The entry may have gone, or have no password.
  if (code === 32 || code === 48) return { kind: 'wrong', isLocked: false }
  if (code !== 49) throw faultOf(error)
  if (policy?.error === PasswordPolicyError.PasswordExpired) return { kind: 'must_change' }
  const data = /\bdata ([\da-f]+)\b/i.exec((error as Error).message)?.[1]?.toLowerCase()
  const reason = data === undefined ? 'wrong' : (reasons[data] ?? 'wrong')
  const isLocked = reason === 'locked' || policy?.error === PasswordPolicyError.AccountLocked
  return reason === 'must_change' || reason === 'refused' ? { kind: reason } : { kind: 'wrong', isLocked }
}
