import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import mustache from 'mustache'
import { SetupError } from '../../core/errors.ts'
import { type Language, languageTags } from '../../core/language.ts'
import type { MailFact, MailFacts } from '../../core/mail.ts'
import type { Mail } from '../../core/mailer.ts'

type Content = Pick<Mail, 'subject' | 'text' | 'html'>

/** What an operator has written in place of mails. */
export interface MailTemplates {
  /** A mail as the operator has it; nothing where they left it alone. */
  render(kind: string, language: Language, facts: MailFacts): Content | undefined
}

export const noTemplates: MailTemplates = { render: () => undefined }

interface Template {
  subject: string
  text: string
  html: string
}

/**
 * Reads a folder of templates: `KIND.LANGUAGE.txt`, whose first line is `Subject: …`, and `KIND.LANGUAGE.html` beside it. Each may hold
 * the facts of its mail as `{{name}}`, and nothing else of the syntax of Mustache. Throws a `SetupError` with everything that is wrong:
 * files that are of no mail, placeholders that a mail does not have, and a link that is left out. `facts`: the names of what each mail
 * tells.
 */
export async function readTemplates(
  folder: string,
  facts: Readonly<Record<string, readonly string[]>>,
): Promise<MailTemplates> {
  const faults: string[] = []
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new SetupError(`mail.templates: the folder cannot be read (${error.code})`)
  })
  const parts = new Map<string, string>()
  for (const name of names.filter((name) => !name.startsWith('.'))) {
    const [, kind = '', language = '', form = ''] = /^([a-z-]+)\.([a-z]+)\.(txt|html)$/.exec(name) ?? []
    if (!Object.hasOwn(facts, kind) || !(languageTags as readonly string[]).includes(language)) {
      const kinds = Object.keys(facts).join(', ')
      faults.push(`${name}: expected MAIL.LANGUAGE.txt or .html, of ${kinds} in ${languageTags.join(', ')}`)
      continue
    }
    const content = await readFile(join(folder, name), 'utf8')
    faults.push(...faultsOf(content, facts[kind]!).map((fault) => `${name}: ${fault}`))
    parts.set(`${kind}.${language}.${form}`, content)
  }
  const templates = new Map<string, Template>()
  for (const place of new Set([...parts.keys()].map((name) => name.replace(/\.\w+$/, '')))) {
    const [written, html] = [parts.get(`${place}.txt`), parts.get(`${place}.html`)]
    if (written === undefined) faults.push(`${place}.txt: it is missing, beside ${place}.html`)
    if (html === undefined) faults.push(`${place}.html: it is missing, beside ${place}.txt`)
    if (written === undefined || html === undefined) continue
    const [, subject, text] = /^Subject: *(\S[^\r\n]*)(?:\r?\n)+([^]*)$/.exec(written) ?? []
    if (subject === undefined || text === undefined)
      faults.push(`${place}.txt: expected "Subject: …" as its first line`)
    else templates.set(place, { subject, text, html })
  }
  if (faults.length > 0) throw new SetupError(faults.map((fault) => `mail.templates: ${fault}`).join('\n'))

  return {
    render(kind, language, told) {
      const template = templates.get(`${kind}.${language}`)
      if (template === undefined) return undefined
      const plain = Object.fromEntries(Object.entries(told).map(([name, fact]) => [name, inWords(fact, language)]))
      const render = (part: string, escape: (value: string) => string) => mustache.render(part, plain, {}, { escape })
      return {
        subject: render(template.subject, onOneLine),
        text: render(template.text, onOneLine),
        html: render(template.html, mustache.escape),
      }
    },
  }
}

/** What is wrong with a text as a template of a mail that tells these facts. */
function faultsOf(content: string, facts: readonly string[]): string[] {
  let spans: ReturnType<typeof mustache.parse>
  try {
    spans = mustache.parse(content)
  } catch {
    return ['a placeholder is not closed: expected {{name}}']
  }
  const used = new Set<string>()
  const faults: string[] = []
  for (const [type, value] of spans as unknown as [type: string, value: string][]) {
    if (type === 'text' || type === '!') continue
    if (type !== 'name')
      faults.push(`{{${type}${value}}}: expected a placeholder such as {{${facts[0]}}} and nothing else`)
    else if (!facts.includes(value)) faults.push(`{{${value}}}: expected one of ${facts.join(', ')}`)
    else used.add(value)
  }
  if (facts.includes('link') && !used.has('link'))
    faults.push('{{link}} is missing, without which the mail is of no use')
  return faults
}

function inWords(fact: MailFact, language: Language): string {
  if (!(fact instanceof Date)) return String(fact)
  const moment = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
  return `${moment.format(fact)} UTC`
}

/** Of what is told nothing begins a line, in which it could pass for the operator's words. */
const onOneLine = (value: string) => value.replaceAll(/\p{Cc}+|[\u2028\u2029]/gu, ' ')
