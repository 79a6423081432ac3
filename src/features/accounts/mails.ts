import type { Mail } from '../../core/mailer.ts'
import { composeMail } from '../../pages/mail.ts'
import type { Spoken } from '../../pages/view.ts'
import type { AccountTexts } from './texts.ts'

/** To whoever registered an address that has no account. `link`: where it is confirmed. */
export function verificationMail(
  spoken: Spoken<AccountTexts>,
  { to, issuer, link, hours }: { to: string; issuer: string; link: string; hours: number },
): Mail {
  const { subject, asked, open, otherwise } = spoken.texts.accounts.verificationMail
  return composeMail(spoken, { to, subject, paragraphs: [`${asked}\n${issuer}`, open(hours), link, otherwise] })
}

/** To the owner of an account whose address somebody registered once more. */
export function takenMail(spoken: Spoken<AccountTexts>, { to, issuer }: { to: string; issuer: string }): Mail {
  const { subject, asked, signIn, otherwise } = spoken.texts.accounts.takenMail
  return composeMail(spoken, { to, subject, paragraphs: [`${asked}\n${issuer}`, signIn, `${issuer}/login`, otherwise] })
}
