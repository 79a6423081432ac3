import type { MailDefinition } from '../../pages/mail.ts'
import type { AccountTexts } from './texts.ts'

/** To whoever registered an address that has no account. */
export const verificationMail: MailDefinition<{ link: string; hours: number }, AccountTexts> = {
  about: 'Somebody registered an address that has no account.',
  facts: {
    link: ['where the address is confirmed', 'https://auth.example.com/verify-email?token=0pXq2vZ7mN4bT1cK8sLw3A'],
    hours: ['for how many hours the link works', 24],
  },
  content({ accounts }, { issuer, link, hours }) {
    const { subject, asked, open, confirm, otherwise } = accounts.verificationMail
    return { subject, paragraphs: [`${asked}\n${issuer}`, open(hours), { link, label: confirm }, otherwise] }
  },
}

/** To the owner of an account whose address somebody registered once more. */
export const takenMail: MailDefinition<{ link: string }, AccountTexts> = {
  about: 'Somebody registered an address that has an account.',
  facts: { link: ['where people sign in', 'https://auth.example.com/login'] },
  content({ kit, accounts }, { issuer, link }) {
    const { subject, asked, signIn, otherwise } = accounts.takenMail
    return { subject, paragraphs: [`${asked}\n${issuer}`, signIn, { link, label: kit.signIn }, otherwise] }
  },
}

/** To the owner of an account for whose address somebody wants another link. */
export const confirmedMail: MailDefinition<{ link: string }, AccountTexts> = {
  about: 'Somebody asked for another link to confirm an address that has an account.',
  facts: { link: ['where people sign in', 'https://auth.example.com/login'] },
  content({ kit, accounts }, { issuer, link }) {
    const { subject, asked, signIn, otherwise } = accounts.confirmedMail
    return { subject, paragraphs: [`${asked}\n${issuer}`, signIn, { link, label: kit.signIn }, otherwise] }
  },
}

export const accountsMails = {
  'verify-email': verificationMail,
  'address-taken': takenMail,
  'already-confirmed': confirmedMail,
}
