/** What has changed: by what git says, or as it happens. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'

/** Files that differ from a commit, those that git does not know yet included. */
export function changedSince(root: string, commit: string): string[] {
  const git = (...words: string[]) => execFileSync('git', words, { cwd: root, encoding: 'utf8' })
  const said = git('diff', '--name-only', '-z', '--relative', commit, '--')
  const names = said + git('ls-files', '--others', '--exclude-standard', '-z')
  return [...new Set(names.split('\0').filter(Boolean))].map((name) => join(root, name))
}

const aside = new Set(['.git', 'node_modules', 'dist', 'data', '.tap'])
/** Editors write a file in several steps. */
const quietMilliseconds = 200

/** Files as they change: those together that change within a moment, or while others were being looked into. */
export async function* changesIn(root: string): AsyncGenerator<string[]> {
  const changed = new Set<string>()
  let notify = () => {}
  const follow = (folder: string, recursive: boolean) =>
    watch(folder, { recursive }, (_, name) => {
      if (name === null || !existsSync(join(folder, name))) return
      changed.add(join(folder, name))
      notify()
    })
  const folders = readdirSync(root, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !aside.has(entry.name),
  )
  const watchers = [follow(root, false), ...folders.map(({ name }) => follow(join(root, name), true))]
  try {
    for (;;) {
      if (changed.size === 0) await new Promise<void>((done) => (notify = done))
      for (let before = 0; before < changed.size;) {
        before = changed.size
        await new Promise((done) => setTimeout(done, quietMilliseconds))
      }
      const together = [...changed]
      changed.clear()
      yield together.filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
    }
  } finally {
    for (const watcher of watchers) watcher.close()
  }
}
