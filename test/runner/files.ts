/** Which files of tests there are, and in which order they run. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Those that take longest come first, so that the last ones of all are short, and no core is idle at the end: what waits for real
 * time, then what takes most of a processor. A run tells both.
 */
const first = [
  ...['proxies/limits', 'proxies/traefik', 'rolling-restart'],
  ...['browser/ways-back', 'cli', 'cli/healthy-start', 'features/addresses', 'core/rules-diff'],
  ...['verify-access-tokens', 'upstreams', 'features/housekeeping', 'applications'],
]

/** All of a folder, in the order in which they are best run. */
export function testFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'))
  const early = first.map((name) => `${name}.test.ts`)
  const absent = early.filter((name) => !names.includes(name))
  if (absent.length > 0) throw new Error(`there is no such test to begin with: ${absent.join(', ')}`)
  return [...early, ...names.filter((name) => !early.includes(name)).toSorted()].map((name) => join(folder, name))
}
