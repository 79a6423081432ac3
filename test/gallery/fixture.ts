/** What the gallery shows: pages and mails in states that they can be in, without a service behind them. */
import type { Language, OfferedLanguages } from '../../src/core/language.ts'
import { defaultPolicy } from '../../src/core/password-policy.ts'
import type { MailFacts } from '../../src/core/mail.ts'
import type { Mail } from '../../src/core/mailer.ts'
import { createLanguages } from '../../src/i18n/languages.ts'
import type { Catalogue } from '../../src/i18n/en.ts'
import { defaultBranding } from '../../src/pages/brand.ts'
import { documentOf, html } from '../../src/pages/html.ts'
import { type CommonFacts, composeMail, type MailDefinition } from '../../src/pages/mail.ts'
import type { Spoken, View } from '../../src/pages/view.ts'
import { ada } from './people.ts'

/** A view or a mail in one state. */
export interface Fixture {
  /** `sign-in.fault`: what the files of it are called. */
  readonly name: string
  /** The function that is shown, so that a test finds those of which nothing is shown. */
  readonly shows: unknown
  readonly isMail: boolean
  /** A whole document. */
  render(spoken: Spoken<Catalogue>): string
}

/** What a view is shown with, made of the texts that it shall say. */
type States<Known> = Readonly<Record<string, (texts: Catalogue) => Known>>

/** Where the pages lead back to. */
export const returnTo = 'https://app.example.com/reports?year=2026'
export const csrfToken = 'a-token'

const offered: OfferedLanguages = ['en', 'de']

export function pages<Known>(name: string, view: View<[Known], Catalogue>, states: States<Known>): Fixture[] {
  return Object.entries(states).map(([state, known]) => ({
    name: `${name}.${state}`,
    shows: view,
    isMail: false,
    render: (spoken) =>
      String(
        view({ ...spoken, offered, passwords: defaultPolicy, address: { return_to: returnTo } }, known(spoken.texts)),
      ),
  }))
}

/** A mail with the examples of its facts, and with what else states say. */
export function mails<Facts extends MailFacts>(
  name: string,
  mail: MailDefinition<Facts, Catalogue>,
  states: Readonly<Record<string, Partial<Facts & CommonFacts> & { to?: string }>>,
): Fixture[] {
  const examples = Object.fromEntries(
    Object.entries(mail.facts).map(([fact, [, example]]) => [fact, example]),
  ) as unknown as Facts
  return Object.entries(states).map(([state, { to = ada.email, ...known }]) => ({
    name: `${name}.${state}`,
    shows: mail,
    isMail: true,
    render: (spoken) => {
      const facts = { issuer: 'https://auth.example.com', ...examples, ...known }
      return showMail(composeMail(to, spoken, mail.content(spoken.texts, facts)))
    },
  }))
}

function showMail({ to, subject, text, html: page, language }: Mail): string {
  return String(
    documentOf(language, subject, {
      head: html`<link rel="stylesheet" href="./assets/pico.min.css" />`,
      body: html`<body>
        <main class="container">
          <h1 style="font-size: 1.25rem">${subject}</h1>
          <p>${to}</p>
          <pre style="padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere">${text}</pre>
          <iframe title="HTML" srcdoc="${page}" sandbox="" style="width: 100%; height: 32rem; border: 0"></iframe>
        </main>
      </body>`,
    }),
  )
}

const { inLanguage } = createLanguages(offered, { ...defaultBranding, texts: {} })

/** Every language with its texts. */
export function spokenLanguages(): Spoken<Catalogue>[] {
  return offered.map((language: Language) => inLanguage(language))
}
