/** Fails when the migrations in `drizzle/` do not add up to the schema in the code. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
// A copy beside the real one, so that a difference shows without touching the checkout.
const copy = mkdtempSync(join(tmpdir(), 'gatehouse-drizzle-'))
try {
  for (const part of ['src', 'drizzle', 'package.json']) cpSync(join(root, part), join(copy, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const before = readdirSync(join(copy, 'drizzle')).length
  execFileSync(
    process.execPath,
    [join(root, 'node_modules/drizzle-kit/bin.cjs'), 'generate', '--config', 'drizzle/drizzle.config.ts'],
    { cwd: copy, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  if (readdirSync(join(copy, 'drizzle')).length !== before) {
    process.stderr.write('drizzle/ lacks a migration: run "npm run migrations -- --name <what>" and commit it\n')
    process.exitCode = 1
  }
} finally {
  rmSync(copy, { recursive: true })
}
