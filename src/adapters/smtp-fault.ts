import { connectionRemedies, type Remedies, remedyOf, serverFault } from '../core/server-fault.ts'

/** By the codes of the mail library, with what else is meant by those of TLS where a mail server is asked. */
const remedies: Remedies = [
  [
    /^NO_STARTTLS$/,
    'it offers no TLS; let it offer STARTTLS, connect by smtps:// where it begins with TLS, or set mail.require_tls: false in gatehouse.yaml where nobody can read along on the way',
  ],
  [
    /^(ETIMEDOUT|ERR_SSL|EPROTO$)/,
    'it does not answer as expected; correct host and port: smtps:// is for ports that begin with TLS (465), smtp:// for those with STARTTLS (587, 25)',
  ],
  [
    /^EAUTH$/,
    'it does not accept this user with this password; correct them, with reserved characters percent-encoded',
  ],
  [/^(ECONNECTION|ECONNRESET|ESOCKET|ETLS)$/, 'it ended the connection; look into its log'],
  [/^EPROTOCOL$/, 'what listens there does not speak as a mail server; correct host and port'],
]

interface MailFault {
  code?: unknown
  /** What the system said, where the library has a word of its own for it. */
  originalCode?: unknown
  command?: unknown
  /** The server's, as in 550. */
  responseCode?: unknown
}

/**
 * What may be logged of an error of the mail library: answers of servers hold addresses of people. `isPermanent`: the server
 * will not take this mail for this recipient, however often it is asked (RFC 5321 §4.2.1); what it has against the sender or
 * the login is the operator's to mend, and the mail waits.
 */
export function smtpFault(error: unknown): { reason: string; text: string; isPermanent: boolean } {
  const { code, originalCode, command, responseCode } = (error ?? {}) as MailFault
  // Without TLS nothing else is asked for after the greeting.
  const refusesTls = command === 'STARTTLS' && typeof responseCode === 'number'
  const isPlain = code === 'ECONNECTION' && command === 'EHLO'
  const told = [originalCode, code].find((one) => typeof one === 'string') ?? 'unknown'
  const word = refusesTls || isPlain ? 'NO_STARTTLS' : told
  const reason = typeof responseCode === 'number' ? `${word} ${responseCode}` : word
  if (/^E(ENVELOPE|MESSAGE)$/.test(word)) {
    const isFinal = typeof responseCode === 'number' && responseCode >= 500 && responseCode < 600
    const remedy = 'look at mail.from, at what its user may send, and into its log'
    const text = `SMTP_URL: the server refuses the mail (${reason}): ${remedy}`
    return { reason, text, isPermanent: isFinal && command !== 'MAIL FROM' }
  }
  const text = serverFault('SMTP_URL', reason, remedyOf(word, remedies, connectionRemedies))
  return { reason, text, isPermanent: false }
}
