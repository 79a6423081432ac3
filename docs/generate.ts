/**
 * Writes the parts of the documents that follow from the code: what stands between `<!-- generated: name -->` and
 * `<!-- /generated -->`. With `--check` it fails when one differs, and where a document has not one sentence a line.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { decisions } from './generated/decisions.ts'
import { errorCodes, oauthErrorCodes } from './generated/errors.ts'
import { mails } from './generated/mails.ts'
import { auditTrail, events, metrics } from './generated/operations.ts'
import { routes } from './generated/routes.ts'
import { hostSettings, settings } from './generated/settings.ts'
import { sentenceFaults } from './sentences.ts'

const documents: Record<string, Record<string, () => string | Promise<string>>> = {
  'accounts.md': { mails },
  'configuration.md': { settings, 'host-settings': hostSettings },
  'decisions/README.md': { decisions },
  'errors.md': { 'error-codes': errorCodes, 'oauth-error-codes': oauthErrorCodes },
  'operations.md': { 'audit-events': auditTrail, 'log-events': events, metrics },
  'routes.md': { routes },
}

const part = /(?<=<!-- generated: ([a-z-]+) -->\n)[^]*?(?=<!-- \/generated -->)/g

const check = process.argv.includes('--check')
for (const [name, parts] of Object.entries(documents)) {
  const file = new URL(name, import.meta.url)
  const before = readFileSync(file, 'utf8')
  const present = [...before.matchAll(part)].map(([, named]) => named!).toSorted()
  if (!isDeepStrictEqual(present, Object.keys(parts).toSorted())) {
    throw new Error(`docs/${name}: expected each of these parts once: ${Object.keys(parts).join(', ')}`)
  }
  const made = new Map<string, string>()
  for (const [named, make] of Object.entries(parts)) made.set(named, await make())
  const after = before.replaceAll(part, (_old, named: string) => `\n${made.get(named)}\n\n`)
  if (!check) writeFileSync(file, after)
  else if (before !== after) {
    process.stderr.write(`docs/${name} differs from the code: run "npm run docs" and commit it\n`)
    process.exitCode = 1
  }
}

if (check) {
  const root = new URL('..', import.meta.url)
  // The history stays as it was told.
  const exclude = ['CHANGELOG.md']
  for (const name of globSync(['*.md', '{docs,deploy,findings}/**/*.md'], { cwd: fileURLToPath(root), exclude })) {
    for (const fault of sentenceFaults(readFileSync(new URL(name, root), 'utf8'))) {
      process.stderr.write(`${name}: ${fault}\n`)
      process.exitCode = 1
    }
  }
}
