import type { AnswerMailRequest } from '../../core/mail-request.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
import type { RegistrationStore } from '../../core/records/registration.ts'
import type { UserStore } from '../../core/records/user.ts'
import { hashSecret } from '../../core/secrets.ts'
import type { RegistrationRules } from './register.ts'

const linkHours = 24

export interface RegistrationAnswers {
  /** Keeps what was registered until the mailed link is opened; no account exists before that. */
  register: AnswerMailRequest<'register'>
  /** Sends one more link for what was registered last. The links before it still work. */
  'resend-verification': AnswerMailRequest<'resend-verification'>
}

/**
 * Looks up whose address somebody registered, and says so in a mail: a link where there is no account, and that there is one
 * to its owner. Where nothing was registered, or nobody may register any more, there is no mail.
 */
export function createRegistrationAnswers(dependencies: {
  rules: Pick<RegistrationRules, 'mode'>
  users: Pick<UserStore, 'findByLogin'>
  registrations: Pick<RegistrationStore, 'open' | 'openAgain'>
  mails: MailWriter<
    MailOf<{
      'verify-email': { link: string; hours: number }
      'address-taken': { link: string }
      'already-confirmed': { link: string }
    }>
  >
  issuer: string
}): RegistrationAnswers {
  const { rules, users, registrations, mails, issuer } = dependencies

  type Asked = Parameters<AnswerMailRequest<'register' | 'resend-verification'>>[0]

  /** `open`: keeps what the link of this token is for; false where there is nothing. */
  async function answer(
    { email, language, token, at }: Asked,
    ofOwner: 'address-taken' | 'already-confirmed',
    open: (link: { tokenHash: string; expiresAt: Date }) => Promise<boolean>,
  ) {
    if (rules.mode !== 'open') return []
    const owner = await users.findByLogin(email)
    if (owner !== undefined) {
      const to = { to: email, language: owner.locale ?? language, userId: owner.id }
      return [mails.seal({ kind: ofOwner, ...to, facts: { link: `${issuer}/login` } })]
    }
    const expiresAt = new Date(at.getTime() + linkHours * 3_600_000)
    if (!(await open({ tokenHash: hashSecret(token), expiresAt }))) return []
    const facts = { link: `${issuer}/verify-email?token=${token}`, hours: linkHours }
    return [mails.seal({ kind: 'verify-email', to: email, language, facts, expiresAt })]
  }

  return {
    register: (asked) =>
      answer(asked, 'address-taken', async (link) => {
        await registrations.open({ ...link, email: asked.email, ...asked.details })
        return true
      }),
    'resend-verification': (asked) =>
      answer(asked, 'already-confirmed', (link) => registrations.openAgain(asked.email, link, asked.at)),
  }
}
