import type { MailDefinition } from '../../pages/mail.ts'
import type { TokenTexts } from './texts.ts'

/** Tells that a session was ended. Holds no link: whoever expects one to sign in with learns to follow those of others. */
export const reuseMail: MailDefinition<{ began: Date; ip: string }, TokenTexts> = {
  about: 'A refresh token was used a second time, which ended its session.',
  facts: {
    began: ['when the session began', new Date('2026-11-20T08:05:00Z')],
    ip: ['the network address that it began from', '192.0.2.7'],
  },
  content({ tokens }, { issuer, began, ip }) {
    const { subject, usedTwice, whichOne, whatNext } = tokens.reuseMail
    return { subject, paragraphs: [`${usedTwice}\n${issuer}`, whichOne(began, ip), whatNext] }
  },
}

export const tokensMails = { 'refresh-token-reused': reuseMail }
