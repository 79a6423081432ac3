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

const example = (path: string) => `https://auth.example.com${path}?token=0pXq2vZ7mN4bT1cK8sLw3A`

/** To whoever asked for a new password, or an operator for them. */
const resetMail: MailDefinition<{ link: string; hours: number }, AccountTexts> = {
  about: 'Somebody asked for a new password.',
  facts: {
    link: ['where a new password is chosen', example('/reset-password')],
    hours: ['for how many hours the link works', 1],
  },
  content({ accounts }, { issuer, link, hours }) {
    const { subject, asked, open, choose, otherwise } = accounts.resetMail
    return { subject, paragraphs: [`${asked}\n${issuer}`, open(hours), { link, label: choose }, otherwise] }
  },
}

/** To whoever has a new password, with what to do if it was not they. */
const passwordChangedMail: MailDefinition<{ link: string }, AccountTexts> = {
  about: 'A person changed their password, or chose a new one by a mailed link.',
  facts: { link: ['where another one is asked for', 'https://auth.example.com/forgot-password'] },
  content({ accounts }, { issuer, link }) {
    const { subject, changed, otherwise, choose } = accounts.passwordChangedMail
    return { subject, paragraphs: [`${changed}\n${issuer}`, otherwise, { link, label: choose }] }
  },
}

/** To whoever has a password that somebody else has chosen. */
const passwordSetMail: MailDefinition<{ link: string }, AccountTexts> = {
  about: 'An operator or administrator set the password of an account.',
  facts: { link: ['where another one is asked for', 'https://auth.example.com/forgot-password'] },
  content({ accounts }, { issuer, link }) {
    const { subject, set, otherwise, choose } = accounts.passwordSetMail
    return { subject, paragraphs: [`${set}\n${issuer}`, otherwise, { link, label: choose }] }
  },
}

/** To whoever may administer the service from now on. */
const administratorMail: MailDefinition<{ link: string }, AccountTexts> = {
  about: 'An account was given the role `admin`.',
  facts: { link: ['where a new password is asked for', 'https://auth.example.com/forgot-password'] },
  content({ accounts }, { issuer, link }) {
    const { subject, granted, otherwise, choose } = accounts.administratorMail
    return { subject, paragraphs: [`${granted}\n${issuer}`, otherwise, { link, label: choose }] }
  },
}

/** To whoever an administrator invites. */
const invitationMail: MailDefinition<{ link: string; days: number }, AccountTexts> = {
  about: 'An administrator invited somebody.',
  facts: {
    link: ['where the account is opened', example('/invitation')],
    days: ['for how many days the link works', 7],
  },
  content({ accounts }, { issuer, link, days }) {
    const { subject, invited, open, accept, otherwise } = accounts.invitationMail
    return { subject, paragraphs: [`${invited}\n${issuer}`, open(days), { link, label: accept }, otherwise] }
  },
}

export const accountsMails = {
  'reset-password': resetMail,
  'password-changed': passwordChangedMail,
  'password-set': passwordSetMail,
  'administrator-made': administratorMail,
  invitation: invitationMail,
  'verify-email': verificationMail,
  'address-taken': takenMail,
  'already-confirmed': confirmedMail,
}
