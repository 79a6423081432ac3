/** Which tests a change of a file may concern: those that load it, directly or through others. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The files that a module names in imports that are there when it runs, and by `new URL('./…', import.meta.url)`. */
function namedIn(file: string): string[] {
  if (!/\.[cm]?[jt]s$/.test(file)) return []
  const text = readFileSync(file, 'utf8').replaceAll(/^(?:im|ex)port type\b.*$/gm, '')
  const names = text.matchAll(/\b(?:from|import|new URL)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)
  return [...names]
    .map(([, name]) => join(dirname(file), name!))
    .filter((named) => existsSync(named) && statSync(named).isFile())
}

/** Finds which of the tests load which files. The answer is of the moment: modules change. */
export function createImports(tests: readonly string[]) {
  const known = new Map<string, string[]>()
  const loaded = new Map(tests.map((test) => [test, reach(test)]))

  function reach(test: string): Set<string> {
    const reached = new Set([test])
    for (const file of reached) {
      if (!known.has(file)) known.set(file, namedIn(file))
      for (const named of known.get(file)!) reached.add(named)
    }
    return reached
  }
  return {
    /** In the order of the tests. */
    testsThatLoad: (files: readonly string[]) =>
      tests.filter((test) => files.some((file) => loaded.get(test)!.has(file))),
    /** Whether any test is known to load the file. */
    isLoaded: (file: string) => [...loaded.values()].some((files) => files.has(file)),
  }
}
