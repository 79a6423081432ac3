/** What has changed, by what git says. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** Files that differ from a commit, those that git does not know yet included. */
export function changedSince(root: string, commit: string): string[] {
  const git = (...words: string[]) => execFileSync('git', words, { cwd: root, encoding: 'utf8' })
  const said = git('diff', '--name-only', '-z', '--relative', commit, '--')
  const names = said + git('ls-files', '--others', '--exclude-standard', '-z')
  return [...new Set(names.split('\0').filter(Boolean))].map((name) => join(root, name))
}
