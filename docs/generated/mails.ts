import { mails as definitions } from '../../src/mails.ts'
import type { MailDefinitions } from '../../src/pages/mail.ts'
import { code, table } from './table.ts'

/** Every mail, when it is sent, and what a template of it may tell. */
export function mails(): string {
  const all: MailDefinitions = definitions
  const rows = Object.entries(all).map(([kind, { about, facts }]) => {
    const told = Object.entries(facts).map(([name, [what]]) => `${code(`{{${name}}}`)} ${what}`)
    return [code(kind), about, told.join(', ')]
  })
  return table(['mail', 'when it is sent', 'what it tells'], rows)
}
