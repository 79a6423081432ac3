import type { Mail } from '../../core/mailer.ts'
import { composeMail } from '../../pages/mail.ts'
import type { Spoken } from '../../pages/view.ts'
import type { TokenTexts } from './texts.ts'

/** Tells that a session was ended. Holds no link: whoever expects one to sign in with learns to follow those of others. */
export function reuseMail(
  spoken: Spoken<TokenTexts>,
  { to, issuer, began, ip }: { to: string; issuer: string; began: Date; ip: string },
): Mail {
  const { subject, usedTwice, whichOne, whatNext } = spoken.texts.tokens.reuseMail
  return composeMail(spoken, { to, subject, paragraphs: [`${usedTwice}\n${issuer}`, whichOne(began, ip), whatNext] })
}
