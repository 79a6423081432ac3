import type { MailDefinition } from '../../pages/mail.ts'
import type { OwnAccountTexts } from './texts.ts'

type Definition<Facts extends Record<string, string | number | Date>> = MailDefinition<Facts, OwnAccountTexts>
const example = (path: string) => `https://auth.example.com${path}?token=0pXq2vZ7mN4bT1cK8sLw3A`

const confirmEmailMail: Definition<{ link: string; hours: number }> = {
  about: 'Somebody wants this address for their account.',
  facts: {
    link: ['where it is confirmed', example('/confirm-email')],
    hours: ['for how many hours the link works', 24],
  },
  content({ ownAccount }, { issuer, link, hours }) {
    const { subject, asked, open, confirm, otherwise } = ownAccount.confirmEmailMail
    return { subject, paragraphs: [`${asked}\n${issuer}`, open(hours), { link, label: confirm }, otherwise] }
  },
}

const emailChangeRequestedMail: Definition<{ link: string }> = {
  about: 'To the present address: another one was asked for.',
  facts: { link: ['where it is stopped', example('/undo-email')] },
  content({ ownAccount }, { issuer, link }) {
    const { subject, asked, later, otherwise, stop } = ownAccount.emailChangeRequestedMail
    return { subject, paragraphs: [`${asked}\n${issuer}`, later, otherwise, { link, label: stop }] }
  },
}

const emailChangedMail: Definition<{ link: string; hours: number }> = {
  about: 'To the former address: the account has another one.',
  facts: { link: ['where it is taken back', example('/undo-email')], hours: ['for how many hours the link works', 72] },
  content({ ownAccount }, { issuer, link, hours }) {
    const { subject, changed, otherwise, takeBack } = ownAccount.emailChangedMail
    return { subject, paragraphs: [`${changed}\n${issuer}`, otherwise(hours), { link, label: takeBack }] }
  },
}

const emailTakenBackMail: Definition<{ link: string; hours: number }> = {
  about: 'To an address that an account has again.',
  facts: {
    link: ['where a new password is chosen', example('/reset-password')],
    hours: ['for how many hours the link works', 1],
  },
  content({ ownAccount }, { issuer, link, hours }) {
    const { subject, back, choose, newPassword } = ownAccount.emailTakenBackMail
    return { subject, paragraphs: [`${back}\n${issuer}`, choose(hours), { link, label: newPassword }] }
  },
}

const deletionRequestedMail: Definition<{ link: string; until: Date }> = {
  about: 'A person asked for the deletion of their account.',
  facts: {
    link: ['where people sign in', 'https://auth.example.com/login'],
    until: ['when the account goes', new Date('2026-12-04T08:05:00Z')],
  },
  content({ ownAccount }, { issuer, link, until }) {
    const { subject, asked, until: goes, signIn, otherwise } = ownAccount.deletionRequestedMail
    return { subject, paragraphs: [`${asked}\n${issuer}`, goes(until), { link, label: signIn }, otherwise] }
  },
}

const accountKeptMail: Definition<{ link: string }> = {
  about: 'A person kept the account whose deletion they had asked for.',
  facts: { link: ['where people sign in', 'https://auth.example.com/login'] },
  content({ ownAccount }, { issuer, link }) {
    const { subject, kept, otherwise, signIn } = ownAccount.accountKeptMail
    return { subject, paragraphs: [`${kept}\n${issuer}`, otherwise, { link, label: signIn }] }
  },
}

const accountExportedMail: Definition<{ link: string }> = {
  about: 'A person took out what is stored about them.',
  facts: { link: ['the page of the account', 'https://auth.example.com/account'] },
  content({ ownAccount }, { issuer, link }) {
    const { subject, exported, otherwise, account } = ownAccount.accountExportedMail
    return { subject, paragraphs: [`${exported}\n${issuer}`, otherwise, { link, label: account }] }
  },
}

export const ownAccountMails = {
  'confirm-email': confirmEmailMail,
  'email-change-requested': emailChangeRequestedMail,
  'email-changed': emailChangedMail,
  'email-taken-back': emailTakenBackMail,
  'deletion-requested': deletionRequestedMail,
  'account-kept': accountKeptMail,
  'account-exported': accountExportedMail,
}
