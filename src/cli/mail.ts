import type { ShownMail, ShownPreview } from '../features/mail/index.ts'
import { command, flag, group, print, required, text } from './command.ts'
import { pathOf, withOperator } from './operator.ts'
import { tell } from './terminal.ts'

/** Mails: `mail list|retry|preview`. */
export const mail = group({
  list: command({
    summary: 'show the newest mails: when, which one and what became of it, never what they say',
    options: {
      state: text('STATE', 'those alone that are queued, sent, dead or expired'),
      limit: text('N', 'so many at most; 50 unless it is given'),
    },
    example: 'mail list --state dead',
    async run({ state, limit, json }) {
      const query = new URLSearchParams({ ...(state && { state }), ...(limit && { limit }) })
      const path = `/mails?${query.toString()}`
      const { items } = await withOperator((operator) => operator<{ items: ShownMail[] }>('GET', path))
      print(items, json)
    },
  }),
  retry: command({
    summary: 'try a mail again now that was given up, or that waits',
    arguments: ['id'],
    example: 'mail retry 01932c07-20a5-7e9c-8f5e-2b1d3a4c5e6f',
    async run({ json }, id) {
      print(await withOperator((operator) => operator<ShownMail>('POST', pathOf('mails', id, 'retry'))), json)
    },
  }),
  preview: command({
    summary: 'print what a mail says, with examples, from your own template where there is one',
    options: {
      template: required('NAME', 'which mail, such as verify-email'),
      language: text('LANGUAGE', 'in which language; en unless it is given'),
      html: flag('print the HTML instead of the text'),
    },
    example: 'mail preview --template verify-email --language de',
    async run({ template, language = 'en', html, json }) {
      const path = `${pathOf('mail-templates', template)}?language=${encodeURIComponent(language)}`
      const shown = await withOperator((operator) => operator<ShownPreview>('GET', path))
      if (json) return print(shown, true)
      tell(html ? shown.html : `Subject: ${shown.subject}\n\n${shown.text}`)
    },
  }),
})
