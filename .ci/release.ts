/**
 * Makes a release: `npm run release -- 1.2.3`. What stands under "Unreleased" in CHANGELOG.md becomes the section of that
 * version and the message of its tag. With `--dry-run` it says what it would do. Nothing is pushed.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const root = join(import.meta.dirname, '..')
const changelogFile = join(root, 'CHANGELOG.md')
const changed = ['CHANGELOG.md', 'package.json', 'package-lock.json', 'openapi/openapi.yaml']

class Refusal extends Error {}

const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()

/** npm writes what it does on standard output; here that goes beside the script's own words. */
function npm(...args: string[]): void {
  const { status } = spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Refusal(`npm ${args.join(' ')} failed, so nothing was released`)
}

function isHigher(version: string, than: string): boolean {
  const [wanted, present] = [version, than].map((text) => text.split('.').map(Number)) as [number[], number[]]
  const first = wanted.findIndex((number, at) => number !== present[at])
  return first !== -1 && wanted[first]! > present[first]!
}

/** The changelog up to "Unreleased", what stands under it, and what comes after. */
function readUnreleased(changelog: string): { before: string; notes: string; after: string } {
  const [, start] = /^## Unreleased\n/dm.exec(changelog)?.indices?.[0] ?? []
  if (start === undefined) throw new Refusal('CHANGELOG.md has no "## Unreleased"')
  const [notes = '', ...later] = changelog.slice(start).split(/^(?=## )/m)
  if (!/^(?!#)\S/m.test(notes)) throw new Refusal('nothing stands under "Unreleased" in CHANGELOG.md')
  return { before: changelog.slice(0, start), notes: notes.trim(), after: later.join('') }
}

function release(version: string | undefined, isDry: boolean): void {
  if (version === undefined || !/^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}$/.test(version)) {
    throw new Refusal('say which version: npm run release -- 1.2.3 [--dry-run]')
  }
  const { version: present } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  if (!isHigher(version, present))
    throw new Refusal(`${version} is not higher than ${present}, which package.json says`)
  const tag = `v${version}`
  if (git('tag', '--list', tag) !== '') throw new Refusal(`there is a tag ${tag} already`)
  if (git('status', '--porcelain') !== '') throw new Refusal('there are changes that are not committed: git status')
  const { before, notes, after } = readUnreleased(readFileSync(changelogFile, 'utf8'))
  const title = `${version} - ${new Date().toISOString().slice(0, 10)}`
  const subject = `chore(release): ${version}`

  if (isDry) {
    const lines = [
      `${present} would become ${version} in ${changed.join(', ')}.`,
      `After npm run check there would be a commit "${subject}" and a tag ${tag} with this message:`,
    ]
    process.stdout.write(`${lines.join('\n')}\n\n${title}\n\n${notes}\n`)
    return
  }
  try {
    writeFileSync(changelogFile, `${before}\n## ${title}\n\n${notes}\n${after && `\n${after}`}`)
    npm('version', version, '--no-git-tag-version')
    npm('run', 'openapi')
    npm('run', 'check')
    git('commit', '--quiet', '--message', subject, '--', ...changed)
  } catch (error) {
    // There were no other changes, so this is the state before.
    git('restore', '--staged', '--worktree', '.')
    throw error
  }
  // Headings of the section begin with what git takes for a comment.
  git('tag', '--annotate', '--cleanup=whitespace', '--message', `${title}\n\n${notes}`, tag)
  process.stdout.write(`${tag} is made, and not yet pushed: git push --follow-tags\n`)
}

try {
  const { values, positionals } = parseArgs({
    options: { 'dry-run': { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  release(positionals.length === 1 ? positionals[0] : undefined, values['dry-run'])
} catch (error) {
  const isExpected = error instanceof Refusal || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')
  if (!isExpected) throw error
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
