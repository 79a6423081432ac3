import type { MailDefinition } from '../../pages/mail.ts'
import type { ApiKeyTexts } from './texts.ts'

/** To whom a key stands for. It tells nothing that whoever made the key has written. */
const keyMadeMail: MailDefinition<{ link: string }, ApiKeyTexts> = {
  about: 'An API key was made for an account.',
  facts: { link: ['where the person’s keys are', 'https://auth.example.com/api-keys'] },
  content({ apiKeys }, { issuer, link }) {
    const { subject, made, whatItMeans, otherwise, toKeys } = apiKeys.madeMail
    return { subject, paragraphs: [`${made}\n${issuer}`, whatItMeans, otherwise, { link, label: toKeys }] }
  },
}

export const apiKeysMails = { 'api-key-made': keyMadeMail }
