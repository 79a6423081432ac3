/** Which files of tests there are, and in which order they run. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/**
 * Those that take longest come first, so that the last ones of all are short, and no core is idle at the end: what waits for real
 * time, then what takes most of a processor. A run tells both.
 */
const first = [
  ...['proxies/limits', 'proxies/traefik', 'rolling-restart', 'gallery/gallery'],
  ...['browser/ways-back', 'cli', 'cli/healthy-start', 'features/addresses', 'core/rules-diff'],
  ...['verify-access-tokens', 'upstreams', 'features/housekeeping', 'applications'],
]

/** Whose files share a process with others of their folder: what they start ends with each of their tests. */
const shared = new Set([
  'core',
  'adapters',
  'stores',
  'features',
  'features/forward-auth',
  'security',
  'browser',
  'cli',
])
const maxTogether = 8

/** What counts the work of a process has to be loaded before anything else there. */
const countsWork = (file: string) => readFileSync(file, 'utf8').includes("/support/work.ts'")

/** All of a folder, in the order in which they are best run. */
export function testFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'))
  const early = first.map((name) => `${name}.test.ts`)
  const absent = early.filter((name) => !names.includes(name))
  if (absent.length > 0) throw new Error(`there is no such test to begin with: ${absent.join(', ')}`)
  return [...early, ...names.filter((name) => !early.includes(name)).toSorted()].map((name) => join(folder, name))
}

/**
 * Files that are run by one process, together: those of one folder that share, as long as there are enough others for all `jobs`;
 * each of the others by itself. Groups come before single files, but after those that begin first.
 */
export function groupFiles(files: readonly string[], { folder, jobs }: { folder: string; jobs: number }): string[][] {
  const isEarly = (file: string) => first.includes(relative(folder, file).replace(/\.test\.ts$/, ''))
  const isShared = (file: string) => !isEarly(file) && shared.has(dirname(relative(folder, file))) && !countsWork(file)
  const size = Math.min(maxTogether, Math.ceil(files.length / jobs))
  const rooms = Map.groupBy(files.filter(isShared), (file) => dirname(file))
  const groups = [...rooms.values()].flatMap((ofRoom) =>
    Array.from({ length: Math.ceil(ofRoom.length / size) }, (_, at) => ofRoom.slice(at * size, (at + 1) * size)),
  )
  const alone = files.filter((file) => !isShared(file)).map((file) => [file])
  const early = alone.findLastIndex(([file]) => isEarly(file!)) + 1
  return [...alone.slice(0, early), ...groups, ...alone.slice(early)]
}
