import type { MailDefinition } from '../../pages/mail.ts'
import type { FactorTexts } from './texts.ts'

type Definition<Facts extends Record<string, string | number>> = MailDefinition<Facts, FactorTexts>

const toFactors = { link: ['where the person’s second factor is', 'https://auth.example.com/factors'] } as const

/** One that tells of a change, and what to do if it was not the person’s. */
function about(words: string, which: 'addedMail' | 'removedMail' | 'codesMadeMail'): Definition<{ link: string }> {
  return {
    about: words,
    facts: toFactors,
    content({ factors }, { issuer, link }) {
      const { subject, happened, otherwise, toFactors: label } = factors[which]
      return { subject, paragraphs: [`${happened}\n${issuer}`, otherwise, { link, label }] }
    },
  }
}

/** The same of a passkey, by its name. */
function aboutPasskey(
  words: string,
  which: 'passkeyAddedMail' | 'passkeyRemovedMail' | 'passkeyCopiedMail',
): Definition<{ name: string; link: string }> {
  return {
    about: words,
    facts: { name: ['what the person calls the passkey', 'Phone'], ...toFactors },
    content({ factors }, { issuer, name, link }) {
      const { subject, happened, otherwise, toFactors: label } = factors[which]
      return { subject, paragraphs: [`${happened(name)}\n${issuer}`, otherwise, { link, label }] }
    },
  }
}

const codeUsedMail: Definition<{ left: number; link: string }> = {
  about: 'A recovery code was used.',
  facts: { left: ['how many are left', 9], ...toFactors },
  content({ factors }, { issuer, left: count, link }) {
    const { subject, happened, left, otherwise, toFactors: label } = factors.codeUsedMail
    return { subject, paragraphs: [`${happened}\n${issuer}`, left(count), otherwise, { link, label }] }
  },
}

/** The link is for whoever is signed in: others sign in first. */
const codesRefusedMail: Definition<{ link: string }> = {
  about: 'So many codes were wrong, after a right password, that none is taken for a while. It is sent once a time.',
  facts: { link: ['where a new password is chosen', 'https://auth.example.com/change-password'] },
  content({ factors }, { issuer, link }) {
    const { subject, happened, otherwise, choose } = factors.codesRefusedMail
    return { subject, paragraphs: [`${happened}\n${issuer}`, otherwise, { link, label: choose }] }
  },
}

const resetMail: Definition<{ link: string; hours: number }> = {
  about: 'An operator took somebody’s second factors away, or the person signed in after that.',
  facts: {
    link: ['where the next factor is set up', 'https://auth.example.com/enrol?token=0pXq2vZ7mN4bT1cK8sLw3A'],
    hours: ['for how many hours the link works', 24],
  },
  content({ factors }, { issuer, link, hours }) {
    const { subject, happened, open, setUp, otherwise } = factors.resetMail
    return { subject, paragraphs: [`${happened}\n${issuer}`, open(hours), { link, label: setUp }, otherwise] }
  },
}

export const factorsMails = {
  'factor-added': about('A second factor was set up.', 'addedMail'),
  'factor-removed': about('A person removed their second factor.', 'removedMail'),
  'recovery-codes-made': about('A person got new recovery codes.', 'codesMadeMail'),
  'recovery-code-used': codeUsedMail,
  'codes-refused': codesRefusedMail,
  'passkey-added': aboutPasskey('A passkey was added.', 'passkeyAddedMail'),
  'passkey-removed': aboutPasskey('A person removed a passkey.', 'passkeyRemovedMail'),
  'passkey-copied': aboutPasskey(
    'A passkey was refused, since it or a copy of it had been used before with the same counter. It is sent once a day for each.',
    'passkeyCopiedMail',
  ),
  'factors-reset': resetMail,
}
