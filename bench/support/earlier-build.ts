/** An earlier commit of this repository, to be measured beside the work tree in one run. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Teardowns } from './teardowns.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const git = (...args: string[]) =>
  execFileSync('git', ['-C', root, ...args], { stdio: 'pipe' })
    .toString()
    .trim()

/**
 * Checks a commit out into a temporary folder, with the packages of this work tree, and returns the folder; nothing, and a
 * line that says so, where the repository does not hold it.
 */
export function checkOut(teardowns: Teardowns, commit: string): string | undefined {
  const folder = join(mkdtempSync(join(tmpdir(), 'gatehouse-bench-')), 'build')
  teardowns.teardown(() => {
    rmSync(join(folder, '..'), { recursive: true, force: true })
    git('worktree', 'prune')
  })
  try {
    git('worktree', 'add', '--quiet', '--detach', folder, commit)
  } catch {
    console.log(`the commit ${commit} is not in this repository: nothing is compared with it`)
    return undefined
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}
