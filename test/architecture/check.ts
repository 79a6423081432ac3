/**
 * Proves the linter's import rules: for each a file that breaks it, and one beside it that does not, are written to a
 * temporary `src/` and linted as the project is. Then looks for files that have outgrown their room. Run by `npm run check`.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** File, line of import, and the room or rule that the refusal names; nothing where it is allowed. */
const cases: [path: string, line: string, refused?: string][] = [
  ['core/a.ts', `import { x } from './b.ts'`],
  ['core/a.ts', `import { x } from 'node:crypto'`],
  ['core/a.ts', `import { x } from 'nodemailer'`, 'no package such as nodemailer'],
  ['core/a.ts', `import { x } from '@fastify/jwt'`, 'no package such as @fastify/jwt'],
  ['core/records/a.ts', `import { x } from '../errors.ts'`],
  ['core/records/a.ts', `import { x } from '../../http/errors.ts'`, 'core may not import http'],
  ['core/a.ts', `import type { X } from '../features/x/index.ts'`, 'core may not import front door'],
  ['core/a.ts', `export { x } from '../stores/open.ts'`, 'core may not import stores'],
  ['http/a.ts', `import { x } from '../pages/layout.ts'`],
  ['http/a.ts', `import { x } from '../config.ts'`, 'http may not import configuration'],
  ['http/a.ts', `import { x } from '../features/x/index.ts'`, 'http may not import front door'],
  ['http/a.ts', `import { x } from '../stores/open.ts'`, 'http may not import stores'],
  ['pages/a.ts', `import { x } from '../core/errors.ts'`],
  ['pages/a.ts', `import { x } from '../http/errors.ts'`, 'pages may not import http'],
  ['stores/sql/sessions/a.ts', `import { x } from '../../../core/errors.ts'`],
  ['stores/sql/sessions/a.ts', `import { x } from '../../../http/errors.ts'`, 'stores may not import http'],
  ['stores/a.ts', `import { x } from '../adapters/mailer.ts'`, 'stores may not import adapters'],
  ['adapters/a.ts', `import { x } from '../features/x/settings.ts'`, 'adapters may not import settings'],
  ['config-file.ts', `import { x } from './features/x/settings.ts'`],
  ['config-file.ts', `import { x } from './features/x/routes.ts'`, 'configuration may not import face'],
  ['config.ts', `import { x } from './app.ts'`, 'configuration may not import composition'],
  ['settings.ts', `import { x } from './config.ts'`, 'settings kit may not import configuration'],
  ['features/x/a.ts', `import { x } from './deep/b.ts'`],
  ['features/x/deep/b.ts', `import { x } from '../a.ts'`],
  ['features/x/a.ts', `import { x } from './routes.ts'`, 'operation may not import face'],
  ['features/x/a.ts', `import { x } from '../../config.ts'`, 'operation may not import configuration'],
  ['features/x/deep/a.ts', `import { x } from '../../../stores/open.ts'`, 'operation may not import stores'],
  ['features/x/a.ts', `import { x } from 'drizzle-orm'`, 'no package such as drizzle-orm'],
  ['features/x/a.ts', `import type { X } from '../y/index.ts'`],
  ['features/x/deep/a.ts', `import type { X } from '../../y/index.ts'`],
  ['features/x/a.ts', `import { x } from '../y/index.ts'`, 'types of its index.ts alone'],
  ['features/x/deep/a.ts', `import type { X } from '../../y/session.ts'`, 'types of its index.ts alone'],
  ['features/x/a.ts', `import { x } from '../../http/errors.ts'`, 'operation may not import http'],
  ['features/x/a.ts', `import { x } from '../../pages/layout.ts'`, 'operation may not import pages'],
  ['features/x/a.ts', `import { x } from './http/b.ts'`, 'operation may not import face'],
  ['features/x/http/a.ts', `import { x } from '../../../http/errors.ts'`],
  ['features/x/a.ts', `import { x } from './audit-events.ts'`],
  ['features/x/audit-events.ts', `import { x } from './a.ts'`, 'events may not import operation'],
  ['audit-events.ts', `import { x } from './features/x/audit-events.ts'`],
  ['audit-events.ts', `import { x } from './features/x/a.ts'`, 'event list may not import operation'],
  ['config-file.ts', `import { x } from './features/x/a.ts'`, 'configuration may not import operation'],
  ['app.ts', `import { x } from './features/x/a.ts'`, 'composition may not import operation'],
  ['features/x/index.ts', `import type { X } from '../../base.ts'`],
  ['features/x/settings.ts', `import { x } from '../../http/errors.ts'`, 'settings may not import http'],
  ['features/x/sign-in-views.ts', `import { x } from '../../pages/layout.ts'`],
  ['features/x/sign-in-views.ts', `import { x } from '../../http/errors.ts'`, 'view may not import http'],
  ['features/x/sign-in-views.ts', `import { x } from './a.ts'`, 'view may not import operation'],
  ['features/x/a.ts', `import { x } from './sign-in-views.ts'`, 'operation may not import view'],
  ['features/x/sign-in-views.ts', `import type { X } from './texts.ts'`],
  ['features/x/sign-in-views.ts', `import type { X } from '../../i18n/en.ts'`, 'view may not import i18n'],
  ['features/x/mails.ts', `import type { X } from './texts.ts'`],
  ['features/x/mails.ts', `import { x } from './a.ts'`, 'view may not import operation'],
  ['features/x/texts.ts', `import { x } from '../../pages/html.ts'`],
  ['features/x/texts.ts', `import { x } from './sign-in-views.ts'`, 'texts may not import view'],
  ['features/x/texts.ts', `import { x } from '../y/texts.ts'`, 'types of its index.ts alone'],
  ['features/x/a.ts', `import type { X } from './texts.ts'`, 'operation may not import texts'],
  ['i18n/en.ts', `import { x } from '../features/x/texts.ts'`],
  ['i18n/en.ts', `import { x } from '../features/x/sign-in-views.ts'`, 'i18n may not import view'],
  ['i18n/en.ts', `import { x } from '../http/pages.ts'`, 'i18n may not import http'],
  ['i18n/en.ts', `import { x } from 'i18next'`, 'no package such as i18next'],
  ['http/a.ts', `import type { X } from '../i18n/en.ts'`, 'http may not import i18n'],
  ['pages/a.ts', `import type { X } from '../i18n/en.ts'`, 'pages may not import i18n'],
  ['app.ts', `import { x } from './i18n/languages.ts'`],
  ['features/x/key-routes.ts', `import { x } from '../../http/server.ts'`],
  ['features/x/key-routes.ts', `import { x } from '../../adapters/mailer.ts'`, 'face may not import adapters'],
  ['features/x/schema.ts', `import { Type } from '../../json-schema.ts'`],
  ['features/x/schema.ts', `import { Type } from 'typebox'`, 'typebox gives types alone'],
  ['json-schema.ts', `import type { Static } from 'typebox'`],
  ['app.ts', `import { x } from './features/x/index.ts'`],
  ['app.ts', `import { x } from './cli/serve.ts'`, 'composition may not import cli'],
  ['cli/doctor/a.ts', `import { x } from '../../app.ts'`],
  ['cli/a.ts', `import { x } from '../features/x/sign-in-views.ts'`],
  ['cli/a.ts', `import { x } from '../main.ts'`, 'cli may not import main'],
  ['attic/a.ts', `import { x } from '../core/errors.ts'`, 'lies in no room'],
  ['core/one.ts', `import type { Two } from './two.ts'\nexport type One = Two[]`, 'Dependency cycle'],
  ['core/two.ts', `import type { One } from './one.ts'\nexport type Two = One[]`, 'Dependency cycle'],
]

const folder = await realpath(await mkdtemp(join(tmpdir(), 'import-rules-')))
const files = cases.map(([path, line], number) => {
  // Cycles need their names; of the others there are several under one.
  const apart = path.startsWith('core/o') || path.startsWith('core/t') ? 'cycle' : String(number)
  return { file: join(folder, apart, 'src', path), line }
})
try {
  for (const { file, line } of files) {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, `${line}\n`)
  }
  const program = join(import.meta.dirname, '../../node_modules/oxlint/bin/oxlint')
  const given = [program, '-c', join(import.meta.dirname, '../../.oxlintrc.json'), '--format', 'json', folder]
  const { stdout } = await promisify(execFile)(process.execPath, given, {
    cwd: folder,
    maxBuffer: 64 * 1024 ** 2,
  }).catch((error: { code: unknown; stdout: string }) => {
    if (error.code !== 1) throw error
    return error
  })
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { message: string; code: string; filename: string }[] }
  const rules = new Set(['house(rooms)', 'import(no-cycle)'])
  const wrong = cases.flatMap(([path, line, refused], number) => {
    const said = diagnostics.filter(
      ({ filename, code }) => rules.has(code) && join(folder, filename) === files[number]!.file,
    )
    const asMeant = refused === undefined ? said.length === 0 : said.length === 1 && said[0]!.message.includes(refused)
    return asMeant ? [] : [`${path}: ${line}\n  ${said.map(({ message }) => message).join('\n  ') || 'not refused'}`]
  })
  if (wrong.length > 0) {
    process.stderr.write(`The linter's import rules do not hold what they say:\n${wrong.join('\n')}\n`)
    process.exitCode = 1
  }
} finally {
  await rm(folder, { recursive: true })
}

/** Lines beyond which a file is to be parted, and the table of contents is none any more. */
const maxLines = 300
const maxContentsLines = 200

const source = join(import.meta.dirname, '../../src')
for (const name of await readdir(source, { recursive: true })) {
  if (!name.endsWith('.ts')) continue
  const lines = (await readFile(join(source, name), 'utf8')).split('\n').length - 1
  const max = name === 'app.ts' ? maxContentsLines : maxLines
  if (lines <= max) continue
  process.stderr.write(
    `src/${name} has ${lines} lines; more than ${max} are too many for one file: look for the seam\n`,
  )
  process.exitCode = 1
}
