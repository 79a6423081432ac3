import type { MailDefinition } from '../../pages/mail.ts'
import type { UpstreamTexts } from './texts.ts'

type Definition<Facts extends Record<string, string | number>> = MailDefinition<Facts, UpstreamTexts>

const linkedPage = 'https://auth.example.com/linked-accounts'

/** One that tells of a change, and what to do if it was not the person’s. */
function about(
  words: string,
  which: 'linkedMail' | 'unlinkedMail',
): Definition<{ provider: string; account: string; link: string }> {
  return {
    about: words,
    facts: {
      provider: ['what the provider is called', 'Google'],
      account: ['what the account is called there', 'ada@example.com'],
      link: ['where the person’s linked accounts are', linkedPage],
    },
    content({ upstream }, { issuer, provider, account, link }) {
      const { subject, happened, otherwise, look } = upstream[which]
      return { subject, paragraphs: [`${happened(provider, account)}\n${issuer}`, otherwise, { link, label: look }] }
    },
  }
}

/** To an address that its provider has not verified. The link does nothing in another browser than the one that was signed in there. */
const confirmMail: Definition<{ provider: string; link: string; minutes: number }> = {
  about: 'Somebody who signed in by a provider wants an account with an address that the provider has not verified.',
  facts: {
    provider: ['what the provider, and the account there, is called', 'GitHub (ada)'],
    link: ['where the address is confirmed', 'https://auth.example.com/confirm-provider?token=0pXq2vZ7mN4bT1cK8sLw3A'],
    minutes: ['for how many minutes the link works', 60],
  },
  content({ upstream }, { issuer, provider, link, minutes }) {
    const { subject, asked, open, confirm, otherwise } = upstream.confirmMail
    return {
      subject,
      paragraphs: [`${asked(provider)}\n${issuer}`, open(minutes), { link, label: confirm }, otherwise],
    }
  },
}

/** The same, where the address is of an account. */
const takenMail: Definition<{ provider: string; link: string }> = {
  about: 'Somebody who signed in by a provider wants an account with an address of an account that is there.',
  facts: {
    provider: ['what the provider, and the account there, is called', 'GitHub (ada)'],
    link: ['where the person’s linked accounts are', linkedPage],
  },
  content({ upstream }, { issuer, provider, link }) {
    const { subject, asked, instead, look, otherwise } = upstream.takenMail
    return { subject, paragraphs: [`${asked(provider)}\n${issuer}`, instead, { link, label: look }, otherwise] }
  },
}

export const upstreamMails = {
  'identity-linked': about('An account elsewhere was linked to somebody’s account.', 'linkedMail'),
  'identity-unlinked': about('An account elsewhere was unlinked, by its person or an administrator.', 'unlinkedMail'),
  'confirm-provider-address': confirmMail,
  'provider-address-taken': takenMail,
}
