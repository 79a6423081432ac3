import type { AnswerMailRequest } from '../../core/mail-request.ts'
import type { AnsweringLink } from '../../core/records/mail-request.ts'
import type { MailOf, MailWriter } from '../../core/mail.ts'
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
  mails: MailWriter<
    MailOf<{
      'verify-email': { link: string; hours: number }
      'address-taken': { link: string }
      'already-confirmed': { link: string }
    }>
  >
  issuer: string
}): RegistrationAnswers {
  const { rules, users, mails, issuer } = dependencies

  type Asked = Parameters<AnswerMailRequest<'register' | 'resend-verification'>>[0]

  /** `linkOf`: what the link of this token is for. */
  async function answer(
    { email, language, token, at }: Asked,
    ofOwner: 'address-taken' | 'already-confirmed',
    linkOf: (link: { tokenHash: string; expiresAt: Date }) => AnsweringLink,
  ) {
    if (rules.mode !== 'open') return { mails: [] }
    const owner = await users.findByLogin(email)
    if (owner !== undefined) {
      const to = { to: email, language: owner.locale ?? language, userId: owner.id }
      return { mails: [mails.seal({ kind: ofOwner, ...to, facts: { link: `${issuer}/login` } })] }
    }
    const expiresAt = new Date(at.getTime() + linkHours * 3_600_000)
    const facts = { link: `${issuer}/verify-email?token=${token}`, hours: linkHours }
    const told = mails.seal({ kind: 'verify-email', to: email, language, facts, expiresAt })
    return { mails: [told], link: linkOf({ tokenHash: hashSecret(token), expiresAt }) }
  }

  return {
    register: (asked) =>
      answer(asked, 'address-taken', (link) => {
        const { email, language, details } = asked
        return { kind: 'registration', registration: { ...link, email, language, ...details } }
      }),
    'resend-verification': (asked) =>
      answer(asked, 'already-confirmed', (link) => ({ kind: 'registration_again', email: asked.email, ...link })),
  }
}
