/**
 * Writes the parts of the documents that follow from the code: what stands between `<!-- generated: name -->` and
 * `<!-- /generated -->`. With `--check` it fails when one differs.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { decisions } from './generated/decisions.ts'
import { errorCodes, oauthErrorCodes } from './generated/errors.ts'
import { auditTrail, events, metrics } from './generated/operations.ts'
import { hostSettings, settings } from './generated/settings.ts'

const documents: Record<string, Record<string, () => string>> = {
  'configuration.md': { settings, 'host-settings': hostSettings },
  'decisions/README.md': { decisions },
  'errors.md': { 'error-codes': errorCodes, 'oauth-error-codes': oauthErrorCodes },
  'operations.md': { 'audit-events': auditTrail, 'log-events': events, metrics },
}

const part = /(?<=<!-- generated: ([a-z-]+) -->\n)[^]*?(?=<!-- \/generated -->)/g

const check = process.argv.includes('--check')
for (const [name, parts] of Object.entries(documents)) {
  const file = new URL(name, import.meta.url)
  const before = readFileSync(file, 'utf8')
  const missing = new Set(Object.keys(parts))
  const after = before.replaceAll(part, (_old, named: string) => {
    if (!missing.delete(named)) throw new Error(`docs/${name}: nothing makes a part ${named}, or it stands there twice`)
    return `\n${parts[named]!()}\n\n`
  })
  if (missing.size > 0) throw new Error(`docs/${name}: there is no part ${[...missing].join(', ')}`)
  if (!check) writeFileSync(file, after)
  else if (before !== after) {
    process.stderr.write(`docs/${name} differs from the code: run "npm run docs" and commit it\n`)
    process.exitCode = 1
  }
}
