/** Texts of an operator's own in place of mails. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { mails } from '../../src/mails.ts'
import { partsOf } from '../support/mails.ts'
import { until } from '../support/patience.ts'
import { run, serve } from '../support/program.ts'
import { scratchFolder } from '../support/servers.ts'
import { startService } from '../support/service.ts'

const text = 'Subject: Welcome to {{issuer}}\n\nOpen {{link}} within {{hours}} hours.\n'
const html = '<p>Open <a href="{{link}}">this</a> within {{hours}} hours.</p>\n'

/** A folder with templates by their names. */
function folderOf(t: Test, files: Record<string, string>): string {
  const folder = join(scratchFolder(t), 'mails')
  mkdirSync(folder)
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}
const withTemplates = (t: Test, templates: string) => startService(t, { yaml: { mail: { templates } } })

void test('a mail is sent as the operator wrote it, in its language alone', async (t) => {
  const service = await withTemplates(t, folderOf(t, { 'verify-email.en.txt': text, 'verify-email.en.html': html }))
  const register = (email: string, language: string) =>
    service.call('/api/auth/register', {
      method: 'POST',
      headers: { 'accept-language': language },
      json: { name: 'Ada', email, password: 'seven quiet herons at dawn' },
    })
  await register('ada@example.test', 'en')
  await register('grete@example.test', 'de')
  const [english = '', german = ''] = await service.mails()
  t.match(english, /^Subject: Welcome to http:\/\/auth\.example\.test\r$/m)
  const parts = partsOf(english)
  t.match(parts.text, /^Open http:\/\/auth\.example\.test\/verify-email\?token=[\w-]{22} within 24 hours\.\r?\n/)
  t.match(parts.html, /<a href="http:&#x2F;&#x2F;auth\.example\.test&#x2F;verify-email\?token&#x3D;[\w-]{22}">this</)
  t.match(partsOf(german).text, 'Öffnen Sie diesen Link')
})

void test('what is told is a text in the text, and escaped in the HTML', async (t) => {
  const folder = folderOf(t, {
    'refresh-token-reused.en.txt': 'Subject: {{ip}}\n\n[{{ip}}] {{began}}',
    'refresh-token-reused.en.html': '[{{ip}}] {{began}}',
  })
  const { readTemplates } = await import('../../src/features/mail/templates.ts')
  const templates = await readTemplates(folder, { 'refresh-token-reused': ['issuer', 'ip', 'began'] })
  const told = { ip: `<b>"&'\r\nBcc: eve@example.test`, began: new Date('2026-11-20T08:05:00Z') }
  t.same(templates.render('refresh-token-reused', 'en', told), {
    subject: `<b>"&' Bcc: eve@example.test`,
    text: `[<b>"&' Bcc: eve@example.test] November 20, 2026 at 8:05 AM UTC`,
    html: '[&lt;b&gt;&quot;&amp;&#39;\r\nBcc: eve@example.test] November 20, 2026 at 8:05 AM UTC',
  })
  t.equal(templates.render('refresh-token-reused', 'de', told), undefined)
})

void test('a template that is wrong stops the start, with its name and what was expected', async (t) => {
  const pair = { 'verify-email.en.txt': text, 'verify-email.en.html': html }
  const cases: [files: Record<string, string>, fault: string][] = [
    [
      { ...pair, 'verify-email.en.txt': `${text}{{password}}` },
      'verify-email.en.txt: {{password}}: expected one of issuer, link, hours',
    ],
    [{ ...pair, 'verify-email.en.html': '<p>Welcome</p>' }, 'verify-email.en.html: {{link}} is missing'],
    [
      { ...pair, 'verify-email.en.html': `${html}{{{link}}}` },
      'verify-email.en.html: {{&link}}: expected a placeholder',
    ],
    [{ ...pair, 'verify-email.en.html': `${html}{{#link}}x{{/link}}` }, '{{#link}}: expected a placeholder'],
    [{ ...pair, 'verify-email.en.html': `${html}{{link` }, 'verify-email.en.html: a placeholder is not closed'],
    [{ 'verify-email.en.txt': text }, 'verify-email.en.html: it is missing'],
    [
      { ...pair, 'verify-email.en.txt': 'Open {{link}}' },
      'verify-email.en.txt: expected "Subject: …" as its first line',
    ],
    [{ 'welcome.en.txt': text }, 'welcome.en.txt: expected MAIL.LANGUAGE.txt or .html'],
    [{ 'verify-email.fr.txt': text }, 'verify-email.fr.txt: expected MAIL.LANGUAGE.txt or .html'],
  ]
  for (const [files, fault] of cases) {
    const error = await withTemplates(t, folderOf(t, files)).catch((error: unknown) => error as Error)
    t.ok(error instanceof Error && error.message.includes(`mail.templates: `) && error.message.includes(fault), fault)
  }
  const gone = join(scratchFolder(t), 'gone')
  await t.rejects(withTemplates(t, gone), { message: 'mail.templates: the folder cannot be read (ENOENT)' })
})

void test('every mail can be shown before it is sent, in every language', async (t) => {
  const service = await startService(t)
  for (const kind of Object.keys(mails)) {
    for (const language of ['en', 'de']) {
      const shown = await service.operate('GET', `/mail-templates/${kind}?language=${language}`)
      t.match(shown, { subject: /\S/, text: /https?:\/\//, html: `<html lang="${language}">` })
    }
  }
})

void test('the program: preview, and a change that is taken over or refused as a whole', async (t) => {
  const folder = scratchFolder(t)
  mkdirSync(join(folder, 'mails'))
  const write = (name: string, content: string) => writeFileSync(join(folder, 'mails', name), content)
  write('verify-email.de.txt', text.replace('Welcome', 'Willkommen'))
  write('verify-email.de.html', html)
  const settings = (more: string) =>
    writeFileSync(join(folder, 'gatehouse.yaml'), `mail: { templates: ./mails }\n${more}`)
  settings('')
  const environment = { GATEHOUSE_DATA_DIR: join(folder, 'data') }
  const service = await serve(t, folder, environment)
  const preview = async (...more: string[]) =>
    (await run(folder, ['mail', 'preview', '--template', 'verify-email', ...more], environment)).stdout
  t.match(await preview('--language', 'de'), /^Subject: Willkommen to http:\/\/localhost/)
  t.match(await preview('--language', 'de', '--html'), /^<p>Open <a/)
  t.match(await preview(), /^Subject: Confirm your email address\n/)

  rmSync(join(folder, 'mails', 'verify-email.de.html'))
  settings('# changed\n')
  await until('it is refused', () => service.said.stdout.includes('verify-email.de.html: it is missing'))
  t.match(await preview('--language', 'de'), /^Subject: Willkommen/, 'what was there before stays')
  write('verify-email.de.html', html)
  write('verify-email.de.txt', text.replace('Welcome', 'Hallo'))
  settings('# changed again\n')
  await until('it is taken over', async () => (await preview('--language', 'de')).startsWith('Subject: Hallo'))
})
